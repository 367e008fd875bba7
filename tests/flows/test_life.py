"""From a draft to the door and to the customer: what each step leaves behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hub.canon.commands import CancelAsked, FulfillmentReported, ReportedLine, ReportedPackage, TrackingSeen
from hub.canon.states import HoldKind, PaymentState
from hub.flows import capture
from hub.kit.ids import new_id, public_id
from hub.ledger import Cause
from hub.orders import HoldReleased, release
from tests.world import World


async def test_an_ordinary_order_goes_to_the_warehouse_in_one_commit(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 2), ("SKU-2", 1)))
    types = [f.type for f in world.facts]
    assert types == ["order.placed", "order.approved", "order.allocated", "fulfillment.planned"]
    assert [f.causation_id for f in world.facts[1:]] == [f.event_id for f in world.facts[:-1]]
    [ful] = await world.fulfillments(order_id)
    [pick] = await world.owed("RequestPick")
    assert pick["pick_order"] == public_id("ful", ful["fulfillment_id"])
    assert [(x["sku"], int(Decimal(x["quantity"]))) for x in pick["lines"]] == [("SKU-1", 2), ("SKU-2", 1)]


async def test_the_way_to_the_customer(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 2)))
    [ful] = await world.fulfillments(order_id)
    here = ful["fulfillment_id"]
    seen = []
    for status in ("ACKNOWLEDGED", "PICKING", "PACKED", "DISPATCHED"):
        assert await world.report(here, status, packages=[ReportedPackage(carrier="CTT", tracking="T1")]) is None
        seen.append((await world.order(order_id))["state"])
    for status in ("IN_TRANSIT", "DELIVERED", "IN_TRANSIT"):
        await world.tell(TrackingSeen(tracking="T1", status=status, at=world.now, code=f"{status}{world.now}"))
        seen.append((await world.order(order_id))["state"])
    assert seen == ["APPROVED", "PICKING", "PACKED", "DISPATCHED", "IN_TRANSIT", "DELIVERED", "DELIVERED"]
    [line] = await world.lines(order_id)
    assert {line[q] for q in ("reserved", "picked", "packed", "shipped", "delivered")} == {Decimal(2)}
    assert await world.stock("LIS", "SKU-1") in {(Decimal(98), Decimal(0)), (Decimal(100), Decimal(0))}


async def test_payment_holds_until_the_channel_says_paid(world: World) -> None:
    draft = replace(world.draft("A1"), payment_state=PaymentState.PENDING)
    order_id = await world.place(draft)
    assert (await world.holds(order_id), await world.incidents(order_id)) == (["PAYMENT"], ["payment_not_captured"])
    assert await world.fulfillments(order_id) == []
    await world.capture(replace(draft, revision="2", payment_state=PaymentState.PAID))
    assert (await world.holds(order_id), await world.incidents(order_id)) == ([], [])
    assert len(await world.fulfillments(order_id, "APPROVED")) == 1


async def test_a_completed_address_frees_the_order(world: World) -> None:
    draft = world.draft("A1", ship_to=replace(world.address(), city=None))
    order_id = await world.place(draft)
    assert (await world.holds(order_id), await world.incidents(order_id)) == (["ADDRESS"], ["address_incomplete"])
    await world.capture(replace(draft, revision="2", ship_to=world.address()))
    row = await world.order(order_id)
    assert (row["ship_city"], row["state"], row["open_holds"]) == ("Lisboa", "APPROVED", 0)
    assert await world.incidents(order_id) == []


async def test_an_unknown_sku_waits_for_a_person(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("NEW-THING", 1)))
    assert (await world.holds(order_id), await world.incidents(order_id)) == (["CATALOG"], ["unknown_sku"])
    async with world.unit() as tx:
        freed = [HoldReleased(order_id=order_id, kind=HoldKind.CATALOG, cause=Cause(new_id(), None))]
        await release(tx, freed, note="added")
    assert await world.incidents(order_id) == ["out_of_stock"]


async def test_lack_of_stock_holds_and_new_stock_frees(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 250)))
    assert (await world.holds(order_id), await world.incidents(order_id)) == (["STOCK"], ["out_of_stock"])
    [line] = await world.lines(order_id)
    assert line["reserved"] == 200
    await world.adjust("LIS", "SKU-1", 60)
    assert (await world.holds(order_id), await world.incidents(order_id)) == ([], [])
    [line] = await world.lines(order_id)
    assert line["reserved"] == 250
    assert await world.stock("LIS", "SKU-1") == (Decimal(160), Decimal(150))


async def test_a_short_pick_is_routed_again_elsewhere(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 5), ("SKU-2", 1)))
    [ful] = await world.fulfillments(order_id)
    short = ReportedLine(line="1", quantity=Decimal(3), short=Decimal(2), reason="DAMAGED")
    assert (
        await world.report(ful["fulfillment_id"], "PICKED", lines=[short, ReportedLine(line="2", quantity=Decimal(1))])
        is None
    )
    first, second = await world.fulfillments(order_id)
    assert first["node_id"] != second["node_id"]
    assert (await world.order(order_id))["state"] == "APPROVED"
    assert await world.incidents(order_id) == ["short_pick"]
    one, _ = await world.lines(order_id)
    assert (one["reserved"], one["picked"]) == (Decimal(5), Decimal(3))
    for n, each in enumerate((first, second)):
        await world.ship(each["fulfillment_id"], f"T{n}")
    assert (await world.order(order_id))["state"] == "DISPATCHED"
    one, _ = await world.lines(order_id)
    assert one["shipped"] == 5


async def test_a_wholly_short_fulfillment_ends(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 2)))
    [ful] = await world.fulfillments(order_id)
    short = ReportedLine(line="1", short=Decimal(2))
    assert await world.report(ful["fulfillment_id"], "PICKED", lines=[short]) is None
    assert [f["state"] for f in await world.fulfillments(order_id)] == ["CANCELLED", "APPROVED"]


async def _cancel(world: World, external_id: str) -> None:
    assert await world.tell(CancelAsked(external_id=external_id, reason="changed my mind", revision="9")) == [None]


async def test_a_cancellation_before_the_shelf_waits_for_the_warehouse(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 2)))
    await _cancel(world, "A1")
    [ful] = await world.fulfillments(order_id)
    assert (await world.order(order_id))["state"] == "APPROVED"
    assert [c["pick_order"] for c in await world.owed("CancelPick")] == [public_id("ful", ful["fulfillment_id"])]
    assert await world.report(ful["fulfillment_id"], "CANCELLED") is None
    assert (await world.order(order_id))["state"] == "CANCELLED"
    [line] = await world.lines(order_id)
    assert (line["cancelled"], line["reserved"]) == (Decimal(2), Decimal(0))
    assert await world.rows("SELECT 1 FROM stock WHERE reserved <> 0") == []


async def test_a_held_order_is_cancelled_at_once(world: World) -> None:
    order_id = await world.place(replace(world.draft("A1"), payment_state=PaymentState.PENDING))
    await _cancel(world, "A1")
    assert (await world.order(order_id))["state"] == "CANCELLED"


async def test_a_warehouse_may_refuse_the_cancellation(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 2)))
    [ful] = await world.fulfillments(order_id)
    await world.report(ful["fulfillment_id"], "PACKED")
    await _cancel(world, "A1")
    assert await world.report(ful["fulfillment_id"], "CANCEL_REFUSED", reason="on the truck") is None
    assert await world.incidents(order_id) == ["cancel_refused"]
    assert (await world.order(order_id))["state"] == "PACKED"


async def test_a_dispatched_order_is_not_cancelled(world: World) -> None:
    order_id = await world.place(world.draft("A1"))
    [ful] = await world.fulfillments(order_id)
    await world.ship(ful["fulfillment_id"], "T1")
    await _cancel(world, "A1")
    assert (await world.order(order_id))["state"] == "DISPATCHED"
    assert [f["state"] for f in await world.fulfillments(order_id)] == ["DISPATCHED"]


async def test_a_refused_pick_order_goes_elsewhere(world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 2)))
    [ful] = await world.fulfillments(order_id)
    assert await world.report(ful["fulfillment_id"], "REFUSED", reason="closed") is None
    refused, other = await world.fulfillments(order_id)
    assert (refused["state"], other["state"]) == ("CANCELLED", "APPROVED")
    assert refused["node_id"] != other["node_id"]
    assert await world.incidents(order_id) == ["pick_refused"]
    assert [r["n"] for r in await world.rows("SELECT sum(reserved) AS n FROM stock")] == [Decimal(2)]


async def test_the_channel_is_told_what_left(world: World) -> None:
    [shop] = await world.rows("SELECT connection_id FROM connections WHERE code = 'shop'")
    draft = world.draft("A1", ("SKU-1", 2))
    async with world.unit() as tx:
        await capture(tx, [replace(world.incoming(draft), connection_id=shop["connection_id"])], world.deps)
    [ful] = await world.rows("SELECT * FROM fulfillments")
    await world.ship(ful["fulfillment_id"], "T1")
    [told] = await world.owed("ConfirmShipment")
    assert (told["order"], told["tracking"]) == ("A1", "T1")
    assert [(x["line"], int(Decimal(x["quantity"]))) for x in told["lines"]] == [("1", 2)]


async def test_late_carrier_news_never_goes_back(world: World) -> None:
    order_id = await world.place(world.draft("A1"))
    [ful] = await world.fulfillments(order_id)
    await world.ship(ful["fulfillment_id"], "T1")
    late = TrackingSeen(tracking="T1", status="IN_TRANSIT", at=world.now, code="A")
    done = TrackingSeen(tracking="T1", status="DELIVERED", at=world.now + timedelta(hours=2), code="B")
    await world.tell(done, late)
    await world.tell(late, replace(late, code="C", at=world.now + timedelta(hours=3)))
    assert (await world.order(order_id))["state"] == "DELIVERED"
    [shipment] = await world.rows("SELECT status FROM shipments")
    assert shipment["status"] == "DELIVERED"


async def test_totals_in_one_batch_are_counted_once(world: World) -> None:
    """Two reports of one pick order in one unit: the second one's totals contain the first one's."""
    order_id = await world.place(world.draft("A1", ("SKU-1", 5)))
    [ful] = await world.fulfillments(order_id)
    reports = [
        FulfillmentReported(
            pick_order=public_id("ful", ful["fulfillment_id"]),
            status="PICKED",
            sequence=n,
            lines=(ReportedLine(line="1", quantity=Decimal(total)),),
        )
        for n, total in ((1, 2), (2, 5))
    ]
    assert await world.tell(*reports, attempts=2) == [None, None]
    [line] = await world.lines(order_id)
    assert line["picked"] == 5
