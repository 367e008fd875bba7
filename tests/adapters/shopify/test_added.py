"""Goods that the hub added to an order are added to the shop's order, at the agreed price: once, whatever gets lost; else a person is told."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapters.shopify.simulator import Simulator
from hub.canon.commands import AddedLine, ChangeLines
from hub.canon.ports import Done, Rejected
from tests.adapters.shopify.desk import OUTBOUND, Desk
from tests.adapters.shopify.given import order, schema, simulator


def change(units: str = "2", amount: str = "20", sku: str = "TEA", lines: dict[str, str] | None = None) -> ChangeLines:
    stand = tuple((line, Decimal(n)) for line, n in (lines or {}).items())
    goods = (AddedLine(sku=sku, units=Decimal(units), amount=Decimal(amount)),)
    return ChangeLines(
        order="7001",
        change=f"evt_{units}",
        lines=stand,
        added=goods,
        known=("1", "2"),
        currency="BRL",
        reason="tea, not mugs",
    )


@pytest.fixture
def sim() -> Simulator:
    found = simulator(schema())
    found.shop.place(order())
    found.shop.sell("TEA", "10.00")
    found.shop.sell("COFFEE", "12.50")
    return found


def goods(sim: Simulator) -> list[tuple[str, int]]:
    """(SKU, units that stand) of what was added"""
    return [(x["sku"], x["current_quantity"]) for x in sim.shop.orders["7001"]["line_items"][2:]]


def count(sim: Simulator, name: str) -> int:
    return len([f for f, _ in sim.seen if f == name])


async def test_a_substitution_takes_and_adds_in_one_edit(sim: Simulator) -> None:
    assert isinstance(await Desk(sim).do(change(lines={"1": "0"})), Done)
    assert sim.shop.orders["7001"]["line_items"][0]["current_quantity"] == 0
    assert goods(sim) == [("TEA", 2)]
    assert count(sim, "orderEditCommit") == 1
    body = sim.shop.owed[-2].body["order_edit"]["line_items"]
    assert [x["delta"] for x in body["additions"]] == [2]
    assert [x["delta"] for x in body["removals"]] == [-4]
    assert sim.shop.orders["7001"]["total_price"] == "230.00"


async def test_more_units_of_a_line_that_was_bought(sim: Simulator) -> None:
    more = ChangeLines(
        order="7001",
        change="evt",
        lines=(("1", Decimal(6)),),
        added=(),
        known=("1", "2"),
        currency="BRL",
        reason="more",
    )
    assert isinstance(await Desk(sim).do(more), Done)
    shown = sim.edits.shown("7001")["lineItems"]["nodes"][0]
    assert (shown["currentQuantity"], shown["unfulfilledQuantity"]) == (6, 6)
    assert sim.shop.orders["7001"]["total_price"] == "290.00"


async def test_what_is_told_again_adds_nothing_again_and_fewer_are_taken_back(sim: Simulator) -> None:
    await Desk(sim).do(change())
    again = Desk(sim)
    assert isinstance(await again.do(change()), Done)
    assert again.sent == ["productVariants", "orderEditBegin"]
    await Desk(sim).do(change("3", "30"))
    assert goods(sim) == [("TEA", 2), ("TEA", 1)]
    await Desk(sim).do(change("1", "10"))
    assert goods(sim) == [("TEA", 1), ("TEA", 0)]


async def test_what_is_dearer_in_the_shop_gets_a_discount(sim: Simulator) -> None:
    assert isinstance(await Desk(sim).do(change(sku="COFFEE")), Done)
    line = sim.shop.orders["7001"]["line_items"][2]
    assert (line["price"], line["discount_allocations"]) == ("12.50", [{"amount": "5.00"}])
    assert sim.shop.orders["7001"]["total_price"] == "230.00"


@pytest.mark.parametrize("lost", ["orderEditAddVariant", "orderEditAddLineItemDiscount", "orderEditCommit"])
async def test_a_lost_answer_adds_nothing_twice(sim: Simulator, lost: str) -> None:
    desk, command = Desk(sim), change(sku="COFFEE")

    class Once(Desk):
        async def one(self, command: Any, call: Any) -> Any:
            if call.operation == lost and not count(sim, lost):
                sim.faults.lose_answers = 1
            found = await super().one(command, call)
            check = getattr(found, "check", None)
            return await super().one(command, check) if check is not None else found

    desk = Once(sim)
    assert isinstance(await desk.do(command), Done)
    assert goods(sim) == [("COFFEE", 2)]
    assert count(sim, lost) == (1 if lost == "orderEditCommit" else 2)


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (change(sku="MILK"), "UNKNOWN_SKU", "no variants with the SKU MILK: edit the order in Shopify by hand"),
        (change(amount="25"), "PRICE_DIFFERS", "sells TEA at 10.00 BRL, agreed are 12.50 BRL"),
        (change("1.5"), "NOT_WHOLE", "not 1.5 of TEA"),
        (change(lines={"9": "1"}), "NOT_FOUND", "no line 9"),
    ],
)
async def test_what_no_edit_can_say_says_what_a_person_must_do(
    sim: Simulator, command: ChangeLines, code: str, words: str
) -> None:
    found = await Desk(sim).do(command)
    assert isinstance(found, Rejected)
    assert found.code == code
    assert words in found.message
    assert goods(sim) == []
    assert count(sim, "orderEditCommit") == 0


async def test_a_sku_that_two_variants_bear_is_not_guessed(sim: Simulator) -> None:
    sim.shop.sell("TEA", "11.00")
    found = await Desk(sim).do(change())
    assert isinstance(found, Rejected)
    assert (found.code, "2 variants" in found.message) == ("AMBIGUOUS_SKU", True)


@pytest.mark.parametrize(
    ("given", "refused"),
    [({"quantity": 0}, True), ({"variantId": "gid://shopify/ProductVariant/1"}, True), ({}, False)],
)
def test_the_shop_refuses_what_it_would(sim: Simulator, given: dict[str, object], *, refused: bool) -> None:
    session = sim.edits.begin("gid://shopify/Order/7001")["calculatedOrder"]["id"]
    variant = next(iter(sim.shop.variants))
    query = """mutation Q($id: ID!, $variantId: ID!, $quantity: Int!) {
      orderEditAddVariant(id: $id, variantId: $variantId, quantity: $quantity) { userErrors { message } } }"""
    asked = {"id": session, "variantId": variant, "quantity": 1, **given}
    answer = sim.execute({"query": query, "variables": asked})
    assert bool(answer["data"]["orderEditAddVariant"]["userErrors"]) is refused
    twice = sim.execute({"query": query, "variables": asked})
    assert twice["data"]["orderEditAddVariant"]["userErrors"]


def test_a_document_that_the_vendor_does_not_publish_is_refused(sim: Simulator) -> None:
    wrong = 'mutation { orderEditAddVariant(id: "1", variant: "2", quantity: 1) { userErrors { message } } }'
    assert "variantId" in sim.execute({"query": wrong})["errors"][0]["message"]


def test_the_calls_are_the_same_for_the_same_command() -> None:
    desk = Desk(simulator())
    assert OUTBOUND.plan(change(), desk.account) == OUTBOUND.plan(change(), desk.account)
