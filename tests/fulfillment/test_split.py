"""A split moves what is not picked, loses nothing, and the order is as far as its slower part."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from hub.canon.commands import ReportedLine
from hub.fulfillment import NotSplittable, split
from hub.kit.ids import new_id
from hub.ledger import Cause
from tests.flows.test_random_life import broken
from tests.world import World

CAUSE = Cause(new_id(), None)


async def _half_picked(world: World) -> tuple[UUID, UUID, dict[str, UUID]]:
    """(order, fulfillment, SKU -> line): 3 of 5 SKU-1 are picked, SKU-2 is not."""
    order_id = await world.place(world.draft("A1", ("SKU-1", 5), ("SKU-2", 1)))
    [ful] = await world.fulfillments(order_id)
    await world.report(ful["fulfillment_id"], "PICKED", lines=[ReportedLine(line="1", quantity=Decimal(3))])
    return order_id, ful["fulfillment_id"], {r["sku"]: r["line_id"] for r in await world.lines(order_id)}


async def test_what_is_ready_leaves_before_the_rest(world: World) -> None:
    order_id, here, ids = await _half_picked(world)
    async with world.unit() as tx:
        rest = await split(tx, here, {ids["SKU-1"]: Decimal(2), ids["SKU-2"]: Decimal(1)}, CAUSE)
    assert await broken(world) == {}
    await world.ship(here, "T1")
    assert [f["state"] for f in await world.fulfillments(order_id)] == ["DISPATCHED", "APPROVED"]
    assert (await world.order(order_id))["state"] == "APPROVED"
    await world.ship(rest, "T2")
    assert (await world.order(order_id))["state"] == "DISPATCHED"
    assert [x["shipped"] for x in await world.lines(order_id)] == [Decimal(5), Decimal(1)]
    assert await broken(world) == {}


async def test_what_cannot_be_parted(world: World) -> None:
    _, here, ids = await _half_picked(world)
    cases: list[tuple[dict[UUID, Decimal], str]] = [
        ({}, "has units"),
        ({ids["SKU-1"]: Decimal(0)}, "has units"),
        ({new_id(): Decimal(1)}, "has no line"),
        ({ids["SKU-1"]: Decimal(3)}, "are picked"),
    ]
    for part, why in cases:
        with pytest.raises(NotSplittable, match=why):
            async with world.unit() as tx:
                await split(tx, here, part, CAUSE)
    assert len(await world.rows("SELECT 1 FROM fulfillments")) == 1
