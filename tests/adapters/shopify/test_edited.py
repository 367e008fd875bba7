"""Units that the hub cancelled are taken out of the shop's order: once, whatever gets lost, and never of what has left."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.shopify.simulator import Simulator
from hub.canon.commands import CancelLines
from hub.canon.ports import Done, Rejected, Unknown
from tests.adapters.shopify.desk import OUTBOUND, Desk
from tests.adapters.shopify.given import order, schema, simulator
from tests.adapters.shopify.test_outward import shipment


def cut(*left: tuple[str, str], change: str = "evt_1") -> CancelLines:
    lines = tuple((line, Decimal(n)) for line, n in left)
    return CancelLines(order="7001", change=change, left=lines, reason="none left")


@pytest.fixture
def sim() -> Simulator:
    found = simulator(schema())
    found.shop.place(order())
    return found


def standing(sim: Simulator) -> dict[str, tuple[int, int]]:
    """Line -> (units that stand, not shipped)"""
    nodes = sim.edits.shown("7001")["lineItems"]["nodes"]
    return {n["id"].rpartition("/")[2]: (n["currentQuantity"], n["unfulfilledQuantity"]) for n in nodes}


async def test_units_and_lines_go_and_the_shop_tells_of_it(sim: Simulator) -> None:
    desk = Desk(sim)
    assert isinstance(await desk.do(cut(("1", "1"), ("2", "0"))), Done)
    edit = ["orderEditBegin", "orderEditSetQuantity", "orderEditSetQuantity", "orderEditCommit"]
    assert desk.sent == ["orderEditBegin", *edit[1:]]
    assert standing(sim) == {"1": (1, 1), "2": (0, 0)}
    assert [w.topic for w in sim.shop.owed] == ["orders/create", "orders/edited", "orders/updated"]
    assert [x["quantity"] for x in sim.shop.owed[-1].body["line_items"]] == [4, 1]


async def test_what_is_told_again_takes_nothing_again(sim: Simulator) -> None:
    desk = Desk(sim)
    await desk.do(cut(("1", "3")))
    desk.sent.clear()
    assert await desk.do(cut(("1", "3"))) == Done()
    assert desk.sent == ["orderEditBegin"]
    await desk.do(cut(("1", "2"), change="evt_2"))
    assert standing(sim)["1"] == (2, 2)


async def test_a_lost_commit_is_read_before_it_is_repeated(sim: Simulator) -> None:
    desk, command = Desk(sim), cut(("1", "3"))
    await desk.one(command, OUTBOUND.plan(command, desk.account)[0])
    stage, commit = OUTBOUND.plan(command, desk.account)
    await desk.one(command, stage)
    never = OUTBOUND.outcome(command, commit, None, desk.account)
    assert isinstance(never, Unknown)
    assert never.check is not None
    unsent = await desk.one(command, never.check)
    assert isinstance(unsent, Done)
    assert unsent.again
    await desk.one(command, OUTBOUND.plan(command, desk.account)[0])
    stage, commit = OUTBOUND.plan(command, desk.account)
    await desk.one(command, stage)
    sim.faults.lose_answers = 1
    lost = await desk.one(command, commit)
    assert isinstance(lost, Unknown)
    assert lost.check is not None
    settled = await desk.one(command, lost.check)
    assert isinstance(settled, Done)
    assert not settled.again
    assert standing(sim)["1"] == (3, 3)


async def test_an_edit_that_was_committed_before_a_crash_is_found_done(sim: Simulator) -> None:
    desk, command = Desk(sim), cut(("1", "3"))
    await desk.one(command, OUTBOUND.plan(command, desk.account)[0])
    for call in OUTBOUND.plan(command, desk.account):
        await desk.http.send(call)
    found = await desk.do(command)
    assert isinstance(found, Done)
    assert desk.sent == ["orderEditBegin", "orderEditSetQuantity", "orderEditBegin"]
    assert standing(sim)["1"] == (3, 3)


async def test_what_has_left_is_not_taken(sim: Simulator) -> None:
    desk = Desk(sim)
    await desk.do(shipment(("1", 3)))
    refused = await desk.do(cut(("1", "2")))
    assert isinstance(refused, Rejected)
    assert [(f.at, f.code) for f in refused.fields] == [("1", "NOT_EDITABLE")]
    assert isinstance(await desk.do(cut(("1", "3"), change="evt_2")), Done)
    assert standing(sim)["1"] == (3, 0)


@pytest.mark.parametrize(
    ("left", "code"), [((("9", "0"),), "NOT_FOUND"), ((("1", "0.5"),), "NOT_WHOLE"), ((("2", "0"),), "INVALID")]
)
async def test_what_cannot_be_is_refused_and_nothing_changes(
    sim: Simulator, left: tuple[tuple[str, str], ...], code: str
) -> None:
    if code == "INVALID":
        sim.shop.cancel("7001", "other")
    refused = await Desk(sim).do(cut(*left))
    assert isinstance(refused, Rejected)
    assert refused.code == code
    assert standing(sim)["1"][0] == 4


@pytest.mark.parametrize(
    "given", [{"quantity": -1}, {"id": "gid://shopify/CalculatedOrder/1"}, {"restock": True}, {"lineItemId": "x/9"}]
)
def test_the_shop_refuses_what_it_would(sim: Simulator, given: dict[str, object]) -> None:
    session = sim.edits.begin("gid://shopify/Order/7001")["calculatedOrder"]["id"]
    asked = {
        "id": session,
        "lineItemId": "gid://shopify/CalculatedLineItem/1",
        "quantity": 1,
        "restock": False,
        **given,
    }
    query = """mutation Q($id: ID!, $lineItemId: ID!, $quantity: Int!, $restock: Boolean) {
      orderEditSetQuantity(id: $id, lineItemId: $lineItemId, quantity: $quantity, restock: $restock) { userErrors { message } } }"""
    answer = sim.execute({"query": query, "variables": asked})
    assert answer["data"]["orderEditSetQuantity"]["userErrors"]
