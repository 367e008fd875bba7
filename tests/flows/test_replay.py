"""The replay tells a change that no fact explains."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.flows.replay import differences, replay
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
