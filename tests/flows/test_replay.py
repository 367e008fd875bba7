"""The replay tells a change that no fact explains."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from hub import inventory
from hub.flows.replay import differences, replay
from hub.kit.ids import new_id
from hub.ledger import Cause
from tests.world import World


async def test_a_day_of_work_replays(world: World) -> None:
    await world.capture(*(world.draft(f"A{n}", ("SKU-1", 2), ("SKU-2", 1)) for n in range(5)))
    for n, row in enumerate(await world.rows("SELECT fulfillment_id FROM fulfillments ORDER BY 1 LIMIT 3")):
        await world.ship(row["fulfillment_id"], f"T{n}")
    async with world.db.unit(tenant=1, actor="test") as tx:
        told = await replay(tx, page=7)
        assert await differences(tx, told) == []
    assert len(told.orders) == 5
    assert sorted(o["state"] for o in told.orders.values()) == ["APPROVED"] * 2 + ["DISPATCHED"] * 3


@pytest.mark.parametrize(
    ("change", "what", "field", "told", "stands"),
    [
        ("UPDATE orders SET payment_state = 'PENDING'", "order", "payment_state", "PAID", "PENDING"),
        ("UPDATE order_lines SET ordered = 3", "line", "ordered", Decimal(2), Decimal(3)),
        ("UPDATE fulfillment_lines SET assigned = 1", "share", "assigned", Decimal(2), Decimal(1)),
        ("UPDATE stock SET on_hand = on_hand + 1 WHERE reserved > 0", "stock", "on_hand", Decimal(100), Decimal(101)),
        ("DELETE FROM fulfillment_lines; DELETE FROM fulfillments", "fulfillment", "state", "APPROVED", None),
    ],
)
async def test_a_change_that_no_fact_tells_is_found(
    world: World, change: str, what: str, field: str, told: object, stands: object
) -> None:
    await world.place(world.draft("A1", ("SKU-1", 2)))
    async with world.db.unit(tenant=1, actor="intruder") as tx:
        await tx.conn.execute(change)
        found = await differences(tx, await replay(tx))
    assert (what, field, told, stands) in [(d.what, d.field, d.told, d.stands) for d in found]


DAY = date(2027, 3, 1)
NEW_LOT = """
INSERT INTO stock_lots (node_id, sku, condition, lot, on_hand)
SELECT node_id, sku, condition, 'L9', 2 FROM stock WHERE sku = 'SKU-3' AND condition = 'NEW' LIMIT 1"""


async def _lots(world: World) -> None:
    """Thirty units of a lot of two, then an order that takes of them what no lot has not."""
    node = world.nodes["LIS"]
    async with world.unit() as tx:
        changes = [
            inventory.Adjustment(node_id=node, sku="SKU-3", delta=Decimal(n), lot=lot, expires_on=day)
            for lot, n, day in (("L1", 20, DAY), ("L2", 10, None))
        ]
        await inventory.adjust(tx, changes, "received", Cause(new_id(), None))
    async with world.unit() as tx:
        level = [("SKU-3", "NEW", Decimal(25))]
        lots = {("SKU-3", "NEW"): {"L1": Decimal(18), "L3": Decimal(7)}}
        assert await inventory.count_reported(tx, node, tx.now, level, Cause(new_id(), None), lots) == []
    await world.place(world.draft("L", ("SKU-3", 22)))
    for n, row in enumerate(await world.rows("SELECT fulfillment_id FROM fulfillments")):
        await world.ship(row["fulfillment_id"], f"L{n}")


async def test_lots_are_summed_up_from_facts(world: World) -> None:
    await _lots(world)
    async with world.db.unit(tenant=1, actor="test") as tx:
        told = await replay(tx)
        assert await differences(tx, told) == []
    lots = {key[3]: (row["on_hand"], row["expires_on"]) for key, row in told.lots.items()}
    assert lots == {"L1": (Decimal(0), str(DAY)), "L2": (Decimal(0), None), "L3": (Decimal(3), None)}
    causes = await world.rows("""
SELECT DISTINCT c.type FROM business_events e JOIN business_events c ON c.event_id = e.causation_id AND c.correlation_id = e.correlation_id
WHERE e.type = 'stock.lots_moved' ORDER BY 1""")
    assert [r["type"] for r in causes] == ["fulfillment.dispatched", "stock.adjusted", "stock.counted"]


@pytest.mark.parametrize(
    ("change", "field", "told", "stands"),
    [
        ("UPDATE stock_lots SET on_hand = on_hand + 4 WHERE lot = 'L3'", "on_hand", Decimal(3), Decimal(7)),
        ("UPDATE stock_lots SET expires_on = '2030-01-01' WHERE lot = 'L3'", "expires_on", None, "2030-01-01"),
        (
            NEW_LOT,
            "on_hand",
            Decimal(0),
            Decimal(2),
        ),
    ],
)
async def test_a_lot_that_no_fact_tells_is_found(
    world: World, change: str, field: str, told: object, stands: object
) -> None:
    await _lots(world)
    async with world.db.unit(tenant=1, actor="intruder") as tx:
        await tx.conn.execute(change)
        found = await differences(tx, await replay(tx))
    assert ("lot", field, told, stands) in [(d.what, d.field, d.told, d.stands) for d in found]
