"""Counts and adjustments by people and systems: by a delta, or to a value with compare-and-swap. All of a call or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from hub.canon.states import MovementCause
from hub.inventory import lots
from hub.inventory.commands import SQL, drop, ensure, locked, move
from hub.inventory.model import ZERO, BelowReserved, Lot, Move, QuantityStale, WouldGoNegative
from hub.kit.bounds import MOST, out_of_bounds
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.ledger import Cause, append, fact

Key = tuple[UUID, str, str]  # node, SKU, condition
EMPTY = Lot(ZERO, ZERO, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """By `delta`; or to `quantity`, made from `change_from` (None: no comparison). With a `lot` the numbers are that lot's;
    `expires_on` is said when the lot is new or was said wrongly.
    """

    node_id: UUID
    sku: str
    condition: str = "NEW"
    delta: Decimal | None = None
    quantity: Decimal | None = None
    change_from: Decimal | None = None
    lot: str | None = None
    expires_on: date | None = None

    @property
    def key(self) -> Key:
        return self.node_id, self.sku, self.condition

    def change(self, before: Decimal) -> Decimal:
        """What it adds to what is there."""
        return self.delta if self.delta is not None else (self.quantity or ZERO) - before


class Refused(HubError):
    """Nothing was changed: {reasons}"""

    code: ClassVar[str] = "STOCK_REFUSED"

    def __init__(self, faults: Sequence[tuple[int, HubError]]) -> None:
        self.faults = list(faults)
        super().__init__(reasons="; ".join(str(f) for _, f in faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusting:
    """One call: all of its changes or none."""

    changes: Sequence[Adjustment]
    reason: str
    cause: Cause
    kind: MovementCause = MovementCause.ADJUSTMENT


async def adjust(
    tx: Tx, changes: Sequence[Adjustment], reason: str, cause: Cause, *, kind: MovementCause = MovementCause.ADJUSTMENT
) -> list[Any]:
    """Apply all changes or raise `Refused` with the fault of each. Returns the stock rows; facts `stock.adjusted` or `stock.counted`."""
    [done] = await adjust_all(tx, [Adjusting(changes=changes, reason=reason, cause=cause, kind=kind)])
    if isinstance(done, Refused):
        raise done
    return done


async def adjust_all(tx: Tx, calls: Sequence[Adjusting]) -> list[list[Any] | Refused]:
    """Calls in their order, as if one followed the other: each has its own outcome, and a refused one has changed nothing."""
    keys = [c.key for call in calls for c in call.changes]
    made = await ensure(tx, keys)
    rows = await locked(tx, keys)
    every = [c for call in calls for c in call.changes]
    there = _There(rows, await lots.levels_of(tx, keys) if _speak_of_lots(every, rows) else {})
    found: list[Refused | None] = []
    moves: list[Move] = []
    for call in calls:
        faults, done = there.try_all(call.changes)
        found.append(Refused(faults) if faults else None)
        if not faults:
            moves += _told(tx, call, done, rows)
    held = [call for call, refused in zip(calls, found, strict=True) if refused is None]
    stands = [c for call in held for c in call.changes]
    moved = await move(tx, moves, {(*c.key, c.lot): c.expires_on for c in stands if c.lot and c.expires_on})
    await drop(tx, made - {c.key for c in stands})
    rows |= {(r["node_id"], r["sku"], r["condition"]): r for r in moved}
    return [
        [rows[k] for k in sorted({c.key for c in call.changes})] if refused is None else refused
        for call, refused in zip(calls, found, strict=True)
    ]


def _told(tx: Tx, call: Adjusting, done: Sequence[tuple[Adjustment, Decimal]], rows: Mapping[Key, Any]) -> list[Move]:
    """A fact for each change that changes something, and the move that it tells."""
    moves = []
    for change, delta in done:
        if not delta:
            continue
        said = {
            "node_id": change.node_id,
            "sku": change.sku,
            "condition": change.condition,
            "delta": delta,
            "reason": call.reason,
            **({"lot": change.lot} if change.lot else {}),
        }
        name = "stock.counted" if change.delta is None else "stock.adjusted"
        told = fact(tx, name, "stock", rows[change.key]["stock_id"], said, call.cause)
        append(tx, [told])
        moves.append(
            Move(
                node_id=change.node_id,
                sku=change.sku,
                condition=change.condition,
                on_hand=delta,
                cause=MovementCause.COUNT if change.delta is None else call.kind,
                cause_id=None,
                event_id=told.event_id,
                lot=change.lot,
            )
        )
    return moves


def _speak_of_lots(changes: Sequence[Adjustment], rows: Mapping[Key, Any]) -> bool:
    return any(c.lot is not None for c in changes) or any(r["in_lots"] for r in rows.values())


class _There:
    """What is there while changes follow one another."""

    def __init__(self, rows: Mapping[Key, Any], in_lots: Mapping[tuple[UUID, str, str, str], Lot]) -> None:
        self.on_hand = {k: r["on_hand"] for k, r in rows.items()}
        self.reserved = {k: r["reserved"] for k, r in rows.items()}
        self.lots = dict(in_lots)

    def try_all(
        self, changes: Sequence[Adjustment]
    ) -> tuple[list[tuple[int, HubError]], list[tuple[Adjustment, Decimal]]]:
        """(the faults of a call, its changes with what each adds); a call with a fault leaves everything as it was."""
        before = {c.key: self.on_hand[c.key] for c in changes}
        in_lots = {k: self.lots.get(k) for c in changes if c.lot is not None for k in [(*c.key, c.lot)]}
        faults: list[tuple[int, HubError]] = []
        done: list[tuple[Adjustment, Decimal]] = []
        for n, c in enumerate(changes):
            result = self.apply(c)
            if isinstance(result, HubError):
                faults.append((n, result))
            else:
                done.append((c, result))
        if faults:
            self.on_hand |= before
            self.lots |= {k: lot or EMPTY for k, lot in in_lots.items()}
        return faults, done

    def apply(self, c: Adjustment) -> HubError | Decimal:
        """Why the change cannot be; else it is taken in, and what it adds."""
        lot = self.lots.get((*c.key, c.lot), EMPTY) if c.lot is not None else None
        before = lot.on_hand if lot is not None else self.on_hand[c.key]
        if c.change_from is not None and c.change_from != before:
            return QuantityStale(sku=c.sku, current=before, expected=c.change_from)
        delta = c.change(before)
        whole = self.on_hand[c.key] + delta
        if whole > MOST:
            return out_of_bounds(f"The stock of {c.sku}", whole)
        if before + delta < 0 or whole < 0:
            return WouldGoNegative(sku=c.sku, result=min(before + delta, whole))
        if whole < self.reserved[c.key]:
            return BelowReserved(sku=c.sku, reserved=self.reserved[c.key])
        if lot is not None and before + delta < lot.claimed:
            return BelowReserved(sku=c.sku, reserved=lot.claimed)
        self.on_hand[c.key] = whole
        if lot is not None and c.lot is not None:
            self.lots[*c.key, c.lot] = lot._replace(on_hand=before + delta)
        return delta


async def count_reported(
    tx: Tx,
    node_id: UUID,
    at: datetime,
    levels: Sequence[tuple[str, str, Decimal]],
    cause: Cause,
    in_lots: Mapping[tuple[str, str], Mapping[str, Decimal]] | None = None,
) -> list[tuple[str, str]]:
    """A node's absolute count: differences become movements. A level older than the newest count, or below what is reserved, is not
    applied and comes back as (sku, OLDER, NEGATIVE or BELOW_RESERVED); the reservation wins and a person must look.
    `in_lots`: (SKU, condition) -> all its lots; what is counted without lots keeps those that it has.
    """
    keys = [(node_id, sku, condition) for sku, condition, _ in levels]
    await ensure(tx, keys)
    rows = await locked(tx, keys)
    counted = {(node_id, *k): dict(v) for k, v in (in_lots or {}).items()}
    known = await lots.levels_of(tx, counted) if counted else {}
    skipped: list[tuple[str, str]] = []
    moves: list[Move] = []
    for (sku, condition, on_hand), key in zip(levels, keys, strict=True):
        row = rows[key]
        own = {k[3]: lot for k, lot in known.items() if k[:3] == key}
        if why := _not_countable(row, at, on_hand, counted.get(key), own):
            skipped.append((sku, why))
            continue
        parts = _lot_deltas(counted[key], own) if key in counted else {}
        delta = on_hand - row["on_hand"]
        if not delta and not parts:
            continue
        said = {
            "node_id": node_id,
            "sku": sku,
            "condition": condition,
            "delta": delta,
            "reason": "reported by the node",
        }
        told = fact(tx, "stock.counted", "stock", row["stock_id"], said, cause)
        append(tx, [told])
        moves += [
            Move(
                node_id=node_id,
                sku=sku,
                condition=condition,
                on_hand=n,
                cause=MovementCause.COUNT,
                cause_id=None,
                event_id=told.event_id,
                lot=lot,
            )
            for lot, n in [*parts.items(), (None, delta - sum(parts.values(), ZERO))]
        ]
    await move(tx, moves)
    done = [k for k in keys if k[1] not in {s for s, _ in skipped}]
    await tx.conn.execute(SQL["counted"], [k[0] for k in done], [k[1] for k in done], [k[2] for k in done], at)
    return skipped


def _not_countable(
    row: Any, at: datetime, on_hand: Decimal, counted: Mapping[str, Decimal] | None, own: Mapping[str, Lot]
) -> str | None:
    if row["counted_at"] and row["counted_at"] >= at:
        return "OLDER"
    if on_hand < 0 or any(n < 0 for n in (counted or {}).values()):
        return "NEGATIVE"
    if on_hand < row["reserved"]:
        return "BELOW_RESERVED"
    if counted is not None and any(counted.get(lot, ZERO) < x.claimed for lot, x in own.items()):
        return "BELOW_RESERVED"
    return None


def _lot_deltas(counted: Mapping[str, Decimal], own: Mapping[str, Lot]) -> dict[str, Decimal]:
    """Lot -> what the count adds to it; a lot that was not counted is empty."""
    deltas = {lot: counted.get(lot, ZERO) - own.get(lot, EMPTY).on_hand for lot in sorted({*counted, *own})}
    return {lot: n for lot, n in deltas.items() if n}


async def unexplained(tx: Tx) -> list[Any]:
    """Stock keys that their movements do not sum to; empty when all is well."""
    return list(await tx.conn.fetch(SQL["unexplained"]))
