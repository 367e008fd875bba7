"""Demands and places for tests of routing, with plain values that a test changes where it matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from hub.routing import Demand, DemandLine, Offer, Place, Rules, parse_rules

NOW = datetime(2026, 3, 2, 13, tzinfo=UTC)
PAC = Offer(carrier="Correios", service="PAC", cost=Decimal(20), cost_per_kg=Decimal(1), days=3, co2e_g=100)


def named(what: str) -> UUID:
    return uuid5(NAMESPACE_URL, what)


def place(code: str, **given: Any) -> Place:
    """An open warehouse in SP whose hand-over is in three hours and whose only lane is `PAC`."""
    plain = Place(
        node_id=named(code),
        code=code,
        kind="WAREHOUSE",
        country="BR",
        region="SP",
        active=True,
        open_fulfillments=0,
        capacity_per_day=None,
        ships_at=NOW + timedelta(hours=3),
        offers=(PAC,),
        here=time(10),
    )
    return replace(plain, **given)


def demand(units: Mapping[str, int], *, item: Mapping[str, Any] | None = None, **given: Any) -> Demand:
    """SKU -> units to São Paulo; `item`: what each line says besides."""
    lines = tuple(
        replace(DemandLine(line_id=named(s), sku=s, quantity=Decimal(n)), **(item or {})) for s, n in units.items()
    )
    plain = Demand(
        order_id=named("order"),
        lines=lines,
        country="BR",
        region="SP",
        method="SHIP",
        channel="web",
        placed_at=NOW,
    )
    return replace(plain, **given)


def stock(levels: Mapping[str, Mapping[str, int]]) -> dict[tuple[UUID, str], Decimal]:
    return {(named(code), sku): Decimal(n) for code, per in levels.items() for sku, n in per.items()}


def rules(filters: str = "[{id: stock}]", score: str = '{cost: "1", split: "9"}', more: str = "") -> Rules:
    text = f"rules: test\ncurrency: BRL\nfilters: {filters}\nscore: {score}\nfallback: partial\n{more}"
    return parse_rules("test.yaml", text)
