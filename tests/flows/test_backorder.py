"""Backorder and pre-order: what is announced serves those who wait, in their order, and nobody is promised twice the same units."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hub import inventory
from hub.kit.ids import new_id
from hub.ledger import Cause
from tests.flows.test_random_life import broken
from tests.world import World


async def test_announced_goods_serve_those_who_wait(world: World) -> None:
    soon, late = world.now + timedelta(days=3), world.now + timedelta(days=9)
    cause = Cause(new_id(), None)
    async with world.unit() as tx:
        for reference, n, at in (("PO-1", 30, soon), ("PO-2", 30, late)):
            line = inventory.Expected(node_id=world.nodes["LIS"], sku="SKU-1", quantity=Decimal(n), expected_at=at)
            await inventory.expect(tx, reference, [line], cause)
    ids = [await world.place(world.draft(f"B{n}", ("SKU-1", units))) for n, units in enumerate((220, 25, 60))]
    holds = await world.rows("SELECT order_id, reason, deadline FROM order_holds WHERE released_at IS NULL")
    day = timedelta(days=1)
    assert {h["order_id"]: h["deadline"] for h in holds} == {ids[0]: soon + day, ids[1]: late + day, ids[2]: None}
    assert [await world.incidents(i) for i in ids] == [[], [], ["out_of_stock"]]
    async with world.unit() as tx:
        await inventory.receive(tx, "PO-1", cause)
    [first] = await world.lines(ids[0])
    assert (first["reserved"], await world.holds(ids[0])) == (Decimal(220), [])
    assert await world.holds(ids[1]) == ["STOCK"]
    assert await broken(world) == {}
