"""A kit is exploded when it is captured: its components are routed, reserved and owed to the warehouse; demand is summed by component."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from hub import catalog, inventory
from hub.flows.amend import amend
from hub.kit.db import Database
from hub.kit.ids import new_id
from hub.ledger import Cause
from hub.orders import Amendment, AmendmentRefused
from tests.depot import Depot, new_depot


@pytest.fixture
async def depot(db: Database) -> Depot:
    """K is a kit of two A and one B."""
    depot = await new_depot(db, skus=("A", "B", "C", "K", "BROKEN"))
    async with depot.unit() as tx:
        await catalog.put_kits(
            tx, {"K": {"A": Decimal(2), "B": Decimal(1)}, "BROKEN": {"A": Decimal(1), "GHOST": Decimal(1)}}
        )
    return depot


async def test_the_components_are_lines_with_the_kit_as_parent(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 10, ("CAJ", "B"): 10, ("CAJ", "C"): 1})
    draft = depot.draft("1", {"K": 3, "C": 1})
    draft = replace(draft, lines=(replace(draft.lines[0], unit_price=Decimal(10), discount=Decimal(0)), draft.lines[1]))
    [order_id] = await depot.order(draft)
    rows = await depot.rows("SELECT * FROM order_lines WHERE order_id = $1 ORDER BY line_no", order_id)
    kit, plain, a, b = rows
    assert [(r["sku"], r["kind"], r["ordered"], r["reserved"]) for r in rows] == [
        ("K", "KIT", 3, 0),
        ("C", "GOODS", 1, 1),
        ("A", "GOODS", 6, 6),
        ("B", "GOODS", 3, 3),
    ]
    assert (kit["kit_parent"], plain["kit_parent"]) == (None, None)
    assert a["kit_parent"] == b["kit_parent"] == kit["line_id"]
    assert a["total"] + b["total"] == kit["total"] == 30
    assert await depot.sent_from(order_id) == {"CAJ": {"A": 6, "B": 3, "C": 1}}
    [owed] = await depot.rows("SELECT payload FROM outbox WHERE kind = 'RequestPick'")
    assert sorted(x["sku"] for x in owed["payload"]["lines"]) == ["A", "B", "C"]


async def test_demand_is_summed_by_component_before_the_check(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 5, ("CAJ", "B"): 9})
    [order_id] = await depot.order(depot.draft("1", {"K": 2, "A": 2}))
    assert await depot.sent_from(order_id) == {"CAJ": {"A": 5, "B": 2}}
    assert await depot.level("CAJ", "A") == (5, 5)
    [hold] = await depot.rows("SELECT kind, reason FROM order_holds WHERE order_id = $1", order_id)
    assert (hold["kind"], hold["reason"]) == ("STOCK", "no node can ship A")
    async with depot.db.unit(tenant=1, actor="test") as tx:
        assert await inventory.faults(tx) == []


async def test_the_same_draft_again_is_the_same(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 50, ("CAJ", "B"): 50})
    draft = depot.draft("1", {"K": 2})
    await depot.order(draft)
    await depot.order(draft, replace(draft, revision="2"))
    assert await depot.rows("SELECT 1 FROM incidents WHERE kind = 'order_differs'") == []
    [[count]] = await depot.rows("SELECT count(*) FROM order_lines")
    assert count == 3


async def test_a_kit_with_an_unknown_component_waits_for_the_catalog(depot: Depot) -> None:
    [order_id] = await depot.order(depot.draft("1", {"BROKEN": 1}))
    [hold] = await depot.rows("SELECT kind, reason FROM order_holds WHERE order_id = $1", order_id)
    assert (hold["kind"], hold["reason"]) == ("CATALOG", "not in the catalog: BROKEN")


async def test_the_quantity_of_a_kit_stands(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 50, ("CAJ", "B"): 50})
    [order_id] = await depot.order(depot.draft("1", {"K": 2, "C": 1}))
    lines = await depot.rows("SELECT line_id FROM order_lines WHERE sku IN ('K', 'A') ORDER BY line_no")
    for line in lines:
        async with depot.unit() as tx:
            ask = Amendment(
                order_id=order_id,
                reason="fewer",
                cause=Cause(new_id(), None),
                quantities={line["line_id"]: Decimal(1)},
            )
            [outcome] = await amend(tx, [ask])
        assert isinstance(outcome, AmendmentRefused)
        assert [fault.code for _, fault in outcome.faults] == ["KIT_IS_WHOLE"]
    [row] = await depot.rows("SELECT sum(reserved) AS reserved FROM order_lines WHERE sku IN ('A', 'B')")
    assert row["reserved"] == 6
