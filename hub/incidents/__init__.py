"""The door of incidents: what went wrong, who owns it, what to do about it."""

from hub.incidents.commands import Incidents, UnknownIncident
from hub.incidents.model import AlreadyResolved, NewIncident, Playbook, StepNotReady, UnknownIncidentKind
from hub.incidents.playbooks import BadPlaybook, load_playbooks

__all__ = [
    "AlreadyResolved",
    "BadPlaybook",
    "Incidents",
    "NewIncident",
    "Playbook",
    "StepNotReady",
    "UnknownIncident",
    "UnknownIncidentKind",
    "load_playbooks",
]
