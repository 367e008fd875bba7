"""Stock reaches the channel and rates come from the carrier over real sockets, through outbox and worker."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapters.rates.simulator import DEMO_SECRET, Behavior, RatesSimulator
from hub import connections, inventory, network
from hub.cli.story.script import Story
from hub.cli.story.seed import PLENTY
from hub.cli.story.stage import Stage
from hub.flows import live_rates
from hub.kit.ids import new_id
from hub.ledger import Cause

pytestmark = pytest.mark.slow
SKU = PLENTY[0]


def unit(stage: Stage) -> Any:
    return stage.hub.reactor.unit(tenant=stage.company.tenant, actor="test")


async def test_the_channel_is_told_the_newest_stock_less_its_buffer(stage: Stage, story: Story) -> None:
    item = stage.shopify.shop.stock(SKU, 0)
    async with unit(stage) as tx:
        [shop] = await connections.of_tenant(tx, adapter="shopify")
        node = min((await network.load(tx)).nodes.values(), key=lambda n: n.code)
        config = {
            **shop.config,
            "locations": {node.code: stage.shopify.shop.location},
            "stock": {"locations": {node.code: node.code}, "buffer": 2},
        }
        await connections.set_config(tx, shop.connection_id, config)
        tx.after_commit.append(stage.hub.directory.forget)
    before = await _free(stage, node.node_id)
    for delta in (40, -15, 5):
        async with unit(stage) as tx:
            change = inventory.Adjustment(node_id=node.node_id, sku=SKU, delta=Decimal(delta))
            await inventory.adjust(tx, [change], "test", Cause(new_id(), None))
    wanted = int(before + 30 - 2)

    async def told() -> bool:
        return bool(stage.shopify.shop.levels.get((item, stage.shopify.shop.location)) == wanted)

    await story._wait(f"{SKU} at {wanted} in the shop", told)
    asked = [args for name, args in stage.shopify.seen if name == "inventorySetQuantities"]
    assert asked
    assert all("changeFromQuantity" in q for args in asked for q in args["input"]["quantities"])


async def _free(stage: Stage, node_id: Any) -> Decimal:
    async with stage.hub.db.unit(tenant=stage.company.tenant, actor="test") as tx:
        return (await inventory.levels(tx, [SKU])).get((node_id, SKU), Decimal(0))


async def test_a_carrier_is_asked_and_its_quotes_are_lanes(stage: Stage, story: Story) -> None:
    sim = RatesSimulator(behavior=Behavior(later=2))
    stage.wms.app.mount("/rates", sim.app)  # the one further address that this hub may call
    hub = stage.hub
    async with unit(stage) as tx:
        [wms] = await connections.of_tenant(tx, adapter="wms")
        node = min((await network.load(tx)).nodes.values(), key=lambda n: n.code)
        config = {
            "base_url": f"{wms.config['base_url']}/rates",
            "rates": {"nodes": [node.code], "destinations": ["BR/SP", "BR/RJ"], "weight_g": 500},
        }
        made = await connections.create(tx, "rates", "rapida", "Rapida", config=config)
        await connections.add_secret(tx, hub.vault, made.connection_id, "signing_secret", DEMO_SECRET)
        await live_rates.begin(tx, made.connection_id)
        tx.after_commit.append(hub.directory.forget)

    async def lanes() -> list[Any]:
        async with hub.db.unit(tenant=stage.company.tenant, actor="test") as tx:
            sql = "SELECT region, service, cost, live FROM lanes WHERE carrier = 'Rapida' ORDER BY region, service"
            return list(await tx.conn.fetch(sql))

    async def quoted() -> bool:
        return len(await lanes()) == 4

    await story._wait("live rates", quoted)
    found = await lanes()
    assert {(r["region"], r["service"]) for r in found} == {
        (region, service) for region in ("SP", "RJ") for service in ("ECONOMY", "EXPRESS")
    }
    assert all(r["live"] and r["cost"] > 0 for r in found)
    [question] = sim.questions
    assert (question["node"], question["weight_g"]) == (node.code, 500)
    assert "tax_id" not in question["origin"]
