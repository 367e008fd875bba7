"""Shipments and cancellations against the simulated shop: told once, whatever gets lost."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from adapters.shopify.simulator import Simulator
from hub.canon.commands import CancelOrder, ConfirmShipment, ShippedLine
from hub.canon.ports import (
    Accepted,
    Done,
    Rejected,
    Retry,
    Unknown,
)
from tests.adapters.shopify.desk import OUTBOUND, Desk
from tests.adapters.shopify.given import account, order, simulator


def shipment(*lines: tuple[str, int], name: str = "shp_1", **changes: Any) -> ConfirmShipment:
    given: dict[str, Any] = {
        "order": "7001",
        "shipment": name,
        "lines": tuple(ShippedLine(line=line, quantity=Decimal(quantity)) for line, quantity in lines),
        "carrier": "Correios",
        "tracking": f"TRACK-{name}",
    }
    return ConfirmShipment(**{**given, **changes})


@pytest.fixture
def sim() -> Simulator:
    found = simulator()
    found.shop.place(order())
    return found


# ------------------------------------------------------------------ shipments
async def test_shipment_is_told_once_with_tracking_and_invoice_key(sim: Simulator) -> None:
    desk = Desk(sim)
    found = await desk.do(shipment(("1", 4), ("2", 1), access_key="4126"))
    assert isinstance(found, Done)
    assert desk.sent == ["order", "metafieldsSet", "fulfillmentCreate"]
    [made] = sim.shop.fulfillments["7001"]
    assert made["trackingInfo"] == [{"company": "Correios", "number": "TRACK-shp_1"}]
    assert sim.shop.orders["7001"]["fulfillment_status"] == "fulfilled"
    assert [(row["key"], row["value"]) for row in sim.shop.metafields] == [("nfe_access_key", "4126")]
    assert desk.account.references["fulfillment:shp_1"] == made["id"]


async def test_two_shipments_of_one_order(sim: Simulator) -> None:
    desk = Desk(sim)
    await desk.do(shipment(("1", 3)))
    assert sim.shop.orders["7001"]["fulfillment_status"] == "partial"
    await desk.do(shipment(("1", 1), ("2", 1), name="shp_2"))
    assert sim.shop.orders["7001"]["fulfillment_status"] == "fulfilled"
    assert len(sim.shop.fulfillments["7001"]) == 2


async def test_more_than_is_left_is_refused(sim: Simulator) -> None:
    desk = Desk(sim)
    found = await desk.do(shipment(("1", 5)))
    assert isinstance(found, Rejected)
    assert found.code == "NOT_FULFILLABLE"
    assert [fault.at for fault in found.fields] == ["1"]
    assert isinstance(await desk.do(shipment(("1", 1), order="999")), Rejected)
    part = replace(shipment(), lines=(ShippedLine(line="1", quantity=Decimal("0.5")),))
    refused = await desk.do(part)
    assert isinstance(refused, Rejected)
    assert refused.code == "NOT_WHOLE"


async def test_lost_answer_is_read_and_never_created_twice(sim: Simulator) -> None:
    desk = Desk(sim)
    command = shipment(("1", 4), ("2", 1))
    [read] = OUTBOUND.plan(command, desk.account)
    await desk.one(command, read)
    [create] = OUTBOUND.plan(command, desk.account)
    sim.faults.lose_answers = 1
    lost = await desk.one(command, create)
    assert isinstance(lost, Unknown)
    assert lost.check is not None
    settled = await desk.one(command, lost.check)
    assert isinstance(settled, Done)
    assert not settled.again
    assert len(sim.shop.fulfillments["7001"]) == 1


async def test_lost_request_is_planned_again_after_the_read(sim: Simulator) -> None:
    desk = Desk(sim)
    command = shipment(("1", 4), ("2", 1))
    await desk.one(command, OUTBOUND.plan(command, desk.account)[0])
    [create] = OUTBOUND.plan(command, desk.account)
    lost = OUTBOUND.outcome(command, create, None, desk.account)
    assert isinstance(lost, Unknown)
    assert lost.check is not None
    settled = await desk.one(command, lost.check)
    assert settled == Done(references=settled.references, again=True) if isinstance(settled, Done) else False
    assert isinstance(await desk.do(command), Done)
    assert len(sim.shop.fulfillments["7001"]) == 1


def test_without_tracking_a_lost_answer_needs_a_person() -> None:
    command = shipment(("1", 1), tracking=None)
    known = account({"allocation:shp_1": '[["gid://shopify/FulfillmentOrder/1", [["x", 1]]]]'})
    [create] = OUTBOUND.plan(command, known)
    assert OUTBOUND.outcome(command, create, None, known) == Unknown(check=None)


async def test_new_tracking_updates_the_fulfillment(sim: Simulator) -> None:
    desk = Desk(sim)
    await desk.do(shipment(("1", 4), ("2", 1)))
    await desk.do(shipment(("1", 4), ("2", 1), tracking="NEW"))
    assert [one["trackingInfo"][0]["number"] for one in sim.shop.fulfillments["7001"]] == ["NEW"]


async def test_throttled_waits_for_the_bucket(sim: Simulator) -> None:
    sim.faults.throttle = 1
    found = await Desk(sim).do(shipment(("1", 1)))
    assert isinstance(found, Retry)
    assert found.after.total_seconds() == 5


# ------------------------------------------------------------------ cancellation
async def test_cancel_is_polled_to_its_end(sim: Simulator) -> None:
    desk = Desk(sim)
    command = CancelOrder(order="7001", reason="the customer called")
    found = await desk.do(command)
    assert isinstance(found, Accepted)
    assert await desk.one(command, found.poll) == Done()
    assert sim.shop.orders["7001"]["cancel_reason"] == "other"
    again = await desk.do(command)
    assert isinstance(again, Rejected)
    assert again.message == "Order has already been cancelled"


async def test_lost_cancel_is_read_first(sim: Simulator) -> None:
    desk = Desk(sim)
    command = CancelOrder(order="7001", reason="FRAUD")
    [call] = OUTBOUND.plan(command, desk.account)
    before = OUTBOUND.outcome(command, call, None, desk.account)
    assert isinstance(before, Unknown)
    assert before.check is not None
    assert await desk.one(command, before.check) == Done(again=True)
    sim.faults.lose_answers = 1
    lost = await desk.one(command, call)
    assert isinstance(lost, Unknown)
    assert lost.check is not None
    assert await desk.one(command, lost.check) == Done()
