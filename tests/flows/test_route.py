"""An approved order gets its nodes, its units and its explanation in one unit; what no node has waits and is found again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from hub import network
from hub.canon.order import Pickup
from hub.canon.states import NodeKind
from hub.flows import Reactor
from hub.kit.db import Database
from hub.routing import parse_rules
from tests.depot import PLAIN, Depot, default_rules, lane, new_depot


@pytest.fixture
async def depot(db: Database) -> Depot:
    return await new_depot(db)


async def holds(depot: Depot, order_id: Any) -> list[str]:
    sql = "SELECT kind FROM order_holds WHERE order_id = $1 AND released_at IS NULL"
    return [r["kind"] for r in await depot.rows(sql, order_id)]


async def test_the_cheapest_node_that_has_all_ships(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 5, ("EXT", "A"): 5, ("EXT", "B"): 5})
    [one, two] = await depot.order(depot.draft("1", {"A": 2}), depot.draft("2", {"A": 1, "B": 1}))
    assert await depot.sent_from(one) == {"CAJ": {"A": 2}}
    assert await depot.sent_from(two) == {"EXT": {"A": 1, "B": 1}}
    assert (await depot.level("CAJ", "A"), await depot.level("EXT", "A")) == ((5, 2), (5, 1))


async def test_a_decision_is_kept_with_all_that_explains_it(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 5, ("RIO", "A"): 5})
    [order_id] = await depot.order(depot.draft("1", {"A": 2}))
    [row] = await depot.rows("SELECT * FROM route_decisions WHERE order_id = $1", order_id)
    assert (row["mode"], row["rules"], row["exact"], row["score"]) == ("LIVE", "plain", True, Decimal(20))
    assert row["rules_version"] == depot.reactor.deps.rules.version
    candidates = {c["code"]: c for c in row["candidates"]}
    assert candidates["EXT"]["excluded_by"] == "stock"
    assert candidates["EXT"]["reason"] == "has none of A"
    assert candidates["RIO"]["parts"] == {"cost": "30.00"}
    [offer] = candidates["CAJ"]["offers"]
    assert (offer["carrier"], offer["service"], offer["days"], offer["parcels"]) == ("Correios", "PAC", 2, 1)
    assert Decimal(offer["cost"]) == Decimal(offer["score"]) == 20
    [chosen] = row["chosen"]
    assert (chosen["sku"], chosen["quantity"], chosen["service"]) == ("A", "2.0000", "PAC")
    [kept] = await depot.rows("SELECT * FROM rule_versions")
    assert (kept["version"], kept["content"]) == (depot.reactor.deps.rules.version, depot.reactor.deps.rules.text)
    [planned] = await depot.rows("SELECT * FROM fulfillments WHERE order_id = $1", order_id)
    assert (planned["decision_id"], planned["carrier"], planned["method"]) == (row["decision_id"], "Correios", "SHIP")


async def test_the_fact_is_enough_to_replay(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 1, ("EXT", "A"): 1})
    [order_id] = await depot.order(depot.draft("1", {"A": 3}))
    [told] = [f for f in depot.facts if f.type == "order.allocated"]
    assert told.subject_id == order_id
    nodes = {str(i): c for c, i in depot.nodes.items()}
    assert [(nodes[n], s, q) for n, _, s, q in told.data["shares"]] == [("CAJ", "A", "1.0000"), ("EXT", "A", "1.0000")]
    assert [(s, Decimal(q)) for _, s, q in told.data["unplaced"]] == [("A", Decimal(1))]


async def test_what_no_node_has_waits_and_comes_first_when_stock_comes(db: Database) -> None:
    rules = parse_rules("p.yaml", PLAIN + "priorities: [backorder, placed]\n")
    depot = await new_depot(db, rules=rules)
    await depot.stock({("CAJ", "A"): 1})
    [waits] = await depot.order(depot.draft("1", {"A": 3}))
    assert await depot.sent_from(waits) == {"CAJ": {"A": 1}}
    assert await holds(depot, waits) == ["STOCK"]
    await depot.stock({("RIO", "A"): 2})
    assert await depot.sent_from(waits) == {"CAJ": {"A": 1}, "RIO": {"A": 2}}
    assert await holds(depot, waits) == []
    [_, again] = await depot.rows("SELECT * FROM route_decisions WHERE order_id = $1 ORDER BY at", waits)
    assert again["reason"] == "order.hold_released"


async def test_orders_of_a_batch_compete_by_priority(db: Database) -> None:
    rules = parse_rules("p.yaml", PLAIN + "priorities: [vip, promise]\nvip_tags: [gold]\n")
    depot = await new_depot(db, rules=rules)
    await depot.stock({("CAJ", "A"): 2})
    soon = depot.now + timedelta(days=1)
    drafts = [
        depot.draft("plain", {"A": 1}),
        depot.draft("soon", {"A": 1}, promised_by=soon),
        depot.draft("vip", {"A": 1}, tags=("gold",)),
    ]
    plain, promised, vip = await depot.order(*drafts)
    assert [bool(await depot.sent_from(i)) for i in (plain, promised, vip)] == [False, True, True]


async def test_a_batch_never_takes_more_than_there_is(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 7, ("EXT", "A"): 3})
    orders = await depot.order(*(depot.draft(str(n), {"A": 3}) for n in range(5)))
    sent = [sum(sum(per.values()) for per in (await depot.sent_from(i)).values()) for i in orders]
    assert sent == [3, 3, 3, 1, 0]
    assert await depot.level("CAJ", "A") == (7, 7)


async def test_racers_in_two_units_are_decided_again(depot: Depot, db: Database) -> None:
    await depot.stock({("CAJ", "A"): 1, ("RIO", "A"): 1})
    other = Reactor(db, depot.reactor.deps, depot.reactor.flows)
    mate = Depot(db=db, reactor=other, nodes=depot.nodes, wms=depot.wms, shop=depot.shop, now=depot.now)
    await asyncio.gather(depot.order(depot.draft("1", {"A": 1})), mate.order(mate.draft("2", {"A": 1})))
    assert (await depot.level("CAJ", "A"), await depot.level("RIO", "A")) == ((1, 1), (1, 1))


async def test_shadow_rules_run_beside_and_their_differences_are_stored(db: Database) -> None:
    shadow = parse_rules(
        "s.yaml",
        PLAIN.replace("rules: plain", "rules: next").replace(
            "{id: active}", "{id: regions, values: [RJ], only: [CAJ]}"
        ),
    )
    depot = await new_depot(db, shadow=shadow)
    await depot.stock({("CAJ", "A"): 5, ("EXT", "A"): 5, ("EXT", "B"): 5})
    differs, same = await depot.order(depot.draft("1", {"A": 1}), depot.draft("2", {"B": 1}))
    assert await depot.sent_from(differs) == {"CAJ": {"A": 1}}
    [row] = await depot.rows("SELECT * FROM shadow_differences")
    assert row["order_id"] == differs
    assert (row["live_version"], row["shadow_version"]) == (depot.reactor.deps.rules.version, shadow.version)
    assert [x["node_id"] for x in row["live_chosen"]] == [str(depot.nodes["CAJ"])]
    assert [x["node_id"] for x in row["shadow_chosen"]] == [str(depot.nodes["EXT"])]
    assert row["score_delta"] == 5
    modes = await depot.rows("SELECT order_id, mode FROM route_decisions ORDER BY mode")
    assert {(r["order_id"], r["mode"]) for r in modes} == {(differs, "LIVE"), (same, "LIVE"), (differs, "SHADOW")}
    assert (await depot.level("EXT", "A"))[1] == 0


@pytest.fixture
async def shops(db: Database) -> Depot:
    kinds = {"EXT": NodeKind.SUPPLIER, "CAJ": NodeKind.STORE}
    return await new_depot(db, rules=default_rules(), kinds=kinds)


async def test_pickup_ship_from_store_and_drop_ship_are_policies(shops: Depot) -> None:
    await shops.stock({("CAJ", "A"): 5, ("RIO", "A"): 5, ("EXT", "B"): 5, ("CAJ", "C"): 5})
    pickup, store, supplier = await shops.order(
        shops.draft("1", {"A": 1}, pickup=Pickup(node="RIO"), ship_to=None),
        shops.draft("2", {"C": 1}),
        shops.draft("3", {"B": 1}),
    )
    rows = await shops.rows("SELECT order_id, node_id, method, service FROM fulfillments")
    codes = {i: c for c, i in shops.nodes.items()}
    assert {r["order_id"]: (codes[r["node_id"]], r["method"], r["service"]) for r in rows} == {
        pickup: ("RIO", "PICKUP", None),
        store: ("CAJ", "SHIP_FROM_STORE", "PAC"),
        supplier: ("EXT", "DROP_SHIP", "PAC"),
    }


async def test_a_service_level_chooses_the_service(shops: Depot) -> None:
    await shops.stock({("RIO", "A"): 5})
    async with shops.unit() as tx:
        await network.put_lanes(tx, [lane(shops.nodes["RIO"], 35, service="SEDEX", days=1)])
    plain, express, today = await shops.order(
        shops.draft("1", {"A": 1}),
        shops.draft("2", {"A": 1}, service_level="EXPRESS", promised_by=shops.now + timedelta(days=1, hours=7)),
        shops.draft("3", {"A": 1}, service_level="SAME_DAY"),
    )
    rows = await shops.rows("SELECT order_id, service FROM fulfillments")
    assert {r["order_id"]: r["service"] for r in rows} == {plain: "PAC", express: "SEDEX"}
    assert await holds(shops, today) == ["STOCK"]


async def test_a_live_quote_counts_before_the_rate_table_until_it_ends(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 5, ("EXT", "A"): 5})
    async with depot.unit() as tx:
        until = depot.now + timedelta(minutes=10)
        await network.put_lanes(tx, [lane(depot.nodes["EXT"], 11, valid_until=until)])
    [cheap] = await depot.order(depot.draft("1", {"A": 1}))
    assert await depot.sent_from(cheap) == {"EXT": {"A": 1}}
    [row] = await depot.rows("SELECT candidates FROM route_decisions WHERE order_id = $1", cheap)
    assert [o for c in row["candidates"] for o in c.get("offers", []) if o.get("live")] != []
    depot.now += timedelta(minutes=11)
    [late] = await depot.order(depot.draft("2", {"A": 1}))
    assert await depot.sent_from(late) == {"CAJ": {"A": 1}}


async def test_a_node_that_is_full_gets_no_more_in_the_same_batch(db: Database) -> None:
    depot = await new_depot(
        db, rules=parse_rules("p.yaml", PLAIN.replace("{id: stock}", "{id: capacity}, {id: stock}"))
    )
    await depot.stock({("CAJ", "A"): 9, ("RIO", "A"): 9})
    async with depot.unit() as tx:
        await tx.conn.execute("UPDATE nodes SET capacity_per_day = 2 WHERE code = 'CAJ'")
        network.forget()
    orders = await depot.order(*(depot.draft(str(n), {"A": 1}) for n in range(3)))
    assert [list(await depot.sent_from(i)) for i in orders] == [["CAJ"], ["CAJ"], ["RIO"]]
