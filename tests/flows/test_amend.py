"""Amendments: previewed without a trace, applied at once or when the node has let go, refused with reasons, and never half."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub.canon.commands import CancelAsked, TrackingSeen
from hub.canon.states import FulfillmentMethod, PaymentState
from hub.flows.amend import Amended, amend, preview, substitution
from hub.kit.ids import new_id
from hub.ledger import Cause
from hub.orders import Amendment, AmendmentRefused, NewLine
from tests.flows.test_random_life import broken
from tests.world import START, World

D = Decimal


def asked(order_id: UUID, **given: Any) -> Amendment:
    return Amendment(order_id=order_id, reason="the customer called", cause=Cause(new_id(), None), **given)


async def change(world: World, ask: Amendment) -> Amended | AmendmentRefused:
    async with world.unit() as tx:
        [outcome] = await amend(tx, [ask])
    return outcome


async def line_ids(world: World, order_id: UUID) -> dict[str, UUID]:
    return {r["sku"]: r["line_id"] for r in await world.lines(order_id)}


async def wanted(world: World, order_id: UUID) -> Mapping[str, tuple[Decimal, Decimal]]:
    """SKU -> (units wanted, units reserved)"""
    return {r["sku"]: (r["ordered"] - r["cancelled"], r["reserved"]) for r in await world.lines(order_id)}


def codes(outcome: Amended | AmendmentRefused) -> list[tuple[str, str]]:
    assert isinstance(outcome, AmendmentRefused)
    return [(path[0], e.code) for path, e in outcome.faults]


async def test_more_units_are_applied_at_once_and_routed(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 2)))
    ids = await line_ids(world, order_id)
    add = NewLine(sku="SKU-2", quantity=D(1), unit_price=D(7))
    outcome = await change(world, asked(order_id, quantities={ids["SKU-1"]: D(3)}, add=(add,)))
    assert isinstance(outcome, Amended)
    assert (outcome.state, outcome.total_before, outcome.total_after) == ("APPLIED", D(25), D(42))
    assert await wanted(world, order_id) == {"SKU-1": (D(3), D(3)), "SKU-2": (D(1), D(1))}
    assert (await world.order(order_id))["total"] == 42
    assert await broken(world) == {}


async def test_an_amendment_that_makes_numbers_no_order_can_keep_is_refused_whole(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 2)))
    ids = await line_ids(world, order_id)
    much = D("99999999999999")
    large = NewLine(sku="SKU-2", quantity=D(1), unit_price=much)
    for given, place in (
        ({"quantities": {ids["SKU-1"]: much}}, "quantities"),
        ({"quantities": {ids["SKU-1"]: D("NaN")}}, "quantities"),
        ({"add": (replace(large, quantity=much),)}, "add"),
        ({"add": (replace(large, unit_price=D("0.00001")),)}, "add"),
        ({"add": (large,)}, "orderId"),
    ):
        assert codes(await change(world, asked(order_id, **given))) == [(place, "OUT_OF_BOUNDS")]
    assert (await world.order(order_id))["total"] == 25


async def test_fewer_units_wait_for_the_node(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 5), ("SKU-2", 1)))
    ids = await line_ids(world, order_id)
    outcome = await change(world, asked(order_id, quantities={ids["SKU-1"]: D(2), ids["SKU-2"]: D(0)}))
    assert isinstance(outcome, Amended)
    assert outcome.state == "WAITING"
    [ful] = await world.fulfillments(order_id)
    assert await wanted(world, order_id) == {"SKU-1": (D(5), D(5)), "SKU-2": (D(1), D(1))}
    assert len(await world.owed("CancelPick")) == 1
    assert codes(await change(world, asked(order_id, quantities={ids["SKU-1"]: D(1)}))) == [
        ("orderId", "AMENDMENT_WAITS")
    ]
    await world.report(ful["fulfillment_id"], "CANCELLED")
    assert await wanted(world, order_id) == {"SKU-1": (D(2), D(2)), "SKU-2": (D(0), D(0))}
    old, new = await world.fulfillments(order_id)
    assert (old["state"], new["state"]) == ("CANCELLED", "APPROVED")
    assert (await world.order(order_id))["total"] == 25
    assert [r["state"] for r in await world.rows("SELECT state FROM order_amendments")] == ["APPLIED"]
    assert await broken(world) == {}


async def test_a_node_that_goes_on_ends_the_amendment(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 5)))
    ids = await line_ids(world, order_id)
    await change(world, asked(order_id, quantities={ids["SKU-1"]: D(2)}))
    [ful] = await world.fulfillments(order_id)
    await world.report(ful["fulfillment_id"], "CANCEL_REFUSED", reason="on the truck")
    [kept] = await world.rows("SELECT state, note FROM order_amendments")
    assert (kept["state"], kept["note"]) == ("REFUSED", "the node goes on: on the truck")
    assert await wanted(world, order_id) == {"SKU-1": (D(5), D(5))}
    assert await broken(world) == {}


async def test_goods_that_leave_meanwhile_end_the_amendment(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 5)))
    ids = await line_ids(world, order_id)
    await change(world, asked(order_id, quantities={ids["SKU-1"]: D(2)}))
    [ful] = await world.fulfillments(order_id)
    await world.ship(ful["fulfillment_id"], "T1")
    [kept] = await world.rows("SELECT state, note FROM order_amendments")
    assert (kept["state"], kept["note"]) == ("REFUSED", "the goods have left")


async def test_a_cancellation_overtakes_an_amendment(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 5)))
    ids = await line_ids(world, order_id)
    await change(world, asked(order_id, quantities={ids["SKU-1"]: D(2)}))
    await world.tell(CancelAsked(external_id="A1", reason="no", revision="2"))
    [ful] = await world.fulfillments(order_id)
    await world.report(ful["fulfillment_id"], "CANCELLED")
    assert (await world.order(order_id))["state"] == "CANCELLED"
    assert [f["state"] for f in await world.fulfillments(order_id)] == ["CANCELLED"]
    assert await broken(world) == {}


async def test_what_is_being_picked_stays(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 5)))
    ids = await line_ids(world, order_id)
    [ful] = await world.fulfillments(order_id)
    await world.report(ful["fulfillment_id"], "PICKING")
    before = await world.order(order_id)
    outcome = await change(
        world, asked(order_id, quantities={ids["SKU-1"]: D(4)}, ship_to=replace(world.address(), street="Rua B"))
    )
    assert codes(outcome) == [("quantities", "PICKING_BEGUN"), ("shipTo", "PICKING_BEGUN")]
    assert dict(await world.order(order_id)) == dict(before)
    more = await change(world, asked(order_id, quantities={ids["SKU-1"]: D(6)}))
    assert isinstance(more, Amended)
    assert [f["state"] for f in await world.fulfillments(order_id)] == ["PICKING", "APPROVED"]
    assert (await world.order(order_id))["state"] == "APPROVED"
    assert await broken(world) == {}


async def test_every_reason_is_given(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 5)))
    ids = await line_ids(world, order_id)
    bad = (NewLine(sku="NOPE", quantity=D(0), unit_price=D(1)),)
    outcome = await change(world, asked(order_id, quantities={ids["SKU-1"]: D(-1), new_id(): D(1)}, add=bad))
    assert sorted(codes(outcome)) == [
        ("add", "BAD_AMOUNT"),
        ("add", "UNKNOWN_PRODUCT"),
        ("quantities", "BAD_AMOUNT"),
        ("quantities", "UNKNOWN_LINE"),
    ]
    assert world.facts == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "NOTHING_CHANGES"),
        ({"expected_version": 99, "promised_by": None}, "VERSION_CONFLICT"),
    ],
)
async def test_an_impossible_amendment(world: World, given: dict[str, Any], code: str) -> None:
    order_id = await world.place(world.draft("A1"))
    assert codes(await change(world, asked(order_id, **given))) == [("orderId", code)]


async def test_nothing_is_left_or_the_order_is_closed(world: World) -> None:
    order_id = await world.place(world.draft("A1"))
    ids = await line_ids(world, order_id)
    zero = asked(order_id, quantities={ids["SKU-1"]: D(0)})
    assert codes(await change(world, zero)) == [("quantities", "NOTHING_LEFT")]
    [ful] = await world.fulfillments(order_id)
    await world.ship(ful["fulfillment_id"], "T1")
    assert codes(await change(world, zero)) == [("orderId", "ORDER_CLOSED")]
    assert codes(await change(world, asked(new_id()))) == [("orderId", "NOT_FOUND")]


async def test_a_preview_writes_nothing_and_says_what_would_be(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 5)))
    ids = await line_ids(world, order_id)
    counts = "SELECT (SELECT count(*) FROM business_events) AS facts, (SELECT sum(reserved) FROM stock) AS reserved"
    before = await world.rows(counts)
    add = NewLine(sku="SKU-2", quantity=D(300), unit_price=D(1))
    async with world.unit() as tx:
        seen = await preview(tx, asked(order_id, quantities={ids["SKU-1"]: D(2)}, add=(add,)), world.reactor)
    assert (seen.amended.total_before, seen.amended.total_after) == (D(55), D(325))
    assert sorted(seen.stock.values()) == [D(-3), D(100), D(100)]
    assert seen.unplaced == {"SKU-2": D(100)}
    assert seen.holds == ("STOCK",)
    assert seen.ships_by_before is not None
    assert await world.rows(counts) == before
    assert world.facts == []
    [line] = await world.lines(order_id)
    assert line["ordered"] == 5


async def test_a_refused_preview_leaves_the_unit_usable(world: World) -> None:
    order_id = await world.place(world.draft("A1"))
    async with world.unit() as tx:
        with pytest.raises(AmendmentRefused):
            await preview(tx, asked(order_id), world.reactor)
        [outcome] = await amend(tx, [asked(order_id, promised_by=START)])
    assert isinstance(outcome, Amended)
    assert (await world.order(order_id))["promised_by"] == START


async def test_another_address_is_planned_anew(world: World) -> None:
    order_id = await world.place(world.draft("A1"))
    [ful] = await world.fulfillments(order_id)
    await change(world, asked(order_id, ship_to=replace(world.address(), street="Rua B 2", region="13", city="Porto")))
    await world.report(ful["fulfillment_id"], "CANCELLED")
    assert (await world.order(order_id))["ship_street"] == "Rua B 2"
    assert [p["ship_to"]["city"] for p in await world.owed("RequestPick")] == ["Lisboa", "Porto"]
    said = [f.data for f in world.facts if f.type == "order.amended"]
    assert "Rua B" not in str(said)


async def test_a_method_changes_to_pickup(world: World) -> None:
    order_id = await world.place(replace(world.draft("A1"), payment_state=PaymentState.PENDING))
    ask = asked(order_id, method=FulfillmentMethod.PICKUP, pickup_node_id=world.nodes["FAO"])
    outcome = await change(world, ask)
    assert isinstance(outcome, Amended)
    row = await world.order(order_id)
    assert (row["method"], row["pickup_node_id"]) == ("PICKUP", world.nodes["FAO"])


async def test_substitution_needs_the_customers_word(world: World) -> None:
    tagged = world.draft("A1", ("SKU-1", 2), tags=("substitution:allowed",))
    for draft, allowed in ((tagged, True), (world.draft("A2", ("SKU-1", 2)), False)):
        order_id = await world.place(replace(draft, payment_state=PaymentState.PENDING))
        ids = await line_ids(world, order_id)
        async with world.unit() as tx:
            ask = await substitution(tx, order_id, ids["SKU-1"], "SKU-3", "none left", Cause(new_id(), None))
            assert isinstance(ask, Amendment) is allowed
            if isinstance(ask, Amendment):
                [outcome] = await amend(tx, [ask])
                assert isinstance(outcome, Amended)
        units = await wanted(world, order_id)
        assert units.get("SKU-3", (D(0), D(0)))[0] == (2 if allowed else 0)
        assert units["SKU-1"][0] == (0 if allowed else 2)


async def test_a_channel_that_changes_lines_amends(world: World) -> None:
    draft = world.draft("A1", ("SKU-1", 2))
    order_id = await world.place(draft)
    more = world.draft("A1", ("SKU-1", 3), ("SKU-2", 1), revision="2")
    await world.capture(more)
    assert await wanted(world, order_id) == {"SKU-1": (D(3), D(3)), "SKU-2": (D(1), D(1))}
    assert (await world.order(order_id))["total"] == more.totals.total
    assert await world.incidents(order_id) == []
    await world.capture(replace(draft, revision="1"))
    assert (await world.order(order_id))["revision"] == "2"
    kept = await world.rows("SELECT revision, applied FROM order_revisions ORDER BY revision")
    assert [(r["revision"], r["applied"]) for r in kept] == [("1", True), ("2", True)]
    assert await broken(world) == {}


async def test_a_channel_that_changes_what_is_picked_opens_an_incident(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 2)))
    [ful] = await world.fulfillments(order_id)
    await world.report(ful["fulfillment_id"], "PACKED")
    await world.capture(world.draft("A1", ("SKU-1", 1), revision="2"))
    assert await world.incidents(order_id) == ["order_differs"]
    assert await wanted(world, order_id) == {"SKU-1": (D(2), D(2))}


async def test_a_part_is_cancelled_by_line(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 2), ("SKU-2", 3)))
    part = CancelAsked(external_id="A1", reason="less", revision="2", lines=(("2", D(1)),))
    assert await world.tell(part) == [None]
    [ful] = await world.fulfillments(order_id)
    await world.report(ful["fulfillment_id"], "CANCELLED")
    assert await wanted(world, order_id) == {"SKU-1": (D(2), D(2)), "SKU-2": (D(2), D(2))}
    [unknown] = await world.tell(replace(part, lines=(("9", D(1)),)))
    assert unknown is not None
    assert "has no line 9" in unknown.sentence()
    whole = replace(part, lines=(("1", D(9)), ("2", D(9))))
    assert await world.tell(whole) == [None]
    await world.report((await world.fulfillments(order_id, "APPROVED"))[0]["fulfillment_id"], "CANCELLED")
    assert (await world.order(order_id))["state"] == "CANCELLED"
    assert await broken(world) == {}


async def test_another_address_of_the_channel_amends_and_one_that_has_not_heard_of_ours_does_not(world: World) -> None:
    draft, porto = world.draft("A1"), replace(world.address(), street="Rua B 2", region="13", city="Porto")
    order_id = await world.place(draft)

    async def let_go() -> None:
        for ful in await world.fulfillments(order_id, "APPROVED"):
            await world.report(ful["fulfillment_id"], "CANCELLED")

    await world.capture(replace(draft, revision="2", ship_to=porto))
    await let_go()
    assert (await world.order(order_id))["ship_city"] == "Porto"
    faro = replace(porto, city="Faro", region="08")
    await change(world, asked(order_id, ship_to=faro))
    await let_go()
    await world.capture(replace(draft, revision="3", ship_to=porto))
    assert (await world.order(order_id))["ship_city"] == "Faro"
    assert await world.rows("SELECT 1 FROM order_amendments WHERE state = 'WAITING'") == []
    assert await world.incidents(order_id) == []
    await world.capture(replace(draft, revision="4", ship_to=replace(porto, street="")))
    assert await world.incidents(order_id) == ["order_differs"]
    assert (await world.order(order_id))["ship_city"] == "Faro"


async def test_a_shop_that_hides_the_address_of_goods_that_arrived_says_no_news(world: World) -> None:
    draft = world.draft("A1")
    order_id = await world.place(draft)
    for ful in await world.fulfillments(order_id):
        await world.ship(ful["fulfillment_id"], "T1")
    await world.tell(TrackingSeen(tracking="T1", status="DELIVERED", at=world.now, code="D"))
    assert (await world.order(order_id))["state"] == "DELIVERED"
    await world.capture(replace(draft, revision="2", ship_to=replace(world.address(), street="hidden")))
    assert await world.incidents(order_id) == []
