"""Changes of stock: explained by movements, refused with a reason, guarded by the database."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from hub import inventory, timers
from hub.flows.clockwork import ANSWERS
from hub.inventory import Adjustment, Expected, Refused, StockTaken, Transfer
from hub.kit.db import Database, Tx
from hub.kit.errors import HubError
from hub.kit.ids import new_id
from hub.ledger import Cause
from tests.depot import Depot, new_depot


@pytest.fixture
async def depot(db: Database) -> Depot:
    return await new_depot(db)


def why(tx: Tx) -> Cause:
    return Cause(tx.correlation_id, None)


async def codes_of(told: Any) -> list[tuple[int, str]]:
    return [(place, fault.code) for place, fault in told.value.faults]


async def test_an_adjustment_is_a_movement_and_a_fact(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 7})
    assert await depot.level("CAJ", "A") == (7, 0)
    [told] = [f for f in depot.facts if f.type == "stock.adjusted"]
    assert (told.data["sku"], told.data["delta"], told.data["reason"]) == ("A", "7", "test")
    [row] = await depot.rows("SELECT * FROM stock_movements")
    assert (row["on_hand_delta"], row["cause"], row["event_id"]) == (7, "ADJUSTMENT", told.event_id)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"delta": Decimal(-11)}, "WOULD_GO_NEGATIVE"),
        ({"quantity": Decimal(-1)}, "WOULD_GO_NEGATIVE"),
        ({"delta": Decimal(99999999999990)}, "OUT_OF_BOUNDS"),
        ({"quantity": Decimal(3)}, "BELOW_RESERVED"),
        ({"quantity": Decimal(9), "change_from": Decimal(8)}, "CHANGE_FROM_QUANTITY_STALE"),
    ],
)
async def test_a_change_that_cannot_be_is_refused_with_all_of_its_call(
    depot: Depot, change: dict[str, Any], code: str
) -> None:
    await depot.stock({("CAJ", "A"): 10})
    await depot.order(depot.draft("1", {"A": 4}))
    good = Adjustment(node_id=depot.nodes["RIO"], sku="B", delta=Decimal(1))
    bad = Adjustment(node_id=depot.nodes["CAJ"], sku="A", **change)
    with pytest.raises(Refused) as told:
        async with depot.unit() as tx:
            await inventory.adjust(tx, [good, bad], "test", why(tx))
    assert await codes_of(told) == [(1, code)]
    assert await depot.level("CAJ", "A") == (10, 4)
    assert await depot.rows("SELECT 1 FROM stock WHERE sku = 'B'") == []


async def test_a_level_is_set_from_what_it_was_seen_at(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 10})
    change = Adjustment(node_id=depot.nodes["CAJ"], sku="A", quantity=Decimal(12), change_from=Decimal(10))
    async with depot.unit() as tx:
        await inventory.adjust(tx, [change], "recount", why(tx))
    assert await depot.level("CAJ", "A") == (12, 0)
    with pytest.raises(Refused):
        async with depot.unit() as tx:
            await inventory.adjust(tx, [change], "recount", why(tx))


async def test_a_count_older_negative_or_below_what_is_reserved_is_not_applied(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 10, ("CAJ", "B"): 10, ("CAJ", "C"): 10})
    await depot.order(depot.draft("1", {"A": 4}))
    node, new, old = depot.nodes["CAJ"], depot.now, depot.now - timedelta(hours=1)
    async with depot.unit() as tx:
        levels = [("A", "NEW", Decimal(3)), ("B", "NEW", Decimal(8)), ("C", "NEW", Decimal(-1))]
        skipped = await inventory.count_reported(tx, node, new, levels, why(tx))
    assert skipped == [("A", "BELOW_RESERVED"), ("C", "NEGATIVE")]
    async with depot.unit() as tx:
        assert await inventory.count_reported(tx, node, old, [("B", "NEW", Decimal(1))], why(tx)) == [("B", "OLDER")]
    assert (await depot.level("CAJ", "A"), await depot.level("CAJ", "B")) == ((10, 4), (8, 0))


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("UPDATE stock SET on_hand = -1, reserved = -1", "_not_negative"),
        ("UPDATE stock SET reserved = -1", "reserved_not_negative"),
        ("UPDATE stock SET reserved = on_hand + 1", "never_oversold"),
        ("UPDATE stock SET safety = -1", "safety_not_negative"),
        ("UPDATE stock SET condition = 'MINT'", "condition_known"),
        ("UPDATE stock_movements SET on_hand_delta = 0", "moves_something"),
    ],
)
async def test_the_database_refuses_what_must_never_be(depot: Depot, sql: str, name: str) -> None:
    await depot.stock({("CAJ", "A"): 10})
    with pytest.raises(asyncpg.CheckViolationError) as told:
        await depot.rows(sql)
    assert name in str(told.value)


async def test_movements_sum_to_the_stock_whatever_happens(depot: Depot) -> None:
    dice = random.Random(7)
    nodes, skus = list(depot.nodes), ["A", "B"]
    await depot.stock({(n, s): 20 for n in nodes for s in skus})
    held: list[UUID] = []
    refused = 0
    for n in range(60):
        node, sku, amount = depot.nodes[dice.choice(nodes)], dice.choice(skus), Decimal(dice.randint(1, 9))
        try:
            async with depot.unit() as tx:
                match dice.randrange(6):
                    case 0:
                        change = Adjustment(node_id=node, sku=sku, delta=dice.choice([-1, 1]) * amount)
                        await inventory.adjust(tx, [change], "test", why(tx))
                    case 1:
                        held.append((await inventory.keep(tx, "cart", [(None, sku, amount)], timedelta(1), why(tx)))[0])
                    case 2 if held:
                        await inventory.give_back(tx, [held.pop()], "RELEASED", why(tx))
                    case 3:
                        other = depot.nodes[dice.choice(nodes)]
                        moves = [Transfer(from_node_id=node, to_node_id=other, sku=sku, quantity=amount)]
                        await inventory.transfer(tx, f"T{n}", moves, why(tx))
                    case 4:
                        await inventory.count_reported(tx, node, tx.now, [(sku, "NEW", amount)], why(tx))
                    case _:
                        await inventory.set_safety(tx, {(node, sku): Decimal(dice.randint(0, 3))})
        except HubError:
            refused += 1
        if n % 5 == 0:
            await depot.order(depot.draft(str(n), {sku: 1}))
        async with depot.db.unit(tenant=1, actor="test") as tx:
            assert await inventory.faults(tx) == []
    assert 0 < refused < 40


async def test_verify_names_what_does_not_add_up(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 10})
    await depot.rows("UPDATE stock SET on_hand = 11, incoming = 2")
    async with depot.unit() as tx:
        first, second = await inventory.faults(tx)
    assert "on hand 11.0000, moved 10.0000" in first
    assert "incoming 2.0000, announced 0" in second


async def test_a_soft_reservation_ends_by_its_timer(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 3})
    async with depot.unit() as tx:
        kept, units = await inventory.keep(tx, "cart", [(None, "A", Decimal(3))], timedelta(minutes=15), why(tx))
    assert units == {(depot.nodes["CAJ"], "A"): 3}
    with pytest.raises(StockTaken):
        async with depot.unit() as tx:
            await inventory.keep(tx, "cart 2", [(None, "A", Decimal(1))], timedelta(minutes=15), why(tx))
    [timer] = await depot.rows("SELECT * FROM timers")
    assert (timer["kind"], timer["subject_id"], timer["due_at"]) == (
        "expire_reservations",
        kept,
        depot.now - timedelta(seconds=1) + timedelta(minutes=15),
    )
    await _fire(depot, timer)
    assert await depot.level("CAJ", "A") == (3, 3)
    depot.now += timedelta(minutes=15)
    await _fire(depot, timer)
    assert await depot.level("CAJ", "A") == (3, 0)
    [told] = [f for f in depot.facts if f.type == "reservation.expired"]
    assert told.data["lines"] == [[str(depot.nodes["CAJ"]), "A", "3.0000"]]


async def _fire(depot: Depot, timer: Any) -> None:
    from hub.kit.lease import Leased

    leased = Leased(queue="timers", tenant=1, id=timer["timer_id"], attempts=1, row=timer)
    async with depot.unit() as tx:
        await ANSWERS[timer["kind"]](tx, [timers.fired(leased)])


async def test_a_reservation_may_take_what_there_is(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 2, ("RIO", "A"): 1})
    async with depot.unit() as tx:
        _, units = await inventory.keep(
            tx, "cart", [(None, "A", Decimal(5))], timedelta(1), why(tx), all_or_nothing=False
        )
    assert sum(units.values()) == 3


async def test_what_is_announced_can_be_promised_from_its_date(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 2})
    caj, rio = depot.nodes["CAJ"], depot.nodes["RIO"]
    week, month = depot.now + timedelta(7), depot.now + timedelta(30)
    lines = [
        Expected(node_id=rio, sku="A", quantity=Decimal(5), expected_at=week),
        Expected(node_id=caj, sku="A", quantity=Decimal(9), expected_at=month),
    ]
    async with depot.unit() as tx:
        await inventory.expect(tx, "PO-1", lines, why(tx))
        assert await inventory.atp(tx, ["A"], week) == {(caj, "A"): 2, (rio, "A"): 5}
        assert await inventory.atp(tx, ["A"], month) == {(caj, "A"): 11, (rio, "A"): 5}
        assert await inventory.available_from(tx, {"A": Decimal(2), "B": Decimal(1)}) == {"A": tx.now, "B": None}
        assert await inventory.available_from(tx, {"A": Decimal(7)}) == {"A": week}
        assert await inventory.available_from(tx, {"A": Decimal(17)}) == {"A": None}
    async with depot.unit() as tx:
        await inventory.expect(tx, "PO-1", lines[:1], why(tx))
        assert await inventory.faults(tx) == []
    async with depot.unit() as tx:
        await inventory.receive(tx, "PO-1", why(tx))
    assert await depot.level("RIO", "A") == (5, 0)
    assert await depot.rows("SELECT 1 FROM incoming") == []
    with pytest.raises(inventory.NothingAnnounced):
        async with depot.unit() as tx:
            await inventory.receive(tx, "PO-1", why(tx))


async def test_a_transfer_moves_free_units_now_or_by_truck(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 10})
    caj, rio = depot.nodes["CAJ"], depot.nodes["RIO"]
    move = Transfer(from_node_id=caj, to_node_id=rio, sku="A", quantity=Decimal(4))
    async with depot.unit() as tx:
        await inventory.transfer(tx, "T1", [move], why(tx))
    assert (await depot.level("CAJ", "A"), await depot.level("RIO", "A")) == ((6, 0), (4, 0))
    truck = Transfer(
        from_node_id=caj, to_node_id=rio, sku="A", quantity=Decimal(6), arrives_at=depot.now + timedelta(2)
    )
    async with depot.unit() as tx:
        await inventory.transfer(tx, "T2", [truck], why(tx))
    assert (await depot.level("CAJ", "A"), await depot.level("RIO", "A")) == ((0, 0), (4, 0))
    async with depot.unit() as tx:
        await inventory.receive(tx, "T2", why(tx))
    assert await depot.level("RIO", "A") == (10, 0)


@pytest.mark.parametrize(
    ("to", "quantity", "code"),
    [
        ("CAJ", 1, "TRANSFER_TO_ITSELF"),
        ("RIO", 0, "NOT_POSITIVE"),
        ("RIO", -1, "NOT_POSITIVE"),
        ("RIO", 7, "BELOW_RESERVED"),
        ("RIO", 11, "WOULD_GO_NEGATIVE"),
    ],
)
async def test_a_transfer_that_cannot_be_changes_nothing(depot: Depot, to: str, quantity: int, code: str) -> None:
    await depot.stock({("CAJ", "A"): 10})
    await depot.order(depot.draft("1", {"A": 4}))
    move = Transfer(from_node_id=depot.nodes["CAJ"], to_node_id=depot.nodes[to], sku="A", quantity=Decimal(quantity))
    with pytest.raises(Refused) as told:
        async with depot.unit() as tx:
            await inventory.transfer(tx, "T1", [move], why(tx))
    assert await codes_of(told) == [(0, code)]
    assert await depot.level("CAJ", "A") == (10, 4)


async def test_safety_stock_of_a_node_and_of_a_channel_is_never_promised(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 10})
    async with depot.unit() as tx:
        await inventory.set_safety(tx, {(depot.nodes["CAJ"], "A"): Decimal(2)})
        await inventory.put_buffers(tx, {("shop", depot.nodes["CAJ"], ""): Decimal(3)})
    depot.now += timedelta(seconds=5)
    first, second = await depot.order(depot.draft("1", {"A": 5}), depot.draft("2", {"A": 1}))
    assert await depot.sent_from(first) == {"CAJ": {"A": 5}}
    assert await depot.sent_from(second) == {}
    async with depot.unit() as tx:
        await inventory.put_buffers(tx, {("shop", depot.nodes["CAJ"], "A"): Decimal(0)})
    depot.now += timedelta(seconds=5)
    [third] = await depot.order(depot.draft("3", {"A": 3}))
    assert await depot.sent_from(third) == {"CAJ": {"A": 3}}


async def test_claims_of_one_call_are_settled_in_their_order(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 10})
    key = (depot.nodes["CAJ"], "A")
    claims = [inventory.Claim(owner=new_id(), units={key: Decimal(n)}) for n in (6, 5, 4)]
    async with depot.unit() as tx:
        kept, refused = await inventory.reserve(tx, claims, {c.owner: new_id() for c in claims})
    assert (kept, refused) == ([claims[0], claims[2]], [claims[1]])
    assert await depot.level("CAJ", "A") == (10, 10)
