"""Adjustments that wait together are one set-wise call: an outcome each, the same level in their order, refusals their own."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from asyncpg.connection import LoggedQuery

from hub import inventory
from hub.canon.states import Condition
from hub.kit.ids import new_id
from hub.ledger import Cause
from hub.web.commands import HubCommands
from schema import inputs as i
from schema.commands import Ask, Outcome
from schema.mutations.inputs import input_hash
from tests.depot import Depot
from tests.web.test_desk import ME
from tests.web.test_stock import books, commands, depot, refused

__all__ = ["commands", "depot"]


def by(depot: Depot, units: int, sku: str = "A", node: str = "CAJ", **more: Any) -> i.AdjustStockInput:
    change = i.StockDeltaInput(location_id=depot.nodes[node], sku=sku, delta=Decimal(units), **more)  # type: ignore[arg-type]
    return i.AdjustStockInput(reason=f"by {units}", changes=(change,))


def to(depot: Depot, units: int, seen: int) -> i.SetStockInput:
    level = i.StockSetInput(
        location_id=depot.nodes["CAJ"],
        sku="A",
        quantity=Decimal(units),  # type: ignore[arg-type]
        change_from_quantity=Decimal(seen),  # type: ignore[arg-type]
    )
    return i.SetStockInput(reason=f"to {units}", levels=(level,))


async def asked(commands: HubCommands, value: Any, key: str | None = None) -> Outcome:
    name = "adjust_stock" if isinstance(value, i.AdjustStockInput) else "set_stock"
    ask = Ask(principal=ME, mutation=name, key=key or new_id().hex, input_hash=input_hash(name, value))
    outcome: Outcome = await getattr(commands, name)(ask, value)
    return outcome


async def together(commands: HubCommands, depot: Depot, *values: Any) -> list[Outcome]:
    """The first of all is flushed alone, and the others wait for it."""
    first = asyncio.create_task(asked(commands, by(depot, 1, node="RIO")))
    await asyncio.sleep(0)
    found = await asyncio.gather(*(asked(commands, v) for v in values))
    await first
    return list(found)


async def level(depot: Depot, node: str = "CAJ", sku: str = "A") -> list[Decimal]:
    sql = "SELECT on_hand FROM stock WHERE node_id = $1 AND sku = $2 AND condition = 'NEW'"
    return [r["on_hand"] for r in await depot.rows(sql, depot.nodes[node], sku)]


async def test_the_same_level_settles_in_the_order_of_the_calls(commands: HubCommands, depot: Depot) -> None:
    values = [by(depot, 5), to(depot, 20, seen=15), by(depot, -20), by(depot, -1), to(depot, 7, seen=20), by(depot, 3)]
    found = await together(commands, depot, *values)
    assert [refused(o) for o in found] == [
        [],
        [],
        [],
        [("WOULD_GO_NEGATIVE", "input.changes.0.delta")],
        [("CHANGE_FROM_QUANTITY_STALE", "input.levels.0.changeFromQuantity")],
        [],
    ]
    assert found[4].refusals[0].current_quantity == 0
    assert await level(depot) == [Decimal(3)]
    await books(depot)
    rows = await depot.rows(
        "SELECT DISTINCT xmin::text AS made_by FROM stock_movements WHERE node_id = $1", depot.nodes["CAJ"]
    )
    assert len(rows) == 2, "the opening stock, and one unit for all that waited"


async def test_each_answer_names_its_own_facts(commands: HubCommands, depot: Depot) -> None:
    found = await together(commands, depot, by(depot, 5), by(depot, -2), by(depot, -99))
    sql = "SELECT DISTINCT data ->> 'delta' AS delta FROM business_events WHERE event_id = ANY ($1::uuid[]) AND type = 'stock.adjusted'"
    told = [[Decimal(r["delta"]) for r in await depot.rows(sql, o.event_ids)] for o in found]
    assert told == [[Decimal(5)], [Decimal(-2)], []]


async def test_a_refused_call_leaves_nothing_and_its_neighbours_stand(commands: HubCommands, depot: Depot) -> None:
    both = i.AdjustStockInput(reason="half", changes=by(depot, 4).changes + by(depot, -5, sku="B", node="RIO").changes)
    strange = by(depot, 1, sku="NOPE")
    nowhere = i.AdjustStockInput(
        reason="x",
        changes=(i.StockDeltaInput(location_id=new_id(), sku="A", delta=Decimal(1)),),  # type: ignore[arg-type]
    )
    damaged = by(depot, -1, condition=Condition.DAMAGED)
    found = await together(commands, depot, both, strange, nowhere, damaged, by(depot, 2))
    assert [refused(o) for o in found] == [
        [("WOULD_GO_NEGATIVE", "input.changes.1.delta")],
        [("UNKNOWN_SKU", "input.changes.0.sku")],
        [("NOT_FOUND", "input.changes.0.locationId")],
        [("WOULD_GO_NEGATIVE", "input.changes.0.delta")],
        [],
    ]
    assert await level(depot) == [Decimal(12)]
    assert await level(depot, "RIO", "B") == [], "a level that was never there is not made by a refusal"
    assert await depot.rows("SELECT 1 FROM stock WHERE condition = 'DAMAGED'") == []
    await books(depot)


async def test_a_refused_key_may_be_used_again_and_a_repeated_one_changes_nothing(
    commands: HubCommands, depot: Depot
) -> None:
    first = asyncio.create_task(asked(commands, by(depot, 1, node="RIO")))
    await asyncio.sleep(0)
    good, again, bad = await asyncio.gather(
        asked(commands, by(depot, 5), "k-1"),
        asked(commands, by(depot, 5), "k-1"),
        asked(commands, by(depot, -99), "k-2"),
    )
    await first
    assert (good.replayed, again.replayed, bool(bad.refusals)) == (False, True, True)
    assert not (await asked(commands, by(depot, -9), "k-2")).refusals
    assert await level(depot) == [Decimal(6)]


async def statements(depot: Depot, count: int) -> int:
    seen: list[str] = []

    def see(query: LoggedQuery) -> None:
        seen.append(query.query)

    calls = [
        inventory.Adjusting(changes=by_all(depot, n), reason="found", cause=Cause(new_id(), None)) for n in range(count)
    ]
    async with depot.unit() as tx:
        await inventory.keeps_lots(tx)  # looked at every two seconds, whoever asks first
        with tx.conn.query_logger(see):
            done = await inventory.adjust_all(tx, calls)
    assert not [d for d in done if isinstance(d, inventory.Refused)]
    return len(seen)


def by_all(depot: Depot, n: int) -> tuple[inventory.Adjustment, ...]:
    nodes = sorted(depot.nodes.values())
    return tuple(inventory.Adjustment(node_id=nodes[n % len(nodes)], sku=sku, delta=Decimal(1)) for sku in ("A", "B"))


async def test_the_statements_do_not_grow_with_the_calls(depot: Depot) -> None:
    found = {n: await statements(depot, n) for n in (1, 8, 64)}
    assert set(found.values()) == {4}, "rows made, locked, locked again by the move, moved"


@pytest.mark.parametrize("count", [2, 40])
async def test_a_batch_of_requests_is_a_fixed_number_of_statements(
    commands: HubCommands, depot: Depot, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    whole = inventory.adjust_all

    async def counted(tx: Any, calls: Any) -> Any:
        seen.append(len(calls))
        return await whole(tx, calls)

    monkeypatch.setattr(inventory, "adjust_all", counted)
    found = await together(commands, depot, *(by(depot, 1) for _ in range(count)))
    assert not [o for o in found if o.refusals]
    assert seen == [1, count]
    assert await level(depot) == [Decimal(10 + count)]
