"""Plan fulfillments and move them along their way, many at once. The only place that sets their state; each step is a fact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.canon.states import OrderState
from hub.fulfillment.model import (
    DispatchAlreadyAsked,
    DispatchAsked,
    LineState,
    NotAtWork,
    Plan,
    Progress,
    UnknownFulfillment,
    steps,
)
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.ids import new_id
from hub.kit.sqlfile import statements
from hub.ledger import Cause, append, fact

SQL = statements(__file__, "fulfillment.sql")
ZERO = Decimal(0)
AT_WORK = frozenset({OrderState.APPROVED, OrderState.PICKING, OrderState.PACKED})


async def plan(tx: Tx, plans: Sequence[Plan]) -> list[UUID]:
    """New fulfillments in APPROVED, in the order given; a fact `fulfillment.planned` each."""
    ids = [new_id() for _ in plans]
    places: dict[UUID, int] = {}
    positions = []
    for p in plans:
        places[p.order_id] = places.get(p.order_id, 0) + 1
        positions.append(places[p.order_id])
    shares = [(i, s) for i, p in zip(ids, plans, strict=True) for s in p.shares]
    await tx.conn.execute(
        SQL["plan"],
        ids,
        [p.order_id for p in plans],
        [p.node_id for p in plans],
        [p.decision_id for p in plans],
        [p.method for p in plans],
        [p.ship_by for p in plans],
        [p.carrier for p in plans],
        [p.service for p in plans],
        positions,
        tx.now,
        [i for i, _ in shares],
        [s.line_id for _, s in shares],
        [s.line_no for _, s in shares],
        [s.sku for _, s in shares],
        [s.quantity for _, s in shares],
    )
    tx.born.update(ids)
    append(tx, [_planned(tx, i, p) for i, p in zip(ids, plans, strict=True)])
    return ids


def _planned(tx: Tx, fulfillment_id: UUID, p: Plan) -> Any:
    said = {
        "order_id": p.order_id,
        "node_id": p.node_id,
        "ship_by": p.ship_by,
        "method": p.method,
        "carrier": p.carrier,
        "service": p.service,
        "lines": [[s.line_id, s.sku, s.quantity] for s in p.shares],
    }
    return fact(tx, "fulfillment.planned", "fulfillment", fulfillment_id, said, p.cause)


async def lock(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, Any]:
    """The fulfillments, locked in id order."""
    wanted = sorted(set(ids))
    return {r["fulfillment_id"]: r for r in await tx.conn.fetch(SQL["lock"], wanted)} if wanted else {}


async def lock_one(tx: Tx, fulfillment_id: UUID) -> Any:
    rows = await lock(tx, [fulfillment_id])
    if fulfillment_id not in rows:
        raise UnknownFulfillment(fulfillment_id=fulfillment_id)
    return rows[fulfillment_id]


async def lines(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    wanted = sorted(set(ids))
    for r in await tx.conn.fetch(SQL["lines"], wanted) if wanted else ():
        found.setdefault(r["fulfillment_id"], []).append(r)
    return found


async def progress(tx: Tx, asked: Sequence[Progress]) -> list[tuple[Progress, HubError]]:
    """Apply the steps (one for each fulfillment); returns those that do not fit, untouched, with why."""
    rows, found = await lock(tx, [a.fulfillment_id for a in asked]), await lines(tx, [a.fulfillment_id for a in asked])
    counts: list[tuple[UUID, UUID, Decimal, Decimal, Decimal]] = []
    moved: list[tuple[UUID, OrderState, OrderState]] = []
    noted: list[tuple[UUID, str | None, int, dict[str, Any] | None]] = []
    refused: list[tuple[Progress, HubError]] = []
    for step in asked:
        row = rows.get(step.fulfillment_id)
        if row is None:
            refused.append((step, UnknownFulfillment(fulfillment_id=step.fulfillment_id)))
            continue
        try:
            taken = _take(step, row, found[step.fulfillment_id])
        except HubError as error:
            refused.append((step, error))
            continue
        counts += [(step.fulfillment_id, x.line_id, short, picked, packed) for x, (picked, packed, short) in taken]
        end = _step(tx, step, row, taken)
        if end is not None:
            moved.append((step.fulfillment_id, *end))
        dispatch = {**(row["dispatch"] or {}), "packages": list(step.packages)} if step.packages else None
        noted.append((step.fulfillment_id, step.wms_reference, step.sequence or 0, dispatch))
    await _count(tx, [(f, i, s, p, k, ZERO, ZERO) for f, i, s, p, k in counts if s or p or k])
    await move(tx, moved)
    if noted:
        await tx.conn.execute(SQL["note"], *map(list, zip(*noted, strict=True)), tx.now)
    return refused


def _take(step: Progress, row: Any, rows: Sequence[Any]) -> list[tuple[LineState, tuple[Decimal, Decimal, Decimal]]]:
    """What the step adds to each line. After the door only a repetition that adds nothing fits."""
    made = []
    for r in rows:
        line = LineState(
            line_id=r["line_id"],
            sku=r["sku"],
            assigned=r["assigned"],
            short=r["short"],
            picked=r["picked"],
            packed=r["packed"],
        )
        made.append((line, line.take(step)))
    state = OrderState(row["state"])
    if state is OrderState.CANCELLED or (state not in AT_WORK and any(any(n) for _, n in made)):
        raise NotAtWork(state=state.value)
    return made


def _step(
    tx: Tx, step: Progress, row: Any, taken: Sequence[tuple[LineState, tuple[Decimal, Decimal, Decimal]]]
) -> tuple[OrderState, OrderState] | None:
    """Facts of the step; (last state before, new state) when the state changes."""
    here, order = step.fulfillment_id, {"order_id": row["order_id"], "node_id": row["node_id"]}
    shorts = [[x.line_id, x.sku, short] for x, (_, _, short) in taken if short]
    cause = step.cause
    if shorts:
        said = {**order, "lines": shorts, "reason": step.reason}
        append(tx, [fact(tx, "fulfillment.short", "fulfillment", here, said, cause)])
    state = OrderState(row["state"])
    if all(x.short == x.assigned for x, _ in taken):
        append(
            tx, [fact(tx, "fulfillment.cancelled", "fulfillment", here, {**order, "lines": [], "kind": "SHORT"}, cause)]
        )
        return state, OrderState.CANCELLED
    way = steps(state, step.to)
    for to in way:
        if to is OrderState.PICKING:
            append(tx, [fact(tx, "fulfillment.picking", "fulfillment", here, order, cause)])
    picked = [[x.line_id, x.sku, n] for x, (n, _, _) in taken if n]
    if picked:
        append(tx, [fact(tx, "fulfillment.picked", "fulfillment", here, {**order, "lines": picked}, cause)])
    packed = [[x.line_id, x.sku, n] for x, (_, n, _) in taken if n]
    if OrderState.PACKED in way or packed:
        append(tx, [fact(tx, "fulfillment.packed", "fulfillment", here, {**order, "lines": packed}, cause)])
    return ((state, *way)[-2], way[-1]) if way else None


async def _count(tx: Tx, deltas: Sequence[tuple[UUID, UUID, Decimal, Decimal, Decimal, Decimal, Decimal]]) -> None:
    if deltas:
        await tx.conn.execute(SQL["count"], *map(list, zip(*deltas, strict=True)))


async def move(tx: Tx, moved: Sequence[tuple[UUID, OrderState, OrderState]]) -> None:
    """Set states; the database refuses a pair (old, new) that is no legal move."""
    if moved:
        await tx.conn.execute(
            SQL["move"], [m[0] for m in moved], [m[1].value for m in moved], [m[2].value for m in moved], tx.now
        )


async def ask_dispatch(tx: Tx, asked: DispatchAsked) -> Any:
    """Note what shall leave; the fact `fulfillment.dispatch_asked` says the node. The gate decides when it is DISPATCHED."""
    row = await lock_one(tx, asked.fulfillment_id)
    if row["dispatch_requested_at"] is not None or OrderState(row["state"]) in steps(
        OrderState.PACKED, OrderState.COMPLETED
    ):
        raise DispatchAlreadyAsked(fulfillment_id=asked.fulfillment_id)
    dispatch = {
        **(row["dispatch"] or {}),
        "carrier": asked.carrier,
        "service": asked.service,
        "tracking": asked.tracking,
        **({"packages": list(asked.packages)} if asked.packages else {}),
    }
    await tx.conn.execute(SQL["ask_dispatch"], [asked.fulfillment_id], [dispatch], tx.now)
    said = {
        "order_id": row["order_id"],
        "node_id": row["node_id"],
        "carrier": asked.carrier,
        "tracking": asked.tracking,
    }
    append(tx, [fact(tx, "fulfillment.dispatch_asked", "fulfillment", asked.fulfillment_id, said, asked.cause)])
    return row


async def withdraw_dispatch(tx: Tx, asked: Mapping[UUID, Cause], reason: str) -> None:
    """The gate stays shut: the fulfillments are PACKED again, without a request."""
    await tx.conn.execute(SQL["undo_dispatch"], sorted(asked), tx.now)
    append(
        tx,
        [fact(tx, "fulfillment.dispatch_refused", "fulfillment", i, {"reason": reason}, c) for i, c in asked.items()],
    )


async def dispatch(tx: Tx, asked: Mapping[UUID, Cause]) -> list[UUID]:
    """PACKED -> DISPATCHED for those whose dispatch was asked: shipments, packages, shipped quantities, a fact each."""
    rows, found = await lock(tx, asked), await lines(tx, asked)
    ready = [r for r in rows.values() if r["state"] == OrderState.PACKED and r["dispatch_requested_at"] is not None]
    shipped = [
        (r["fulfillment_id"], x["line_id"], ZERO, ZERO, ZERO, x["packed"] - x["shipped"], ZERO)
        for r in ready
        for x in found[r["fulfillment_id"]]
        if x["packed"] > x["shipped"]
    ]
    ids = {r["fulfillment_id"]: new_id() for r in ready}
    sent = _one_shipment(ready)
    packages = [
        (ids[r["fulfillment_id"]], n, p)
        for r in ready
        for n, p in enumerate((r["dispatch"] or {}).get("packages") or [{}], 1)
    ]
    await tx.conn.execute(
        SQL["ship"],
        [ids[r["fulfillment_id"]] for r in ready],
        [r["fulfillment_id"] for r in ready],
        [r["order_id"] for r in ready],
        [s["carrier"] for s in sent],
        [s["service"] for s in sent],
        [s["tracking"] for s in sent],
        tx.now,
        [new_id() for _ in packages],
        [s for s, _, _ in packages],
        [n for _, n, _ in packages],
        *[[p.get(name) for _, _, p in packages] for name in ("sscc", "weight_g", "length_mm", "width_mm", "height_mm")],
        [{"lines": p.get("content") or []} for _, _, p in packages],
    )
    await _count(tx, shipped)
    await move(tx, [(r["fulfillment_id"], OrderState.PACKED, OrderState.DISPATCHED) for r in ready])
    for r, shipment in zip(ready, sent, strict=True):
        here = r["fulfillment_id"]
        said = {
            "order_id": r["order_id"],
            "node_id": r["node_id"],
            "shipment_id": ids[here],
            "carrier": shipment["carrier"],
            "tracking": shipment["tracking"],
            "lines": [[x["line_id"], x["sku"], x["packed"] - x["shipped"]] for x in found[here]],
        }
        append(tx, [fact(tx, "fulfillment.dispatched", "fulfillment", here, said, asked[here])])
    return [r["fulfillment_id"] for r in ready]


def _one_shipment(ready: Sequence[Any]) -> list[dict[str, Any]]:
    """Carrier, service and tracking of each; of one bundle, what nobody told a tracking number of goes by that of its companions."""
    names = ("carrier", "service", "tracking")
    told = [{n: r["dispatch"].get(n) for n in names} for r in ready]
    bundles = {r["bundle_id"]: t for r, t in zip(ready, told, strict=True) if r["bundle_id"] and t["tracking"]}
    return [t if t["tracking"] else bundles.get(r["bundle_id"], t) for r, t in zip(ready, told, strict=True)]


async def states(tx: Tx, orders: Iterable[UUID]) -> dict[UUID, list[Any]]:
    """The fulfillments of these orders with state and node, in position order; an order without any has an empty list."""
    wanted = sorted(set(orders))
    found: dict[UUID, list[Any]] = {o: [] for o in wanted}
    for r in await tx.conn.fetch(SQL["states"], wanted):
        found[r["order_id"]].append(r)
    return found


async def work(tx: Tx, orders: Iterable[UUID]) -> dict[UUID, list[Any]]:
    """Order -> what is planned or done for it, a row for each line of a live fulfillment, in position order."""
    found: dict[UUID, list[Any]] = {}
    for r in await tx.conn.fetch(SQL["work"], sorted(set(orders))):
        found.setdefault(r["order_id"], []).append(r)
    return found
