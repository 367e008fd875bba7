"""What must be true of a draft before it becomes an order, and what holds it: payment, address, catalog. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from hub.canon.order import Address, DraftLine, OrderDraft, Totals
from hub.canon.states import FulfilledBy, HoldKind, LineKind, PaymentState
from hub.kit.bounds import MOST, keepable, out_of_bounds, plain_enough
from hub.kit.errors import HubError

ZERO = Decimal(0)
Faults = list[tuple[tuple[str, ...], HubError]]
NOT_CAPTURED = frozenset({PaymentState.PENDING, PaymentState.PARTIALLY_PAID, PaymentState.VOIDED})
UFS = frozenset(
    [
        "AC",
        "AL",
        "AM",
        "AP",
        "BA",
        "CE",
        "DF",
        "ES",
        "GO",
        "MA",
        "MG",
        "MS",
        "MT",
        "PA",
        "PB",
        "PE",
        "PI",
        "PR",
        "RJ",
        "RN",
        "RO",
        "RR",
        "RS",
        "SC",
        "SE",
        "SP",
        "TO",
    ]
)


class DuplicateLine(HubError):
    """The line {line} occurs twice."""

    code: ClassVar[str] = "DUPLICATE_LINE"


class TotalsDiffer(HubError):
    """The lines, shipping and tax make {computed}, the order says {stated}."""

    code: ClassVar[str] = "TOTALS_DIFFER"


class BadQuantity(HubError):
    """The quantity of line {line} must be above zero, it is {quantity}."""

    code: ClassVar[str] = "BAD_QUANTITY"


class BadPrice(HubError):
    """The price and the discount of line {line} must not be below zero."""

    code: ClassVar[str] = "BAD_PRICE"


class NoLines(HubError):
    """An order has at least one line."""

    code: ClassVar[str] = "NO_LINES"


# What ends a hold of each kind, where no rule says otherwise.
RELEASED_BY: Mapping[HoldKind, str] = {
    HoldKind.FRAUD: "a person",
    HoldKind.PAYMENT: "the channel reports the payment captured",
    HoldKind.CREDIT: "the approvals that are missing, or a person",
    HoldKind.FISCAL: "a note that the authority authorizes",
    HoldKind.STOCK: "stock that comes in",
    HoldKind.ADDRESS: "a completed address from the channel or by amendment",
    HoldKind.CATALOG: "the product in the catalog, then a person",
    HoldKind.MANUAL: "a person",
}


@dataclass(frozen=True, slots=True)
class Hold:
    """`rule`: the id of the rule that placed it. `then`: what happens at the deadline (remind, release, cancel). `parts`: the rule and reason
    of each that it was made of, where it was made of several.
    """

    kind: HoldKind
    reason: str
    rule: str | None = None
    deadline: datetime | None = None
    then: str = "remind"
    released_by: str | None = None
    parts: tuple[tuple[str | None, str], ...] = ()


def merged(found: Iterable[Hold]) -> list[Hold]:
    """One hold a kind: reasons of the same kind together, the earliest deadline."""
    kept: dict[HoldKind, Hold] = {}
    for hold in found:
        first = kept.get(hold.kind)
        if first is None:
            kept[hold.kind] = hold
            continue
        deadlines = [d for d in (first.deadline, hold.deadline) if d]
        kept[hold.kind] = replace(
            first,
            reason=f"{first.reason}; {hold.reason}",
            deadline=min(deadlines) if deadlines else None,
            parts=(*(first.parts or ((first.rule, first.reason),)), (hold.rule, hold.reason)),
        )
    return list(kept.values())


def computed_total(draft: OrderDraft) -> Decimal:
    """Goods - discount + shipping - shipping discount + tip + fees + duties, plus tax unless it is included."""
    t = draft.totals
    added = sum((x for x in (t.tip, t.fees, t.duties) if x is not None), ZERO)
    tax = ZERO if t.tax_included else (t.tax or ZERO)
    return t.goods - t.discount + t.shipping - (t.shipping_discount or ZERO) + added + tax


def faults(draft: OrderDraft) -> Faults:
    """(path in the draft, error) of everything that makes it no order; empty when it is one. With numbers that cannot be kept nothing is
    computed: they are told alone.
    """
    if not _plainly_kept(draft):
        beyond = list(_beyond(draft))
        if beyond:
            return beyond
    found: Faults = []
    if not draft.lines:
        found.append((("lines",), NoLines()))
    seen: set[str] = set()
    for place, line in enumerate(draft.lines):
        if line.external_id in seen:
            found.append((("lines", str(place)), DuplicateLine(line=line.external_id)))
        seen.add(line.external_id)
        if line.quantity <= 0:
            found.append(
                (("lines", str(place), "quantity"), BadQuantity(line=line.external_id, quantity=line.quantity))
            )
        if min(line.unit_price, line.discount) < 0:
            found.append((("lines", str(place), "unitPrice"), BadPrice(line=line.external_id)))
    if computed_total(draft) != draft.totals.total:
        found.append((("totals", "total"), TotalsDiffer(computed=computed_total(draft), stated=draft.totals.total)))
    return found


def _plainly_kept(draft: OrderDraft) -> bool:
    """One sum over all numbers of an ordinary draft tells that each of them fits: it is at least as large, and has as many decimals.
    False: look closer.
    """
    told, gross = ZERO, ZERO
    try:
        for x in draft.lines:
            told += abs(x.quantity) + abs(x.unit_price) + abs(x.discount)
            gross += abs(x.quantity * x.unit_price)
            if x.tax is not None or x.gross is not None:
                told += abs(x.tax or ZERO) + abs(x.gross or ZERO)
        told += sum((abs(value) for _, value in _stated(draft.totals)), ZERO)
        return told <= MOST and gross <= MOST and plain_enough(told)
    except ArithmeticError:  # no number, or one without end
        return False


def _beyond(draft: OrderDraft) -> Iterable[tuple[tuple[str, ...], HubError]]:
    for place, line in enumerate(draft.lines):
        at, ref = ("lines", str(place)), f"of line {line.external_id}"
        bad = [(n, v) for n, v in _said(line) if not keepable(v)]
        yield from (((*at, n), out_of_bounds(f"The {n} {ref}", v)) for n, v in bad)
        if not bad and abs(line.quantity * line.unit_price) > MOST:
            yield (*at, "gross"), out_of_bounds(f"Quantity by price {ref}", line.quantity * line.unit_price)
    bad = [(n, v) for n, v in _stated(draft.totals) if not keepable(v)]
    yield from ((("totals", n), out_of_bounds(f"The {n} of the order", v)) for n, v in bad)
    if not bad:
        together = sum((v for n, v in _stated(draft.totals) if n in ("tip", "fees", "duties")), ZERO)
        if abs(together) > MOST:
            yield ("totals", "fees"), out_of_bounds("The sum of tip, fees and duties", together)


def _said(line: DraftLine) -> list[tuple[str, Decimal]]:
    """(name in the contract, number)."""
    told = [("quantity", line.quantity), ("unitPrice", line.unit_price), ("discount", line.discount)]
    return [*told, *((n, v) for n, v in (("tax", line.tax), ("gross", line.gross)) if v is not None)]


def _stated(t: Totals) -> list[tuple[str, Decimal]]:
    told = (
        ("goods", t.goods),
        ("discount", t.discount),
        ("shipping", t.shipping),
        ("total", t.total),
        ("orderDiscount", t.order_discount),
        ("shippingDiscount", t.shipping_discount),
        ("tax", t.tax),
        ("tip", t.tip),
        ("fees", t.fees),
        ("duties", t.duties),
    )
    return [(name, value) for name, value in told if value is not None]


def holds(draft: OrderDraft, known_skus: Collection[str]) -> list[Hold]:
    """Every reason why this order may not move on. `known_skus`: those of its SKUs that the catalog has."""
    found: list[Hold] = []
    if draft.payment_state in NOT_CAPTURED:
        found.append(Hold(HoldKind.PAYMENT, f"payment is {draft.payment_state.value}, not captured"))
    if draft.test:
        found.append(Hold(HoldKind.MANUAL, "a test order neither ships nor gets an invoice"))
    shipped = [x for x in draft.lines if x.kind is LineKind.GOODS and x.fulfilled_by is FulfilledBy.MERCHANT]
    if shipped and draft.pickup is None:
        missing = ["the whole address"] if draft.ship_to is None else list(address_faults(draft.ship_to))
        if missing:
            found.append(Hold(HoldKind.ADDRESS, "the address lacks or has wrong: " + ", ".join(missing)))
    unknown = sorted({x.sku for x in shipped} - set(known_skus))
    if unknown:
        found.append(Hold(HoldKind.CATALOG, "not in the catalog: " + ", ".join(unknown)))
    return found


def address_faults(address: Address) -> Iterable[str]:
    """Names of the parts without which no carrier takes a parcel; in Brazil the UF and the CEP are checked by form."""
    for name in ("street", "city", "postal_code"):
        if not getattr(address, name):
            yield name
    if address.country == "BR":
        if address.region not in UFS:
            yield "region"
        if address.postal_code and not re.fullmatch(r"\d{5}-?\d{3}", address.postal_code):
            yield "postal_code"
