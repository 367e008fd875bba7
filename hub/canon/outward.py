"""Outward commands: things that we owe the outside, as the hub hands them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from hub.canon.fiscal_words import (
    AuthorizeInvoice,
    GnreGuideReported,
    GnreRulesReported,
    InvoiceEventReported,
    InvoiceReported,
    IssueGnreGuide,
    NumbersReported,
    ReadGnreRules,
    RegisterInvoiceEvent,
    VoidNumbers,
)
from hub.canon.order import Address
from hub.canon.rates import QuoteRates, RatesQuoted

__all__ = [
    "AckReceived",
    "Acknowledge",
    "AttachInvoice",
    "AuthorizeInvoice",
    "CancelAsked",
    "CancelOrder",
    "CancelPick",
    "CaptureOrder",
    "ConfirmShipment",
    "DocumentRead",
    "ExchangeRead",
    "FulfillmentReported",
    "GnreGuideReported",
    "GnreRulesReported",
    "InvoiceEventReported",
    "InvoiceReported",
    "InwardCommand",
    "IssueGnreGuide",
    "NumbersReported",
    "OutwardCommand",
    "PickLine",
    "PublishFacts",
    "QuoteRates",
    "QuotedRate",
    "RatesQuoted",
    "ReadGnreRules",
    "RefundRecorded",
    "RegisterInvoiceEvent",
    "ReleasePick",
    "ReportedLine",
    "ReportedPackage",
    "RequestPick",
    "ReturnAsked",
    "SetStock",
    "ShippedLine",
    "StockReported",
    "TrackingSeen",
    "VoidNumbers",
    "WriteDocument",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class PickLine:
    line: str
    sku: str
    title: str
    quantity: Decimal
    gtin: str | None = None
    lot: str | None = None
    serial_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPick:
    pick_order: str
    order: str
    node: str
    version: int
    ship_by: datetime | None
    service: str | None
    ship_to: Address | None
    lines: tuple[PickLine, ...]
    notes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPick:
    pick_order: str
    node: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePick:
    """The fiscal gate has opened: goods may leave, with this key and, where a note is due, its printed form (PDF)."""

    pick_order: str
    node: str
    access_key: str | None
    danfe: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedLine:
    line: str  # the channel's line id
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmShipment:
    """Tell the channel what left, with tracking and, in Brazil, the note's access key."""

    order: str  # the channel's order id
    shipment: str
    lines: tuple[ShippedLine, ...]
    carrier: str | None
    tracking: str | None
    tracking_url: str | None = None
    access_key: str | None = None
    notify_customer: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStock:
    """Absolute availability; `change_from` is what the channel is believed to hold (None: no check)."""

    levels: tuple[tuple[str, str, Decimal, Decimal | None], ...]  # (sku, node, available, change_from)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    order: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachInvoice:
    order: str
    access_key: str
    number: int
    series: int
    xml: bytes
    total: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteDocument:
    """A document for a partner in canonical form (855, 856, 810 ...); numbers come from the control-number store."""

    kind: str
    number: str
    data: Mapping[str, Any]
    numbers: Mapping[str, int] = field(default_factory=dict)  # isa, gs, st


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledge:
    """The 997, 999 and TA1 for one received interchange."""

    exchange: str
    ack: Mapping[str, Any]
    numbers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishFacts:
    facts: tuple[Mapping[str, Any], ...]


OutwardCommand = (
    RequestPick
    | CancelPick
    | ReleasePick
    | ConfirmShipment
    | SetStock
    | QuoteRates
    | CancelOrder
    | AttachInvoice
    | AuthorizeInvoice
    | RegisterInvoiceEvent
    | VoidNumbers
    | IssueGnreGuide
    | ReadGnreRules
    | WriteDocument
    | Acknowledge
    | PublishFacts
)
