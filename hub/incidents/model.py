"""What can go wrong, as data: severity, deadline and playbook of each kind come from `mappings/playbooks/*.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from hub.kit.errors import HubError
from hub.ledger import Cause


class UnknownIncidentKind(HubError):
    """There is no playbook for incidents of the kind {kind}."""

    code: ClassVar[str] = "UNKNOWN_INCIDENT_KIND"


class AlreadyResolved(HubError):
    """This incident is resolved."""

    code: ClassVar[str] = "ALREADY_RESOLVED"


class StepNotReady(HubError):
    """The step {step} is not the next one of this playbook."""

    code: ClassVar[str] = "STEP_NOT_READY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    key: str
    title: str
    automatic: bool = False
    action: str | None = None  # what the hub can do itself: retry_delivery, retry_message, release_hold, reroute


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """How incidents of one kind are handled. `within`: time until the deadline."""

    kind: str
    severity: str
    title: str
    within: timedelta | None
    steps: tuple[Step, ...]
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIncident:
    """`summary` says in one sentence what happened and what is expected of whom; no personal data."""

    kind: str
    summary: str
    subject_kind: str
    subject_id: UUID | None
    cause: Cause
    order_id: UUID | None = None
    detail: str = ""  # what tells two incidents of one kind and subject apart (a SKU, a field)
    data: Mapping[str, Any] = field(default_factory=dict)
    money_at_risk: Decimal | None = None
    currency: str | None = None

    @property
    def dedupe_key(self) -> str:
        return f"{self.subject_kind}:{self.subject_id.hex if self.subject_id else '-'}:{self.detail}"
