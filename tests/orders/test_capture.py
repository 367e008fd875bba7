"""An order is captured once, whatever the channel repeats, in whatever order and from however many processes."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from decimal import Decimal

import pytest

from hub.canon.order import OrderDraft
from hub.canon.states import OrderState, PaymentState
from hub.flows import capture
from tests.world import World

REVISIONS = ("1", "2", "3")


async def test_the_same_draft_again_changes_nothing(world: World) -> None:
    draft = world.draft("A1", ("SKU-1", 2))
    first = await world.place(draft)
    before = await world.order(first)
    [again] = await world.capture(draft)
    assert again.captured is not None
    assert (again.captured.order_id, again.captured.outcome) == (first, "REPEATED")
    assert dict(await world.order(first)) == dict(before)
    assert world.facts == []


async def test_repetitions_in_one_batch_make_one_order(world: World) -> None:
    draft = world.draft("A1")
    outcomes = [o.captured for o in await world.capture(draft, draft, world.draft("A2"), draft)]
    assert [o.outcome for o in outcomes if o] == ["NEW", "REPEATED", "NEW", "REPEATED"]
    assert len({o.order_id for o in outcomes if o}) == 2


async def test_the_same_number_at_two_channels_is_two_orders(world: World) -> None:
    draft = world.draft("A1")
    assert await world.place(draft, "shop") != await world.place(draft, "till")


def _revisions(world: World) -> dict[str, OrderDraft]:
    states = (PaymentState.PENDING, PaymentState.AUTHORIZED, PaymentState.PAID)
    return {
        r: replace(world.draft("A1", ("SKU-1", 1), revision=r), payment_state=s)
        for r, s in zip(REVISIONS, states, strict=True)
    }


@pytest.mark.parametrize("together", [True, False], ids=["one_batch", "one_by_one"])
async def test_revisions_in_any_order_end_alike(world: World, *, together: bool) -> None:
    ends = set()
    for n, order in enumerate(itertools.permutations(REVISIONS)):
        drafts = [replace(_revisions(world)[r], external_id=f"A{n}") for r in order]
        for batch in [drafts] if together else [[d] for d in drafts]:
            outcomes = await world.capture(*batch)
        assert outcomes[0].captured is not None
        row = await world.order(outcomes[0].captured.order_id)
        ends.add((row["revision"], row["payment_state"], row["state"], row["open_holds"]))
    assert ends == {("3", "PAID", "APPROVED", 0)}


async def test_an_older_revision_is_a_fact_and_overwrites_nothing(world: World) -> None:
    new = replace(world.draft("A1", revision="5"), payment_state=PaymentState.PAID)
    order_id = await world.place(new)
    old = replace(new, revision="4", payment_state=PaymentState.PENDING)
    for _ in range(2):
        [outcome] = await world.capture(old)
        assert outcome.captured is not None
        assert outcome.captured.outcome == "OLD_REVISION"
    row = await world.order(order_id)
    assert (row["revision"], row["payment_state"], row["open_holds"]) == ("5", "PAID", 0)
    seen = await world.rows("SELECT 1 FROM business_events WHERE type = 'order.old_revision_seen'")
    assert len(seen) == 1


async def test_two_units_that_capture_the_same_order_make_one(world: World) -> None:
    draft = world.draft("A1", ("SKU-1", 3))

    async def one(actor: str) -> str:
        async with world.reactor.unit(tenant=1, actor=actor, now=world.now) as tx:
            [outcome] = await capture(tx, [world.incoming(draft)], world.deps)
        assert outcome.captured is not None
        return outcome.captured.outcome

    outcomes = await asyncio.gather(*(one(f"racer {n}") for n in range(6)))
    assert sorted(outcomes) == ["NEW", *["REPEATED"] * 5]
    assert [r["reserved"] for r in await world.rows("SELECT sum(reserved) AS reserved FROM stock")] == [Decimal(3)]


async def test_a_faulty_draft_does_not_disturb_its_neighbours(world: World) -> None:
    bad = replace(world.draft("BAD"), lines=())
    first, middle, last = await world.capture(world.draft("A1"), bad, world.draft("A2"))
    assert first.captured is not None
    assert last.captured is not None
    assert [e.code for _, e in middle.faults or []] == ["NO_LINES"]
    assert len(await world.rows("SELECT 1 FROM orders")) == 2


async def test_a_test_order_reaches_no_warehouse(world: World) -> None:
    order_id = await world.place(world.draft("A1", test=True))
    assert await world.holds(order_id) == ["MANUAL"]
    assert await world.fulfillments(order_id) == []
    assert (await world.order(order_id))["state"] == OrderState.DRAFT
