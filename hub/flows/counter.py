"""A sale over the counter is over when we hear of it: stock moves at the store, the order is DELIVERED, and its note is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from hub import fulfillment, inventory, orders
from hub.canon.states import MovementCause
from hub.flows.reactor import Deps, Flow
from hub.flows.states import derive_states
from hub.kit.db import Tx
from hub.ledger import Cause, Fact, append, fact

ZERO = Decimal(0)
LIFE = ("reserved", "picked", "packed", "shipped", "delivered")


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    """`order.handed_over` asks for the NFC-e of what left."""
    sold = {f.subject_id: f for f in facts if f.data.get("handed_over")}
    if not sold:
        return
    lines = await orders.lines(tx, sold)
    done = [
        fulfillment.HandedOver(
            order_id=i,
            node_id=UUID(f.data["handed_over"]),
            cause=f.cause,
            shares=tuple(
                fulfillment.Share(line_id=x["line_id"], line_no=x["line_no"], sku=x["sku"], quantity=x["ordered"])
                for x in lines[i]
                if x["kind"] == "GOODS"
            ),
        )
        for i, f in sold.items()
    ]
    told = await fulfillment.hand_over(tx, done)
    await _take(tx, told)
    deltas = [(UUID(x[0]), name, Decimal(x[2])) for t in told for x in t.data["lines"] for name in LIFE]
    await orders.count(tx, deltas)
    await derive_states(tx, {i: f.cause for i, f in sold.items()})
    for d, t in zip(done, told, strict=True):
        said = {"node_id": d.node_id, "fulfillment_id": t.subject_id}
        append(tx, [fact(tx, "order.handed_over", "order", d.order_id, said, t.cause)])


async def _take(tx: Tx, told: Sequence[Fact]) -> None:
    """The goods leave the stock. What the stock did not know of is found first: the till is right, the count was not."""
    wanted: dict[tuple[UUID, str], Decimal] = {}
    for t in told:
        for _, sku, n in t.data["lines"]:
            key = (UUID(t.data["node_id"]), sku)
            wanted[key] = wanted.get(key, ZERO) + Decimal(n)
    keys = [(node, sku, "NEW") for node, sku in wanted]
    await inventory.ensure(tx, keys)
    rows = await inventory.locked(tx, keys)
    found = [
        inventory.Adjustment(node_id=node, sku=sku, delta=missing)
        for (node, sku), n in wanted.items()
        if (missing := n - (rows[node, sku, "NEW"]["on_hand"] - rows[node, sku, "NEW"]["reserved"])) > 0
    ]
    if found:
        first = told[0]
        await inventory.adjust(
            tx, found, "sold at the till, not in the count", Cause(first.correlation_id, first.event_id)
        )
    await inventory.move(
        tx,
        [
            inventory.Move(
                node_id=UUID(t.data["node_id"]),
                sku=sku,
                cause=MovementCause.SHIP,
                cause_id=t.subject_id,
                event_id=t.event_id,
                on_hand=-Decimal(n),
            )
            for t in told
            for _, sku, n in t.data["lines"]
        ],
    )


FLOW = Flow("counter", frozenset({"order.placed"}), answer)
