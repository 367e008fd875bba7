"""Enums of the contract. Stored in the database under these names, so there is no translation table."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from hub.canon.states import Condition, FulfillmentMethod, HoldKind, NodeKind, OrderState, PaymentState, ReturnState

for kind, name in (
    (OrderState, "OrderState"),
    (PaymentState, "PaymentState"),
    (ReturnState, "OrderReturnState"),
    (HoldKind, "HoldKind"),
    (Condition, "Condition"),
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
class RouteMode(StrEnum):
    LIVE = "LIVE"
    SHADOW = "SHADOW"
    SIMULATED = "SIMULATED"


@strawberry.enum
class FiscalKind(StrEnum):
    NFE = "NFE"
    NFCE = "NFCE"
    CORRECTION = "CORRECTION"
    CANCELLATION = "CANCELLATION"


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
    "Condition",
    "ConnectionState",
    "FiscalKind",
    "FiscalState",
    "FulfillmentMethod",
    "HoldKind",
    "IncidentState",
    "NodeKind",
    "OrderState",
    "PartyKind",
    "PaymentState",
    "QueueState",
    "ReturnState",
    "Role",
    "RouteMode",
    "Severity",
    "SortDirection",
]
