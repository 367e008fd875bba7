"""Stock levels, lots, movements, soft reservations, announced goods, buffers of channels."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from hub.canon.states import Condition, MovementCause
from hub.inventory.queries import (
    v_channel_buffer,
    v_incoming,
    v_reservation,
    v_reservation_line,
    v_stock_level,
    v_stock_lot,
    v_stock_movement,
)
from schema.plan.bind import Filter, Page, Through, bound, key, many, one, restricted
from schema.plan.fields import listing
from schema.plan.scalars import Day, Quantity, Timestamp
from schema.types import ownership
from schema.types.enums import ReservationState, SortDirection
from schema.types.network import Location
from schema.types.parts import UNSET, DayFilter, IdFilter, Node, TextFilter, TimeFilter


@bound(v_stock_lot, area="stock", key="lot_id", prefix="lot", rows=ownership.by_location)
@strawberry.type
class StockLot(Node):
    id: strawberry.ID = key("lot_id")
    location: Location = one("location_id")
    sku: str
    condition: Condition
    lot: str
    on_hand: Quantity
    claimed: Quantity = strawberry.field(
        description="Of what is on hand: chosen for fulfillments, first expired first."
    )
    expires_on: Day | None


@bound(v_stock_level, area="available", key="stock_id", prefix="stk", rows=ownership.by_location)
@strawberry.type
class StockLevel(Node):
    id: strawberry.ID = key("stock_id")
    location: Location = one("location_id")
    sku: str
    condition: Condition
    on_hand: Quantity = restricted("stock")
    reserved: Quantity = restricted("stock")
    safety: Quantity = restricted("stock")
    available: Quantity
    incoming: Quantity = restricted("stock")
    in_lots: Quantity = restricted("stock")
    lots: list[StockLot] = many("stock_id", "expiry_key")
    version: int
    updated_at: Timestamp


@bound(v_stock_movement, area="stock", key="movement_id", prefix="mov", rows=ownership.by_location)
@strawberry.type
class StockMovement(Node):
    id: strawberry.ID = key("movement_id")
    at: Timestamp
    location: Location = one("location_id")
    sku: str
    condition: Condition
    on_hand_delta: Quantity
    reserved_delta: Quantity
    cause: MovementCause
    cause_id: strawberry.ID | None = key("cause_id", "sub")
    event_id: strawberry.ID = key("event_id", "evt")
    lot: str | None


@bound(v_reservation_line, area="reservations")
@strawberry.type
class ReservationLine:
    location: Location = one("location_id")
    sku: str
    quantity: Quantity


@bound(v_reservation, area="reservations", key="reservation_id", prefix="rsv")
@strawberry.type
class Reservation(Node):
    id: strawberry.ID = key("reservation_id")
    reference: str
    state: ReservationState
    created_at: Timestamp
    expires_at: Timestamp
    order_id: strawberry.ID | None = key("order_id", "ord")
    lines: list[ReservationLine] = many("reservation_id", "sku")


@bound(v_incoming, area="stock", key="incoming_id", prefix="exp", rows=ownership.by_location)
@strawberry.type(description="Units that a document announces for a date.")
class IncomingStock(Node):
    id: strawberry.ID = key("incoming_id")
    reference: str
    location: Location = one("location_id")
    sku: str
    quantity: Quantity
    expected_at: Timestamp
    lot: str | None
    expires_on: Day | None


@bound(v_channel_buffer, area="stock", key="buffer_id", prefix="buf", rows=ownership.by_location)
@strawberry.type(
    description="Units that a channel's orders must leave and that it is not told of; without a SKU for each."
)
class ChannelBuffer(Node):
    id: strawberry.ID = key("buffer_id")
    channel: str
    location: Location = one("location_id")
    sku: str | None
    units: Quantity


@strawberry.input
class StockWhere:
    sku: TextFilter | None = UNSET
    location_id: IdFilter | None = UNSET
    condition: Condition | None = UNSET
    below_safety: bool | None = UNSET


@strawberry.input
class StockMovementWhere:
    sku: TextFilter | None = UNSET
    location_id: IdFilter | None = UNSET
    at: TimeFilter | None = UNSET
    condition: Condition | None = UNSET
    cause: MovementCause | None = UNSET
    lot: TextFilter | None = UNSET


@strawberry.input
class StockLotWhere:
    sku: TextFilter | None = UNSET
    location_id: IdFilter | None = UNSET
    lot: TextFilter | None = UNSET
    condition: Condition | None = UNSET
    expires_on: DayFilter | None = UNSET


@strawberry.input
class ReservationWhere:
    state: ReservationState | None = UNSET
    reference: TextFilter | None = UNSET
    order_id: IdFilter | None = UNSET
    sku: TextFilter | None = UNSET
    expires_at: TimeFilter | None = UNSET


@strawberry.input
class IncomingStockWhere:
    sku: TextFilter | None = UNSET
    location_id: IdFilter | None = UNSET
    reference: TextFilter | None = UNSET
    expected_at: TimeFilter | None = UNSET


@strawberry.input
class ChannelBufferWhere:
    channel: TextFilter | None = UNSET
    location_id: IdFilter | None = UNSET


@strawberry.enum
class MovementSortField(StrEnum):
    AT = "AT"


@strawberry.input
class MovementSort:
    field: MovementSortField
    direction: SortDirection = SortDirection.DESC


LEVELS = Page(
    {"UPDATED_AT": "updated_at"},
    {
        "sku": Filter("sku"),
        "locationId": Filter("location_id", prefix="loc", often=True),
        "condition": Filter("condition", enum=True, often=True),
        "belowSafety": Filter("below_safety", flag=True, often=True),
    },
)
MOVEMENTS = Page(
    {"AT": "at"},
    {
        "sku": Filter("sku", often=True),
        "locationId": Filter("location_id", prefix="loc", often=True),
        "at": Filter("at", often=True),
        "condition": Filter("condition", enum=True, often=True),
        "cause": Filter("cause", enum=True, often=True),
        "lot": Filter("lot"),
    },
    backed=frozenset({("sku", "AT"), ("at", "AT")}),
)
LOTS = Page(
    {"EXPIRES_ON": "expiry_key"},
    {
        "sku": Filter("sku"),
        "locationId": Filter("location_id", prefix="loc", often=True),
        "lot": Filter("lot"),
        "condition": Filter("condition", enum=True, often=True),
        "expiresOn": Filter("expiry_key", also="expires_on", often=True),
    },
    backed=frozenset({("expiresOn", "EXPIRES_ON")}),
    descending=False,
)
RESERVATIONS = Page(
    {"EXPIRES_AT": "expires_at"},
    {
        "state": Filter("state", enum=True, often=True),
        "reference": Filter("reference"),
        "orderId": Filter("order_id", prefix="ord"),
        "sku": Filter("sku", through=Through(v_reservation_line, "reservation_id", "reservation_id")),
        "expiresAt": Filter("expires_at", often=True),
    },
    backed=frozenset({("expiresAt", "EXPIRES_AT")}),
)
INCOMING = Page(
    {"EXPECTED_AT": "expected_at"},
    {
        "sku": Filter("sku"),
        "locationId": Filter("location_id", prefix="loc"),
        "reference": Filter("reference"),
        "expectedAt": Filter("expected_at", often=True),
    },
    backed=frozenset({("expectedAt", "EXPECTED_AT"), ("sku", "EXPECTED_AT"), ("locationId", "EXPECTED_AT")}),
    descending=False,
)
BUFFERS = Page(
    {"CHANNEL": "channel"},
    {"channel": Filter("channel"), "locationId": Filter("location_id", prefix="loc")},
    descending=False,
)

ROOTS = {
    "stock_levels": listing(StockLevel, LEVELS, where=StockWhere),
    "stock_movements": listing(StockMovement, MOVEMENTS, where=StockMovementWhere, order_by=MovementSort),
    "stock_lots": listing(StockLot, LOTS, where=StockLotWhere),
    "reservations": listing(Reservation, RESERVATIONS, where=ReservationWhere),
    "incoming_stock": listing(IncomingStock, INCOMING, where=IncomingStockWhere),
    "channel_buffers": listing(ChannelBuffer, BUFFERS, where=ChannelBufferWhere),
}
