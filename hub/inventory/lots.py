"""Which lots stock lies in: what is taken first (first expired, first out), what is chosen for whom. Units without a lot are the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.inventory.model import ZERO, Lot, Move
from hub.kit.db import Tx
from hub.kit.sqlfile import statements
from hub.ledger import Cause, Fact, fact

SQL = statements(__file__, "lots.sql")
FRESH = timedelta(seconds=2)
Place = tuple[UUID, str, str]  # node, SKU, condition
Chosen = Mapping[tuple[UUID, str], Sequence[tuple[str, Decimal]]]  # (owner, SKU) -> (lot, units), first expired first
_without: dict[tuple[str, int], datetime] = {}  # tenants that had no lots when they were last looked at


@dataclass(slots=True)
class _Shelf:
    """One lot of one key while moves are worked out."""

    lot: str
    free: Decimal
    claims: dict[UUID, Decimal]

    def take(self, most: Decimal) -> Decimal:
        part = min(self.free, most)
        self.free -= part
        return part

    def take_claimed(self, owner: UUID, most: Decimal) -> Decimal:
        part = min(self.claims.get(owner, ZERO), most)
        self.claims[owner] = self.claims.get(owner, ZERO) - part
        return part


async def choose(tx: Tx, wanted: Sequence[tuple[UUID, UUID, str, Decimal]], today: date) -> Chosen:
    """Give each (owner, node, SKU, units) the lots that expire first; expired ones are left, what no lot has comes without one."""
    if not wanted or not await keeps_lots(tx):
        return {}
    keys = sorted({(node, sku) for _, node, sku, _ in wanted})
    free: dict[tuple[UUID, str], list[list[Any]]] = defaultdict(list)
    for r in await tx.conn.fetch(SQL["free_lots"], [k[0] for k in keys], [k[1] for k in keys], today):
        free[r["node_id"], r["sku"]].append([r["lot"], r["free"]])
    found: dict[tuple[UUID, str], list[tuple[str, Decimal]]] = {}
    claims: list[tuple[UUID, UUID, str, str, Decimal]] = []
    for owner, node, sku, units in wanted:
        left = units
        for row in free.get((node, sku), ()):
            part = min(left, row[1])
            if part > 0:
                row[1] -= part
                left -= part
                found.setdefault((owner, sku), []).append((row[0], part))
                claims.append((owner, node, sku, row[0], part))
    await _claim(tx, claims)
    return found


async def keeps_lots(tx: Tx) -> bool:
    """Whether the tenant has any lots; asked at most every two seconds as long as it has none."""
    key = (tx.database, tx.tenant)
    looked = _without.get(key)
    if looked is not None and timedelta(0) <= tx.now - looked < FRESH:
        return False
    if await tx.conn.fetchval(SQL["any_lot"]):
        return True
    _without[key] = tx.now
    return False


async def _claim(tx: Tx, changes: Iterable[tuple[UUID, UUID, str, str, Decimal]]) -> None:
    """Claims (owner, node, SKU, lot) grow or shrink by these units; one that comes to nothing is gone."""
    sums: dict[tuple[UUID, UUID, str, str], Decimal] = defaultdict(lambda: ZERO)
    for owner, node, sku, lot, units in changes:
        sums[owner, node, sku, lot] += units
    rows = sorted((*k, n) for k, n in sums.items() if n)
    if rows:
        owners, nodes, skus, lots, units_ = (list(c) for c in zip(*rows, strict=True))
        await tx.conn.execute(SQL["claim"], owners, nodes, skus, lots, units_)
        sizes: dict[tuple[UUID, str, str], Decimal] = defaultdict(lambda: ZERO)
        for _, node, sku, lot, n in rows:
            sizes[node, sku, lot] += n
        keys = sorted(sizes)
        await tx.conn.execute(
            SQL["count_claims"],
            [k[0] for k in keys],
            [k[1] for k in keys],
            [k[2] for k in keys],
            [sizes[k] for k in keys],
        )


async def give_up(tx: Tx, owner_units: Mapping[tuple[UUID, str], Decimal]) -> None:
    """Owners (owner, SKU) let go of that many chosen units, the last to expire first: they are another's now."""
    if not await keeps_lots(tx):
        return
    owners = sorted({o for o, _ in owner_units})
    left = dict(owner_units)
    back: list[tuple[UUID, UUID, str, str, Decimal]] = []
    for r in reversed(await tx.conn.fetch(SQL["claims_of"], owners)):
        key = (r["owner_id"], r["sku"])
        part = min(left.get(key, ZERO), r["quantity"])
        if part > 0:
            left[key] -= part
            back.append((r["owner_id"], r["node_id"], r["sku"], r["lot"], -part))
    await _claim(tx, back)


async def told(tx: Tx, moves: Sequence[Move], rows: Mapping[Place, Any]) -> list[Move]:
    """The moves with the lots that they take: what was chosen for their cause, else units without a lot, else what expires first.
    Claims that end with them are dropped. `rows`: the stock rows, locked. Moves of keys without lots come back as they are.
    """
    lotted = {k for k, r in rows.items() if r["in_lots"]}
    mine = [m for m in moves if m.place in lotted]
    if not mine:
        return list(moves)
    shelves = await _shelves(tx, lotted)
    bare = {k: rows[k]["on_hand"] - rows[k]["in_lots"] for k in lotted}
    ended: list[tuple[UUID, UUID, str, str, Decimal]] = []
    found: list[Move] = []
    for m in moves:
        if m.place not in lotted:
            found.append(m)
        elif m.lot is not None:
            found.append(m)
            for shelf in shelves[m.place]:
                shelf.free += m.on_hand if shelf.lot == m.lot else ZERO
        else:
            found += _parted(m, shelves[m.place], bare, ended)
    await _claim(tx, ended)
    return found


def _parted(m: Move, shelves: Sequence[_Shelf], bare: dict[Place, Decimal], ended: list[Any]) -> list[Move]:
    """One move as one a lot: first what its cause had chosen, then what has no lot, then the lots in their order."""
    freed, gone = max(ZERO, -m.reserved), max(ZERO, -m.on_hand)
    bare[m.place] += max(ZERO, m.on_hand)
    parts: list[tuple[str, Decimal]] = []
    if m.cause_id is not None and freed:
        for shelf in shelves if gone else reversed(shelves):
            part = shelf.take_claimed(m.cause_id, freed)
            if part:
                freed -= part
                ended.append((m.cause_id, m.node_id, m.sku, shelf.lot, -part))
                out = min(part, gone)
                gone -= out
                shelf.free += part - out
                parts += [(shelf.lot, out)] if out else []
    plain = min(gone, bare[m.place])
    bare[m.place] -= plain
    gone -= plain
    for shelf in shelves:
        if part := shelf.take(gone):
            gone -= part
            parts.append((shelf.lot, part))
    in_lots = sum((n for _, n in parts), ZERO)
    rest = replace(m, on_hand=m.on_hand + in_lots)
    made = [replace(m, on_hand=-n, reserved=ZERO, lot=lot) for lot, n in parts]
    return [*made, rest] if rest.on_hand or rest.reserved else made


async def _shelves(tx: Tx, keys: Iterable[Place]) -> dict[Place, list[_Shelf]]:
    """The lots of these keys, locked, first expired first, each with who has chosen it."""
    wanted = sorted(keys)
    columns = [[k[0] for k in wanted], [k[1] for k in wanted], [k[2] for k in wanted]]
    found: dict[Place, list[_Shelf]] = {k: [] for k in wanted}
    by_lot: dict[tuple[UUID, str, str], _Shelf] = {}
    for r in await tx.conn.fetch(SQL["lots_of"], *columns):
        shelf = _Shelf(r["lot"], r["on_hand"] - r["claimed"], {})
        found[r["node_id"], r["sku"], r["condition"]].append(shelf)
        if r["condition"] == "NEW":
            by_lot[r["node_id"], r["sku"], r["lot"]] = shelf
    for r in await tx.conn.fetch(SQL["claims_on"], columns[0], columns[1]):
        by_lot[r["node_id"], r["sku"], r["lot"]].claims[r["owner_id"]] = r["quantity"]
    return found


def facts_of(
    tx: Tx, moves: Sequence[Move], rows: Mapping[Place, Any], expiries: Mapping[tuple[UUID, str, str, str], date]
) -> list[Fact]:
    """A fact `stock.lots_moved` for each stock key and fact that moved its lots: with them alone the lots can be summed up again."""
    sums: dict[tuple[Place, UUID], dict[str, Decimal]] = {}
    for m in moves:
        if m.lot is not None and m.on_hand:
            own = sums.setdefault((m.place, m.event_id), {})
            own[m.lot] = own.get(m.lot, ZERO) + m.on_hand
    talks = {f.event_id: f.correlation_id for f in tx.facts} if sums else {}
    found: list[Fact] = []
    for (place, event_id), own in sums.items():
        node, sku, condition = place
        parts = [[lot, n, expiries.get((*place, lot))] for lot, n in sorted(own.items())]
        said = {"node_id": node, "sku": sku, "condition": condition, "lots": parts}
        cause = Cause(talks.get(event_id, tx.correlation_id), event_id)
        found.append(fact(tx, "stock.lots_moved", "stock", rows[place]["stock_id"], said, cause))
    return found


async def put(tx: Tx, moves: Sequence[Move], expiries: Mapping[tuple[UUID, str, str, str], date]) -> None:
    """Write what the moves change in their lots. A lot's first expiry stays unless another is given."""
    sums: dict[tuple[UUID, str, str, str], Decimal] = defaultdict(lambda: ZERO)
    for m in moves:
        if m.lot is not None:
            sums[*m.place, m.lot] += m.on_hand
    keys = sorted(sums)
    if keys:
        await tx.conn.execute(
            SQL["put_lots"],
            [k[0] for k in keys],
            [k[1] for k in keys],
            [k[2] for k in keys],
            [k[3] for k in keys],
            [sums[k] for k in keys],
            [expiries.get(k) for k in keys],
        )
        tx.after_commit.append(_without.clear)


async def levels_of(tx: Tx, keys: Iterable[Place]) -> dict[tuple[UUID, str, str, str], Lot]:
    """(node, SKU, condition, lot) -> what is in it, locked; the stock rows are locked before."""
    wanted = sorted(set(keys))
    rows = await tx.conn.fetch(SQL["lots_of"], [k[0] for k in wanted], [k[1] for k in wanted], [k[2] for k in wanted])
    return {
        (r["node_id"], r["sku"], r["condition"], r["lot"]): Lot(r["on_hand"], r["claimed"], r["expires_on"])
        for r in rows
    }
