"""What is begun outside is undone outside; what comes back of an ending order is not routed again."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub.canon.commands import CancelAsked, ReportedLine
from hub.canon.states import PaymentState
from hub.flows import capture
from hub.flows.cancel import PartAsked, cancel_part
from hub.kit.ids import new_id
from hub.ledger import Cause, append, fact
from hub.orders import AmendmentRefused
from tests.flows.test_random_life import broken
from tests.world import World


async def _placed(world: World, *, paid: bool) -> UUID:
    """An order that came through the shop's connection."""
    [shop] = await world.rows("SELECT connection_id FROM connections WHERE code = 'shop'")
    state = PaymentState.PAID if paid else PaymentState.PENDING
    draft = replace(world.draft("A1", ("SKU-1", 5)), payment_state=state)
    async with world.unit() as tx:
        incoming = replace(world.incoming(draft), connection_id=shop["connection_id"])
        [outcome] = await capture(tx, [incoming], world.deps)
    assert outcome.captured is not None
    return outcome.captured.order_id


@pytest.mark.parametrize("by_channel", [True, False])
async def test_the_channel_hears_of_what_it_did_not_ask(world: World, *, by_channel: bool) -> None:
    order_id = await _placed(world, paid=False)
    if by_channel:
        await world.tell(CancelAsked(external_id="A1", reason="no", revision="2"))
    else:
        async with world.unit() as tx:
            said = {"reason": "no stock in sight"}
            append(tx, [fact(tx, "order.cancel_asked", "order", order_id, said, Cause(new_id(), None))])
    assert (await world.order(order_id))["state"] == "CANCELLED"
    told = await world.owed("CancelOrder")
    assert [(c["order"], c["reason"]) for c in told] == ([] if by_channel else [("A1", "no stock in sight")])


async def _cut(world: World, order_id: UUID, line: str, units: int, origin: str = "HUB") -> None:
    async with world.unit() as tx:
        asked = PartAsked(
            order_id=order_id,
            lines=((line, Decimal(units)),),
            reason="none left",
            cause=Cause(new_id(), None),
            origin=origin,
        )
        [outcome] = await cancel_part(tx, [asked])
        assert not isinstance(outcome, AmendmentRefused)


def _left(command: Any) -> dict[str, Decimal]:
    return {line: Decimal(n) for line, n in command["left"]}


async def test_the_channel_hears_what_is_left_of_a_line(world: World) -> None:
    order_id = await _placed(world, paid=False)
    await _cut(world, order_id, "1", 2)
    await _cut(world, order_id, "1", 1)
    told = await world.owed("CancelLines")
    assert [(c["order"], _left(c), c["reason"]) for c in told] == [
        ("A1", {"1": Decimal(3)}, "none left"),
        ("A1", {"1": Decimal(2)}, "none left"),
    ]
    assert len({c["change"] for c in told}) == 2
    assert await world.owed("CancelOrder") == []


async def test_a_part_that_a_node_holds_is_told_when_the_node_has_let_go(world: World) -> None:
    order_id = await _placed(world, paid=True)
    await _cut(world, order_id, "1", 2)
    assert await world.owed("CancelLines") == []
    [ful] = await world.fulfillments(order_id)
    await world.report(ful["fulfillment_id"], "CANCELLED")
    assert [_left(c) for c in await world.owed("CancelLines")] == [{"1": Decimal(3)}]
    assert await broken(world) == {}


async def test_the_channel_is_not_told_what_it_asked_for(world: World) -> None:
    order_id = await _placed(world, paid=False)
    await _cut(world, order_id, "1", 2, origin="CHANNEL")
    assert await world.owed("CancelLines") == []


@pytest.mark.parametrize(("says", "stands"), [(5, 3), (3, 3), (2, 2), (6, 6)])
async def test_a_revision_that_still_counts_what_was_cut_brings_nothing_back(
    world: World, says: int, stands: int
) -> None:
    order_id = await _placed(world, paid=False)
    await _cut(world, order_id, "1", 2)
    [shop] = await world.rows("SELECT connection_id FROM connections WHERE code = 'shop'")
    draft = replace(world.draft("A1", ("SKU-1", says)), payment_state=PaymentState.PENDING, revision="9")
    async with world.unit() as tx:
        await capture(tx, [replace(world.incoming(draft), connection_id=shop["connection_id"])], world.deps)
    [line] = await world.lines(order_id)
    assert line["ordered"] - line["cancelled"] == stands
    assert len(await world.owed("CancelLines")) == 1


async def test_a_short_pick_of_an_ending_order_is_cancelled_not_routed(world: World) -> None:
    order_id = await _placed(world, paid=True)
    await world.tell(CancelAsked(external_id="A1", reason="no", revision="2"))
    [ful] = await world.fulfillments(order_id)
    short = ReportedLine(line="1", quantity=Decimal(3), short=Decimal(2))
    await world.report(ful["fulfillment_id"], "PICKED", lines=[short])
    assert len(await world.fulfillments(order_id)) == 1
    [line] = await world.lines(order_id)
    assert (line["reserved"], line["cancelled"]) == (Decimal(3), Decimal(2))
    await world.report(ful["fulfillment_id"], "CANCELLED")
    assert (await world.order(order_id))["state"] == "CANCELLED"
    assert await broken(world) == {}
