"""After the door: carrier events, delivery, completion; and the way back: cancellation asked, granted, refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.canon.commands import TrackingSeen
from hub.canon.states import OrderState
from hub.fulfillment.commands import AT_WORK, SQL, lines, lock, move
from hub.fulfillment.model import steps
from hub.kit.db import Tx
from hub.ledger import Cause, append, fact

ZERO = Decimal(0)


async def travelled(tx: Tx, asked: Mapping[UUID, tuple[OrderState, Cause]]) -> list[UUID]:
    """DISPATCHED onwards to IN_TRANSIT, DELIVERED or COMPLETED; what is not ahead of the present state changes nothing."""
    rows, found = await lock(tx, asked), await lines(tx, asked)
    moved: list[tuple[UUID, OrderState, OrderState]] = []
    delivered: list[tuple[UUID, UUID, Decimal]] = []
    for here, row in rows.items():
        to, cause = asked[here]
        state = OrderState(row["state"])
        way = steps(state, to)
        if not way or state in AT_WORK:
            continue
        moved.append((here, (state, *way)[-2], way[-1]))
        said: dict[str, Any] = {"order_id": row["order_id"], "node_id": row["node_id"]}
        for each in way:
            if each is OrderState.DELIVERED:
                rest = [(x["line_id"], x["sku"], x["shipped"] - x["delivered"]) for x in found[here]]
                delivered += [(here, i, n) for i, _, n in rest if n]
                said = {**said, "lines": [[i, s, n] for i, s, n in rest if n]}
            append(tx, [fact(tx, f"fulfillment.{each.value.lower()}", "fulfillment", here, said, cause)])
    if delivered:
        zeros = [ZERO] * len(delivered)
        await tx.conn.execute(
            SQL["count"],
            [d[0] for d in delivered],
            [d[1] for d in delivered],
            zeros,
            zeros,
            zeros,
            zeros,
            [d[2] for d in delivered],
        )
    await move(tx, moved)
    return [m[0] for m in moved]


async def tracked(tx: Tx, seen: Sequence[tuple[TrackingSeen, Cause]]) -> list[str]:
    """Carrier events, in any order: DELIVERED never goes back. Returns tracking numbers that no shipment has."""
    rows = await tx.conn.fetch(SQL["by_tracking"], sorted({s.tracking for s, _ in seen}))
    shipments: dict[str, list[Any]] = {}  # orders of one bundle share a tracking number
    for r in rows:
        shipments.setdefault(r["tracking_number"], []).append(r)
    known = [(s, c, r) for s, c in seen for r in shipments.get(s.tracking, ())]
    await tx.conn.fetch(
        SQL["tracked"],
        [r["shipment_id"] for _, _, r in known],
        [s.at for s, _, _ in known],
        [s.code for s, _, _ in known],
        [s.status for s, _, _ in known],
        [s.place for s, _, _ in known],
    )
    last: dict[UUID, tuple[TrackingSeen, Cause, Any]] = {}
    for s, c, r in sorted(known, key=lambda k: (k[0].status == "DELIVERED", k[0].at)):
        last[r["shipment_id"]] = (s, c, r)
    await tx.conn.execute(
        SQL["shipment_status"], list(last), [s.status for s, _, _ in last.values()], [s.at for s, _, _ in last.values()]
    )
    asked = {
        r["fulfillment_id"]: (OrderState.DELIVERED if s.status == "DELIVERED" else OrderState.IN_TRANSIT, c)
        for s, c, r in last.values()
        if s.status in ("DELIVERED", "IN_TRANSIT", "OUT_FOR_DELIVERY")
    }
    await travelled(tx, asked)
    return sorted({s.tracking for s, _ in seen} - shipments.keys())


async def ask_cancel(tx: Tx, asked: Mapping[UUID, Cause], kind: str, reason: str) -> list[Any]:
    """Ask for an end before dispatch. `kind`: ORDER_CANCELLED, REROUTE or AMENDED. Returns the rows asked; a fact each."""
    rows = await lock(tx, asked)
    open_ = [r for r in rows.values() if OrderState(r["state"]) in AT_WORK and r["cancel_requested_at"] is None]
    await tx.conn.execute(SQL["ask_cancel"], [r["fulfillment_id"] for r in open_], kind, tx.now)
    for r in open_:
        said = {"order_id": r["order_id"], "node_id": r["node_id"], "kind": kind, "reason": reason}
        append(
            tx,
            [
                fact(
                    tx, "fulfillment.cancel_asked", "fulfillment", r["fulfillment_id"], said, asked[r["fulfillment_id"]]
                )
            ],
        )
    return open_


async def cancelled(tx: Tx, asked: Mapping[UUID, Cause]) -> list[UUID]:
    """The node has stopped: CANCELLED; the fact carries what is given back, by line."""
    rows, found = await lock(tx, asked), await lines(tx, asked)
    ended = [r for r in rows.values() if OrderState(r["state"]) in AT_WORK]
    await move(tx, [(r["fulfillment_id"], OrderState(r["state"]), OrderState.CANCELLED) for r in ended])
    for r in ended:
        back = [
            [x["line_id"], x["sku"], x["assigned"] - x["short"], x["picked"], x["packed"]]
            for x in found[r["fulfillment_id"]]
        ]
        said = {
            "order_id": r["order_id"],
            "node_id": r["node_id"],
            "kind": r["cancel_kind"] or "REROUTE",
            "lines": back,
        }
        append(
            tx,
            [fact(tx, "fulfillment.cancelled", "fulfillment", r["fulfillment_id"], said, asked[r["fulfillment_id"]])],
        )
    return [r["fulfillment_id"] for r in ended]


async def cancel_refused(tx: Tx, asked: Mapping[UUID, Cause], reason: str) -> None:
    """The node goes on: the fulfillment stays in its state."""
    rows = await lock(tx, asked)
    await tx.conn.execute(SQL["cancel_refused"], sorted(asked), tx.now)
    for i, r in rows.items():
        said = {"order_id": r["order_id"], "node_id": r["node_id"], "kind": r["cancel_kind"], "reason": reason}
        append(tx, [fact(tx, "fulfillment.cancel_refused", "fulfillment", i, said, asked[i])])


async def shipments(tx: Tx, fulfillments: Sequence[UUID]) -> dict[UUID, Any]:
    """Fulfillment -> its shipment."""
    return {r["fulfillment_id"]: r for r in await tx.conn.fetch(SQL["shipments_of"], list(fulfillments))}


async def packages(tx: Tx, shipment_ids: Sequence[UUID]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for r in await tx.conn.fetch(SQL["packages_of"], list(shipment_ids)):
        found.setdefault(r["shipment_id"], []).append(r)
    return found
