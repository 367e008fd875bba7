"""Journey: a line cancelled by the hub goes at the warehouse, then at the channel, whose own words about it change nothing again."""

from __future__ import annotations

from typing import Any

import pytest

from hub.cli.story.script import Story
from hub.cli.story.seed import PLENTY
from hub.cli.story.stage import Stage
from tests.journeys.test_journeys import placed
from tests.journeys.trace import trace

pytestmark = pytest.mark.slow
LINES = "query ($n: String!) { order(number: $n) { id version lines { id sku ordered cancelled } } }"
CANCEL = "mutation ($i: CancelOrderInput!) { cancelOrder(input: $i) { order { id } userErrors { code message } } }"


async def test_the_shop_is_told_which_units_do_not_come(stage: Stage, story: Story) -> None:
    number = await placed(story, 3011)
    shop, key = stage.shopify.shop, str(5_550_000 + 3011)
    before = (await story.ask(LINES, {"n": number}))["order"]
    gone = before["lines"][0]
    asked = {"i": {"orderId": before["id"], "lineIds": [gone["id"]], "reason": "none left"}}
    stage.shopify.faults.lose_answers = 1
    assert (await story.ask(CANCEL, asked))["cancelOrder"]["userErrors"] == []

    async def cut() -> bool:
        return [x.get("current_quantity") for x in shop.orders[key]["line_items"]] == [0, None]

    await story._wait("the shop has cut the line", cut)
    await story._webhooks()
    found = await trace(stage, number)
    [told] = found.owed("CancelLines")
    assert told["causation_id"] == found.one("order.amended")["event_id"]

    async def done() -> bool:
        return [o["outcome"] for o in (await trace(stage, number)).owed("CancelLines")] == ["DONE"]

    await story._wait("the delivery is settled", done)
    after: Any = (await story.ask(LINES, {"n": number}))["order"]
    assert [float(x["ordered"]) - float(x["cancelled"]) for x in after["lines"]] == [0, 1]
    assert len([s for s, _ in stage.shopify.seen if s == "orderEditCommit"]) == 1


AMEND = "mutation ($i: AmendOrderInput!) { amendOrder(input: $i) { amendment { id } userErrors { code message } } }"


async def test_the_shop_gets_the_goods_that_were_added_and_their_line_is_ours(stage: Stage, story: Story) -> None:
    number = await placed(story, 3012)
    shop, key = stage.shopify.shop, str(5_550_000 + 3012)
    before = (await story.ask(LINES, {"n": number}))["order"]
    gone = before["lines"][0]
    sku = PLENTY[7]
    shop.sell(sku, "60.00")
    change = {
        "addLines": [{"sku": sku, "quantity": "2", "unitPrice": "49.90"}],
        "setQuantities": [{"lineId": gone["id"], "quantity": "0"}],
    }
    asked = {
        "i": {
            "orderId": before["id"],
            "expectedVersion": before["version"],
            "reason": "other goods",
            "dryRun": False,
            **change,
        }
    }
    stage.shopify.faults.lose_answers = 1
    assert (await story.ask(AMEND, asked))["amendOrder"]["userErrors"] == []

    async def added() -> bool:
        return [(x["sku"], x["quantity"]) for x in shop.orders[key]["line_items"][2:]] == [(sku, 2)]

    await story._wait("the shop has the goods", added)
    line = shop.orders[key]["line_items"][2]
    assert line["discount_allocations"] == [{"amount": "20.20"}]
    assert shop.orders[key]["line_items"][0]["current_quantity"] == 0
    await story._webhooks()

    async def named() -> bool:
        return bool((await trace(stage, number)).of("order.lines_named"))

    await story._wait("our line bears the shop's id", named)
    after: Any = (await story.ask(LINES, {"n": number}))["order"]
    stands = {x["sku"]: float(x["ordered"]) - float(x["cancelled"]) for x in after["lines"]}
    assert (stands[sku], stands[gone["sku"]], len(after["lines"])) == (2, 0, 3)
    assert len([s for s, _ in stage.shopify.seen if s == "orderEditCommit"]) >= 1
