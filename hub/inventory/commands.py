"""Reserve, release, ship, adjust, count. Rows are taken in key order; sums are made before the database is asked; a movement explains each change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.canon.states import MovementCause
from hub.inventory import lots
from hub.inventory.model import Claim, Key, Move, settle
from hub.kit import metrics
from hub.kit.db import Tx
from hub.kit.ids import new_id
from hub.kit.sqlfile import statements
from hub.ledger import Cause, append, fact

SQL = statements(__file__, "inventory.sql")
ZERO = Decimal(0)


async def supply(tx: Tx, skus: Iterable[str]) -> dict[Key, Decimal]:
    """What can be promised now, by (node, SKU), without locks: good enough to decide, not to reserve."""
    rows = await tx.conn.fetch(SQL["supply"], sorted(set(skus)))
    return {(r["node_id"], r["sku"]): r["available"] for r in rows}


async def levels(tx: Tx, skus: Iterable[str]) -> dict[Key, Decimal]:
    """Available units by (node, SKU), also where nothing or less is left."""
    rows = await tx.conn.fetch(SQL["levels"], sorted(set(skus)))
    return {(r["node_id"], r["sku"]): r["available"] for r in rows}


async def at_nodes(tx: Tx, nodes: Iterable[UUID]) -> list[Any]:
    """All SKUs that these nodes keep or await, each with `available`, `incoming` and `dated` [(day, units)]."""
    return list(await tx.conn.fetch(SQL["at_nodes"], sorted(set(nodes))))


async def locked(tx: Tx, keys: Iterable[tuple[UUID, str, str]]) -> dict[tuple[UUID, str, str], Any]:
    """The stock rows of these keys, locked in key order until the unit ends."""
    wanted = sorted(set(keys))
    rows = await tx.conn.fetch(SQL["lock"], [k[0] for k in wanted], [k[1] for k in wanted], [k[2] for k in wanted])
    return {(r["node_id"], r["sku"], r["condition"]): r for r in rows}


async def reserve(
    tx: Tx, claims: Sequence[Claim], events: Mapping[UUID, UUID], cause: MovementCause = MovementCause.RESERVE
) -> tuple[list[Claim], list[Claim]]:
    """(kept, refused): each claim wholly or not at all. `events`: owner -> the fact that tells it. Never oversells, never waits in a loop."""
    keys = {key for c in claims for key in c.units}
    rows = await locked(tx, [(n, s, "NEW") for n, s in keys])
    available = {(n, s): r["on_hand"] - r["reserved"] - r["safety"] for (n, s, _), r in rows.items()}
    kept, refused = settle(claims, available)
    if kept:
        await _reserve(tx, kept, events, cause)
    metrics.STOCK_REFUSED.inc(len(refused))
    return kept, refused


async def _reserve(tx: Tx, kept: Sequence[Claim], events: Mapping[UUID, UUID], cause: MovementCause) -> None:
    sums: dict[Key, Decimal] = defaultdict(lambda: ZERO)
    lines = [(c.owner, key, n) for c in kept for key, n in c.units.items()]
    for _, key, n in lines:
        sums[key] += n
    ordered = sorted(sums)
    await tx.conn.execute(
        SQL["reserve"],
        tx.now,
        cause,
        [new_id() for _ in lines],
        [key[0] for _, key, _ in lines],
        [key[1] for _, key, _ in lines],
        [n for _, _, n in lines],
        [owner for owner, _, _ in lines],
        [events[owner] for owner, _, _ in lines],
        [k[0] for k in ordered],
        [k[1] for k in ordered],
        [sums[k] for k in ordered],
    )


async def move(
    tx: Tx, moves: Sequence[Move], expiries: Mapping[tuple[UUID, str, str, str], date] | None = None
) -> list[Any]:
    """Apply the moves: locks in key order, sums by key, lots found where none is named. Returns the stock rows as they are afterwards.
    `expiries`: of new lots, by (node, SKU, condition, lot).
    """
    moves = [m for m in moves if m.on_hand or m.reserved]
    if not moves:
        return []
    rows = await locked(tx, {m.place for m in moves})
    moves = await lots.told(tx, moves, rows)
    sums: dict[tuple[UUID, str, str], list[Decimal]] = defaultdict(lambda: [ZERO, ZERO, ZERO])
    for m in moves:
        total = sums[m.place]
        total[0] += m.on_hand
        total[1] += m.reserved
        total[2] += m.on_hand if m.lot is not None else ZERO
    ordered = sorted(sums)
    found = await tx.conn.fetch(
        SQL["move"],
        tx.now,
        [new_id() for _ in moves],
        [m.node_id for m in moves],
        [m.sku for m in moves],
        [m.condition for m in moves],
        [m.on_hand for m in moves],
        [m.reserved for m in moves],
        [m.cause for m in moves],
        [m.cause_id for m in moves],
        [m.event_id for m in moves],
        [m.lot for m in moves],
        [k[0] for k in ordered],
        [k[1] for k in ordered],
        [k[2] for k in ordered],
        [sums[k][0] for k in ordered],
        [sums[k][1] for k in ordered],
        [sums[k][2] for k in ordered],
    )
    await lots.put(tx, moves, expiries or {})
    append(tx, lots.facts_of(tx, moves, rows, expiries or {}))
    return list(found)


async def ensure(tx: Tx, keys: Iterable[tuple[UUID, str, str]]) -> set[tuple[UUID, str, str]]:
    """A stock row for each key, empty where there was none. Returns the keys of those that are new."""
    wanted = sorted(set(keys))
    made = await tx.conn.fetch(
        SQL["ensure"],
        [new_id() for _ in wanted],
        [k[0] for k in wanted],
        [k[1] for k in wanted],
        [k[2] for k in wanted],
    )
    return {(r["node_id"], r["sku"], r["condition"]) for r in made}


async def drop(tx: Tx, keys: Iterable[tuple[UUID, str, str]]) -> None:
    """Take back rows that `ensure` made in this unit and nothing has changed."""
    if wanted := sorted(set(keys)):
        await tx.conn.execute(SQL["drop"], [k[0] for k in wanted], [k[1] for k in wanted], [k[2] for k in wanted])


async def set_safety(tx: Tx, levels: Mapping[Key, Decimal], cause: Cause | None = None) -> None:
    """Units that are never promised, by (node, SKU); a fact `stock.safety_set` each."""
    keys = sorted(levels)
    await ensure(tx, [(n, s, "NEW") for n, s in keys])
    rows = await locked(tx, [(n, s, "NEW") for n, s in keys])
    await tx.conn.execute(SQL["set_safety"], [k[0] for k in keys], [k[1] for k in keys], [levels[k] for k in keys])
    why = cause or Cause(tx.correlation_id, None)
    for (node_id, sku), units in sorted(levels.items()):
        said = {"node_id": node_id, "sku": sku, "safety": units, "freed": rows[node_id, sku, "NEW"]["safety"] - units}
        append(tx, [fact(tx, "stock.safety_set", "stock", rows[node_id, sku, "NEW"]["stock_id"], said, why)])
