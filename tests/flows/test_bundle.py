"""Several orders, one shipment: packs by themselves, customers on demand, undone again; the door opens for all or none."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import pytest

from hub import fulfillment
from hub.canon.commands import TrackingSeen
from hub.flows.bundle import bundle, candidates
from hub.fulfillment import NotBundleable
from hub.kit.ids import new_id
from hub.ledger import Cause
from tests.flows.test_random_life import broken
from tests.world import World

CAUSE = Cause(new_id(), None)


async def _bundles(world: World) -> list[UUID | None]:
    return [r["bundle_id"] for r in await world.rows("SELECT bundle_id FROM fulfillments ORDER BY fulfillment_id")]


async def _states(world: World, order_ids: Sequence[UUID]) -> list[str]:
    return [(await world.order(o))["state"] for o in order_ids]


async def test_orders_of_a_pack_leave_together(world: World) -> None:
    drafts = [world.draft(f"M{n}", ("SKU-1", n), group_id="PACK-9") for n in (1, 2)]
    first = await world.place(drafts[0])
    second = await world.place(drafts[1])
    other = await world.place(world.draft("M3", ("SKU-1", 1)))
    one, two, alone = await _bundles(world)
    assert one is not None
    assert (one, alone) == (two, None)
    works = [(await world.fulfillments(o))[0]["fulfillment_id"] for o in (first, second, other)]
    await world.ship(works[0], "T1")
    assert await _states(world, [first, second]) == ["PACKED", "APPROVED"]
    assert await world.report(works[1], "PACKED") is None
    assert await world.report(works[1], "DISPATCHED") is None
    assert await _states(world, [first, second]) == ["DISPATCHED", "DISPATCHED"]
    shipments = await world.rows("SELECT carrier, tracking_number FROM shipments")
    assert [tuple(s) for s in shipments] == [("CTT", "T1")] * 2
    await world.tell(TrackingSeen(tracking="T1", status="DELIVERED", at=world.now, code="D"))
    assert await _states(world, [first, second, other]) == ["DELIVERED", "DELIVERED", "APPROVED"]
    assert await broken(world) == {}


async def test_a_customers_orders_are_bundled_on_demand_and_parted_again(world: World) -> None:
    ids = [await world.place(world.draft(f"C{n}")) for n in (1, 2)]
    async with world.unit() as tx:
        assert len(await candidates(tx, ids[0])) == 2
        made = await bundle(tx, ids, CAUSE)
    assert await _bundles(world) == [made, made]
    async with world.unit() as tx:
        assert len(await fulfillment.unbundle(tx, made, CAUSE)) == 2
    assert await _bundles(world) == [None, None]
    for n, order_id in enumerate(ids):
        await world.ship((await world.fulfillments(order_id))[0]["fulfillment_id"], f"T{n}")
    assert await _states(world, ids) == ["DISPATCHED", "DISPATCHED"]


async def test_what_does_not_agree_is_not_bundled(world: World) -> None:
    here = await world.place(world.draft("C1"))
    elsewhere = world.draft("C2", promised_by=world.now)
    there = await world.place(elsewhere)
    with pytest.raises(NotBundleable):
        async with world.unit() as tx:
            await bundle(tx, [here, there], CAUSE)
    with pytest.raises(NotBundleable):
        async with world.unit() as tx:
            await bundle(tx, [here], CAUSE)
    assert await _bundles(world) == [None, None]


async def test_a_companion_that_is_cancelled_lets_the_other_go(world: World) -> None:
    ids = [await world.place(world.draft(f"M{n}", group_id="P")) for n in (1, 2)]
    works = [(await world.fulfillments(o))[0]["fulfillment_id"] for o in ids]
    await world.ship(works[0], "T1")
    await world.report(works[1], "CANCELLED")
    assert (await world.order(ids[0]))["state"] == "DISPATCHED"
