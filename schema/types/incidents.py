"""Incidents and the steps of their playbooks."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.incidents.queries import v_incident, v_incident_step
from schema.plan.bind import Filter, Page, bound, key, many, money, one, subject
from schema.plan.fields import listing
from schema.plan.scalars import Timestamp
from schema.types.enums import IncidentState, Severity, SortDirection
from schema.types.parts import UNSET, IdFilter, Money, Node, TextFilter, TimeFilter

if TYPE_CHECKING:
    from schema.types.orders import Order


@bound(v_incident_step, area="incidents")
@strawberry.type
class PlaybookStep:
    key: str
    title: str
    automatic: bool
    state: str
    done_by: str | None
    done_at: Timestamp | None
    result: str | None


@bound(v_incident, area="incidents", key="incident_id", prefix="inc")
@strawberry.type
class Incident(Node):
    id: strawberry.ID = key("incident_id")
    kind: str
    severity: Severity
    state: IncidentState
    summary: str
    opened_at: Timestamp
    deadline: Timestamp | None
    owner: str | None
    order: Annotated[Order, strawberry.lazy("schema.types.orders")] | None = one("order_id")
    subject_id: strawberry.ID | None = subject("subject_id", "subject_kind")
    money_at_risk: Money | None = money("money_at_risk", nullable=True)
    playbook: str
    steps: list[PlaybookStep] = many("incident_id", "position")
    resolution: str | None


@strawberry.input
class IncidentWhere:
    state: IncidentState | None = UNSET
    kind: TextFilter | None = UNSET
    severity: Severity | None = UNSET
    owner: str | None = UNSET
    order_id: IdFilter | None = UNSET
    deadline: TimeFilter | None = UNSET
    opened_at: TimeFilter | None = UNSET


@strawberry.enum
class IncidentSortField(StrEnum):
    DEADLINE = "DEADLINE"
    OPENED_AT = "OPENED_AT"


@strawberry.input
class IncidentSort:
    field: IncidentSortField
    direction: SortDirection = SortDirection.ASC


INCIDENTS = Page(
    {"DEADLINE": "deadline_key", "OPENED_AT": "opened_at"},
    {
        "state": Filter("state", enum=True, often=True),
        "kind": Filter("kind", often=True),
        "severity": Filter("severity", enum=True, often=True),
        "owner": Filter("owner", often=True),
        "orderId": Filter("order_id", prefix="ord"),
        "deadline": Filter("deadline_key", also="deadline"),
        "openedAt": Filter("opened_at"),
    },
    descending=False,
    backed=frozenset({("state", "DEADLINE"), ("kind", "OPENED_AT")}),
)

ROOTS = {"incidents": listing(Incident, INCIDENTS, where=IncidentWhere, order_by=IncidentSort)}
