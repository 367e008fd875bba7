"""The story of an order reads from its first fact to its last delivery."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.canon.commands import ReportedLine
from hub.flows import projection
from hub.flows.timeline import SENTENCES, timeline
from hub.kit.ids import new_id
from hub.orders import BadSearch, UnknownOrder, drop_searches, save_search, searches
from tests.world import World


async def test_the_story_of_a_short_pick(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 5)))
    [ful] = await world.fulfillments(order_id)
    short = ReportedLine(line="1", quantity=Decimal(3), short=Decimal(2), reason="DAMAGED")
    await world.report(ful["fulfillment_id"], "PICKED", lines=[short])
    async with world.unit() as tx:
        told = await timeline(tx, order_id)
    sentences = [e.sentence for e in told]
    assert sentences[:2] == ["Placed at shop as A1 for 55 EUR.", "Approved: nothing holds it."]
    assert "RequestPick to wms waits to be sent." in sentences
    assert any(s.endswith("lacks 2 x SKU-1: DAMAGED.") for s in sentences)
    assert any(s.startswith("Incident short_pick: A node lacks") for s in sentences)
    assert [e.at for e in told] == sorted(e.at for e in told)
    assert {e.kind for e in told} == {"FACT", "DELIVERY"}


async def test_there_is_no_story_of_nothing(world: World) -> None:
    with pytest.raises(UnknownOrder):
        async with world.unit() as tx:
            await timeline(tx, new_id())


def test_every_fact_that_moves_an_order_has_its_sentence() -> None:
    silent = {t for t in projection.HANDLERS if t.startswith(("order.", "fulfillment."))} - SENTENCES.keys()
    assert silent == set()


async def test_searches_are_kept_by_name_and_shared(world: World) -> None:
    late = {"where": {"state": "APPROVED"}, "orderBy": "PROMISED_BY"}
    async with world.unit("maria") as tx:
        first = await save_search(tx, " late ", "orders", late)
        again = await save_search(tx, "late", "orders", {**late, "orderBy": "PLACED_AT"}, shared=True)
        assert await save_search(tx, "stuck", "incidents", {}) != first
    assert first == again
    async with world.unit("joao") as tx:
        assert [(r["name"], r["query"]["orderBy"]) for r in await searches(tx)] == [("late", "PLACED_AT")]
        assert await drop_searches(tx, [first]) == []
    async with world.unit("maria") as tx:
        assert len(await searches(tx)) == 2
        assert await drop_searches(tx, [first]) == [first]
        assert [r["name"] for r in await searches(tx, "orders")] == []


@pytest.mark.parametrize(
    ("name", "about", "query"), [("", "orders", {}), ("x", "planets", {}), ("x", "orders", {"drop": "table"})]
)
async def test_a_search_that_means_nothing(world: World, name: str, about: str, query: dict[str, object]) -> None:
    with pytest.raises(BadSearch):
        async with world.unit() as tx:
            await save_search(tx, name, about, query)
    assert await world.rows("SELECT 1 FROM saved_searches") == []
