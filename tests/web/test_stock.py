"""Stock through the API's commands: what cannot be is refused with its field and nothing has changed; what can be is done and told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub import inventory
from hub.boot import check_partner
from hub.connections import Directory
from hub.flows.reread import Rereader
from hub.kit.db import Database
from hub.kit.doorbell import Doorbell
from hub.kit.ids import new_id
from hub.kit.vault import Vault
from hub.web.commands import Desk, HubCommands
from schema import inputs as i
from schema.commands import Ask, Outcome
from schema.mutations.inputs import input_hash
from tests.depot import PLAIN, Depot, new_depot
from tests.web.test_desk import ME, given

UNITS = Decimal(10)


@pytest.fixture
async def depot(db: Database) -> Depot:
    made = await new_depot(db)
    await made.stock({("CAJ", "A"): 10, ("RIO", "A"): 2})
    return made


@pytest.fixture
async def commands(depot: Depot, dsn: str) -> AsyncIterator[HubCommands]:
    bell = await Doorbell(dsn).open()
    desk = Desk(depot.reactor, bell)
    try:
        vault = Vault(depot.db, {"a": b"0" * 32})
        directory = Directory(depot.db, vault)
        yield HubCommands(desk, directory, vault, Rereader(depot.reactor, directory, {}), check_partner)
    finally:
        await desk.close()
        await bell.close()


async def do(commands: HubCommands, name: str, value: Any) -> Outcome:
    ask = Ask(principal=ME, mutation=name, key=new_id().hex, input_hash=input_hash(name, value))
    outcome: Outcome = await getattr(commands, name)(ask, value)
    return outcome


def refused(outcome: Outcome) -> list[tuple[str, str]]:
    return [(r.code, ".".join(r.field or ())) for r in outcome.refusals]


async def books(depot: Depot) -> list[Any]:
    """All of stock and what is announced; the movements must explain it."""
    async with depot.db.unit(tenant=1, actor="test") as tx:
        assert await inventory.faults(tx) == []
    sql = "SELECT node_id, sku, on_hand, reserved, safety, incoming FROM stock WHERE on_hand + reserved + safety + incoming > 0 ORDER BY 1, 2"
    return [tuple(r) for r in await depot.rows(sql)]


def move(depot: Depot, here: str, there: str, units: int, **more: Any) -> i.TransferStockInput:
    one = i.StockMoveInput(
        from_location_id=depot.nodes[here],
        to_location_id=depot.nodes[there],
        sku="A",
        quantity=Decimal(units),  # type: ignore[arg-type]
        **more,
    )
    good = i.StockMoveInput(
        from_location_id=depot.nodes["CAJ"],
        to_location_id=depot.nodes["EXT"],
        sku="A",
        quantity=Decimal(1),  # type: ignore[arg-type]
    )
    return i.TransferStockInput(reference="T", moves=(good, one))


@pytest.mark.parametrize(
    ("here", "there", "units", "code", "field"),
    [
        ("CAJ", "CAJ", 1, "TRANSFER_TO_ITSELF", "toLocationId"),
        ("CAJ", "RIO", -1, "NOT_POSITIVE", "quantity"),
        ("CAJ", "RIO", 0, "NOT_POSITIVE", "quantity"),
        ("CAJ", "RIO", 11, "WOULD_GO_NEGATIVE", "quantity"),
    ],
)
async def test_a_transfer_that_cannot_be_is_refused_with_all_of_its_call(
    commands: HubCommands, depot: Depot, here: str, there: str, units: int, code: str, field: str
) -> None:
    before = await books(depot)
    outcome = await do(commands, "transfer_stock", move(depot, here, there, units))
    assert refused(outcome) == [(code, f"input.moves.1.{field}")]
    assert await books(depot) == before


async def test_a_transfer_moves_at_once_or_is_announced_and_received(commands: HubCommands, depot: Depot) -> None:
    assert (await do(commands, "transfer_stock", move(depot, "CAJ", "RIO", 2))).refusals == ()
    assert (await depot.level("CAJ", "A"), await depot.level("RIO", "A")) == ((7, 0), (4, 0))
    later = move(depot, "CAJ", "RIO", 3, arrives_at=depot.now + timedelta(days=2))
    assert (await do(commands, "transfer_stock", later)).refusals == ()
    assert (await depot.level("CAJ", "A"), await depot.level("RIO", "A")) == ((3, 0), (4, 0))
    async with depot.unit() as tx:
        assert (await inventory.atp(tx, ["A"], depot.now + timedelta(days=3)))[depot.nodes["RIO"], "A"] == 7
    assert (await do(commands, "receive_stock", i.ReceiveStockInput(reference="T"))).refusals == ()
    assert await depot.level("RIO", "A") == (7, 0)
    again = await do(commands, "receive_stock", i.ReceiveStockInput(reference="T"))
    assert refused(again) == [("NOTHING_ANNOUNCED", "input.reference")]


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"quantity": Decimal(-1)}, "WOULD_GO_NEGATIVE", "quantity"),
        ({"change_from_quantity": Decimal(9)}, "CHANGE_FROM_QUANTITY_STALE", "changeFromQuantity"),
        ({"sku": "NONE"}, "UNKNOWN_SKU", "sku"),
        ({"location_id": UUID(int=1)}, "NOT_FOUND", "locationId"),
        ({"quantity": Decimal(3), "lot": "L9"}, "CHANGE_FROM_QUANTITY_STALE", "changeFromQuantity"),
    ],
)
async def test_a_count_that_cannot_be_is_refused_with_its_field(
    commands: HubCommands, depot: Depot, change: dict[str, Any], code: str, field: str
) -> None:
    before = await books(depot)
    right = {"location_id": depot.nodes["CAJ"], "sku": "A", "quantity": Decimal(12), "change_from_quantity": UNITS}
    good = i.StockSetInput(location_id=depot.nodes["RIO"], sku="A", quantity=5, change_from_quantity=2)  # type: ignore[arg-type]
    bad = i.StockSetInput(**{**right, **change})
    outcome = await do(commands, "set_stock", i.SetStockInput(reason="count", levels=(good, bad)))
    assert refused(outcome) == [(code, f"input.levels.1.{field}")]
    assert await books(depot) == before


async def test_safety_and_buffers_take_units_from_sale(depot: Depot, commands: HubCommands) -> None:
    safe = i.SafetyInput(location_id=depot.nodes["CAJ"], sku="A", units=Decimal(4))  # type: ignore[arg-type]
    assert (await do(commands, "set_safety_stock", i.SetSafetyStockInput(levels=(safe,)))).refusals == ()
    spare = i.BufferInput(channel="shop", location_id=depot.nodes["CAJ"], units=Decimal(5))  # type: ignore[arg-type]
    outcome = await do(commands, "set_channel_buffers", i.SetChannelBuffersInput(buffers=(spare,)))
    [kept] = await depot.rows("SELECT buffer_id, units FROM channel_safety")
    assert (outcome.ids["buffers"], kept["units"]) == ((kept["buffer_id"],), 5)
    [order_id] = await depot.order(depot.draft("1", {"A": 3}))
    assert await depot.sent_from(order_id) == {"CAJ": {"A": 1}, "RIO": {"A": 2}}
    owed = i.SafetyInput(location_id=depot.nodes["CAJ"], sku="A", units=Decimal(-1))  # type: ignore[arg-type]
    outcome = await do(commands, "set_safety_stock", i.SetSafetyStockInput(levels=(safe, owed)))
    assert refused(outcome) == [("WOULD_GO_NEGATIVE", "input.levels.1.units")]


async def test_goods_are_announced_with_a_date_and_a_lot(commands: HubCommands, depot: Depot) -> None:
    def line(units: int) -> i.ExpectedStockInput:
        when = depot.now + timedelta(days=1)
        return i.ExpectedStockInput(
            location_id=depot.nodes["CAJ"],
            sku="B",
            quantity=Decimal(units),  # type: ignore[arg-type]
            expected_at=when,  # type: ignore[arg-type]
            lot="L1",
        )

    bad = await do(commands, "announce_stock", i.AnnounceStockInput(reference="PO-1", lines=(line(2), line(-2))))
    assert refused(bad) == [("NOT_POSITIVE", "input.lines.1.quantity")]
    assert (await do(commands, "announce_stock", i.AnnounceStockInput(reference="PO-1", lines=(line(2),)))).ids
    assert (await do(commands, "receive_stock", i.ReceiveStockInput(reference="PO-1"))).refusals == ()
    [lot] = await depot.rows("SELECT lot, on_hand FROM stock_lots")
    assert (lot["lot"], lot["on_hand"]) == ("L1", 2)
    await books(depot)


async def test_a_cart_is_kept_prolonged_given_back_and_ordered(commands: HubCommands, depot: Depot) -> None:
    def wish(units: int, ttl: int = 60) -> i.ReserveStockInput:
        line = i.ReservationLineInput(sku="A", quantity=Decimal(units))  # type: ignore[arg-type]
        return i.ReserveStockInput(reference="cart", lines=(line,), ttl_seconds=ttl)

    assert refused(await do(commands, "reserve_stock", wish(-1))) == [("NOT_POSITIVE", "input.lines.0.quantity")]
    assert refused(await do(commands, "reserve_stock", wish(1, 0))) == [("NOT_POSITIVE", "input.ttlSeconds")]
    assert [c for c, _ in refused(await do(commands, "reserve_stock", wish(99)))] == ["STOCK_SHORT"]
    kept = (await do(commands, "reserve_stock", wish(10))).ids["reservation"]
    assert isinstance(kept, UUID)
    longer = i.ExtendReservationInput(reservation_id=kept, ttl_seconds=3600)
    assert (await do(commands, "extend_reservation", longer)).refusals == ()
    order = i.CaptureOrderInput(
        **{**{n: getattr(given("O", "A"), n) for n in i.CaptureOrderInput.__slots__}, "reservation_id": kept}
    )
    assert (await do(commands, "capture_order", order)).refusals == ()
    [row] = await depot.rows("SELECT state FROM reservations")
    assert row["state"] == "USED"
    assert refused(await do(commands, "extend_reservation", longer)) == [("EXPIRED", "input.reservationId")]
    unknown = i.ReleaseReservationInput(reservation_id=UUID(int=1))
    assert refused(await do(commands, "release_reservation", unknown)) == [("NOT_FOUND", "input.reservationId")]


async def test_a_plan_is_told_with_its_decision_and_rules_by_name(commands: HubCommands, depot: Depot) -> None:
    [order_id] = await depot.order(depot.draft("1", {"A": 30}))
    outcome = await do(commands, "plan_route", i.PlanRouteInput(order_id=order_id))
    [newest, *_] = await depot.rows("SELECT decision_id FROM route_decisions ORDER BY at DESC, decision_id DESC")
    assert outcome.ids["decision"] == newest["decision_id"]
    assert "rules: plain" in PLAIN
    strange = await do(commands, "plan_route", i.PlanRouteInput(order_id=order_id, rules="next"))
    assert refused(strange) == [("NOT_FOUND", "input.rules")]
