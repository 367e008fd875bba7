"""Stock against the simulated shop: absolute, compared, idempotent."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from adapters.shopify.simulator import Simulator
from hub.canon.commands import SetStock
from hub.canon.ports import (
    Done,
    NeverTry,
    Rejected,
    Response,
    Retry,
)
from tests.adapters.shopify.desk import OUTBOUND, Desk
from tests.adapters.shopify.given import account, order, simulator


@pytest.fixture
def sim() -> Simulator:
    found = simulator()
    found.shop.place(order())
    return found


# ------------------------------------------------------------------ stock
STOCK = SetStock(levels=(("MUG", "CWB", Decimal("7.9"), Decimal(4)),))


async def test_stock_is_set_absolutely(sim: Simulator) -> None:
    item = sim.shop.stock("MUG", 4)
    desk = Desk(sim)
    assert isinstance(await desk.do(STOCK), Done)
    assert sim.shop.levels[item, sim.shop.location] == 7
    assert desk.sent == ["inventoryItems", "inventorySetQuantities"]


async def test_stale_stock_is_read_before_it_is_set(sim: Simulator) -> None:
    item, other = sim.shop.stock("MUG", 9), sim.shop.stock("BAG", 2)
    desk = Desk(sim)
    command = SetStock(levels=(*STOCK.levels, ("BAG", "CWB", Decimal(1), Decimal(0))))
    assert isinstance(await desk.do(command), Done)
    assert sim.shop.levels == {(item, sim.shop.location): 7, (other, sim.shop.location): 1}
    assert not desk.account.references["reread"]


async def test_retry_of_one_delivery_is_idempotent(sim: Simulator) -> None:
    item = sim.shop.stock("MUG", 4)
    desk = Desk(sim)
    await desk.one(STOCK, OUTBOUND.plan(STOCK, desk.account)[0])
    [call] = OUTBOUND.plan(STOCK, desk.account)
    sim.faults.lose_answers = 1
    assert isinstance(await desk.one(STOCK, call), Retry)
    assert isinstance(await desk.one(STOCK, call), Done)
    assert sim.shop.levels[item, sim.shop.location] == 7
    later = replace(desk.account, delivery="dlv_2")
    assert OUTBOUND.plan(STOCK, later)[0].body != call.body


async def test_unknown_sku_node_and_command_are_told(sim: Simulator) -> None:
    found = await Desk(sim).do(STOCK)
    assert isinstance(found, Rejected)
    assert found.code == "UNKNOWN_SKU"
    elsewhere = SetStock(levels=(("MUG", "XYZ", Decimal(1), None),))
    with pytest.raises(NeverTry, match="XYZ"):
        OUTBOUND.plan(elsewhere, account({"item:MUG": "gid://shopify/InventoryItem/1"}))


async def test_many_skus_are_known_after_one_round(sim: Simulator) -> None:
    names = [f"S{number}" for number in range(249)] + ["it's"]
    for name in names:
        sim.shop.stock(name, 1)
    desk = Desk(sim)
    command = SetStock(levels=tuple((name, "CWB", Decimal(2), Decimal(0)) for name in names))
    assert isinstance(await desk.do(command), Done)
    assert set(sim.shop.levels.values()) == {2}
    assert desk.sent == [
        *["inventoryItems"] * 3,
        "inventorySetQuantities",
        *["nodes"] * 3,
        "inventorySetQuantities",
    ]


async def test_a_sku_that_two_items_share_is_refused(sim: Simulator) -> None:
    desk = Desk(sim)
    [call] = OUTBOUND.plan(STOCK, desk.account)
    nodes = [
        {"id": "gid://shopify/InventoryItem/1", "sku": "MUG"},
        {"id": "gid://shopify/InventoryItem/2", "sku": "MUG"},
    ]
    answer = json.dumps({"data": {"inventoryItems": {"nodes": nodes}}}).encode()
    found = OUTBOUND.outcome(STOCK, call, Response(status=200, headers={}, body=answer), desk.account)
    assert isinstance(found, Rejected)
    assert found.code == "AMBIGUOUS_SKU"


def test_rows_are_split_at_the_vendors_limit() -> None:
    levels = tuple((f"S{n}", "CWB", Decimal(n), None) for n in range(501))
    known = account({f"item:S{n}": f"gid://shopify/InventoryItem/{n}" for n in range(501)})
    calls = OUTBOUND.plan(SetStock(levels=levels), known)
    assert [len(json.loads(call.body)["variables"]["input"]["quantities"]) for call in calls] == [250, 250, 1]
    assert len({json.loads(call.body)["variables"]["key"] for call in calls}) == 3
