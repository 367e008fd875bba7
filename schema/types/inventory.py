"""Stock levels, movements, soft reservations."""

from __future__ import annotations

import strawberry

from hub.canon.states import Condition
from hub.inventory.queries import v_reservation, v_reservation_line, v_stock_level, v_stock_movement
from schema.plan.bind import Filter, Page, bound, key, many, one, restricted
from schema.plan.fields import listing
from schema.plan.scalars import Quantity, Timestamp
from schema.types import ownership
from schema.types.network import Location
from schema.types.parts import UNSET, IdFilter, Node, TextFilter, TimeFilter


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
    cause: str
    cause_id: strawberry.ID | None = key("cause_id", "sub")
    event_id: strawberry.ID = key("event_id", "evt")


@bound(v_reservation_line, area="reservations")
@strawberry.type
class ReservationLine:
    location: Location = one("location_id")
    sku: str
    quantity: Quantity


@bound(v_reservation, area="reservations", key="reservation_id", prefix="rsv")
@strawberry.type
class Reservation:
    id: strawberry.ID = key("reservation_id")
    reference: str
    expires_at: Timestamp
    lines: list[ReservationLine] = many("reservation_id", "sku")


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


LEVELS = Page(
    {"UPDATED_AT": "updated_at"},
    {
        "sku": Filter("sku"),
        "locationId": Filter("location_id", prefix="loc"),
        "condition": Filter("condition", enum=True),
        "belowSafety": Filter("below_safety", flag=True),
    },
)
MOVEMENTS = Page(
    {"AT": "at"},
    {"sku": Filter("sku"), "locationId": Filter("location_id", prefix="loc"), "at": Filter("at")},
)

ROOTS = {
    "stock_levels": listing(StockLevel, LEVELS, where=StockWhere),
    "stock_movements": listing(StockMovement, MOVEMENTS, where=StockMovementWhere),
}
