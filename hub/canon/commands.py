"""What adapters hand inward and what the hub hands outward. Inward words are news from outside; outward words are things that we owe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hub.canon.channel_words import (
    AddedLine,
    AttachInvoice,
    CancelLines,
    CancelOrder,
    ChangeLines,
    ConfirmShipment,
    SetStock,
    ShippedLine,
)
from hub.canon.fiscal_words import (
    AskAuthority,
    AuthorityReported,
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
from hub.canon.notice import NoticeReported, SendNotice
from hub.canon.order import Address, OrderDraft, RefundDraft
from hub.canon.rates import QuotedRate, QuoteRates, RatesQuoted
from hub.canon.states import Condition

__all__ = [
    "AckReceived",
    "Acknowledge",
    "AddedLine",
    "AskAuthority",
    "AttachInvoice",
    "AuthorityReported",
    "AuthorizeInvoice",
    "CancelAsked",
    "CancelLines",
    "CancelOrder",
    "CancelPick",
    "CaptureOrder",
    "ChangeLines",
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
    "NoticeReported",
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
    "SendNotice",
    "SetStock",
    "ShippedLine",
    "StockReported",
    "TrackingSeen",
    "VoidNumbers",
    "WriteDocument",
]


# ------------------------------------------------------------------ inward
@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureOrder:
    """An order as the channel has it now: new, the same again, or changed since."""

    draft: OrderDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAsked:
    external_id: str
    reason: str
    revision: str
    lines: tuple[tuple[str, Decimal], ...] = ()  # (line external_id, quantity); empty: the whole order


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRecorded:
    refund: RefundDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnAsked:
    external_id: str
    order_external_id: str
    lines: tuple[tuple[str, Decimal], ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedLine:
    """One line of a WMS report; `line` is that of our pick order. `over`: units not asked for; `instead`: other goods, `quantity` counts those."""

    line: str
    quantity: Decimal = Decimal(0)
    short: Decimal = Decimal(0)
    over: Decimal = Decimal(0)
    instead: str | None = None
    reason: str | None = None
    lots: tuple[str, ...] = ()
    serials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedPackage:
    sscc: str | None = None
    weight_g: int | None = None
    size_mm: tuple[int, int, int] | None = None
    lines: tuple[ReportedLine, ...] = ()
    carrier: str | None = None
    service: str | None = None
    tracking: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FulfillmentReported:
    """What a WMS or 3PL says of a pick order. `status`: ACKNOWLEDGED, REFUSED, PICKING, PICKED, PACKED, DISPATCHED, CANCELLED, CANCEL_REFUSED."""

    pick_order: str  # our fulfillment's public id
    status: str
    sequence: int | None = None
    at: datetime | None = None
    lines: tuple[ReportedLine, ...] = ()
    packages: tuple[ReportedPackage, ...] = ()
    wms_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingSeen:
    """A carrier's event. `status`: IN_TRANSIT, OUT_FOR_DELIVERY, DELIVERED, EXCEPTION, RETURNED."""

    tracking: str
    status: str
    at: datetime
    code: str
    place: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StockReported:
    """An absolute count of a node; older than the newest one applied: a fact only."""

    node: str
    at: datetime
    lines: tuple[tuple[str, Condition, Decimal], ...]  # (sku, condition, on hand)
    lots: tuple[
        tuple[str, Condition, str, Decimal], ...
    ] = ()  # (sku, condition, lot, on hand): all lots of a line that has any


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRead:
    """A partner's document that is no order (855, 856, 810, 944, 846 ...), in canonical form."""

    kind: str
    number: str
    data: Mapping[str, Any]
    date: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AckReceived:
    """A partner's 997, 999 or TA1 for sets that we sent. `status`: accepted, accepted_with_errors, rejected."""

    group_control: str | None
    status: str
    sets: tuple[tuple[str, str], ...] = ()  # (ST02, status)
    interchange_control: str | None = None
    usage: str | None = None  # ISA15, T or P, which count apart; None: not told
    errors: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRead:
    """The envelope of one received interchange with its verdict and what must be answered (JSON for `Acknowledge`); `if_duplicate`: what
    instead, where its number came before with other content.
    """

    control: str
    sender: str
    receiver: str
    verdict: str
    test: bool
    ack: Mapping[str, Any] | None
    if_duplicate: Mapping[str, Any] | None = None
    errors: tuple[Mapping[str, Any], ...] = ()


InwardCommand = (
    CaptureOrder
    | CancelAsked
    | RefundRecorded
    | ReturnAsked
    | FulfillmentReported
    | TrackingSeen
    | StockReported
    | InvoiceReported
    | InvoiceEventReported
    | NumbersReported
    | AuthorityReported
    | GnreGuideReported
    | GnreRulesReported
    | DocumentRead
    | AckReceived
    | ExchangeRead
    | RatesQuoted
    | NoticeReported
)


# ------------------------------------------------------------------ outward
@dataclass(frozen=True, slots=True, kw_only=True)
class PickLine:
    line: str
    sku: str
    title: str
    quantity: Decimal
    gtin: str | None = None
    lots: tuple[tuple[str, Decimal], ...] = ()  # from which lots, first expired first; the rest from any
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
class Transmit:
    """A receipt that we owe by a call of our own, or once more what got no receipt; the bytes are in the register of transmissions."""

    transmission: str


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
    | CancelLines
    | ChangeLines
    | AttachInvoice
    | AuthorizeInvoice
    | RegisterInvoiceEvent
    | VoidNumbers
    | AskAuthority
    | IssueGnreGuide
    | ReadGnreRules
    | SendNotice
    | WriteDocument
    | Acknowledge
    | Transmit
    | PublishFacts
)
