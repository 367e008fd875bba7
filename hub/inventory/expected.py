"""Units that are announced with a date, what can be promised from them (ATP), and moves of stock between nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.canon.states import MovementCause
from hub.inventory import lots
from hub.inventory.commands import SQL, ensure, locked
from hub.inventory.counts import Adjustment, Refused, adjust
from hub.inventory.model import ZERO, Key, NothingAnnounced, NotPositive, OnlyNewIsAnnounced, TransferToItself
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.ids import new_id
from hub.ledger import Cause, append, fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    node_id: UUID
    sku: str
    quantity: Decimal
    expected_at: datetime
    lot: str | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """`arrives_at` None: it is there at once; else it leaves now and is announced there under the transfer's reference."""

    from_node_id: UUID
    to_node_id: UUID
    sku: str
    quantity: Decimal
    condition: str = "NEW"
    arrives_at: datetime | None = None
    lot: str | None = None


async def expect(tx: Tx, reference: str, lines: Sequence[Expected], cause: Cause) -> None:
    """What a document announces now, in place of what it announced before; no lines: nothing any more. Raises `Refused`."""
    faults: list[tuple[int, HubError]] = [
        (n, NotPositive(sku=x.sku, quantity=x.quantity)) for n, x in enumerate(lines) if x.quantity <= 0
    ]
    if faults:
        raise Refused(faults)
    before = await tx.conn.fetch(SQL["drop_expected"], reference)
    keys = sorted({(x.node_id, x.sku) for x in lines} | {(r["node_id"], r["sku"]) for r in before})
    await ensure(tx, [(n, s, "NEW") for n, s in keys])
    await locked(tx, [(n, s, "NEW") for n, s in keys])
    await tx.conn.execute(
        SQL["expect"],
        reference,
        [new_id() for _ in lines],
        [x.node_id for x in lines],
        [x.sku for x in lines],
        [x.quantity for x in lines],
        [x.expected_at for x in lines],
        [x.lot for x in lines],
        [x.expires_on for x in lines],
    )
    rows = await tx.conn.fetch(SQL["sum_incoming"], [k[0] for k in keys], [k[1] for k in keys], tx.now)
    append(
        tx, [fact(tx, "stock.expected", "stock", r["stock_id"], _announced(r, reference, lines), cause) for r in rows]
    )


def _announced(row: Any, reference: str, lines: Sequence[Expected]) -> dict[str, Any]:
    mine = [x for x in lines if (x.node_id, x.sku) == (row["node_id"], row["sku"])]
    said = {"node_id": row["node_id"], "sku": row["sku"], "incoming": row["incoming"], "reference": reference}
    return {**said, "lines": [[x.quantity, x.expected_at] for x in mine]}


async def arrived(tx: Tx, reference: str, cause: Cause) -> list[Any]:
    """What a document announced is no longer under way, however much of it came: its lines, none where it announced nothing."""
    rows = await tx.conn.fetch(SQL["announced"], reference)
    if rows:
        await expect(tx, reference, [], cause)
    return list(rows)


async def receive(tx: Tx, reference: str, cause: Cause) -> list[Any]:
    """What a document announced has come, all of it: it is on hand. Returns the stock rows; raises `NothingAnnounced`."""
    rows = await arrived(tx, reference, cause)
    if not rows:
        raise NothingAnnounced(reference=reference)
    changes = [
        Adjustment(node_id=r["node_id"], sku=r["sku"], delta=r["quantity"], lot=r["lot"], expires_on=r["expires_on"])
        for r in rows
    ]
    return await adjust(tx, changes, f"received {reference}", cause, kind=MovementCause.RECEIPT)


async def atp(tx: Tx, skus: Iterable[str], until: datetime) -> dict[Key, Decimal]:
    """Available to promise by (node, SKU): what is there now and what comes until then."""
    wanted = sorted(set(skus))
    found = {(r["node_id"], r["sku"]): r["available"] for r in await tx.conn.fetch(SQL["levels"], wanted)}
    for r in await tx.conn.fetch(SQL["coming"], wanted, until):
        key = (r["node_id"], r["sku"])
        found[key] = found.get(key, ZERO) + r["quantity"]
    return {key: n for key, n in found.items() if n > 0}


async def available_from(tx: Tx, wanted: Mapping[str, Decimal]) -> dict[str, datetime | None]:
    """For each SKU the first moment at which all nodes together have that many; now where they have, None where nothing is announced."""
    skus = sorted(wanted)
    sums = dict.fromkeys(skus, ZERO)
    for r in await tx.conn.fetch(SQL["levels"], skus):
        sums[r["sku"]] += max(r["available"], ZERO)
    found: dict[str, datetime | None] = {s: tx.now if sums[s] >= wanted[s] else None for s in skus}
    for r in await tx.conn.fetch(SQL["coming"], skus, None):
        sums[r["sku"]] += r["quantity"]
        if found[r["sku"]] is None and sums[r["sku"]] >= wanted[r["sku"]]:
            found[r["sku"]] = r["expected_at"]
    return found


async def transfer(tx: Tx, reference: str, moves: Sequence[Transfer], cause: Cause) -> None:
    """Move free units between nodes, all or nothing. Raises `Refused` with the fault of each move; nothing has changed then."""
    faults: list[tuple[int, HubError]] = []
    for n, m in enumerate(moves):
        if m.from_node_id == m.to_node_id:
            faults.append((n, TransferToItself(sku=m.sku)))
        elif m.quantity <= 0:
            faults.append((n, NotPositive(sku=m.sku, quantity=m.quantity)))
        elif m.arrives_at is not None and m.condition != "NEW":
            faults.append((n, OnlyNewIsAnnounced(sku=m.sku, condition=m.condition)))
    if faults:
        raise Refused(faults)
    expiries = await _expiries(tx, [m for m in moves if m.lot])
    changes = [
        Adjustment(node_id=m.from_node_id, sku=m.sku, condition=m.condition, delta=-m.quantity, lot=m.lot)
        for m in moves
    ]
    changes += [
        Adjustment(
            node_id=m.to_node_id,
            sku=m.sku,
            condition=m.condition,
            delta=m.quantity,
            lot=m.lot,
            expires_on=expiries.get((m.from_node_id, m.sku, m.condition, m.lot)),
        )
        for m in moves
        if m.arrives_at is None
    ]
    await adjust(tx, changes, f"transfer {reference}", cause, kind=MovementCause.TRANSFER)
    under_way = [
        Expected(
            node_id=m.to_node_id,
            sku=m.sku,
            quantity=m.quantity,
            expected_at=m.arrives_at,
            lot=m.lot,
            expires_on=expiries.get((m.from_node_id, m.sku, m.condition, m.lot)),
        )
        for m in moves
        if m.arrives_at is not None
    ]
    if under_way:
        await expect(tx, reference, under_way, cause)


async def _expiries(tx: Tx, moves: Sequence[Transfer]) -> dict[tuple[UUID, str, str, str | None], date | None]:
    """When the lots that move expire; both ends are locked in key order before their lots are read."""
    if not moves:
        return {}
    keys = [(node, m.sku, m.condition) for m in moves for node in (m.from_node_id, m.to_node_id)]
    await ensure(tx, keys)
    await locked(tx, keys)
    return {k: lot.expires_on for k, lot in (await lots.levels_of(tx, keys)).items()}
