"""A kit is exploded when it is captured: its components are routed, reserved and owed to the warehouse; demand is summed by component."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub import catalog, fulfillment, inventory
from hub.flows.amend import Amended, amend
from hub.kit.db import Database
from hub.kit.ids import new_id
from hub.ledger import Cause
from hub.orders import Amendment, AmendmentRefused, NewLine
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


async def _changed(depot: Depot, order_id: UUID, **given: Any) -> Amended | AmendmentRefused:
    async with depot.unit() as tx:
        ask = Amendment(order_id=order_id, reason="called", cause=Cause(new_id(), None), **given)
        [outcome] = await amend(tx, [ask])
    return outcome


async def _lines(depot: Depot, order_id: UUID) -> dict[str, Any]:
    rows = await depot.rows("SELECT * FROM order_lines WHERE order_id = $1", order_id)
    return {r["sku"]: r for r in rows}


async def test_a_piece_of_a_kit_is_not_changed_alone(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 50, ("CAJ", "B"): 50})
    [order_id] = await depot.order(depot.draft("1", {"K": 2, "C": 1}))
    piece = (await _lines(depot, order_id))["A"]["line_id"]
    outcome = await _changed(depot, order_id, quantities={piece: Decimal(1)})
    assert isinstance(outcome, AmendmentRefused)
    assert [fault.code for _, fault in outcome.faults] == ["KIT_IS_WHOLE"]
    assert (await _lines(depot, order_id))["A"]["reserved"] == 4


@pytest.mark.parametrize("wanted", [5, 1])
async def test_the_pieces_follow_the_quantity_of_the_kit(depot: Depot, wanted: int) -> None:
    await depot.stock({("CAJ", "A"): 50, ("CAJ", "B"): 50})
    [order_id] = await depot.order(depot.draft("1", {"K": 2}))
    kit = (await _lines(depot, order_id))["K"]["line_id"]
    outcome = await _changed(depot, order_id, quantities={kit: Decimal(wanted)})
    assert isinstance(outcome, Amended)
    assert (int(outcome.total_before), int(outcome.total_after)) == (20, 10 * wanted)
    if outcome.waits_for:
        async with depot.unit() as tx:
            await fulfillment.cancelled(tx, dict.fromkeys(outcome.waits_for, Cause(new_id(), None)))
    lines = await _lines(depot, order_id)
    assert {s: (int(r["ordered"]), int(r["reserved"])) for s, r in lines.items()} == {
        "K": (wanted, 0),
        "A": (2 * wanted, 2 * wanted),
        "B": (wanted, wanted),
    }
    assert lines["A"]["total"] + lines["B"]["total"] == lines["K"]["total"] == 10 * wanted


async def test_a_kit_that_is_added_comes_with_its_pieces(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 50, ("CAJ", "B"): 50, ("CAJ", "C"): 5})
    [order_id] = await depot.order(depot.draft("1", {"C": 1}))
    add = NewLine(sku="K", quantity=Decimal(3), unit_price=Decimal("9.99"), discount=Decimal("0.50"))
    outcome = await _changed(depot, order_id, add=(add,))
    assert isinstance(outcome, Amended)
    assert outcome.total_after == Decimal("39.47")
    lines = await _lines(depot, order_id)
    assert [(s, lines[s]["kind"], lines[s]["reserved"]) for s in "KAB"] == [
        ("K", "KIT", 0),
        ("A", "GOODS", 6),
        ("B", "GOODS", 3),
    ]
    assert lines["A"]["kit_parent"] == lines["B"]["kit_parent"] == lines["K"]["line_id"]
    assert lines["A"]["total"] + lines["B"]["total"] == lines["K"]["total"] == Decimal("29.47")
    broken = await _changed(depot, order_id, add=(NewLine(sku="BROKEN", quantity=Decimal(1), unit_price=Decimal(1)),))
    assert isinstance(broken, AmendmentRefused)
    assert [fault.code for _, fault in broken.faults] == ["UNKNOWN_PRODUCT"]
