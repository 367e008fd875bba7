"""Words with a fixed list of values: the nine states and the axes beside them. Stored in the database under these names."""

from __future__ import annotations

from enum import StrEnum


class OrderState(StrEnum):
    DRAFT = "DRAFT"
    APPROVED = "APPROVED"
    PICKING = "PICKING"
    PACKED = "PACKED"
    DISPATCHED = "DISPATCHED"
    IN_TRANSIT = "IN_TRANSIT"
    DELIVERED = "DELIVERED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class PaymentState(StrEnum):
    PENDING = "PENDING"
    AUTHORIZED = "AUTHORIZED"
    PARTIALLY_PAID = "PARTIALLY_PAID"
    PAID = "PAID"
    PARTIALLY_REFUNDED = "PARTIALLY_REFUNDED"
    REFUNDED = "REFUNDED"
    VOIDED = "VOIDED"


class ReturnState(StrEnum):
    """How much of an order came back."""

    NONE = "NONE"
    REQUESTED = "REQUESTED"
    PARTIAL = "PARTIAL"
    RETURNED = "RETURNED"


class HoldKind(StrEnum):
    FRAUD = "FRAUD"
    PAYMENT = "PAYMENT"
    CREDIT = "CREDIT"
    FISCAL = "FISCAL"
    STOCK = "STOCK"
    ADDRESS = "ADDRESS"
    CATALOG = "CATALOG"
    MANUAL = "MANUAL"


class LineKind(StrEnum):
    GOODS = "GOODS"
    GIFT_CARD = "GIFT_CARD"
    SERVICE = "SERVICE"
    KIT = "KIT"  # as sold; its components are lines of their own


class FulfilledBy(StrEnum):
    MERCHANT = "MERCHANT"
    CHANNEL = "CHANNEL"


class Condition(StrEnum):
    NEW = "NEW"
    B_GRADE = "B_GRADE"
    DAMAGED = "DAMAGED"
    QUARANTINE = "QUARANTINE"


class MovementCause(StrEnum):
    """Why stock moved or was promised."""

    COUNT = "COUNT"
    ADJUSTMENT = "ADJUSTMENT"
    RECEIPT = "RECEIPT"
    TRANSFER = "TRANSFER"
    RESERVE = "RESERVE"
    RELEASE = "RELEASE"
    SOFT_RESERVE = "SOFT_RESERVE"
    SOFT_RELEASE = "SOFT_RELEASE"
    SHIP = "SHIP"
    SHORT_PICK = "SHORT_PICK"


class NodeKind(StrEnum):
    WAREHOUSE = "WAREHOUSE"
    STORE = "STORE"
    THIRD_PARTY = "THIRD_PARTY"
    SUPPLIER = "SUPPLIER"


class FulfillmentMethod(StrEnum):
    SHIP = "SHIP"
    PICKUP = "PICKUP"
    SHIP_FROM_STORE = "SHIP_FROM_STORE"
    DROP_SHIP = "DROP_SHIP"
    TRANSFER = "TRANSFER"
