"""Payloads, their error enums and errors, as the contract names them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import strawberry

from hub.canon.states import OrderState
from schema.plan.bind import Made
from schema.plan.scalars import Quantity
from schema.types.connections import Connection, Partner
from schema.types.exchanges import Exchange
from schema.types.fulfillment import Fulfillment
from schema.types.incidents import Incident
from schema.types.inventory import ChannelBuffer, Reservation, StockLevel, StockMovement
from schema.types.ledger import BusinessEvent
from schema.types.orders import Order
from schema.types.parts import UserError
from schema.types.routing import RouteDecision


def made(name: str) -> Any:
    """An object read after the commit by the id that the outcome names."""
    return strawberry.field(metadata={"bind": Made(name)})


def several(name: str) -> Any:
    return strawberry.field(metadata={"bind": Made(name, several=True)})


@strawberry.enum
class OrderErrorCode(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    NO_LINES = "NO_LINES"
    ILLEGAL_MOVE = "ILLEGAL_MOVE"
    VERSION_CONFLICT = "VERSION_CONFLICT"
    ON_HOLD = "ON_HOLD"
    STOCK_SHORT = "STOCK_SHORT"
    UNKNOWN_SKU = "UNKNOWN_SKU"
    DUPLICATE_LINE = "DUPLICATE_LINE"
    TOTALS_DIFFER = "TOTALS_DIFFER"
    ADDRESS_INVALID = "ADDRESS_INVALID"
    TAX_ID_INVALID = "TAX_ID_INVALID"
    CURRENCY_MISMATCH = "CURRENCY_MISMATCH"
    ALREADY_SHIPPED = "ALREADY_SHIPPED"
    REASON_REQUIRED = "REASON_REQUIRED"
    OLD_REVISION = "OLD_REVISION"
    PICKING_BEGUN = "PICKING_BEGUN"
    UNKNOWN_LINE = "UNKNOWN_LINE"
    UNKNOWN_PRODUCT = "UNKNOWN_PRODUCT"
    KIT_IS_WHOLE = "KIT_IS_WHOLE"
    BAD_AMOUNT = "BAD_AMOUNT"
    BAD_PRICE = "BAD_PRICE"
    BAD_QUANTITY = "BAD_QUANTITY"
    OUT_OF_BOUNDS = "OUT_OF_BOUNDS"
    NO_PICKUP_PLACE = "NO_PICKUP_PLACE"
    ORDER_CLOSED = "ORDER_CLOSED"
    AMENDMENT_WAITS = "AMENDMENT_WAITS"
    NOTHING_CHANGES = "NOTHING_CHANGES"
    NOTHING_LEFT = "NOTHING_LEFT"
    NO_SUBSTITUTE = "NO_SUBSTITUTE"
    NOTHING_TO_APPROVE = "NOTHING_TO_APPROVE"
    NOT_YOUR_STEP = "NOT_YOUR_STEP"
    DEADLINE_PASSED = "DEADLINE_PASSED"


@strawberry.type
class OrderUserError(UserError):
    message: str
    field: list[str] | None
    code: OrderErrorCode
    allowed_transitions: list[OrderState] | None
    current_version: int | None


@strawberry.type
class OrderPayload:
    order: Order | None = made("order")
    events: list[BusinessEvent] = several("events")
    user_errors: list[OrderUserError]
    replayed: bool


@strawberry.type
class BulkOrderPayload:
    results: list[OrderPayload]
    captured: int
    refused: int


@strawberry.enum
class StockErrorCode(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    UNKNOWN_SKU = "UNKNOWN_SKU"
    CHANGE_FROM_QUANTITY_STALE = "CHANGE_FROM_QUANTITY_STALE"
    WOULD_GO_NEGATIVE = "WOULD_GO_NEGATIVE"
    OUT_OF_BOUNDS = "OUT_OF_BOUNDS"
    BELOW_RESERVED = "BELOW_RESERVED"
    STOCK_SHORT = "STOCK_SHORT"
    EXPIRED = "EXPIRED"
    NOT_POSITIVE = "NOT_POSITIVE"
    TRANSFER_TO_ITSELF = "TRANSFER_TO_ITSELF"
    ONLY_NEW_IS_ANNOUNCED = "ONLY_NEW_IS_ANNOUNCED"
    NOTHING_ANNOUNCED = "NOTHING_ANNOUNCED"
    TOO_LONG = "TOO_LONG"


@strawberry.type
class StockUserError(UserError):
    message: str
    field: list[str] | None
    code: StockErrorCode
    current_quantity: Quantity | None


@strawberry.type
class StockPayload:
    levels: list[StockLevel] = several("levels")
    movements: list[StockMovement] = several("movements")
    user_errors: list[StockUserError]
    replayed: bool


@strawberry.type
class BufferPayload:
    buffers: list[ChannelBuffer] = several("buffers")
    user_errors: list[StockUserError]
    replayed: bool


@strawberry.type
class ReservationPayload:
    reservation: Reservation | None = made("reservation")
    user_errors: list[StockUserError]
    replayed: bool


@strawberry.type
class RoutePayload:
    decision: RouteDecision | None = made("decision")
    fulfillments: list[Fulfillment] = several("fulfillments")
    user_errors: list[OrderUserError]
    replayed: bool


@strawberry.enum
class FulfillmentErrorCode(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    ILLEGAL_MOVE = "ILLEGAL_MOVE"
    VERSION_CONFLICT = "VERSION_CONFLICT"
    ON_HOLD = "ON_HOLD"
    SHORT_PICK = "SHORT_PICK"
    PACKAGE_REQUIRED = "PACKAGE_REQUIRED"
    FISCAL_REJECTED = "FISCAL_REJECTED"
    DISPATCH_ALREADY_ASKED = "DISPATCH_ALREADY_ASKED"
    REASON_REQUIRED = "REASON_REQUIRED"
    NOT_BUNDLEABLE = "NOT_BUNDLEABLE"
    NOT_SPLITTABLE = "NOT_SPLITTABLE"
    NOT_FOR_PICKUP = "NOT_FOR_PICKUP"
    WRONG_PICKUP_CODE = "WRONG_PICKUP_CODE"
    NO_PROOF = "NO_PROOF"


@strawberry.type
class FulfillmentUserError(UserError):
    message: str
    field: list[str] | None
    code: FulfillmentErrorCode
    allowed_transitions: list[OrderState] | None
    current_version: int | None


@strawberry.type
class FulfillmentPayload:
    fulfillment: Fulfillment | None = made("fulfillment")
    order: Order | None = made("order")
    events: list[BusinessEvent] = several("events")
    user_errors: list[FulfillmentUserError]
    replayed: bool


@strawberry.enum
class IncidentErrorCode(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    ALREADY_RESOLVED = "ALREADY_RESOLVED"
    STEP_NOT_READY = "STEP_NOT_READY"
    STEP_FAILED = "STEP_FAILED"


@strawberry.type
class IncidentUserError(UserError):
    message: str
    field: list[str] | None
    code: IncidentErrorCode


@strawberry.type
class IncidentPayload:
    incident: Incident | None = made("incident")
    user_errors: list[IncidentUserError]
    replayed: bool


@strawberry.enum
class QueueErrorCode(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    NOT_PARKED = "NOT_PARKED"
    REASON_REQUIRED = "REASON_REQUIRED"
    TOO_MANY = "TOO_MANY"


@strawberry.type
class QueueUserError(UserError):
    message: str
    field: list[str] | None
    code: QueueErrorCode


@strawberry.type
class QueuePayload:
    changed: int
    user_errors: list[QueueUserError]
    replayed: bool


@strawberry.type
class ConnectionPayload:
    connection: Connection | None = made("connection")
    user_errors: list[QueueUserError]
    replayed: bool


@strawberry.type
class ExchangePayload:
    """`told`: what became of each set, in words."""

    exchange: Exchange | None = made("exchange")
    changed: int
    told: list[str]
    user_errors: list[QueueUserError]
    replayed: bool


@strawberry.enum
class PartnerErrorCode(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    OVERLAY_INVALID = "OVERLAY_INVALID"
    PROFILE_INVALID = "PROFILE_INVALID"
    TRANSPORT_INVALID = "TRANSPORT_INVALID"


@strawberry.type
class PartnerUserError(UserError):
    message: str
    field: list[str] | None
    code: PartnerErrorCode


@strawberry.type
class PartnerPayload:
    partner: Partner | None = made("partner")
    user_errors: list[PartnerUserError]
    replayed: bool
