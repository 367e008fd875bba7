"""Holds: who, why, until when, what releases them; and releasing goes on exactly where it stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from hub import catalog, orders, timers
from hub.canon.states import HoldKind, PaymentState
from hub.flows import Reactor
from hub.flows.overdue import passed
from hub.kit.ids import new_id
from hub.ledger import Cause
from hub.orders import load_hold_rules, parse_hold_rules
from tests.queues import make_due, take
from tests.world import MAPPINGS, World

RULES = """holds: test
rules:
  - id: score
    kind: FRAUD
    when: {score_at_least: "75"}
    reason: score {score}
    released_by: a person
    deadline_hours: 1
    then: THEN
"""


def with_rules(world: World, then: str | None = None) -> World:
    rules = parse_hold_rules("x.yaml", RULES.replace("THEN", then)) if then else load_hold_rules(MAPPINGS / "holds")
    return replace(world, reactor=Reactor(world.db, replace(world.deps, hold_rules=rules), world.reactor.flows))


async def release(world: World, order_id: UUID, kind: HoldKind) -> None:
    async with world.unit("maria") as tx:
        freed = orders.HoldReleased(order_id=order_id, kind=kind, cause=Cause(new_id(), None))
        await orders.release(tx, [freed], note="looked at")


async def fire(world: World) -> Sequence[timers.Fired]:
    """Claim every timer that is due and give it to its answer."""
    await make_due(world.db, timers.QUEUE)
    leased = await take(world.db, timers.QUEUE)
    fired = [timers.fired(r) for r in leased]
    async with world.unit("clock") as tx:
        await passed(tx, [f for f in fired if f.kind == "hold_deadline"])
        await timers.complete(tx, leased)
    return fired


async def test_a_rule_holds_with_all_that_must_be_known(world: World) -> None:
    world = with_rules(world)
    order_id = await world.place(world.draft("A1", references=(("fraud_score", "90"),)))
    [hold] = await world.rows("SELECT * FROM order_holds")
    assert (hold["kind"], hold["reason"], hold["rule"]) == ("FRAUD", "the channel's risk score is 90", "risk_score")
    assert (hold["placed_by"], hold["releases"]) == ("test", "a person who has looked at the payment")
    assert hold["deadline"] == world.now + timedelta(hours=24)
    assert await world.incidents(order_id) == ["fraud_suspected"]
    assert await world.fulfillments(order_id) == []
    await release(world, order_id, HoldKind.FRAUD)
    assert len(await world.fulfillments(order_id, "APPROVED")) == 1
    assert await world.incidents(order_id) == []
    [hold] = await world.rows("SELECT released_by, note FROM order_holds")
    assert (hold["released_by"], hold["note"]) == ("maria", "looked at")


async def test_the_last_of_several_holds_frees(world: World) -> None:
    world = with_rules(world)
    draft = world.draft("A1", references=(("fraud_score", "90"),), payment_state=PaymentState.PENDING)
    order_id = await world.place(draft)
    await release(world, order_id, HoldKind.FRAUD)
    assert await world.fulfillments(order_id) == []
    await release(world, order_id, HoldKind.PAYMENT)
    assert len(await world.fulfillments(order_id)) == 1


@pytest.mark.parametrize(
    ("then", "state", "holds", "incidents"),
    [
        ("remind", "DRAFT", ["FRAUD"], ["fraud_suspected", "hold_overdue"]),
        ("release", "APPROVED", [], []),
        ("cancel", "CANCELLED", ["FRAUD"], ["fraud_suspected"]),
    ],
)
async def test_a_deadline_passes(world: World, then: str, state: str, holds: list[str], incidents: list[str]) -> None:
    world = with_rules(world, then)
    order_id = await world.place(world.draft("A1", references=(("fraud_score", "90"),)))
    assert [f.kind for f in await fire(world)] == ["hold_deadline"]
    assert (await world.order(order_id))["state"] == state
    assert (await world.holds(order_id), await world.incidents(order_id)) == (holds, incidents)
    await release(world, order_id, HoldKind.FRAUD)
    assert await world.incidents(order_id) == []


async def test_a_deadline_of_a_released_hold_does_nothing(world: World) -> None:
    world = with_rules(world, "cancel")
    order_id = await world.place(world.draft("A1", references=(("fraud_score", "90"),)))
    await release(world, order_id, HoldKind.FRAUD)
    await fire(world)
    assert (await world.order(order_id))["state"] == "APPROVED"


async def test_a_hold_that_nobody_dated_has_the_deadline_of_its_kind(world: World) -> None:
    world = with_rules(world)
    order_id = await world.place(world.draft("A1", ("SKU-1", 9999), payment_state=PaymentState.PENDING))
    sql = "SELECT kind, deadline, deadline = deadline_key AS same FROM order_holds ORDER BY placed_at"
    assert [tuple(h) for h in await world.rows(sql)] == [("PAYMENT", world.now + timedelta(hours=72), True)]
    await fire(world)
    assert "hold_overdue" in await world.incidents(order_id)
    await release(world, order_id, HoldKind.PAYMENT)
    [_, stock] = await world.rows(sql)
    assert (stock["kind"], stock["deadline"]) == ("STOCK", world.now + timedelta(hours=72))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("deadlines: {LOST: {hours: 1}}", "x.yaml:2: LOST is no kind of hold"),
        ("deadlines: {FRAUD: {hours: 0}}", "x.yaml:2: hours are above zero"),
        ("deadlines: {FRAUD: {days: 1}}", "x.yaml:2: a deadline has hours"),
        ("deadlines: [1]", "x.yaml:1: deadlines is a map"),
    ],
)
def test_deadlines_that_cannot_be_are_refused(text: str, said: str) -> None:
    with pytest.raises(orders.BadHoldRules, match=said):
        parse_hold_rules("x.yaml", f"holds: x\n{text}\n")


async def test_a_hold_stops_goods_at_the_door_until_it_is_released(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 2)))
    [ful] = await world.fulfillments(order_id)
    async with world.unit() as tx:
        hold = orders.HoldPlaced(
            order_id=order_id, kind=HoldKind.FRAUD, reason="late news", cause=Cause(new_id(), None)
        )
        await orders.place(tx, [hold])
    await world.ship(ful["fulfillment_id"], "T1")
    assert (await world.order(order_id))["state"] == "PACKED"
    await release(world, order_id, HoldKind.FRAUD)
    assert (await world.order(order_id))["state"] == "DISPATCHED"
    assert [s["tracking_number"] for s in await world.rows("SELECT tracking_number FROM shipments")] == ["T1"]


# ------------------------------------------------------------------ business customers
async def agree(world: World, limit: int, price_list: str | None = None) -> None:
    """Terms for the customer of the drafts at channel b2b."""
    [party] = await world.rows("SELECT party_id FROM parties")
    async with world.unit() as tx:
        if price_list:
            tiers = (("SKU-1", Decimal(1), Decimal(10)), ("SKU-1", Decimal(10), Decimal(8)))
            await catalog.put_price_list(tx, catalog.PriceList(name=price_list, currency="EUR", tiers=tiers))
        terms = catalog.Terms(
            party_id=party["party_id"], credit_limit=Decimal(limit), currency="EUR", days=28, price_list=price_list
        )
        await catalog.put_terms(tx, [terms])


async def test_terms_let_an_unpaid_order_through_up_to_the_limit(world: World) -> None:
    await world.place(world.draft("A0"), "b2b")
    await agree(world, 100)
    drafts = [world.draft(f"A{n}", ("SKU-2", 4), payment_state=PaymentState.PENDING) for n in (1, 2, 3)]
    outcomes = await world.capture(*drafts, channel="b2b")
    held = [await world.holds(o.captured.order_id) for o in outcomes if o.captured]
    assert held == [[], [], ["CREDIT"]]
    [hold] = await world.rows("SELECT reason FROM order_holds WHERE kind = 'CREDIT'")
    assert hold["reason"] == "owes 90 and orders 45 with a limit of 100 EUR"


async def test_prices_are_those_of_the_contract(world: World) -> None:
    await world.place(world.draft("A0"), "b2b")
    await agree(world, 10_000, "GOLD")
    right = await world.place(world.draft("A1", ("SKU-1", 9)), "b2b")
    wrong = await world.place(world.draft("A2", ("SKU-1", 10)), "b2b")
    assert (await world.holds(right), await world.holds(wrong)) == ([], ["MANUAL"])
    [hold] = await world.rows("SELECT reason FROM order_holds")
    assert hold["reason"] == "line 1 (SKU-1): price 10, agreed 8 (GOLD, 10 units)"


async def test_a_price_list_has_one_price_a_tier(world: World) -> None:
    twice = (("SKU-1", Decimal(1), Decimal(10)), ("SKU-1", Decimal(1), Decimal(9)))
    with pytest.raises(catalog.BadPrices):
        async with world.unit() as tx:
            await catalog.put_price_list(tx, catalog.PriceList(name="X", currency="EUR", tiers=twice))
    assert await world.rows("SELECT 1 FROM price_lists") == []


async def test_approvals_are_given_in_order_by_their_roles(world: World) -> None:
    world = with_rules(world)
    await world.place(world.draft("A0"), "b2b")
    await agree(world, 10_000_000)
    draft = world.draft("A1", ("SKU-1", 30_000))
    order_id = await world.place(draft, "b2b")
    assert await world.holds(order_id) == ["CREDIT"]
    cause = Cause(new_id(), None)
    with pytest.raises(orders.NotYourStep):
        async with world.unit() as tx:
            await orders.approve_step(tx, order_id, {"director"}, cause)
    for role, missing in (("sales_manager", 1), ("director", 0)):
        async with world.unit(role) as tx:
            assert await orders.approve_step(tx, order_id, {role}, cause) == missing
    assert await world.holds(order_id) == ["STOCK"]
    given = await world.rows("SELECT approved_by FROM order_approvals ORDER BY position")
    assert [r["approved_by"] for r in given] == ["sales_manager", "director"]
    with pytest.raises(orders.NothingToApprove):
        async with world.unit() as tx:
            await orders.approve_step(tx, order_id, {"director"}, cause)
