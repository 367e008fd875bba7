"""Channels that take stock levels are told what can be sold, the newest value only, in their words and less their buffers."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from hub import inventory
from hub.flows import Reactor
from hub.kit.db import Database
from hub.ledger import Cause
from tests.depot import Depot, new_depot

CONFIG = {"locations": {"CAJ": "loc-1", "RIO": "loc-2"}, "skus": {"A": "THEIR-A"}, "buffer": 1}


@pytest.fixture
async def depot(db: Database) -> Depot:
    depot = await new_depot(db, accepts={"fake": frozenset({"SetStock"})})
    await configure(depot, CONFIG)
    return depot


async def configure(depot: Depot, stock: dict[str, Any]) -> None:
    await depot.rows("UPDATE connections SET config = $1 WHERE code = 'shop'", {"stock": stock})


async def told(depot: Depot) -> dict[str, dict[str, Decimal]]:
    """Their SKU -> their location -> the level that is owed."""
    found: dict[str, dict[str, Decimal]] = {}
    for r in await depot.rows("SELECT payload FROM outbox WHERE kind = 'SetStock'"):
        for sku, location, level, seen in r["payload"]["levels"]:
            assert seen is None
            assert location not in found.setdefault(sku, {})
            found[sku][location] = Decimal(level)
    return found


async def test_only_the_newest_level_is_owed(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 10, ("RIO", "A"): 5, ("EXT", "A"): 90, ("CAJ", "B"): 3})
    assert await told(depot) == {"THEIR-A": {"loc-1": 9, "loc-2": 4}, "B": {"loc-1": 2, "loc-2": 0}}
    await depot.order(*(depot.draft(str(n), {"A": 2}) for n in range(3)))
    assert await told(depot) == {"THEIR-A": {"loc-1": 3, "loc-2": 4}, "B": {"loc-1": 2, "loc-2": 0}}
    rows = await depot.rows("SELECT destination, latest_key FROM outbox WHERE kind = 'SetStock' ORDER BY latest_key")
    assert [r["latest_key"] for r in rows] == ["stock:A", "stock:B"]
    assert {r["destination"] for r in rows} == {f"{depot.shop.hex}:outbound"}


async def test_what_changes_elsewhere_is_not_told(depot: Depot) -> None:
    await depot.stock({("EXT", "A"): 10})
    assert await told(depot) == {}


async def test_reservations_and_safety_change_what_is_told(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 10})
    async with depot.unit() as tx:
        cause = Cause(tx.correlation_id, None)
        kept, _ = await inventory.keep(tx, "cart", [(None, "A", Decimal(4))], timedelta(1), cause)
    assert (await told(depot))["THEIR-A"]["loc-1"] == 5
    async with depot.unit() as tx:
        await inventory.give_back(tx, [kept], "RELEASED", Cause(tx.correlation_id, None))
    assert (await told(depot))["THEIR-A"]["loc-1"] == 9
    async with depot.unit() as tx:
        await inventory.set_safety(tx, {(depot.nodes["CAJ"], "A"): Decimal(3)})
        await inventory.put_buffers(tx, {("shop", depot.nodes["CAJ"], ""): Decimal(2)})
    depot.now += timedelta(seconds=5)
    await depot.stock({("CAJ", "A"): 1})
    assert (await told(depot))["THEIR-A"]["loc-1"] == 10 + 1 - 3 - 2 - 1


async def test_one_location_may_show_several_nodes(depot: Depot, db: Database) -> None:
    await configure(depot, {"locations": {"CAJ": "all", "RIO": "all"}})
    await depot.stock({("CAJ", "A"): 10, ("RIO", "A"): 10})
    assert await told(depot) == {"A": {"all": 20}}
    twin = Reactor(db, depot.reactor.deps, depot.reactor.flows)
    mate = Depot(db=db, reactor=twin, nodes=depot.nodes, wms=depot.wms, shop=depot.shop, now=depot.now)
    await asyncio.gather(*(d.stock({(n, "A"): 1}) for n, d in (("CAJ", depot), ("RIO", mate)) for _ in range(3)))
    assert await told(depot) == {"A": {"all": 26}}


async def test_a_paused_or_silent_connection_is_not_told(depot: Depot) -> None:
    await depot.rows("UPDATE connections SET state = 'PAUSED' WHERE code = 'shop'")
    await depot.stock({("CAJ", "A"): 10})
    assert await told(depot) == {}
    await depot.rows("UPDATE connections SET state = 'ACTIVE', config = '{}' WHERE code = 'shop'")
    await depot.stock({("CAJ", "A"): 10})
    assert await told(depot) == {}
