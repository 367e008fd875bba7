"""Counts and adjustments by people and systems: by a delta, or to a value with compare-and-swap. All of a call or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from hub.inventory.commands import SQL, Move, ensure, locked, move
from hub.inventory.model import BelowReserved, QuantityStale, WouldGoNegative
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.ledger import Cause, append, fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """By `delta`; or to `quantity`, made from `change_from` (None: no comparison)."""

    node_id: UUID
    sku: str
    condition: str = "NEW"
    delta: Decimal | None = None
    quantity: Decimal | None = None
    change_from: Decimal | None = None


class Refused(HubError):
    """Nothing was changed: {reasons}"""

    code: ClassVar[str] = "STOCK_REFUSED"

    def __init__(self, faults: Sequence[tuple[int, HubError]]) -> None:
        self.faults = list(faults)
        super().__init__(reasons="; ".join(str(f) for _, f in faults))


async def adjust(
    tx: Tx, changes: Sequence[Adjustment], reason: str, cause: Cause, *, kind: str = "ADJUSTMENT"
) -> list[Any]:
    """Apply all changes or raise `Refused` with the fault of each. Returns the stock rows; facts `stock.adjusted` or `stock.counted`."""
    keys = [(c.node_id, c.sku, c.condition) for c in changes]
    await ensure(tx, keys)
    rows = await locked(tx, keys)
    now_there = {k: r["on_hand"] for k, r in rows.items()}
    faults: list[tuple[int, HubError]] = []
    planned: list[tuple[Adjustment, Decimal]] = []
    for place, (change, key) in enumerate(zip(changes, keys, strict=True)):
        before = now_there[key]
        fault = _fault(change, before, rows[key]["reserved"])
        if fault:
            faults.append((place, fault))
            continue
        delta = change.delta if change.delta is not None else (change.quantity or Decimal(0)) - before
        now_there[key] = before + delta
        planned.append((change, delta))
    if faults:
        raise Refused(faults)
    moves, facts = [], []
    for change, delta in planned:
        if not delta:
            continue
        stock_id = rows[change.node_id, change.sku, change.condition]["stock_id"]
        said = {
            "node_id": change.node_id,
            "sku": change.sku,
            "condition": change.condition,
            "delta": delta,
            "reason": reason,
        }
        told = fact(tx, "stock.counted" if change.delta is None else "stock.adjusted", "stock", stock_id, said, cause)
        facts.append(told)
        moves.append(
            Move(
                node_id=change.node_id,
                sku=change.sku,
                condition=change.condition,
                on_hand=delta,
                cause="COUNT" if change.delta is None else kind,
                cause_id=None,
                event_id=told.event_id,
            )
        )
    await move(tx, moves)
    append(tx, facts)
    return list((await locked(tx, keys)).values())


def _fault(change: Adjustment, before: Decimal, reserved: Decimal) -> HubError | None:
    after = before + change.delta if change.delta is not None else change.quantity or Decimal(0)
    if change.change_from is not None and change.change_from != before:
        return QuantityStale(sku=change.sku, current=before, expected=change.change_from)
    if after < 0:
        return WouldGoNegative(sku=change.sku, result=after)
    if after < reserved:
        return BelowReserved(sku=change.sku, reserved=reserved)
    return None


async def count_reported(
    tx: Tx, node_id: UUID, at: datetime, levels: Sequence[tuple[str, str, Decimal]], cause: Cause
) -> list[tuple[str, str]]:
    """A node's absolute count: differences become movements. A level older than the newest count, or below what is reserved, is not
    applied and comes back as (sku, OLDER, NEGATIVE or BELOW_RESERVED); the reservation wins and a person must look.
    """
    keys = [(node_id, sku, condition) for sku, condition, _ in levels]
    await ensure(tx, keys)
    rows = await locked(tx, keys)
    skipped: list[tuple[str, str]] = []
    moves: list[Move] = []
    for (sku, condition, on_hand), key in zip(levels, keys, strict=True):
        row = rows[key]
        if row["counted_at"] and row["counted_at"] >= at:
            skipped.append((sku, "OLDER"))
        elif on_hand < 0:
            skipped.append((sku, "NEGATIVE"))
        elif on_hand < row["reserved"]:
            skipped.append((sku, "BELOW_RESERVED"))
        elif on_hand != row["on_hand"]:
            delta = on_hand - row["on_hand"]
            said = {
                "node_id": node_id,
                "sku": sku,
                "condition": condition,
                "delta": delta,
                "reason": "reported by the node",
            }
            told = fact(tx, "stock.counted", "stock", row["stock_id"], said, cause)
            append(tx, [told])
            moves.append(
                Move(
                    node_id=node_id,
                    sku=sku,
                    condition=condition,
                    on_hand=delta,
                    cause="COUNT",
                    cause_id=None,
                    event_id=told.event_id,
                )
            )
    await move(tx, moves)
    done = [k for k in keys if k[1] not in {s for s, _ in skipped}]
    await tx.conn.execute(SQL["counted"], [k[0] for k in done], [k[1] for k in done], [k[2] for k in done], at)
    return skipped


async def unexplained(tx: Tx) -> list[Any]:
    """Stock keys that their movements do not sum to; empty when all is well."""
    return list(await tx.conn.fetch(SQL["unexplained"]))
