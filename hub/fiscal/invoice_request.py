"""What a note is planned from: plain facts that can be stored and planned again with the same result. Null: nobody said it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from hub.canon.invoice import Invoice, InvoicePackage, InvoiceParty
from hub.fiscal.tax import Methods
from hub.kit.errors import HubError

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLine:
    """One line of the note. Amounts are of the whole line; `rates`, `reductions`, `deferral` and `amounts` as in `TaxCase`:
    what the product's profile or the mirrored note says, over the tables.
    """

    external_id: str  # the order line, named in faults
    sku: str
    title: str
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal = ZERO
    ncm: str | None = None
    cest: str | None = None
    origin: str | None = None
    gtin: str | None = None
    unit: str | None = None
    own_make: bool = False
    st: str = "none"  # | charged | paid
    icms: str = "taxed"  # | exempt | untaxed | suspended
    ibs_cbs_class: str | None = None  # cClassTrib
    order_reference: str | None = None
    order_item: str | None = None
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    reductions: Mapping[str, Decimal] = field(default_factory=dict)
    deferral: Mapping[str, Decimal] = field(default_factory=dict)
    amounts: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPayment:
    """`medium` is a word of the table `payment_media`. Amounts are weights: the note's total is shared out by them."""

    medium: str
    amount: Decimal
    description: str | None = None  # obligatory with medium `other`


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRequest:
    """One note. `operation`, `channel`: words of the tables of those names. Order-level amounts are split over the lines.
    `buyer` is who the goods are for; `ship_to` where they go, when that is elsewhere. `final_use`: a taxpayer buys for itself.
    """

    invoice_id: str
    order: str  # its number, named in faults
    issuer: InvoiceParty
    buyer: InvoiceParty | None
    lines: tuple[RequestLine, ...]
    issued_at: datetime
    environment: int
    series: int
    number: int
    random_code: str
    model: int = 55
    operation: str = "sale"
    channel: str = "shop"
    regime: str = "noncumulative"
    ship_to: InvoiceParty | None = None
    final_use: bool = False
    freight: Decimal = ZERO
    insurance: Decimal = ZERO
    other: Decimal = ZERO
    discount: Decimal = ZERO
    payments: tuple[RequestPayment, ...] = ()
    intermediary_tax_id: str | None = None
    intermediary_account: str | None = None
    referenced_keys: tuple[str, ...] = ()
    freight_mode: int = 0
    carrier_name: str | None = None
    packages: tuple[InvoicePackage, ...] = ()
    notes: str | None = None
    emission_type: int = 1
    contingency_at: datetime | None = None
    contingency_reason: str | None = None
    methods: Methods = field(default_factory=lambda: Methods(rates="table"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedInvoice:
    """`total` is vNF. `doubts`: the disputed rows that were used, for the person who answers for the note."""

    invoice: Invoice
    total: Decimal
    doubts: tuple[str, ...]


Fault = dict[str, str | None]  # line, field, code, detail


def fault(line: str | None, field_name: str, code: str, detail: str = "") -> Fault:
    """`code`: MISSING, MALFORMED, UNKNOWN_CODE, CONTRADICTION, NOT_OFFERED, NO_RULE, or that of a tax fault. `line` None: of the note."""
    return {"line": line, "field": field_name, "code": code, "detail": detail}


class Incomplete(HubError):
    """The invoice of order {order} cannot be made: {missing}"""

    code: ClassVar[str] = "INVOICE_INCOMPLETE"
    faults: tuple[Fault, ...]

    def __init__(self, *, order: str, faults: list[Fault]) -> None:
        shown = (f"{one['line']}: {one['field']}" if one["line"] else str(one["field"]) for one in faults)
        super().__init__(order=order, faults=tuple(faults), missing=", ".join(shown))
