"""What was agreed with business customers: price lists with tiers, credit limit and days to pay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from hub.catalog.commands import SQL
from hub.kit.db import Tx
from hub.kit.errors import HubError


class BadPrices(HubError):
    """The price list {code} cannot be kept: {reason}"""

    code: ClassVar[str] = "BAD_PRICES"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """`tiers`: (SKU, from which quantity, unit price)."""

    name: str
    currency: str
    tiers: tuple[tuple[str, Decimal, Decimal], ...]
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Of one customer. `price_list`: the list's name, None where ordinary prices hold."""

    party_id: UUID
    credit_limit: Decimal
    currency: str
    days: int
    price_list: str | None = None


async def put_price_list(tx: Tx, prices: PriceList) -> None:
    """Insert or replace a whole list."""
    keys = [(sku, n) for sku, n, _ in prices.tiers]
    if len(keys) != len(set(keys)):
        raise BadPrices(code=prices.name, reason="a SKU has two prices from the same quantity on")
    if any(n <= 0 or p < 0 for _, n, p in prices.tiers):
        raise BadPrices(code=prices.name, reason="tiers begin above zero and no price is negative")
    await tx.conn.execute(
        SQL["put_price_list"], prices.name, prices.currency, prices.valid_from, prices.valid_until, tx.now
    )
    await tx.conn.execute(SQL["drop_prices"], prices.name)
    columns = [list(c) for c in zip(*prices.tiers, strict=True)] or [[], [], []]
    await tx.conn.execute(SQL["put_prices"], prices.name, *columns)


async def prices(tx: Tx, asked: Sequence[tuple[str, str, Decimal]]) -> list[Decimal | None]:
    """The unit price of each (price list, SKU, quantity), None where the list in force has none."""
    if not asked:
        return []
    columns = [list(c) for c in zip(*asked, strict=True)]
    rows = await tx.conn.fetch(SQL["prices"], list(range(len(asked))), *columns, tx.now)
    found = {r["n"]: r["unit_price"] for r in rows}
    return [found.get(n) for n in range(len(asked))]


async def put_terms(tx: Tx, agreed: Sequence[Terms]) -> None:
    """Insert or replace by customer."""
    fields = ("party_id", "price_list", "credit_limit", "currency", "days")
    await tx.conn.execute(SQL["put_terms"], *[[getattr(t, f) for t in agreed] for f in fields], tx.now)


async def terms(tx: Tx, parties: Iterable[UUID]) -> Mapping[UUID, Terms]:
    """The terms of those of these customers that have any, locked until the unit ends."""
    rows = await tx.conn.fetch(SQL["terms"], sorted(set(parties)))
    return {r["party_id"]: Terms(**dict(r.items())) for r in rows}
