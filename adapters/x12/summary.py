"""One line about a document of any kind: number, date, parties, counts and totals, as people want to see it first."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.x12.measures import invoice_total, order_total
from hub.kit.money import amount_text, plain

_NUMBERS = ("external_id", "number", "shipment_id", "group_control", "reference")
_DATES = ("placed_on", "date", "shipped_on", "changed_on")
_COUNTED = ("ordered", "shipped", "invoiced", "received", "quantity", "new_quantity")


def summary(kind: str, document: Mapping[str, Any]) -> dict[str, Any]:
    lines = list(_lines(document))
    own = ("number", *_NUMBERS) if kind in ("invoice", "pick_order") else _NUMBERS
    amount = _amount(kind, document)
    parties = document.get("parties")
    return {
        "kind": kind,
        "number": next((document[key] for key in own if document.get(key)), None),
        "date": next((document[key] for key in _DATES if document.get(key)), None),
        "parties": [
            {"role": role, "name": party.get("name"), "id": party.get("id")} for role, party in _parties(parties)
        ],
        "line_count": len(lines),
        "quantity_total": _quantity(lines) if lines else None,
        "amount_total": amount_text(amount) if amount is not None else None,
    }


def _parties(parties: Any) -> list[tuple[str, Mapping[str, Any]]]:
    if not isinstance(parties, Mapping):
        return []
    found = [(role, party) for role, party in parties.items() if role != "other"]
    return found + [(party.get("code", ""), party) for party in parties.get("other", ())]


def _lines(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Lines of the document, or those deep in its levels."""
    found = list(document.get("lines") or ())
    for key in ("shipments", "orders", "pallets", "packages", "groups", "transfers"):
        held = document.get(key)  # in some sets a count has the name of a level
        for child in held if isinstance(held, list) else ():
            found += _lines(child)
    return found


def _quantity(lines: list[Mapping[str, Any]]) -> str | None:
    """None: one of them is no number, which only a partner that may break it can say."""
    try:
        total = sum((next((x[key] for key in _COUNTED if key in x), Decimal(0)) for x in lines), Decimal(0))
    except InvalidOperation:
        return None
    return plain(total) if total.is_finite() else None


def _amount(kind: str, document: Mapping[str, Any]) -> Decimal | None:
    """None: there is none, or it has more digits than can be counted with."""
    try:
        total = _total(kind, document)
    except InvalidOperation:
        return None
    return total if total is None or total.is_finite() else None


def _total(kind: str, document: Mapping[str, Any]) -> Decimal | None:
    if kind == "invoice":
        total = document.get("total")
        return total if isinstance(total, Decimal) else invoice_total(document)
    if kind in ("order", "purchase_order") and any("price" in x for x in document.get("lines") or ()):
        return order_total(document)
    return None
