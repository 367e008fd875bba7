"""A channel hears of goods that were added to its order, knows them again as its own lines, and a person hears where it cannot."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub.canon.order import DraftLine
from hub.canon.states import PaymentState
from hub.flows import capture
from hub.flows.amend import amend
from hub.kit.ids import new_id
from hub.ledger import Cause
from hub.orders import Amendment, AmendmentRefused, NewLine
from tests.flows.test_random_life import broken
from tests.world import World

CHANGES = frozenset({"ConfirmShipment", "CancelOrder", "CancelLines", "ChangeLines"})


def _takes(world: World, kinds: frozenset[str]) -> None:
    world.reactor.deps = replace(world.deps, accepts={"fake": kinds})


async def _placed(world: World, revision: str = "1", units: int = 5, *more: DraftLine) -> UUID:
    [shop] = await world.rows("SELECT connection_id FROM connections WHERE code = 'shop'")
    draft = replace(world.draft("A1", ("SKU-1", units)), payment_state=PaymentState.PENDING, revision=revision)
    total = draft.totals.total + sum((x.quantity * x.unit_price for x in more), Decimal(0))
    goods = total - 5
    totals = replace(draft.totals, goods=goods, total=total)
    draft = replace(draft, lines=(*draft.lines, *more), totals=totals)
    async with world.unit() as tx:
        incoming = replace(world.incoming(draft), connection_id=shop["connection_id"])
        [outcome] = await capture(tx, [incoming], world.deps)
    assert outcome.captured is not None
    return outcome.captured.order_id


async def _amend(world: World, order_id: UUID, *add: tuple[str, int], origin: str = "HUB", **quantities: int) -> None:
    rows = {x["sku"].replace("-", "_"): x["line_id"] for x in await world.lines(order_id)}
    ask = Amendment(
        order_id=order_id,
        reason="other goods",
        cause=Cause(new_id(), None),
        add=tuple(NewLine(sku=sku, quantity=Decimal(n), unit_price=Decimal(10)) for sku, n in add),
        quantities={rows[k]: Decimal(n) for k, n in quantities.items()},
        origin=origin,
    )
    async with world.unit() as tx:
        [outcome] = await amend(tx, [ask])
        await world.reactor.react(tx)
    assert not isinstance(outcome, AmendmentRefused)


def _stands(command: Any) -> tuple[dict[str, Decimal], list[tuple[str, Decimal, Decimal]], list[str]]:
    lines = {line: Decimal(n) for line, n in command["lines"]}
    added = [(x["sku"], Decimal(x["units"]), Decimal(x["amount"])) for x in command["added"]]
    return lines, added, list(command["known"])


async def test_a_substitution_is_told_as_what_stands(world: World) -> None:
    _takes(world, CHANGES)
    order_id = await _placed(world)
    await _amend(world, order_id, ("SKU-2", 5), SKU_1=0)
    [told] = await world.owed("ChangeLines")
    assert _stands(told) == ({"1": Decimal(0)}, [("SKU-2", Decimal(5), Decimal(50))], ["1"])
    assert (told["order"], told["reason"], told["currency"]) == ("A1", "other goods", "EUR")
    assert await world.owed("CancelLines") == []
    assert await world.rows("SELECT kind FROM incidents WHERE kind = 'channel_not_told'") == []


async def test_more_units_of_a_line_are_told_and_so_is_what_is_cut_of_added_goods(world: World) -> None:
    _takes(world, CHANGES)
    order_id = await _placed(world)
    await _amend(world, order_id, SKU_1=7)
    await _amend(world, order_id, ("SKU-2", 2))
    await _amend(world, order_id, SKU_2=1)
    assert [_stands(c)[:2] for c in await world.owed("ChangeLines")] == [
        ({"1": Decimal(7)}, []),
        ({}, [("SKU-2", Decimal(2), Decimal(20))]),
        ({}, [("SKU-2", Decimal(1), Decimal(10))]),
    ]


async def test_who_takes_no_added_goods_is_changed_by_a_person(world: World) -> None:
    order_id = await _placed(world)
    await _amend(world, order_id, ("SKU-2", 5), SKU_1=2)
    [incident] = await world.rows("SELECT summary, order_id FROM incidents WHERE kind = 'channel_not_told'")
    assert incident["order_id"] == order_id
    assert incident["summary"] == (
        "shop takes no added goods: change order A1 there by hand, so that it has 2 of SKU-1, 5 of SKU-2"
    )
    assert await world.owed("CancelLines") == []


async def test_the_channel_is_not_told_what_it_added_itself(world: World) -> None:
    _takes(world, CHANGES)
    await _amend(world, await _placed(world), ("SKU-2", 5), origin="CHANNEL")
    assert await world.owed("ChangeLines") == []
    assert await world.rows("SELECT kind FROM incidents WHERE kind = 'channel_not_told'") == []


@pytest.mark.parametrize("again", [False, True])
async def test_the_channels_own_line_is_the_added_one(world: World, *, again: bool) -> None:
    _takes(world, CHANGES)
    order_id = await _placed(world)
    await _amend(world, order_id, ("SKU-2", 3))
    theirs = DraftLine(external_id="9001", sku="SKU-2", quantity=Decimal(3), unit_price=Decimal(10))
    await _placed(world, "2", 5, theirs)
    if again:
        await _placed(world, "3", 5, theirs)
    rows = await world.lines(order_id)
    assert {(x["external_id"], x["sku"], x["ordered"]) for x in rows} == {
        ("1", "SKU-1", Decimal(5)),
        ("9001", "SKU-2", Decimal(3)),
    }
    named = await world.rows("SELECT data FROM business_events WHERE type = 'order.lines_named'")
    assert [f["data"]["lines"][0][1] for f in named] == ["9001"]
    await _amend(world, order_id, SKU_2=1)
    [cut] = await world.owed("CancelLines")
    assert [(line, Decimal(n)) for line, n in cut["left"]] == [("9001", Decimal(1))]
    assert await broken(world) == {}


async def test_other_units_than_those_added_here_are_the_channels_own_wish(world: World) -> None:
    _takes(world, CHANGES)
    order_id = await _placed(world)
    await _amend(world, order_id, ("SKU-2", 3))
    theirs = DraftLine(external_id="9001", sku="SKU-2", quantity=Decimal(2), unit_price=Decimal(10))
    await _placed(world, "2", 5, theirs)
    assert sorted((x["external_id"], x["ordered"]) for x in await world.lines(order_id)) == [
        ("+2", Decimal(3)),
        ("1", Decimal(5)),
        ("9001", Decimal(2)),
    ]
