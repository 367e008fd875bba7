"""Enums of the contract. Stored in the database under these names, so there is no translation table."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from hub.canon.states import (
    Condition,
    FulfillmentMethod,
    HoldKind,
    MovementCause,
    NodeKind,
    OrderState,
    PaymentState,
    ReturnState,
)

for kind, name in (
    (OrderState, "OrderState"),
    (PaymentState, "PaymentState"),
    (ReturnState, "OrderReturnState"),
    (HoldKind, "HoldKind"),
    (Condition, "Condition"),
    (MovementCause, "MovementCause"),
    (NodeKind, "LocationKind"),
    (FulfillmentMethod, "FulfillmentMethod"),
):
    strawberry.enum(kind, name=name)


@strawberry.enum
class SortDirection(StrEnum):
    ASC = "ASC"
    DESC = "DESC"


@strawberry.enum
class Role(StrEnum):
    STOREFRONT = "STOREFRONT"
    PORTAL = "PORTAL"
    PARTNER = "PARTNER"
    OPERATOR = "OPERATOR"
    ANALYST = "ANALYST"
    ADMIN = "ADMIN"


@strawberry.enum
class PartyKind(StrEnum):
    CUSTOMER = "CUSTOMER"
    SUPPLIER = "SUPPLIER"
    CARRIER = "CARRIER"


@strawberry.enum
class ReservationState(StrEnum):
    ACTIVE = "ACTIVE"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"
    USED = "USED"


@strawberry.enum
class AmendmentState(StrEnum):
    WAITING = "WAITING"
    APPLIED = "APPLIED"
    REFUSED = "REFUSED"


@strawberry.enum
class RouteMode(StrEnum):
    LIVE = "LIVE"
    SHADOW = "SHADOW"
    SIMULATED = "SIMULATED"


@strawberry.enum(description="What the recipient tells the authority of a note (210210, 210200, 210220, 210240).")
class Stance(StrEnum):
    AWARE = "AWARE"
    CONFIRMED = "CONFIRMED"
    UNKNOWN_SALE = "UNKNOWN_SALE"
    NOT_DONE = "NOT_DONE"


@strawberry.enum
class FiscalKind(StrEnum):
    NFE = "NFE"
    NFCE = "NFCE"


@strawberry.enum
class FiscalState(StrEnum):
    PENDING = "PENDING"
    SIGNED = "SIGNED"
    SENT = "SENT"
    UNKNOWN = "UNKNOWN"
    CONTINGENCY = "CONTINGENCY"
    AUTHORIZED = "AUTHORIZED"
    REJECTED = "REJECTED"
    DENIED = "DENIED"
    CANCELLED = "CANCELLED"
    VOID_PENDING = "VOID_PENDING"
    VOIDED = "VOIDED"


@strawberry.enum
class FiscalWait(StrEnum):
    SIGNATURE = "SIGNATURE"
    SENDING = "SENDING"
    AUTHORITY = "AUTHORITY"
    RETURN_OF_AUTHORITY = "RETURN_OF_AUTHORITY"
    PERSON = "PERSON"
    VOIDING = "VOIDING"


@strawberry.enum(description="Events of the tax reform that a seller sends: 112110, 112130, 112140, 112150, 110001.")
class ReformEvent(StrEnum):
    PAID = "PAID"
    LOST = "LOST"
    NOT_SUPPLIED = "NOT_SUPPLIED"
    DELIVERY_FORECAST = "DELIVERY_FORECAST"
    UNDO = "UNDO"


@strawberry.enum(description="What became of the goods of a note: 110130, 110192, and taken back 110131, 110193.")
class DeliveryEvent(StrEnum):
    DELIVERED = "DELIVERED"
    UNDELIVERED = "UNDELIVERED"
    UNDO_DELIVERED = "UNDO_DELIVERED"
    UNDO_UNDELIVERED = "UNDO_UNDELIVERED"


@strawberry.enum
class DeliveryFailure(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    REFUSED = "REFUSED"
    NO_ADDRESS = "NO_ADDRESS"
    OTHER = "OTHER"


@strawberry.enum
class EmissionMode(StrEnum):
    NORMAL = "NORMAL"
    SVC = "SVC"
    EPEC = "EPEC"
    OFFLINE = "OFFLINE"


@strawberry.enum
class Severity(StrEnum):
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


@strawberry.enum
class IncidentState(StrEnum):
    OPEN = "OPEN"
    ASSIGNED = "ASSIGNED"
    SNOOZED = "SNOOZED"
    RESOLVED = "RESOLVED"


@strawberry.enum
class QueueState(StrEnum):
    READY = "READY"
    LEASED = "LEASED"
    DONE = "DONE"
    PARKED = "PARKED"
    IGNORED = "IGNORED"


@strawberry.enum
class ConnectionState(StrEnum):
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    FAILING = "FAILING"


__all__ = [
    "AmendmentState",
    "Condition",
    "ConnectionState",
    "EmissionMode",
    "FiscalKind",
    "FiscalState",
    "FiscalWait",
    "FulfillmentMethod",
    "HoldKind",
    "IncidentState",
    "NodeKind",
    "OrderState",
    "PartyKind",
    "PaymentState",
    "QueueState",
    "ReformEvent",
    "ReturnState",
    "Role",
    "RouteMode",
    "Severity",
    "SortDirection",
]


@strawberry.enum
class ExchangeDirection(StrEnum):
    IN = "IN"
    OUT = "OUT"


@strawberry.enum
class AckState(StrEnum):
    """Of what we sent. NONE: nobody expects an answer."""

    NONE = "NONE"
    WAITING = "WAITING"
    ACCEPTED = "ACCEPTED"
    ACCEPTED_WITH_ERRORS = "ACCEPTED_WITH_ERRORS"
    REJECTED = "REJECTED"
    OVERDUE = "OVERDUE"
