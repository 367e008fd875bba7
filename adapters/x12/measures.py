"""What a balance may compute over a canonical document: named measures, Decimal only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hub.kit.money import CENT

Doc = Mapping[str, Any]
ZERO = Decimal(0)
LEVELS = ("shipments", "orders", "pallets", "packages", "lines")
_BELOW = frozenset(LEVELS)


def charges_total(doc: Doc) -> Decimal:
    """Charges less allowances, of the document or of one line."""
    total = ZERO
    for row in doc.get("charges") or ():
        amount = _decimal(row, "amount")
        total += -amount if row.get("kind") == "A" else amount if row.get("kind") == "C" else ZERO
    return total


def invoice_total(doc: Doc) -> Decimal:
    """Quantity by price, rounded half up per line, with charges, allowances and taxes of lines and document."""
    total = charges_total(doc) + _sum(doc, "taxes", "amount") + _sum(doc, "header_taxes", "amount")
    for line in doc.get("lines") or ():
        total += _amount(line, "invoiced")
        if "charges" in line:
            total += charges_total(line)
        if "taxes" in line:
            total += _sum(line, "taxes", "amount")
    return total


def order_total(doc: Doc) -> Decimal:
    return sum((_amount(line, "ordered") for line in doc.get("lines") or ()), ZERO)


def levels(doc: Doc) -> list[Doc]:
    """Every level of a ship notice, as HL will count them."""
    found: list[Doc] = []
    _collect(doc, found)
    return found


def _collect(doc: Doc, found: list[Doc]) -> None:
    for name in LEVELS:
        for entry in doc.get(name) or ():
            found.append(entry)
            if not _BELOW.isdisjoint(entry):
                _collect(entry, found)


def shipped_total(doc: Doc) -> Decimal:
    return sum((_decimal(entry, "shipped") for entry in levels(doc)), ZERO)


def invoiced_total(doc: Doc) -> Decimal:
    return _sum(doc, "lines", "invoiced")


def grouped(name: str) -> Callable[[Doc], Decimal]:
    """The sum of a quantity over the lines of all groups (LX)."""

    def total(doc: Doc) -> Decimal:
        return sum((_sum(group, "lines", name) for group in doc.get("groups") or ()), ZERO)

    return total


def accounted_in_groups(doc: Doc) -> Decimal:
    """What a warehouse shipped and says to be missing, line by line; a line that tells no difference is as it was ordered."""
    total = ZERO
    for line in (x for group in doc.get("groups") or () for x in group.get("lines") or ()):
        told = "ordered" in line and "difference" in line
        total += _decimal(line, "shipped") + _decimal(line, "difference") if told else _decimal(line, "ordered")
    return total


def _amount(line: Doc, quantity: str) -> Decimal:
    """Quantity by price, rounded half up to cents."""
    count, price = line.get(quantity), line.get("price")
    return (Decimal(count) * Decimal(price)).quantize(CENT, ROUND_HALF_UP) if count and price else ZERO


def _decimal(row: Doc, name: str) -> Decimal:
    """Amounts are Decimal inside and text in JSON."""
    value = row.get(name)
    if value.__class__ is str and value:
        return Decimal(value)
    return value if isinstance(value, Decimal) else Decimal(str(value)) if value not in (None, "") else ZERO


def _sum(doc: Doc, rows: str, name: str) -> Decimal:
    return sum((_decimal(row, name) for row in doc.get(rows) or ()), ZERO)


MEASURES: Mapping[str, Callable[[Doc], Decimal | None]] = {
    "invoice_total": invoice_total,
    "order_total": order_total,
    "level_count": lambda doc: Decimal(len(levels(doc))),
    "shipped_total": shipped_total,
    "invoiced_total": invoiced_total,
    "ordered_in_groups": grouped("ordered"),
    "accounted_in_groups": accounted_in_groups,
    "shipped_in_groups": grouped("shipped"),
    "received_total": lambda doc: _sum(doc, "lines", "received"),
    "transferred_total": lambda doc: _sum(doc, "lines", "shipped"),
}
