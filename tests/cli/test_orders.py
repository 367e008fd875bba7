"""`hub orders` and `hub searches` say and do what the API does, in the database that runs."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.canon.order import Pickup
from hub.cli import orders, searches
from hub.kit.db import Database
from hub.kit.ids import public_id
from tests.world import World, new_world

WHOSE = ("--tenant", "demo")


@pytest.fixture
async def world(dsn: str, db: Database, monkeypatch: pytest.MonkeyPatch) -> World:
    """The database is named by HUB_DATABASE_URL."""
    monkeypatch.setenv("HUB_DATABASE_URL", dsn)
    return await new_world(db, stock={("LIS", "SKU-1"): 50, ("FAO", "SKU-1"): 5})


async def hub(app: Any, *words: str) -> tuple[int, str]:
    """(exit status, what was printed)"""
    result = await asyncio.to_thread(CliRunner().invoke, app, [*words, *WHOSE])
    return result.exit_code, result.output


async def said(app: Any, *words: str) -> Any:
    status, text = await hub(app, *words)
    assert status == 0, text
    return json.loads(text)


async def test_an_order_is_previewed_changed_held_and_cancelled(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 2)))
    words = ("amend", "A1", "--set", "SKU-1=3", "--reason", "called")
    seen = await said(orders.app, *words)
    assert seen["effect"]["stock"] == [{"location": "LIS", "sku": "SKU-1", "reservedDelta": "1"}]
    assert (await world.lines(order_id))[0]["ordered"] == 2
    done = await said(orders.app, *words, "--confirm")
    assert (done["amendment"]["state"], done["order"]["total"]["amount"]) == ("APPLIED", "35.00")
    status, text = await hub(orders.app, "amend", "A1", "--set", "SKU-1=-3", "--reason", "called", "--confirm")
    assert (status, text.strip()) == (
        1,
        "input.setQuantities.0: SKU-1 must not be negative, and new lines ask for more than nothing.",
    )
    status, text = await hub(orders.app, "amend", "A1", "--set", "NOPE=1", "--reason", "called")
    assert (status, text.strip()) == (1, "There is no line with the SKU NOPE; there are: SKU-1")
    held = await said(orders.app, "hold", "A1", "MANUAL", "--reason", "wait")
    assert held["order"]["onHold"] is True
    assert [o["number"] for o in (await said(orders.app, "list", "--held", "MANUAL"))["nodes"]] == ["A1"]
    await said(orders.app, "release", "A1", "MANUAL")
    assert (await said(orders.app, "list", "--held", "MANUAL"))["totalCount"] == {"value": 0, "exact": True}
    await said(orders.app, "cancel", public_id("ord", order_id), "--reason", "no")
    status, text = await hub(orders.app, "timeline", "A1")
    assert "Cancellation asked: no." in text
    assert await hub(orders.app, "show", "A9") == (1, "There is no order A9, or more than one.\n")


async def test_a_store_hands_over_and_a_search_is_kept(world: World) -> None:
    order_id = await world.place(world.draft("P1", ("SKU-1", 1), pickup=Pickup(node="FAO"), ship_to=None))
    [ful] = await world.fulfillments(order_id)
    await world.report(ful["fulfillment_id"], "PACKED")
    [ful] = await world.fulfillments(order_id)
    here = public_id("ful", ful["fulfillment_id"])
    status, text = await hub(orders.app, "hand-over", here, "--code", "x", "--name", "Ana")
    assert (status, text.strip()) == (1, "input.code: That is not the pickup code of this order.")
    done = await said(orders.app, "hand-over", here, "--code", ful["pickup_code"], "--name", "Ana")
    assert done["order"]["state"] == "DELIVERED"
    where = json.dumps({"method": "PICKUP"})
    await said(searches.app, "save", "collected", "ORDERS", "--where", where)
    assert [o["number"] for o in (await said(orders.app, "list", "--search", "collected"))["nodes"]] == ["P1"]
    status, text = await hub(searches.app, "save", "x", "ORDERS", "--where", '{"colour": "red"}')
    assert (status, text.startswith("input.where")) == (1, True)
