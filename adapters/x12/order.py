"""The canonical 850 as the hub's order draft: amounts that satisfy the totals' identity, and the partner's own line data kept for the answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from hub.canon.order import Customer, DraftLine, OrderDraft, Totals
from hub.canon.party import address_of, at_day, contact_of, deliver_by, ship_by
from hub.canon.ports import NeverTry
from hub.canon.states import PaymentState
from hub.kit.bounds import MOST, keepable, out_of_bounds
from hub.kit.money import half_up

Doc = Mapping[str, Any]
ZERO = Decimal(0)
_RELEASES = frozenset({"RL", "BK"})
_SKU_FROM = ("sku", "buyer_sku", "upc", "ean", "gtin", "style", "buyer_catalog", "purchaser_item")
_GTIN_FROM = ("gtin", "upc", "ean")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What the envelope says of the set: `stamp` ISA09 and ISA10 as sortable text; `partner` the sender's name here, empty for one without a
    profile.
    """

    partner: str
    control: str
    stamp: str
    test: bool


def external_id(doc: Doc) -> str:
    """BEG03, with the release behind it when the order is a release of a blanket."""
    number = str(doc.get("external_id") or "").strip()
    if not number:
        raise NeverTry("the purchase order has no number", faults=[{"code": "element_missing", "path": "/BEG/BEG03"}])
    release = str(doc.get("release") or "").strip()
    return f"{number}/{release}" if release and doc.get("order_type") in _RELEASES else number


def drafts(doc: Doc, received: Received) -> list[OrderDraft]:
    """One draft; one a store where lines are spread over stores (SDQ) and no ship-to says where all of it goes."""
    number = external_id(doc)
    lines = doc.get("lines") or ()
    stores = _stores(lines)
    if not stores or "ship_to" in (doc.get("parties") or {}):
        return [_draft(doc, number, _numbered(lines), received)]
    found = []
    for store in stores:
        share = [
            ({**line, "ordered": Decimal(quantities[store])}, ref)
            for line, ref in _numbered(lines)
            if store in (quantities := _allocated(line))
        ]
        parties = {**(doc.get("parties") or {}), "ship_to": {"id": store, "scheme": _scheme(lines)}}
        found.append(_draft({**doc, "parties": parties}, f"{number}/{store}", share, received))
    return found


def _stores(lines: Sequence[Doc]) -> list[str]:
    return list(dict.fromkeys(store for line in lines for store in _allocated(line)))


def _allocated(line: Doc) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in line.get("allocations") or ():
        found.update((row.get("stores") or {}).get("quantities") or {})
    return found


def _scheme(lines: Sequence[Doc]) -> str | None:
    return next((row.get("scheme") for line in lines for row in line.get("allocations") or ()), None)


def _numbered(lines: Sequence[Doc]) -> list[tuple[Doc, str]]:
    """Each line with a reference that is its own: PO101, or its position where PO101 is missing or repeated."""
    seen: set[str] = set()
    refs = [str(line.get("line_ref") or "") for line in lines]
    repeated = {ref for ref in refs if ref in seen or seen.add(ref)}  # type: ignore[func-returns-value]
    out = []
    for position, (line, ref) in enumerate(zip(lines, refs, strict=True), 1):
        own = ref if ref and ref not in repeated else f"#{position}" if repeated else str(position)
        out.append((line, own))
    return out


def _draft(doc: Doc, number: str, lines: Sequence[tuple[Doc, str]], received: Received) -> OrderDraft:
    faults = [
        {"code": "line_without_product", "line": ref, "message": f"line {ref} names no product"}
        for line, ref in lines
        if not _sku(line)
    ]
    if faults:
        raise NeverTry(f"{len(faults)} lines name no product", faults=faults)
    faults = [fault for line, ref in lines for fault in _beyond(line, ref)]
    if faults:
        raise NeverTry(f"{faults[0]['message']}", faults=faults)
    drafted = tuple(_line(line, ref) for line, ref in lines)
    try:
        totals = _totals(doc, lines)
    except InvalidOperation:
        totals = None
    if totals is None or totals.goods > MOST or abs(totals.total) > MOST:
        reason = f"the lines make more than {MOST:f}, which no order can"
        raise NeverTry(reason, faults=[{"code": "amount_unreadable", "message": reason}])
    parties = doc.get("parties") or {}
    dates = doc.get("dates") or {}
    buyer = parties.get("buyer") or parties.get("bill_to") or {}
    return OrderDraft(
        external_id=number,
        number=str(doc.get("external_id")),
        revision=f"{received.stamp}-{received.control}",
        placed_at=at_day(doc.get("placed_on"), time.min) or datetime(2000, 1, 1, tzinfo=UTC),
        currency=str(doc.get("currency") or "USD"),
        lines=drafted,
        totals=totals,
        payment_state=PaymentState.AUTHORIZED,  # between companies goods leave on account
        customer=Customer(
            external_id=buyer.get("id") or received.partner or None,  # who names no buyer buys itself
            company=buyer.get("name"),
            phone=contact_of(buyer, "TE"),
            email=contact_of(buyer, "EM"),
        ),
        ship_to=address_of(parties.get("ship_to")),
        bill_to=address_of(parties.get("bill_to")),
        promised_by=deliver_by(dates),
        ship_by=ship_by(dates),
        test=received.test,
        notes="\n".join(note["text"] for note in doc.get("notes") or () if note.get("text")) or None,
        references=tuple(
            (kind, value) for kind, value in (doc.get("references") or {}).items() if isinstance(value, str)
        ),
        partner_lines=tuple((ref, _echo(line, position)) for position, (line, ref) in enumerate(lines, 1)),
    )


def _beyond(line: Doc, ref: str) -> Iterator[dict[str, str]]:
    """Guides let 15 digits of a quantity and 17 of a price pass; what would be kept otherwise than it was said is kept not at all."""
    for name, value in (("quantity", line.get("ordered", ZERO)), ("price", line.get("price", ZERO))):
        if not keepable(value):
            words = out_of_bounds(f"The {name} of line {ref}", value).sentence()
            yield {"code": "amount_unreadable", "line": ref, "message": words}


def _sku(line: Doc) -> str | None:
    ids = line.get("ids") or {}
    own = next((ids[key] for key in _SKU_FROM if ids.get(key)), None)
    return own or line.get("case_upc") or next(iter((ids.get("other") or {}).values()), None)


def _line(line: Doc, ref: str) -> DraftLine:
    ids = line.get("ids") or {}
    return DraftLine(
        external_id=ref,
        sku=_sku(line) or "",
        quantity=line.get("ordered", ZERO),
        unit_price=line.get("price", ZERO),
        title=line.get("description"),
        gtin=next((ids[key] for key in _GTIN_FROM if ids.get(key)), None),
        discount=_sum(line, "A"),
    )


def _sum(doc: Doc, kind: str) -> Decimal:
    """Allowances (A) or charges (C) with an amount."""
    return sum((x["amount"] for x in doc.get("charges") or () if x.get("kind") == kind and "amount" in x), ZERO)


def _totals(doc: Doc, lines: Sequence[tuple[Doc, str]]) -> Totals:
    """From the lines: an 850 states no total of its own; without prices everything is zero."""
    goods = sum((half_up(x.get("ordered", ZERO) * x.get("price", ZERO)) for x, _ in lines), ZERO)
    own = _sum(doc, "A")
    discount = own + sum((_sum(x, "A") for x, _ in lines), ZERO)
    fees = _sum(doc, "C") + sum((_sum(x, "C") for x, _ in lines), ZERO)
    return Totals(
        goods=goods,
        discount=discount,
        shipping=ZERO,
        total=goods - discount + fees,
        tax_included=False,
        order_discount=own,
        fees=fees,
    )


def _echo(line: Doc, position: int) -> str:
    """What 855, 856 and 810 must repeat of this line, as JSON: line_ref, ordered, unit, price, price_basis, ids, ids_codes, position."""
    kept = (
        "line_ref",
        "ordered",
        "unit",
        "unit_code",
        "price",
        "price_basis",
        "ids",
        "ids_codes",
        "description",
        "pack",
    )
    return orjson.dumps({"position": position, **{key: line[key] for key in kept if key in line}}, default=str).decode()
