"""Interchanges with partners, down to the segment: what an EDI desk looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.connections.queries import (
    v_exchange,
    v_exchange_fault,
    v_exchange_group,
    v_exchange_segment,
    v_exchange_set,
)
from schema.plan.bind import Filter, Page, Through, bound, key, many, one, restricted, subject
from schema.plan.fields import listing
from schema.plan.scalars import Json, Timestamp
from schema.types import ownership
from schema.types.enums import AckState, ExchangeDirection
from schema.types.parts import UNSET, Node, TextFilter, TimeFilter

if TYPE_CHECKING:
    from schema.types.connections import Partner
    from schema.types.orders import Order


@bound(v_exchange_fault, area="documents", rows=ownership.inherited)
@strawberry.type
class ExchangeFault:
    """`place`: the segment within its set (ST is 1). `ak`: what the acknowledgement says of it."""

    code: str
    message: str
    path: str | None
    segment: str | None
    place: int | None
    element: int | None
    value: str | None
    ak: str | None


@bound(v_exchange_segment, area="documents", rows=ownership.inherited)
@strawberry.type
class ExchangeSegment:
    """`position`: ST is 1; the envelope stands before. `elements`: [{place, name, value}], empty ones left out."""

    position: int
    id: str
    name: str | None
    raw: str
    elements: Json


@bound(v_exchange_group, area="queues", rows=ownership.inherited)
@strawberry.type
class ExchangeGroup:
    control: str
    version: str
    set_count: int
    rejected_count: int


@bound(v_exchange_set, area="queues", key="document_id", prefix="xst", rows=ownership.by_exchange)
@strawberry.type
class ExchangeSet(Node):
    """`data`: the canonical document."""

    id: strawberry.ID = key("document_id")
    exchange: Annotated[Exchange, strawberry.lazy("schema.types.exchanges")] = one("exchange_id")
    group_control: str
    set_control: str
    set_id: str
    version: str
    verdict: str
    ack_state: AckState
    number: str | None
    order: Annotated[Order, strawberry.lazy("schema.types.orders")] | None = one("order_id")
    data: Json | None = restricted("documents")
    errors: list[ExchangeFault] = many("owner_id", "position")
    segments: list[ExchangeSegment] = many("document_id", "position", unique=True)


@bound(v_exchange, area="queues", key="exchange_id", prefix="xch", rows=ownership.by_connection)
@strawberry.type
class Exchange(Node):
    """One interchange. `ack`: what we answered to one that came. `raw`: all of it, as it came or left."""

    id: strawberry.ID = key("exchange_id")
    partner: Annotated[Partner, strawberry.lazy("schema.types.connections")] | None = one("connection_id")
    direction: ExchangeDirection
    sender: str
    receiver: str
    control: str
    test: bool
    at: Timestamp
    verdict: str | None
    ack_state: AckState
    ack_due: Timestamp | None
    ack: str | None = restricted("documents")
    raw: str | None = restricted("documents")
    content_sha256: str
    kept_as: strawberry.ID | None = subject("message_id", "kept_as")
    error_count: int
    errors: list[ExchangeFault] = many("owner_id", "position")
    groups: list[ExchangeGroup] = many("exchange_id", "control", unique=True)
    sets: list[ExchangeSet] = many("exchange_id", "place_key")


@strawberry.input
class ExchangeWhere:
    """`setId` and `number`: an interchange that holds such a set."""

    direction: ExchangeDirection | None = UNSET
    connection_id: strawberry.ID | None = UNSET
    control: TextFilter | None = UNSET
    sender: TextFilter | None = UNSET
    receiver: TextFilter | None = UNSET
    verdict: TextFilter | None = UNSET
    ack_state: AckState | None = UNSET
    test: bool | None = UNSET
    at: TimeFilter | None = UNSET
    set_id: TextFilter | None = UNSET
    number: TextFilter | None = UNSET


_SETS = Through(v_exchange_set, "exchange_id", "exchange_id")
EXCHANGES = Page(
    {"AT": "at"},
    {
        "direction": Filter("direction", enum=True),
        "connectionId": Filter("connection_id", prefix="con"),
        "control": Filter("control"),
        "sender": Filter("sender"),
        "receiver": Filter("receiver"),
        "verdict": Filter("verdict"),
        "ackState": Filter("ack_state", enum=True),
        "test": Filter("test", flag=True),
        "at": Filter("at"),
        "setId": Filter("set_id", through=_SETS),
        "number": Filter("number", through=_SETS),
    },
)

ROOTS = {"exchanges": listing(Exchange, EXCHANGES, where=ExchangeWhere)}
