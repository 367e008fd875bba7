"""What a balance may compute over a canonical document: named measures, Decimal only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from hub.kit.money import half_up

Doc = Mapping[str, Any]
ZERO = Decimal(0)


def charges_total(doc: Doc) -> Decimal:
    """Charges less allowances, of the document or of one line."""
    total = ZERO
    for row in doc.get("charges") or ():
        amount = row.get("amount", ZERO)
        total += -amount if row.get("kind") in ("A", "allowance") else amount
    return total


def invoice_total(doc: Doc) -> Decimal:
    """Quantity by price, rounded half up per line, with charges, allowances and taxes of lines and document."""
    total = charges_total(doc) + sum((t.get("amount", ZERO) for t in doc.get("taxes") or ()), ZERO)
    for line in doc.get("lines") or ():
        total += half_up(line.get("invoiced", ZERO) * line.get("price", ZERO)) + charges_total(line)
        total += sum((t.get("amount", ZERO) for t in line.get("taxes") or ()), ZERO)
    return total


def order_total(doc: Doc) -> Decimal:
    return sum((half_up(x.get("ordered", ZERO) * x.get("price", ZERO)) for x in doc.get("lines") or ()), ZERO)


MEASURES: Mapping[str, Callable[[Doc], Decimal | None]] = {
    "invoice_total": invoice_total,
    "order_total": order_total,
}
