"""Approve, count quantities, derive states, cancel: changes of standing orders, many at once, inside the caller's unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from hub.canon.states import OrderState
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.sqlfile import statements
from hub.ledger import Cause, append, fact
from hub.orders.model import ADVANCE, derived

SQL = statements(__file__, "orders.sql")
QUANTITIES = ("cancelled", "reserved", "picked", "packed", "shipped", "delivered", "returned")


class UnknownOrder(HubError):
    """There is no order with this id."""

    code: ClassVar[str] = "NOT_FOUND"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    order_id: UUID
    number: str
    channel: str
    connection_id: UUID | None
    external_id: str
    fulfilled_by: str


async def approve(tx: Tx, asked: Mapping[UUID, Cause]) -> list[Approved]:
    """DRAFT -> APPROVED for those that nothing holds; the others stay as they are."""
    rows = await tx.conn.fetch(SQL["approve"], sorted(asked), tx.now)
    for row in rows:
        said = {"channel": row["channel"], "connection_id": row["connection_id"], "fulfilled_by": row["fulfilled_by"]}
        append(tx, [fact(tx, "order.approved", "order", row["order_id"], said, asked[row["order_id"]])])
    return [
        Approved(
            order_id=r["order_id"],
            number=r["number"],
            channel=r["channel"],
            connection_id=r["connection_id"],
            external_id=r["external_id"],
            fulfilled_by=r["fulfilled_by"],
        )
        for r in rows
    ]


async def lock(tx: Tx, orders: Iterable[UUID]) -> dict[UUID, Any]:
    """The heads of these orders, locked in id order."""
    return {r["order_id"]: r for r in await tx.conn.fetch(SQL["lock"], sorted(set(orders)))}


async def lock_one(tx: Tx, order_id: UUID) -> Any:
    rows = await lock(tx, [order_id])
    if order_id not in rows:
        raise UnknownOrder(order_id=order_id)
    return rows[order_id]


async def heads(tx: Tx, orders: Iterable[UUID]) -> dict[UUID, Any]:
    """Whole order rows, unlocked: for documents about them."""
    return {r["order_id"]: r for r in await tx.conn.fetch(SQL["head"], sorted(set(orders)))}


async def brief(tx: Tx, orders: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """Number, state and version of these orders."""
    rows = await tx.conn.fetch(SQL["brief"], sorted(set(orders)))
    return {r["order_id"]: {"number": r["number"], "state": r["state"], "version": r["version"]} for r in rows}


async def lines(tx: Tx, orders: Iterable[UUID]) -> dict[UUID, list[Any]]:
    """The lines of these orders, in line order."""
    found: dict[UUID, list[Any]] = {}
    for row in await tx.conn.fetch(SQL["lines"], sorted(set(orders))):
        found.setdefault(row["order_id"], []).append(row)
    return found


async def waiting(tx: Tx, orders: Iterable[UUID]) -> list[Any]:
    """What of these orders still has to be assigned to a node, line by line; held, test and foreign-fulfilled ones are left out."""
    return list(await tx.conn.fetch(SQL["waiting"], sorted(set(orders))))


async def count(tx: Tx, deltas: Iterable[tuple[UUID, str, Decimal]]) -> None:
    """Add (line, quantity name, delta) to the lines; the names are those of `QUANTITIES`. Sums are made first."""
    sums: dict[UUID, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for line_id, name, delta in deltas:
        sums[line_id][name] += delta
    ids = sorted(sums)
    if not ids:
        return
    if all(s.keys() == {"reserved"} for s in sums.values()):  # the hot path: what routing has given to nodes
        await tx.conn.execute(SQL["advance_reserved"], ids, [sums[i]["reserved"] for i in ids], tx.now, list(tx.born))
    else:
        columns = [[sums[i][name] for i in ids] for name in QUANTITIES]
        await tx.conn.execute(SQL["advance"], ids, *columns, tx.now, list(tx.born))


async def derive(
    tx: Tx, states: Mapping[UUID, Sequence[OrderState]], causes: Mapping[UUID, Cause]
) -> list[tuple[UUID, OrderState]]:
    """Set each order's state from its fulfillments' states; returns those that changed, with a fact each."""
    rows = await lock(tx, states)
    open_ids = {r["order_id"] for r in await tx.conn.fetch(SQL["unassigned"], sorted(rows))}
    changed: list[tuple[UUID, OrderState]] = []
    for order_id, row in rows.items():
        own = OrderState(row["state"])
        new = derived(own, states[order_id], all_assigned=order_id not in open_ids)
        if new is not own:
            changed.append((order_id, new))
            said = {"from": own.value, "to": new.value}
            append(tx, [fact(tx, "order.state_changed", "order", order_id, said, causes[order_id])])
    if changed:
        await tx.conn.execute(SQL["set_states"], [c[0] for c in changed], [c[1].value for c in changed], tx.now, None)
    return changed


async def cancel_rest(tx: Tx, asked: Mapping[UUID, tuple[str, Cause]]) -> list[UUID]:
    """Cancel what no node has been given yet; an order of which nothing else is left becomes CANCELLED. Returns those."""
    rows, found = await lock(tx, asked), await lines(tx, asked)
    ended: list[UUID] = []
    deltas: list[tuple[UUID, str, Decimal]] = []
    for order_id, row in rows.items():
        if ADVANCE.get(OrderState(row["state"]), 99) >= ADVANCE[OrderState.DISPATCHED]:
            continue
        reason, cause = asked[order_id]
        begun = {
            x["kit_parent"] for x in found[order_id] if x["reserved"] > 0
        }  # a kit of which a piece is on its way stands
        lines_left = [x for x in found[order_id] if x["line_id"] not in begun]
        rest = [(x["line_id"], x["ordered"] - x["cancelled"] - x["reserved"]) for x in lines_left]
        deltas += [(line_id, "cancelled", n) for line_id, n in rest if n > 0]
        left = [x for x in found[order_id] if x["reserved"] > 0]
        said = {"reason": reason, "lines": [[i, n] for i, n in rest if n > 0]}
        if not left:
            ended.append(order_id)
        if not left or said["lines"]:
            append(
                tx,
                [fact(tx, "order.cancelled" if not left else "order.part_cancelled", "order", order_id, said, cause)],
            )
    await count(tx, deltas)
    if ended:
        await tx.conn.execute(SQL["set_states"], ended, ["CANCELLED"] * len(ended), tx.now, asked[ended[0]][0])
    return ended


async def note_cancel(tx: Tx, orders: Iterable[UUID], origin: str) -> None:
    """Remember that the whole order shall end; what comes back from nodes is not routed again. `origin`: CHANNEL or HUB."""
    await tx.conn.fetch(SQL["note_cancel"], sorted(set(orders)), origin, tx.now)


async def ending(tx: Tx, orders: Iterable[UUID]) -> dict[UUID, str]:
    """Order -> who asked for its end, of those whose end was asked for."""
    return {r["order_id"]: r["cancel_origin"] for r in await tx.conn.fetch(SQL["ending"], sorted(set(orders)))}


async def tagged(tx: Tx, orders: Iterable[UUID], tag: str) -> frozenset[UUID]:
    """Those of these orders that have the tag."""
    return frozenset(r["order_id"] for r in await tx.conn.fetch(SQL["tagged"], sorted(set(orders)), tag))


async def of_packs(tx: Tx, orders: Iterable[UUID]) -> list[tuple[UUID, str, str]]:
    """(order, channel, pack) of all live orders of the marketplace packs that these belong to."""
    rows = await tx.conn.fetch(SQL["of_packs"], sorted(set(orders)))
    return [(r["order_id"], r["channel"], r["group_id"]) for r in rows]


async def alike(tx: Tx, order_id: UUID) -> list[UUID]:
    """Live orders of the same customer with the same method, address and promised day."""
    return [r["order_id"] for r in await tx.conn.fetch(SQL["alike"], order_id)]


async def backlog(tx: Tx, skus: Iterable[str]) -> dict[str, Decimal]:
    """SKU -> units that orders held for stock still lack."""
    return {r["sku"]: r["units"] for r in await tx.conn.fetch(SQL["backlog"], sorted(set(skus)))}


async def find(tx: Tx, text: str) -> UUID | None:
    """The newest order with that number or external id."""
    found: UUID | None = await tx.conn.fetchval(SQL["find"], text)
    return found


async def by_external(tx: Tx, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
    """(channel, external id) -> order, of those that exist."""
    rows = await tx.conn.fetch(SQL["by_external"], [k[0] for k in keys], [k[1] for k in keys])
    return {(r["channel"], r["external_id"]): r["order_id"] for r in rows}
