"""The story of an order reads from its first fact to its last delivery; searches that people keep."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.canon.commands import ReportedLine
from hub.flows import projection
from hub.flows.amend import amend
from hub.kit.ids import new_id
from hub.ledger import Cause
from hub.orders import Amendment, BadSearch, NewLine, SearchList, drop_searches, save_search, searches
from hub.story import SENTENCES
from tests.world import World


async def test_the_story_of_a_short_pick(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 5)))
    [ful] = await world.fulfillments(order_id)
    short = ReportedLine(line="1", quantity=Decimal(3), short=Decimal(2), reason="DAMAGED")
    await world.report(ful["fulfillment_id"], "PICKED", lines=[short])
    told = await world.rows("SELECT * FROM v_order_story WHERE order_id = $1 ORDER BY place", order_id)
    sentences = [e["sentence"] for e in told]
    assert sentences[:2] == ["Placed at shop as A1 for 55.00 EUR.", "Approved: nothing holds it."]
    assert "The pick order to wms waits to be sent." in sentences
    assert any(s.endswith("lacks 2 x SKU-1: DAMAGED.") for s in sentences)
    assert any(s.startswith("Incident short_pick: A node lacks") for s in sentences)
    assert [e["at"] for e in told] == sorted(e["at"] for e in told)
    assert {e["kind"] for e in told} == {"FACT", "DELIVERY"}


def test_every_fact_that_moves_an_order_has_its_sentence() -> None:
    silent = {t for t in projection.HANDLERS if t.startswith(("order.", "fulfillment."))} - SENTENCES.keys()
    assert silent == set()


async def test_searches_are_kept_by_name_and_shared(world: World) -> None:
    late = {"where": {"state": "APPROVED"}, "orderBy": "PROMISED_BY"}
    async with world.unit("maria") as tx:
        first = await save_search(tx, " late ", SearchList.ORDERS, late)
        again = await save_search(tx, "late", SearchList.ORDERS, {**late, "orderBy": "PLACED_AT"}, shared=True)
        assert await save_search(tx, "stuck", SearchList.INCIDENTS, {}) != first
    assert first == again
    async with world.unit("joao") as tx:
        assert [(r["name"], r["query"]["orderBy"]) for r in await searches(tx)] == [("late", "PLACED_AT")]
        assert await drop_searches(tx, [first]) == []
    async with world.unit("maria") as tx:
        assert len(await searches(tx)) == 2
        assert await drop_searches(tx, [first]) == [first]
        assert [r["name"] for r in await searches(tx, SearchList.ORDERS)] == []


@pytest.mark.parametrize(("name", "query"), [("", {}), ("x" * 121, {}), ("x", {"drop": "table"})])
async def test_a_search_that_means_nothing(world: World, name: str, query: dict[str, object]) -> None:
    with pytest.raises(BadSearch):
        async with world.unit() as tx:
            await save_search(tx, name, SearchList.ORDERS, query)
    assert await world.rows("SELECT 1 FROM saved_searches") == []


async def test_amendments_read_as_a_person_says_them(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 5), ("SKU-2", 2)))
    rows = {x["sku"]: x["line_id"] for x in await world.lines(order_id)}
    ask = Amendment(
        order_id=order_id,
        reason="the customer asked",
        cause=Cause(new_id(), None),
        add=(NewLine(sku="SKU-3", quantity=Decimal(1), unit_price=Decimal("9.90")),),
        quantities={rows["SKU-1"]: Decimal(3), rows["SKU-2"]: Decimal(0)},
    )
    async with world.unit() as tx:
        await amend(tx, [ask])
    for ful in await world.fulfillments(order_id):
        await world.report(ful["fulfillment_id"], "CANCELLED")
    told = await world.rows("SELECT sentence FROM v_order_story WHERE order_id = $1 ORDER BY place", order_id)
    sentences = [e["sentence"] for e in told]
    assert "An amendment waits for 1 fulfillment: the customer asked." in sentences
    assert (
        "Amended (the customer asked): 3 x SKU-1 instead of 5, 2 x SKU-2 removed, 1 x SKU-3 added; costs 44.90 now."
    ) in sentences
    assert any(s.startswith("The request to stop to wms ") for s in sentences)
