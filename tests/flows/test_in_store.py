"""Stores: sold over the counter, collected with a code, refused, or never collected."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from hub import fulfillment, timers
from hub.canon.order import OrderDraft, Pickup
from hub.canon.states import FulfillmentMethod
from hub.flows.in_store import NoProof, NotForPickup, WrongPickupCode, expire, hand_over, refuse
from hub.kit.db import Database
from hub.kit.ids import new_id
from hub.ledger import Cause
from hub.orders import IllegalMove
from tests.flows.test_random_life import broken
from tests.queues import make_due, take
from tests.world import World, new_world

CAUSE = Cause(new_id(), None)
ANA = {"name": "Ana", "document": "725"}


@pytest.fixture
async def shops(db: Database) -> World:
    """Stock in the store and a little in one warehouse."""
    return await new_world(db, stock={("FAO", "SKU-1"): 5, ("FAO", "SKU-2"): 2, ("LIS", "SKU-1"): 50})


def sale(world: World, external_id: str, *units: tuple[str, int], node: str = "FAO") -> OrderDraft:
    plain = world.draft(external_id, *units, handed_over=True, pickup=Pickup(node=node))
    return replace(plain, ship_to=None, method=FulfillmentMethod.PICKUP)


async def test_a_sale_over_the_counter_is_over_at_once(shops: World) -> None:
    order_id = await shops.place(sale(shops, "T1", ("SKU-1", 2), ("SKU-2", 1)))
    assert (await shops.order(order_id))["state"] == "DELIVERED"
    assert await shops.stock("FAO", "SKU-1") == (Decimal(3), Decimal(0))
    [line, _] = await shops.lines(order_id)
    assert {line[q] for q in ("reserved", "picked", "packed", "shipped", "delivered")} == {Decimal(2)}
    asked = [f for f in shops.facts if f.type == "order.handed_over"]
    assert [UUID(f.data["node_id"]) for f in asked] == [shops.nodes["FAO"]]
    assert await shops.owed("RequestPick") == []
    assert await broken(shops) == {}


async def test_the_till_is_right_when_the_count_was_not(shops: World) -> None:
    await shops.capture(sale(shops, "T1", ("SKU-2", 2)), sale(shops, "T2", ("SKU-2", 3), ("SKU-5", 1)))
    assert await shops.stock("FAO", "SKU-2") == (Decimal(0), Decimal(0))
    told = {f.data["sku"]: f.data["delta"] for f in shops.facts if f.type == "stock.adjusted"}
    assert {s: Decimal(n) for s, n in told.items()} == {"SKU-2": Decimal(3), "SKU-5": Decimal(1)}
    assert await broken(shops) == {}


async def test_a_sale_at_an_unknown_store_waits_for_a_person(shops: World) -> None:
    order_id = await shops.place(sale(shops, "T1", ("SKU-1", 1), node="NOWHERE"))
    assert await shops.holds(order_id) == ["MANUAL"]
    assert (await shops.order(order_id))["state"] == "DRAFT"


async def _pickup(world: World) -> tuple[UUID, UUID]:
    """An order that is packed for collection: (order, fulfillment)."""
    draft = world.draft("P1", ("SKU-1", 2), pickup=Pickup(node="FAO"), ship_to=None)
    order_id = await world.place(draft)
    assert "fulfillment.pick_notified" in [f.type for f in world.facts]
    [ful] = await world.fulfillments(order_id)
    assert (ful["method"], ful["node_id"]) == ("PICKUP", world.nodes["FAO"])
    await world.report(ful["fulfillment_id"], "PACKED")
    return order_id, ful["fulfillment_id"]


async def test_goods_are_given_to_who_brings_the_code(shops: World) -> None:
    order_id, here = await _pickup(shops)
    [ready] = [f for f in shops.facts if f.type == "fulfillment.ready_for_pickup"]
    [row] = await shops.fulfillments(order_id)
    assert len(row["pickup_code"]) == 6
    assert row["pickup_code"] not in str([f.data for f in shops.facts])
    assert "until" in ready.data
    wrong = "000000" if row["pickup_code"] != "000000" else "111111"
    for code, proof, error in ((wrong, ANA, WrongPickupCode), (row["pickup_code"], {"name": " "}, NoProof)):
        with pytest.raises(error):
            async with shops.unit() as tx:
                await hand_over(tx, here, code, proof, CAUSE)
    async with shops.unit() as tx:
        await hand_over(tx, here, f" {row['pickup_code']} ", ANA, CAUSE)
    assert (await shops.order(order_id))["state"] == "DELIVERED"
    assert await shops.stock("FAO", "SKU-1") == (Decimal(3), Decimal(0))
    assert await shops.rows("SELECT 1 FROM timers WHERE kind = 'pickup_expiry'") == []
    with pytest.raises(NotForPickup):
        async with shops.unit() as tx:
            await hand_over(tx, here, row["pickup_code"], ANA, CAUSE)
    assert await broken(shops) == {}


async def test_what_nobody_collects_goes_back(shops: World) -> None:
    order_id, _ = await _pickup(shops)
    await make_due(shops.db, timers.QUEUE)
    leased = await take(shops.db, timers.QUEUE)
    async with shops.unit("clock") as tx:
        await expire(tx, [timers.fired(r) for r in leased])
        await timers.complete(tx, leased)
    assert (await shops.order(order_id))["state"] == "CANCELLED"
    assert await shops.stock("FAO", "SKU-1") == (Decimal(5), Decimal(0))
    assert await broken(shops) == {}


async def test_a_store_refuses_and_another_node_ships(shops: World) -> None:
    await shops.adjust("LIS", "SKU-1", -50)
    near = replace(shops.address(), region="08", city="Faro")
    order_id = await shops.place(shops.draft("S1", ("SKU-1", 2), ship_to=near))
    [ful] = await shops.fulfillments(order_id)
    assert ful["method"] == "SHIP_FROM_STORE"
    await shops.adjust("OPO", "SKU-1", 10)
    async with shops.unit() as tx:
        row = await fulfillment.lock_one(tx, ful["fulfillment_id"])
        await refuse(tx, row, "nobody to pack it", CAUSE, shops.deps.incidents)
    first, second = await shops.fulfillments(order_id)
    assert (first["state"], second["node_id"]) == ("CANCELLED", shops.nodes["OPO"])
    assert await shops.incidents(order_id) == ["pick_refused"]
    async with shops.unit() as tx:
        row = await fulfillment.lock_one(tx, ful["fulfillment_id"])
        with pytest.raises(IllegalMove):
            await refuse(tx, row, "once more", CAUSE, shops.deps.incidents)
    assert await broken(shops) == {}
