"""Deliveries (what we owe the outside) and inbound messages (what arrived)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.inbox.queries import v_document_problem, v_inbound_message
from hub.outbox.queries import v_delivery
from schema.plan.bind import CORRELATION, Filter, Page, bound, key, many, one
from schema.plan.fields import listing
from schema.plan.scalars import Json, Timestamp
from schema.types import ownership
from schema.types.enums import QueueState
from schema.types.parts import UNSET, Node, TextFilter, TimeFilter

if TYPE_CHECKING:
    from schema.types.connections import Connection


@bound(v_delivery, area="queues", key="delivery_id", prefix="dlv", rows=ownership.by_destination)
@strawberry.type
class Delivery(Node):
    id: strawberry.ID = key("delivery_id")
    destination: str
    kind: str
    state: QueueState
    ordering_key: str | None
    attempts: int
    next_try_at: Timestamp | None
    last_error: str | None
    last_status: int | None
    created_at: Timestamp
    done_at: Timestamp | None
    payload: Json | None
    correlation_id: strawberry.ID = key("correlation_id", CORRELATION)


@bound(v_document_problem, area="queues", rows=ownership.inherited)
@strawberry.type
class DocumentProblem:
    code: str
    message: str
    path: str | None
    line: int | None
    value: str | None


@bound(v_inbound_message, area="queues", key="message_id", prefix="msg", rows=ownership.by_connection)
@strawberry.type
class InboundMessage(Node):
    id: strawberry.ID = key("message_id")
    connection: Annotated[Connection, strawberry.lazy("schema.types.connections")] = one("connection_id")
    topic: str
    external_id: str | None
    state: QueueState
    received_at: Timestamp
    attempts: int
    last_error: str | None
    problems: list[DocumentProblem] = many("message_id", "position")
    payload: Json | None
    raw_url: str | None
    correlation_id: strawberry.ID = key("correlation_id", CORRELATION)


@strawberry.input
class DeliveryWhere:
    state: QueueState | None = UNSET
    destination: TextFilter | None = UNSET
    kind: TextFilter | None = UNSET
    correlation_id: strawberry.ID | None = UNSET
    created_at: TimeFilter | None = UNSET


@strawberry.input
class InboundWhere:
    state: QueueState | None = UNSET
    connection_id: strawberry.ID | None = UNSET
    topic: TextFilter | None = UNSET
    external_id: TextFilter | None = UNSET
    received_at: TimeFilter | None = UNSET


HALVES = {"READY": "working", "LEASED": "working", "PARKED": "working", "DONE": "archived", "IGNORED": "given_up"}

DELIVERIES = Page(
    {"CREATED_AT": "created_at"},
    {
        "state": Filter("state", enum=True, halves=HALVES),
        "destination": Filter("destination", often=True),
        "kind": Filter("kind", often=True),
        "correlationId": Filter("correlation_id", prefix=CORRELATION),
        "createdAt": Filter("created_at"),
    },
)
MESSAGES = Page(
    {"RECEIVED_AT": "received_at"},
    {
        "state": Filter("state", enum=True, halves=HALVES),
        "connectionId": Filter("connection_id", prefix="con", often=True),
        "topic": Filter("topic", often=True),
        "externalId": Filter("external_id"),
        "receivedAt": Filter("received_at"),
    },
)

ROOTS = {
    "deliveries": listing(Delivery, DELIVERIES, where=DeliveryWhere),
    "inbound_messages": listing(InboundMessage, MESSAGES, where=InboundWhere),
}
