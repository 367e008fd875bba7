"""Many fulfillments at once; what does not fit is refused and leaves its neighbours alone; illegal moves are impossible in the database."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import asyncpg
import pytest

from hub import fulfillment
from hub.canon.commands import ReportedLine
from hub.canon.states import OrderState
from hub.kit.ids import new_id
from hub.ledger import Cause
from tests.world import World

CAUSE = Cause(new_id(), None)


async def _two(world: World) -> list[UUID]:
    await world.capture(world.draft("A1", ("SKU-1", 2)), world.draft("A2", ("SKU-1", 3)))
    return [r["fulfillment_id"] for r in await world.rows("SELECT fulfillment_id FROM fulfillments ORDER BY 1")]


async def test_what_does_not_fit_leaves_its_neighbour_alone(world: World) -> None:
    one, two = await _two(world)
    lines = await world.rows("SELECT fulfillment_id, line_id FROM fulfillment_lines")
    line = {r["fulfillment_id"]: r["line_id"] for r in lines}
    async with world.unit() as tx:
        refused = await fulfillment.progress(
            tx,
            [
                fulfillment.Progress(
                    fulfillment_id=one,
                    to=OrderState.PICKING,
                    cause=CAUSE,
                    picked={line[one]: Decimal(9)},
                ),
                fulfillment.Progress(fulfillment_id=two, to=OrderState.PACKED, cause=CAUSE),
                fulfillment.Progress(fulfillment_id=new_id(), to=OrderState.PACKED, cause=CAUSE),
            ],
        )
    assert [e.code for _, e in refused] == ["SHORT_PICK", "NOT_FOUND"]
    states = {r["fulfillment_id"]: r["state"] for r in await world.rows("SELECT * FROM fulfillments")}
    assert states == {one: "APPROVED", two: "PACKED"}


async def test_the_database_refuses_an_illegal_move(world: World) -> None:
    one, _ = await _two(world)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with world.unit() as tx:
            await fulfillment.move(tx, [(one, OrderState.APPROVED, OrderState.DELIVERED)])
    assert len(await world.rows("SELECT 1 FROM fulfillments WHERE state = 'APPROVED'")) == 2


async def test_dispatch_is_asked_once(world: World) -> None:
    one, _ = await _two(world)
    asked = fulfillment.DispatchAsked(fulfillment_id=one, carrier="CTT", cause=CAUSE)
    await world.report(one, "PACKED")
    async with world.unit() as tx:
        await fulfillment.ask_dispatch(tx, asked)
    with pytest.raises(fulfillment.DispatchAlreadyAsked):
        async with world.unit() as tx:
            await fulfillment.ask_dispatch(tx, asked)
    assert len(await world.rows("SELECT 1 FROM shipments")) == 1


async def test_reports_out_of_turn(world: World) -> None:
    one, _ = await _two(world)
    here = one
    assert await world.report(here, "PICKING", sequence=1) is None
    gap = await world.report(here, "PACKED", sequence=3)
    assert gap is not None
    assert gap.code == "NOT_YET"
    assert await world.report(here, "ACKNOWLEDGED", sequence=1) is None
    assert [f.type for f in world.facts] == ["fulfillment.report_ignored"]
    state = await world.rows("SELECT state FROM fulfillments WHERE fulfillment_id = $1", here)
    assert state[0]["state"] == "PICKING"


async def test_a_line_that_the_pick_order_has_not_is_refused(world: World) -> None:
    one, _ = await _two(world)
    said = await world.report(one, "PICKED", lines=[ReportedLine(line="7", quantity=Decimal(1))])
    assert said is not None
    assert said.code == "INAPPLICABLE"
