"""Load and check the playbooks. A wrong file is refused with its name, line and reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from hub.incidents.model import Playbook, Step
from hub.kit.errors import HubError

SEVERITIES = ("LOW", "MEDIUM", "HIGH", "CRITICAL")
ACTIONS = (
    "retry_delivery",
    "retry_message",
    "release_hold",
    "reroute",
    "correct_invoice",
    "ask_guide_again",
    "reprice",
)


class BadPlaybook(HubError):
    """{file}:{line}: {reason}"""

    code: ClassVar[str] = "BAD_PLAYBOOK"


def load_playbooks(folder: Path) -> Mapping[str, Playbook]:
    """Kind -> playbook of every `*.yaml` in `folder`."""
    found: dict[str, Playbook] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            content = YAML(typ="rt", pure=True).load(path.read_text(encoding="utf-8"))
        except MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 0
            raise BadPlaybook(file=path.name, line=line, reason=error.problem) from error
        for kind, body in content.items():
            line = content.lc.key(kind)[0] + 1
            if kind in found:
                raise BadPlaybook(file=path.name, line=line, reason=f"{kind} is also in {found[kind].file}")
            found[kind] = _playbook(path.name, line, kind, body)
    return found


def _playbook(file: str, line: int, kind: str, body: Any) -> Playbook:
    known = {"severity", "title", "within_hours", "steps"}
    if not isinstance(body, Mapping) or set(body) - known:
        raise BadPlaybook(file=file, line=line, reason=f"{kind} takes {', '.join(sorted(known))}")
    if body.get("severity") not in SEVERITIES:
        raise BadPlaybook(file=file, line=line, reason=f"{kind}.severity is one of {', '.join(SEVERITIES)}")
    hours = body.get("within_hours")
    if hours is not None and (not isinstance(hours, int) or hours <= 0):
        raise BadPlaybook(file=file, line=line, reason=f"{kind}.within_hours is a whole number of hours")
    steps = tuple(_step(file, line, kind, s) for s in body.get("steps") or ())
    if not steps:
        raise BadPlaybook(file=file, line=line, reason=f"{kind} has no steps")
    within = timedelta(hours=hours) if hours else None
    return Playbook(
        kind=kind, severity=body["severity"], title=str(body["title"]), within=within, steps=steps, file=file
    )


def _step(file: str, line: int, kind: str, body: Any) -> Step:
    if not isinstance(body, Mapping) or not {"key", "title"} <= set(body) <= {"key", "title", "action"}:
        raise BadPlaybook(file=file, line=line, reason=f"a step of {kind} has key, title and perhaps action")
    action = body.get("action")
    if action is not None and action not in ACTIONS:
        raise BadPlaybook(file=file, line=line, reason=f"{kind}.{body['key']}.action is one of {', '.join(ACTIONS)}")
    return Step(key=str(body["key"]), title=str(body["title"]), automatic=action is not None, action=action)
