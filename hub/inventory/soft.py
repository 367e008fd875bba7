"""Soft reservations: units kept for a cart or a pickup until they expire, are given back or become an order's hard ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import timers
from hub.canon.states import MovementCause
from hub.inventory.commands import SQL, move, reserve, supply
from hub.inventory.model import Claim, Key, Move, NotPositive, ReservationEnded, StockTaken
from hub.kit import metrics
from hub.kit.db import Tx
from hub.kit.ids import new_id
from hub.ledger import Cause, append, fact


async def keep(
    tx: Tx,
    reference: str,
    lines: Sequence[tuple[UUID | None, str, Decimal]],
    ttl: timedelta,
    cause: Cause,
    *,
    all_or_nothing: bool = True,
) -> tuple[UUID, Mapping[Key, Decimal]]:
    """Reserve (node or any, SKU, quantity) for `ttl`. Without `all_or_nothing` gives what there is. `StockTaken` names the first lack."""
    if bad := next(((s, n) for _, s, n in lines if n <= 0), None):
        raise NotPositive(sku=bad[0], quantity=bad[1])
    left = await supply(tx, [sku for _, sku, _ in lines])
    units: dict[Key, Decimal] = {}
    for node_id, sku, wanted in lines:
        missing = _take(left, units, node_id, sku, wanted)
        if missing and all_or_nothing:
            metrics.STOCK_REFUSED.inc()
            raise StockTaken(sku=sku, wanted=wanted, available=wanted - missing)
    reservation_id = new_id()
    said = {"reference": reference, "lines": [[n, s, q] for (n, s), q in units.items()]}
    told = fact(tx, "reservation.placed", "reservation", reservation_id, said, cause)
    kept, _ = await reserve(
        tx, [Claim(owner=reservation_id, units=units)], {reservation_id: told.event_id}, MovementCause.SOFT_RESERVE
    )
    if not kept:
        raise StockTaken(sku=", ".join(s for _, s, _ in lines), wanted="all", available="less")
    tx.born.add(reservation_id)
    append(tx, [told])
    await tx.conn.execute(SQL["add_reservation"], reservation_id, reference, tx.now, tx.now + ttl)
    keys = sorted(units)
    await tx.conn.execute(
        SQL["add_reservation_lines"],
        reservation_id,
        [k[0] for k in keys],
        [k[1] for k in keys],
        [units[k] for k in keys],
    )
    await timers.set_timers(tx, [_expiry(reservation_id, tx.now + ttl, told.cause)])
    return reservation_id, units


def _expiry(reservation_id: UUID, at: datetime, cause: Cause) -> timers.Timer:
    """One for each reservation: set again, it moves."""
    return timers.Timer(
        kind="expire_reservations",
        subject_kind="reservation",
        subject_id=reservation_id,
        at=at,
        dedupe_key=reservation_id.hex,
        correlation_id=cause.correlation_id,
        causation_id=cause.causation_id,
    )


async def extend(tx: Tx, until: Mapping[UUID, datetime], cause: Cause) -> None:
    """Let these reservations end at another time. `ReservationEnded` names the first that is over or was never there; none is moved then."""
    found = {r["reservation_id"]: r for r in await tx.conn.fetch(SQL["hold_reservations"], sorted(until))}
    for i in sorted(until):
        row = found.get(i)
        if row is None or row["state"] != "ACTIVE" or row["expires_at"] <= tx.now:
            state = "unknown" if row is None else row["state"] if row["state"] != "ACTIVE" else "EXPIRED"
            raise ReservationEnded(reservation_id=i, state=state)
    ids = sorted(until)
    await tx.conn.execute(SQL["extend_reservations"], ids, [until[i] for i in ids])
    said = {i: fact(tx, "reservation.extended", "reservation", i, {"until": until[i]}, cause) for i in ids}
    await timers.set_timers(tx, [_expiry(i, until[i], said[i].cause) for i in ids])
    append(tx, said.values())


async def reserve_for(tx: Tx, orders: Mapping[UUID, UUID]) -> dict[UUID, UUID]:
    """Note which order each active reservation becomes; reservation -> order, without those that are over or another order's."""
    ids = sorted(orders)
    rows = await tx.conn.fetch(SQL["reserve_for"], ids, [orders[i] for i in ids])
    return {r["reservation_id"]: r["order_id"] for r in rows}


async def reservations_of(tx: Tx, orders: Iterable[UUID]) -> dict[UUID, UUID]:
    """Active reservation -> order, of these orders."""
    return {
        r["reservation_id"]: r["order_id"] for r in await tx.conn.fetch(SQL["reservations_of"], sorted(set(orders)))
    }


def _take(
    left: dict[Key, Decimal], units: dict[Key, Decimal], node_id: UUID | None, sku: str, wanted: Decimal
) -> Decimal:
    """Move `wanted` from `left` to `units`, largest stock first; returns what is missing."""
    keys = sorted((k for k in left if k[1] == sku and node_id in (None, k[0])), key=lambda k: (-left[k], k))
    for key in keys:
        part = min(wanted, left[key])
        if part > 0:
            left[key] -= part
            units[key] = units.get(key, Decimal(0)) + part
            wanted -= part
    return wanted


async def give_back(tx: Tx, reservations: Sequence[UUID], state: str, cause: Cause) -> list[UUID]:
    """End active reservations (`RELEASED`, `EXPIRED`, `USED`) and free their units; returns those that were active."""
    rows = await tx.conn.fetch(SQL["take_reservations"], list(reservations), state)
    ended = sorted({r["reservation_id"] for r in rows})
    lines: dict[UUID, list[list[Any]]] = {}
    for r in rows:
        lines.setdefault(r["reservation_id"], []).append([r["node_id"], r["sku"], r["quantity"]])
    kind = f"reservation.{state.lower()}"
    told = {i: fact(tx, kind, "reservation", i, {"lines": lines[i]}, cause) for i in ended}
    await move(
        tx,
        [
            Move(
                node_id=r["node_id"],
                sku=r["sku"],
                reserved=-r["quantity"],
                cause=MovementCause.SOFT_RELEASE,
                cause_id=r["reservation_id"],
                event_id=told[r["reservation_id"]].event_id,
            )
            for r in rows
        ],
    )
    append(tx, told.values())
    return ended


async def expired(tx: Tx, limit: int = 500) -> list[UUID]:
    """Active reservations whose time is over."""
    return [r["reservation_id"] for r in await tx.conn.fetch(SQL["expired"], tx.now, limit)]
