"""Lots: what expires first leaves first, a unit of a lot is chosen once, and movements explain every lot."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub import fulfillment, inventory
from hub.canon.commands import StockReported
from hub.canon.states import Condition, OrderState
from hub.flows.apply import apply
from hub.flows.source import Source
from hub.inventory import Adjustment, Expected, Refused, Transfer
from hub.kit.db import Database
from hub.kit.errors import HubError
from hub.kit.ids import new_id
from hub.ledger import Cause
from tests.depot import Depot, new_depot

SOON, LATE, GONE = date(2030, 1, 1), date(2031, 1, 1), date(2020, 1, 1)


@pytest.fixture
async def depot(db: Database) -> Depot:
    return await new_depot(db)


async def fill(
    depot: Depot, node: str, lots: Mapping[str | None, tuple[int, date | None]], sku: str = "A"
) -> list[Any]:
    changes = [
        Adjustment(node_id=depot.nodes[node], sku=sku, delta=Decimal(n), lot=lot, expires_on=until)
        for lot, (n, until) in lots.items()
    ]
    async with depot.unit() as tx:
        return await inventory.adjust(tx, changes, "goods in", Cause(tx.correlation_id, None))


async def lots(depot: Depot, node: str = "CAJ", sku: str = "A") -> dict[str, tuple[int, int]]:
    """Lot -> (on hand, claimed), of lots that hold something; the books must agree."""
    async with depot.db.unit(tenant=1, actor="test", now=depot.now) as tx:
        assert await inventory.faults(tx) == []
    sql = "SELECT lot, on_hand::int, claimed::int FROM stock_lots WHERE node_id = $1 AND sku = $2 AND on_hand > 0"
    return {r["lot"]: (r["on_hand"], r["claimed"]) for r in await depot.rows(sql, depot.nodes[node], sku)}


async def asked(depot: Depot) -> list[Any]:
    """The lots of every line that the warehouse was asked for, in the order of asking."""
    rows = await depot.rows("SELECT payload FROM outbox WHERE kind = 'RequestPick' ORDER BY delivery_id")
    return [[(lot, int(Decimal(n))) for lot, n in x.get("lots", ())] for r in rows for x in r["payload"]["lines"]]


async def planned(depot: Depot, order_id: UUID) -> UUID:
    [row] = await depot.rows("SELECT fulfillment_id FROM fulfillments WHERE order_id = $1", order_id)
    found: UUID = row["fulfillment_id"]
    return found


async def ship(depot: Depot, order_id: UUID) -> None:
    """The goods leave; the node has no note to wait for."""
    await depot.rows("UPDATE nodes SET country = 'PT'")
    from hub import network

    network.forget()
    here = await planned(depot, order_id)
    async with depot.unit() as tx:
        packed = fulfillment.Progress(fulfillment_id=here, to=OrderState.PACKED, cause=Cause(new_id(), None))
        assert await fulfillment.progress(tx, [packed]) == []
        await fulfillment.ask_dispatch(
            tx, fulfillment.DispatchAsked(fulfillment_id=here, carrier="OWN", cause=Cause(new_id(), None))
        )


async def test_what_expires_first_is_asked_for_first(depot: Depot) -> None:
    await fill(depot, "CAJ", {"L-late": (5, LATE), "L-soon": (3, SOON), "L-gone": (9, GONE), None: (4, None)})
    await depot.order(depot.draft("1", {"A": 2}), depot.draft("2", {"A": 4}))
    assert await asked(depot) == [[("L-soon", 2)], [("L-soon", 1), ("L-late", 3)]]
    assert await lots(depot) == {"L-soon": (3, 3), "L-late": (5, 3), "L-gone": (9, 0)}
    [third] = await depot.order(depot.draft("3", {"A": 8}))
    assert (await asked(depot))[-1] == [("L-late", 2)]
    assert await depot.sent_from(third) == {"CAJ": {"A": 8}}


async def test_what_ships_leaves_its_lots(depot: Depot) -> None:
    await fill(depot, "CAJ", {"L1": (3, SOON), "L2": (5, LATE)})
    one, two = await depot.order(depot.draft("1", {"A": 2}), depot.draft("2", {"A": 4}))
    await ship(depot, two)
    assert await lots(depot) == {"L1": (2, 2), "L2": (2, 0)}
    assert await depot.level("CAJ", "A") == (4, 2)
    rows = await depot.rows(
        "SELECT lot, on_hand_delta::int AS n FROM stock_movements WHERE cause = 'SHIP' AND lot <> ''"
    )
    assert sorted((r["lot"], r["n"]) for r in rows) == [("L1", -1), ("L2", -3)]
    assert await planned(depot, one) != await planned(depot, two)


async def test_what_is_cancelled_is_free_again(depot: Depot) -> None:
    await fill(depot, "CAJ", {"L1": (3, SOON), "L2": (5, LATE)})
    [one] = await depot.order(depot.draft("1", {"A": 5}))
    here = await planned(depot, one)
    async with depot.unit() as tx:
        await fulfillment.ask_cancel(tx, {here: Cause(new_id(), None)}, "ORDER_CANCELLED", "no")
        await fulfillment.cancelled(tx, {here: Cause(new_id(), None)})
    assert await lots(depot) == {"L1": (3, 0), "L2": (5, 0)}
    assert await depot.rows("SELECT 1 FROM lot_claims") == []


async def test_a_split_part_chooses_anew(depot: Depot) -> None:
    await fill(depot, "CAJ", {"L1": (3, SOON), "L2": (5, LATE)})
    [one] = await depot.order(depot.draft("1", {"A": 5}))
    here = await planned(depot, one)
    [line] = await depot.rows("SELECT line_id FROM order_lines")
    async with depot.unit() as tx:
        await fulfillment.split(tx, here, {line["line_id"]: Decimal(4)}, Cause(new_id(), None))
    assert await lots(depot) == {"L1": (3, 3), "L2": (5, 2)}
    rows = await depot.rows("SELECT owner_id, sum(quantity)::int AS n FROM lot_claims GROUP BY 1")
    assert {r["owner_id"] == here: r["n"] for r in rows} == {True: 1, False: 4}


async def test_units_without_a_lot_leave_before_lots_do(depot: Depot) -> None:
    await fill(depot, "CAJ", {"L1": (3, SOON), "L2": (5, LATE), None: (4, None)})
    await fill(depot, "CAJ", {None: (-6, None)})
    assert await lots(depot) == {"L1": (1, 0), "L2": (5, 0)}
    assert await depot.level("CAJ", "A") == (6, 0)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"delta": Decimal(-6)}, "WOULD_GO_NEGATIVE"),
        ({"quantity": Decimal(-1)}, "WOULD_GO_NEGATIVE"),
        ({"quantity": Decimal(1)}, "BELOW_RESERVED"),
        ({"quantity": Decimal(4), "change_from": Decimal(9)}, "CHANGE_FROM_QUANTITY_STALE"),
    ],
)
async def test_a_change_of_a_lot_that_cannot_be_is_refused(depot: Depot, change: dict[str, Any], code: str) -> None:
    await fill(depot, "CAJ", {"L1": (5, SOON), None: (9, None)})
    await depot.order(depot.draft("1", {"A": 2}))
    bad = Adjustment(node_id=depot.nodes["CAJ"], sku="A", lot="L1", **change)
    with pytest.raises(Refused) as told:
        async with depot.unit() as tx:
            await inventory.adjust(tx, [bad], "test", Cause(new_id(), None))
    assert [(n, f.code) for n, f in told.value.faults] == [(0, code)]
    assert await lots(depot) == {"L1": (5, 2)}


async def test_a_warehouse_counts_by_lot(depot: Depot) -> None:
    await fill(depot, "CAJ", {"L1": (5, SOON), "L2": (2, LATE), None: (1, None)})
    await depot.order(depot.draft("1", {"A": 1}))

    async def report(total: int, **counted: int) -> None:
        depot.now += timedelta(minutes=1)
        said = StockReported(
            node="CAJ",
            at=depot.now,
            lines=(("A", Condition.NEW, Decimal(total)),),
            lots=tuple(("A", Condition.NEW, lot, Decimal(n)) for lot, n in counted.items()),
        )
        source = Source(message_id=new_id(), connection_id=depot.wms, channel="wms", cause=Cause(new_id(), None))
        async with depot.unit() as tx:
            assert await apply(tx, [(said, source)], depot.reactor.deps) == [None]

    await report(9, L1=4, L3=3)
    assert await lots(depot) == {"L1": (4, 1), "L3": (3, 0)}
    assert await depot.level("CAJ", "A") == (9, 1)
    await report(9, L3=9)  # L1 holds a unit that was chosen
    assert await lots(depot) == {"L1": (4, 1), "L3": (3, 0)}
    [incident] = await depot.rows("SELECT kind FROM incidents WHERE kind = 'count_refused'")
    assert incident["kind"] == "count_refused"


async def test_a_lot_keeps_its_name_and_date_on_the_way(depot: Depot) -> None:
    await fill(depot, "CAJ", {"L1": (5, SOON)})
    caj, rio = depot.nodes["CAJ"], depot.nodes["RIO"]
    async with depot.unit() as tx:
        way = Transfer(from_node_id=caj, to_node_id=rio, sku="A", quantity=Decimal(2), lot="L1")
        await inventory.transfer(tx, "T1", [way], Cause(new_id(), None))
        later = Transfer(
            from_node_id=caj,
            to_node_id=rio,
            sku="A",
            quantity=Decimal(1),
            lot="L1",
            arrives_at=depot.now + timedelta(days=1),
        )
        await inventory.transfer(tx, "T2", [later], Cause(new_id(), None))
    assert (await lots(depot), await lots(depot, "RIO")) == ({"L1": (2, 0)}, {"L1": (2, 0)})
    async with depot.unit() as tx:
        await inventory.receive(tx, "T2", Cause(new_id(), None))
    assert await lots(depot, "RIO") == {"L1": (3, 0)}
    [row] = await depot.rows("SELECT expires_on FROM stock_lots WHERE node_id = $1", rio)
    assert row["expires_on"] == SOON


async def test_verify_names_a_lot_that_does_not_add_up(depot: Depot) -> None:
    await fill(depot, "CAJ", {"L1": (5, SOON)})
    await depot.rows("UPDATE stock_lots SET on_hand = 4")
    async with depot.unit() as tx:
        first, second = await inventory.faults(tx)
    assert "lot L1: on hand 4.0000, moved 5.0000" in first
    assert "5.0000 in lots, the lots hold 4.0000" in second


@pytest.mark.parametrize("seed", range(2))
async def test_no_random_life_leads_a_lot_astray(depot: Depot, seed: int) -> None:
    dice, refused = random.Random(seed), 0
    names: list[str | None] = ["L1", "L2", "L3", None]
    for n in range(50):
        node, amount = dice.choice(list(depot.nodes)), Decimal(dice.randint(1, 9))
        lot = dice.choice(names)
        until = dice.choice([SOON, LATE, GONE, None]) if lot else None
        try:
            async with depot.unit() as tx:
                cause = Cause(new_id(), None)
                match dice.randrange(6):
                    case 0 | 1:
                        delta = dice.choice([1, 1, -1]) * amount
                        change = Adjustment(node_id=depot.nodes[node], sku="A", delta=delta, lot=lot, expires_on=until)
                        await inventory.adjust(tx, [change], "test", cause)
                    case 2:
                        way = Transfer(
                            from_node_id=depot.nodes[node],
                            to_node_id=depot.nodes[dice.choice(list(depot.nodes))],
                            sku="A",
                            quantity=amount,
                            lot=lot,
                        )
                        await inventory.transfer(tx, f"T{n}", [way], cause)
                    case 3:
                        coming = Expected(
                            node_id=depot.nodes[node], sku="A", quantity=amount, expected_at=tx.now, lot=lot
                        )
                        await inventory.expect(tx, f"P{n}", [coming], cause)
                        await inventory.receive(tx, f"P{n}", cause)
                    case 4:
                        level, own = [("A", "NEW", amount)], {("A", "NEW"): {lot: amount}} if lot else None
                        await inventory.count_reported(tx, depot.nodes[node], tx.now, level, cause, own)
                    case _:
                        open_ = await tx.conn.fetch("SELECT fulfillment_id FROM fulfillments WHERE state = 'APPROVED'")
                        if open_:
                            here = dice.choice(open_)["fulfillment_id"]
                            await fulfillment.ask_cancel(tx, {here: cause}, "REROUTE", "no")
                            await fulfillment.cancelled(tx, {here: cause})
        except HubError:
            refused += 1
        depot.now += timedelta(seconds=3)
        if n % 4 == 0:
            await depot.order(depot.draft(f"{n}", {"A": dice.randint(1, 6)}))
        for code in depot.nodes:
            await lots(depot, code)
    assert 0 < refused < 40
