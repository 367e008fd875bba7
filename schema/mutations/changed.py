"""Payloads of what changes placed orders and their fulfillments, and of kept searches."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from hub.canon.states import HoldKind
from schema.mutations.payloads import FulfillmentUserError, OrderUserError, made, several
from schema.plan.scalars import Quantity, Timestamp
from schema.types.amendments import Amendment, AmendmentChange
from schema.types.fulfillment import Fulfillment
from schema.types.ledger import BusinessEvent
from schema.types.orders import Order
from schema.types.parts import Money, UserError
from schema.types.searches import SavedSearch


@strawberry.type
class StockEffect:
    location_id: strawberry.ID
    location: str
    sku: str
    reserved_delta: Quantity


@strawberry.type
class Unplaced:
    sku: str
    quantity: Quantity


@strawberry.type(description="What an amendment does. Stock, promise and holds are known of a dry run only.")
class AmendmentEffect:
    changes: list[AmendmentChange]
    total_before: Money
    total_after: Money
    tax_before: Money
    tax_after: Money
    waits_for: list[strawberry.ID]
    stock: list[StockEffect] | None
    unplaced: list[Unplaced] | None
    ships_by_before: Timestamp | None
    ships_by_after: Timestamp | None
    holds: list[HoldKind] | None


@strawberry.type
class AmendOrderPayload:
    order: Order | None = made("order")
    amendment: Amendment | None = made("amendment")
    effect: AmendmentEffect | None
    user_errors: list[OrderUserError]
    replayed: bool


@strawberry.type
class FulfillmentsPayload:
    bundle_id: strawberry.ID | None
    fulfillments: list[Fulfillment] = several("fulfillments")
    events: list[BusinessEvent] = several("events")
    user_errors: list[FulfillmentUserError]
    replayed: bool


@strawberry.enum
class SearchErrorCode(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    BAD_SEARCH = "BAD_SEARCH"


@strawberry.type
class SearchUserError(UserError):
    message: str
    field: list[str] | None
    code: SearchErrorCode


@strawberry.type
class SearchPayload:
    search: SavedSearch | None = made("search")
    deleted: int
    user_errors: list[SearchUserError]
    replayed: bool
