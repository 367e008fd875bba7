"""A kit as sold is one line; its components are lines of their own, which are routed, reserved, picked and invoiced. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal
from typing import Any
from uuid import UUID

from hub.canon.order import DraftLine
from hub.canon.states import FulfilledBy, LineKind
from hub.kit.money import split

ZERO = Decimal(0)
Kits = Mapping[str, Mapping[str, Decimal]]  # kit SKU -> component SKU -> pieces in one kit


def is_kit(line: DraftLine, kits: Kits) -> bool:
    """Ours to send, and sold as a kit."""
    return line.sku in kits and line.kind is LineKind.GOODS and line.fulfilled_by is FulfilledBy.MERCHANT


def components(line: DraftLine, parts: Mapping[str, Decimal]) -> list[DraftLine]:
    """The lines that a kit's line stands for. Its value, discount and tax are divided by pieces, to the cent and without a rest;
    the price of a piece has four decimals.
    """
    pieces = [n * line.quantity for n in parts.values()]
    gross = split(line.gross if line.gross is not None else line.unit_price * line.quantity, pieces)
    discounts = split(line.discount, pieces)
    taxes = split(line.tax or ZERO, pieces)
    return [
        replace(
            line,
            external_id=f"{line.external_id}:{sku}",
            sku=sku,
            title=None,
            gtin=None,
            quantity=n,
            unit_price=(value / n).quantize(Decimal("0.0001")),
            gross=value,
            discount=discount,
            tax=tax if line.tax is not None else None,
        )
        for sku, n, value, discount, tax in zip(parts, pieces, gross, discounts, taxes, strict=True)
    ]


def sold(rows: Iterable[Any]) -> list[Any]:
    """The lines as the customer bought them: without the components of kits."""
    return [r for r in rows if r["kit_parent"] is None]


def shipped_as_sold(
    rows: Sequence[Any], shipments: Sequence[Mapping[UUID, Decimal]]
) -> list[list[tuple[str, Decimal]]]:
    """For each shipment (line -> units), in order, what it means in the lines that were sold: a kit has left with the last of its
    pieces. `rows`: the order's lines, counted after all of these shipments.
    """
    before = {r["line_id"]: r["shipped"] - sum((s.get(r["line_id"], ZERO) for s in shipments), ZERO) for r in rows}
    kits = {r["line_id"]: r for r in rows if any(x["kit_parent"] == r["line_id"] for x in rows)}
    parts = {i: [r for r in rows if r["kit_parent"] == i] for i in kits}
    told: list[list[tuple[str, Decimal]]] = []
    for shipment in shipments:
        after = {i: n + shipment.get(i, ZERO) for i, n in before.items()}
        lines = [
            (r["external_id"], shipment[r["line_id"]])
            for r in rows
            if r["line_id"] in shipment and r["kit_parent"] is None
        ]
        for i, kit in kits.items():
            whole = _whole(kit, parts[i], after) - _whole(kit, parts[i], before)
            if whole > 0:
                lines.append((kit["external_id"], whole))
        told.append(lines)
        before = after
    return told


def _whole(kit: Any, parts: Sequence[Any], shipped: Mapping[UUID, Decimal]) -> Decimal:
    """Whole kits of which every piece has left."""
    whole = [Decimal(shipped[p["line_id"]] * kit["ordered"] / p["ordered"]) for p in parts]
    return min(n.to_integral_value(ROUND_FLOOR) for n in whole)
