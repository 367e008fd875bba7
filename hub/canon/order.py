"""The canonical order as it arrives from any channel (`OrderDraft`), and a refund. Null: the channel does not say; zero: it says none."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from hub.canon.states import FulfilledBy, FulfillmentMethod, LineKind, PaymentState

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`region` without country prefix (`SP`), `country` ISO 3166 alpha-2. Address lines: line 1 is `street`, line 2 `complement`."""

    country: str
    name: str | None = None
    company: str | None = None
    street: str | None = None
    number: str | None = None
    complement: str | None = None
    district: str | None = None
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    phone: str | None = None
    tax_id: str | None = None
    municipality_code: str | None = None  # cMun, IBGE 7 digits, where known


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Who buys."""

    external_id: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    tax_id: str | None = None
    company: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pickup:
    """Collected in a store: `node` is the code of our node."""

    node: str
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftLine:
    """`unit_price` before discounts; `discount` and `tax` of the whole line; `gross` only where the channel gives line totals."""

    external_id: str
    sku: str
    quantity: Decimal
    unit_price: Decimal
    title: str | None = None
    gtin: str | None = None
    gross: Decimal | None = None
    discount: Decimal = ZERO
    tax: Decimal | None = None
    kind: LineKind = LineKind.GOODS
    fulfilled_by: FulfilledBy = FulfilledBy.MERCHANT


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Identity: goods - discount + shipping - shipping_discount + tip + fees + duties + (0 if tax_included else tax) = total."""

    goods: Decimal
    discount: Decimal
    shipping: Decimal
    total: Decimal
    tax_included: bool
    order_discount: Decimal | None = None
    shipping_discount: Decimal | None = None
    tax: Decimal | None = None
    tip: Decimal | None = None
    fees: Decimal | None = None
    duties: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDraft:
    """One order as a channel tells it. `revision` is the entity's own change mark as sortable text; amounts are in `currency`."""

    external_id: str
    revision: str
    placed_at: datetime
    currency: str
    lines: tuple[DraftLine, ...]
    totals: Totals
    payment_state: PaymentState
    number: str | None = None
    group_id: str | None = None
    cancelled_at: datetime | None = None
    customer: Customer | None = None
    ship_to: Address | None = None
    bill_to: Address | None = None
    pickup: Pickup | None = None
    method: FulfillmentMethod = FulfillmentMethod.SHIP
    handed_over: bool = False  # the goods left with the customer: captured and completed at once, stock moved
    promised_by: datetime | None = None
    ship_by: datetime | None = None
    service_level: str | None = None  # what the customer bought, in the words of the routing rules: EXPRESS, SAME_DAY
    test: bool = False
    notes: str | None = None
    tags: tuple[str, ...] = ()
    references: tuple[tuple[str, str], ...] = ()  # (kind, value): department, vendor, customer_order ...
    partner_lines: tuple[
        tuple[str, str], ...
    ] = ()  # (line external_id, partner's own line ids as JSON), echoed in 855, 856, 810
    raw: UUID | None = None  # the inbox message that it came from

    @property
    def fulfilled_by(self) -> FulfilledBy:
        return (
            FulfilledBy.CHANNEL
            if all(x.fulfilled_by == FulfilledBy.CHANNEL for x in self.lines)
            else FulfilledBy.MERCHANT
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundLine:
    order_line: str
    quantity: Decimal
    amount: Decimal | None = None
    tax: Decimal | None = None
    restock: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundDraft:
    """Money given back. A refund without goods (goodwill) and one that arrives before its order are normal."""

    external_id: str
    order_external_id: str
    currency: str
    amount: Decimal
    at: datetime
    lines: tuple[RefundLine, ...] = field(default=())
    shipping: Decimal | None = None
