"""What is begun outside is undone outside; what comes back of an ending order is not routed again."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from hub.canon.commands import CancelAsked, ReportedLine
from hub.canon.states import PaymentState
from hub.flows import capture
from hub.kit.ids import new_id
from hub.ledger import Cause, append, fact
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
