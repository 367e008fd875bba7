"""The prices that a business customer says, held against those of the price list agreed with it. What no list names is not looked at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from hub import catalog, connections
from hub.canon.agreement import EXACT, Agreement, Tolerance
from hub.flows.reactor import Deps
from hub.kit.db import Tx
from hub.kit.money import plain

PRICES = "contract_price"  # the rule under which a hold names prices that are not the agreed ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A line's unit price as the customer says it. `line`: what the customer calls the line; `price_list`: the agreed one."""

    line: str
    sku: str
    quantity: Decimal
    price: Decimal
    price_list: str
    connection_id: UUID | None


async def unagreed(tx: Tx, said: Sequence[Said], deps: Deps) -> list[str | None]:
    """For each: None where the price is the agreed one or near enough for its partner, else line, both prices and tolerance in words."""
    found = await catalog.prices(tx, [(s.price_list, s.sku, s.quantity) for s in said])
    off = {s.connection_id for s, agreed in zip(said, found, strict=True) if agreed is not None and agreed != s.price}
    allowed = await tolerances(tx, off, deps) if off else {}
    return [
        None if agreed is None else _words(s, agreed, allowed.get(s.connection_id, EXACT))
        for s, agreed in zip(said, found, strict=True)
    ]


async def tolerances(tx: Tx, accounts: Collection[UUID | None], deps: Deps) -> Mapping[UUID | None, Tolerance]:
    """Of those of these accounts whose partner has one."""
    held = [c for c in await connections.of_tenant(tx) if c.connection_id in accounts]
    return {c.connection_id: agreement(c, deps).tolerance for c in held}


def agreement(account: connections.Connection, deps: Deps) -> Agreement:
    """What was agreed with the partner at this account; nothing where it is none."""
    read = deps.agreed.get(account.adapter)
    return read(account.config) if read is not None else Agreement()


def _words(s: Said, agreed: Decimal, tolerance: Tolerance) -> str | None:
    if tolerance.covers(s.price, agreed):
        return None
    text = f"line {s.line} ({s.sku}): price {plain(s.price)}, agreed {plain(agreed)} ({s.price_list}, {plain(s.quantity)} units)"
    return text if tolerance == EXACT else f"{text}, more than {_shown(tolerance)} apart"


def _shown(tolerance: Tolerance) -> str:
    return f"{plain(tolerance.percent)}%" if tolerance.percent else plain(tolerance.amount)
