"""Facts of the ledger, as the contract calls them: business events."""

from __future__ import annotations

import strawberry

from hub.ledger.queries import v_business_event
from schema.plan.bind import CAUSATION, CORRELATION, Filter, Page, bound, key, subject
from schema.plan.fields import listing
from schema.plan.scalars import Json, Timestamp
from schema.types.parts import UNSET, Node, TimeFilter


@bound(v_business_event, area="events", key="event_id", prefix="evt")
@strawberry.type
class BusinessEvent(Node):
    id: strawberry.ID = key("event_id")
    cursor: str
    type: str
    public_name: str | None
    subject_id: strawberry.ID = subject("subject_id", "subject_kind")
    subject_kind: str
    subject_version: int
    at: Timestamp
    actor: str
    correlation_id: strawberry.ID = key("correlation_id", CORRELATION)
    causation_id: strawberry.ID | None = key("causation_id", CAUSATION)
    data: Json


@strawberry.input
class EventWhere:
    types: list[str] | None = UNSET
    subject_id: strawberry.ID | None = UNSET
    correlation_id: strawberry.ID | None = UNSET
    at: TimeFilter | None = UNSET


EVENTS = Page(
    {"POSITION": "position"},
    {
        "types": Filter("type", many=True, often=True),
        "subjectId": Filter("subject_id", prefix="*"),
        "correlationId": Filter("correlation_id", prefix=CORRELATION),
        "at": Filter("at", often=True),
    },
    descending=False,
)

ROOTS = {"events": listing(BusinessEvent, EVENTS, where=EventWhere)}
