"""Goods that change hands in a store: over the counter at once, or collected with a code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.fulfillment.commands import SQL
from hub.fulfillment.model import Share
from hub.kit.db import Tx
from hub.kit.ids import new_id
from hub.ledger import Cause, Fact, append, fact


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """All of an order left with the customer at this node."""

    order_id: UUID
    node_id: UUID
    shares: tuple[Share, ...]
    cause: Cause


async def hand_over(tx: Tx, done: Sequence[HandedOver]) -> list[Fact]:
    """Fulfillments born DELIVERED; a fact `fulfillment.handed_over` each, in the order given."""
    ids = [new_id() for _ in done]
    shares = [(i, s) for i, d in zip(ids, done, strict=True) for s in d.shares]
    await tx.conn.execute(
        SQL["hand_over"],
        ids,
        [d.order_id for d in done],
        [d.node_id for d in done],
        tx.now,
        [i for i, _ in shares],
        [s.line_id for _, s in shares],
        [s.line_no for _, s in shares],
        [s.sku for _, s in shares],
        [s.quantity for _, s in shares],
    )
    tx.born.update(ids)
    told = [
        fact(tx, "fulfillment.handed_over", "fulfillment", i, _said(d), d.cause) for i, d in zip(ids, done, strict=True)
    ]
    append(tx, told)
    return told


def _said(done: HandedOver) -> dict[str, Any]:
    lines = [[s.line_id, s.sku, s.quantity] for s in done.shares]
    return {"order_id": done.order_id, "node_id": done.node_id, "lines": lines}


async def at_the_door(tx: Tx, orders: Iterable[UUID]) -> list[Any]:
    """Fulfillments of these orders that are packed, were asked to leave and have not left."""
    return list(await tx.conn.fetch(SQL["at_the_door"], sorted(set(orders))))


async def ask_again(tx: Tx, orders: Mapping[UUID, Cause]) -> list[UUID]:
    """What was refused at the door asks to leave again, as it stood there; a fact `fulfillment.dispatch_asked` each."""
    rows = await tx.conn.fetch(SQL["ask_again"], sorted(orders), tx.now)
    for r in rows:
        said = {
            "order_id": r["order_id"],
            "node_id": r["node_id"],
            "carrier": r["dispatch"].get("carrier"),
            "tracking": r["dispatch"].get("tracking"),
        }
        cause = orders[r["order_id"]]
        append(tx, [fact(tx, "fulfillment.dispatch_asked", "fulfillment", r["fulfillment_id"], said, cause)])
    return [r["fulfillment_id"] for r in rows]


async def handed_over(tx: Tx, orders: Iterable[UUID]) -> list[Any]:
    """Fulfillments of these orders that left over the counter."""
    return list(await tx.conn.fetch(SQL["handed_over"], sorted(set(orders))))


async def give_codes(tx: Tx, codes: Mapping[UUID, str]) -> list[UUID]:
    """Pickup codes for those that have none; returns those."""
    ids = sorted(codes)
    rows = await tx.conn.fetch(SQL["give_codes"], ids, [codes[i] for i in ids], tx.now)
    return [r["fulfillment_id"] for r in rows]


async def pickup_codes(tx: Tx, fulfillments: Iterable[UUID]) -> dict[UUID, str]:
    """Fulfillment -> its pickup code. For the customer's notice and for nobody else."""
    rows = await tx.conn.fetch(SQL["pickup_codes"], sorted(set(fulfillments)))
    return {r["fulfillment_id"]: r["pickup_code"] for r in rows}
