"""The adapter against the simulated shop: what is placed is read, what is owed arrives, what goes wrong is noticed."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest

from adapters.shopify import ADAPTER
from adapters.shopify.shop import Webhook
from adapters.shopify.simulator import AnswerLost, Simulator, signed
from hub.canon.commands import CancelOrder, CaptureOrder, ConfirmShipment, OutwardCommand, SetStock, ShippedLine
from hub.canon.ports import (
    Accepted,
    Account,
    Call,
    Done,
    Envelope,
    NeverTry,
    NotAuthentic,
    Outcome,
    Page,
    Ref,
    Rejected,
    Response,
    Retry,
    TryAgain,
    Unknown,
)
from tests.adapters.shopify.given import NOW, Http, account, mappings, order, request, simulator

assert ADAPTER.outbound is not None
assert ADAPTER.pull is not None
assert ADAPTER.push is not None
assert ADAPTER.reader is not None
OUTBOUND, PULL, PUSH, READER = ADAPTER.outbound, ADAPTER.pull, ADAPTER.push, ADAPTER.reader


class Desk:
    """As much of the hub's outbox as a command needs: plan, send, keep references, plan again."""

    def __init__(self, sim: Simulator, acting: Account | None = None) -> None:
        self.account = acting or account()
        self.http = Http(sim, self.account)
        self.sent: list[str] = []

    async def one(self, command: OutwardCommand, call: Call) -> Outcome:
        self.sent.append(call.operation)
        response: Response | None
        try:
            response = await self.http.send(call)
        except AnswerLost:
            response = None
        found = OUTBOUND.outcome(command, call, response, self.account)
        if isinstance(found, Done):
            self.account = replace(self.account, references={**self.account.references, **found.references})
        return found

    async def do(self, command: OutwardCommand) -> Outcome:
        for _ in range(12):
            found: Outcome = Done()
            for call in OUTBOUND.plan(command, self.account):
                found = await self.one(command, call)
                if not isinstance(found, Done) or found.again:
                    break
            if not (isinstance(found, Done) and found.again):
                return found
        raise AssertionError("planned again and again")


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


# ------------------------------------------------------------------ in
async def test_webhook_becomes_an_order(sim: Simulator) -> None:
    got: list[httpx.Request] = []

    async def hook(incoming: httpx.Request) -> httpx.Response:
        got.append(incoming)
        return httpx.Response(200)

    sim.faults.repeated_webhooks = 2
    async with httpx.AsyncClient(transport=httpx.MockTransport(hook)) as client:
        assert await sim.deliver(client, "https://hub.example/hooks/shopify/shop") == [200, 200]
    asked = [request(dict(one.headers), one.content) for one in got]
    for one in asked:
        PUSH.verify(one, account())
    first, second = (PUSH.envelopes(one, account())[0] for one in asked)
    assert first.dedupe_key == second.dedupe_key
    assert (first.topic, first.external_id, first.complete) == ("orders/create", "7001", True)
    assert first.revision == "2026-11-20T12:00:02.000000Z"
    [captured] = READER.read(first, mappings(), account())
    assert isinstance(captured, CaptureOrder)
    assert captured.draft.revision == first.revision
    assert captured.draft.totals.total == Decimal("210.00")
    assert [line.sku for line in captured.draft.lines] == ["MUG", "shopify-variant:12"]


def test_an_edit_is_a_hint_only() -> None:
    body = json.dumps({"order_edit": {"id": 3, "order_id": 7001}}).encode()
    found = PUSH.envelopes(request({"X-Shopify-Topic": "orders/edited"}, body), account())[0]
    assert (found.external_id, found.complete) == ("7001", False)
    with pytest.raises(NeverTry):
        READER.read(found, mappings(), account())


def test_a_message_of_another_shop_is_refused(sim: Simulator) -> None:
    body = b"{}"
    headers = {**signed(sim.shop, Webhook("e", "orders/create", {}), body), "X-Shopify-Shop-Domain": "x.myshopify.com"}
    with pytest.raises(NotAuthentic):
        PUSH.verify(request(headers, body), account())


def test_a_signed_body_that_is_no_json_is_kept() -> None:
    found = PUSH.envelopes(request({"X-Shopify-Topic": "orders/create"}, b"\xff"), account())[0]
    assert found.external_id is None
    assert len(found.dedupe_key) == 64
    with pytest.raises(NeverTry):
        READER.read(found, mappings(), account())


async def swept(http: Http, since: str | None) -> list[Page]:
    return [page async for page in PULL.changes(since, http, account())]


async def test_sweep_finds_what_pushes_lost(sim: Simulator) -> None:
    for number in range(7002, 7130):
        sim.shop.place(order(id=number))
    http = Http(sim, account())
    pages = await swept(http, None)
    assert [len(page.envelopes) for page in pages] == [100, 29]
    assert not any(envelope.complete for page in pages for envelope in page.envelopes)
    newest = pages[-1].next
    sim.shop.pay("7005")
    later = await swept(http, newest)
    assert "7005" in [envelope.external_id for page in later for envelope in page.envelopes]
    assert later[-1].next is not None
    assert newest is not None
    assert later[-1].next > newest


async def test_fetched_order_equals_the_pushed_one(sim: Simulator) -> None:
    fetched = await PULL.fetch(Ref(kind="order", external_id="7001"), Http(sim, account()), account())
    assert fetched.complete
    [by_fetch] = READER.read(fetched, mappings(), account())
    pushed = Envelope(
        dedupe_key="e",
        topic="orders/create",
        body=json.dumps(sim.shop.orders["7001"]).encode(),
        complete=True,
        external_id="7001",
    )
    [by_push] = READER.read(pushed, mappings(), account())
    assert isinstance(by_fetch, CaptureOrder)
    assert isinstance(by_push, CaptureOrder)
    assert replace(by_fetch.draft, tags=()) == by_push.draft
    assert by_fetch.draft.tags == ("vip", "first")


async def test_a_fetched_order_brings_its_refunds(sim: Simulator) -> None:
    line = {"line_item_id": 1, "quantity": 1, "subtotal": "40.00", "total_tax": "0.00", "restock_type": "return"}
    refund = sim.shop.refund("7001", "40.00", [line])
    fetched = await PULL.fetch(Ref(kind="order", external_id="7001"), Http(sim, account()), account())
    captured, by_fetch = READER.read(fetched, mappings(), account())
    pushed = Envelope(
        dedupe_key="e",
        topic="refunds/create",
        body=json.dumps(refund).encode(),
        complete=True,
        external_id="7001",
    )
    [by_push] = READER.read(pushed, mappings(), account())
    assert isinstance(captured, CaptureOrder)
    assert captured.draft.payment_state == "PARTIALLY_REFUNDED"
    assert by_fetch == by_push


async def test_fetch_says_what_is_wrong(sim: Simulator) -> None:
    http = Http(sim, account())
    with pytest.raises(NeverTry):
        await PULL.fetch(Ref(kind="order", external_id="1"), http, account())
    sim.faults.throttle = 1
    with pytest.raises(TryAgain) as caught:
        await PULL.fetch(Ref(kind="order", external_id="7001"), http, account())
    assert caught.value.data["after"].total_seconds() == 5
    sim.faults.fail = 1
    with pytest.raises(TryAgain):
        await PULL.fetch(Ref(kind="order", external_id="7001"), http, account())
    other = replace(account(), secrets={"access_token": ("wrong",)})
    with pytest.raises(NeverTry):
        await PULL.fetch(Ref(kind="order", external_id="7001"), Http(sim, other), account())


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


# ------------------------------------------------------------------ stock
STOCK = SetStock(levels=(("MUG", "CWB", Decimal("7.9"), Decimal(4)),))


async def test_stock_is_set_absolutely(sim: Simulator) -> None:
    item = sim.shop.stock("MUG", 4)
    desk = Desk(sim)
    assert isinstance(await desk.do(STOCK), Done)
    assert sim.shop.levels[item, sim.shop.location] == 7
    assert desk.sent == ["inventoryItems", "inventorySetQuantities"]


async def test_stale_stock_is_read_before_it_is_set(sim: Simulator) -> None:
    item, other = sim.shop.stock("MUG", 9), sim.shop.stock("BAG", 2)
    desk = Desk(sim)
    command = SetStock(levels=(*STOCK.levels, ("BAG", "CWB", Decimal(1), Decimal(0))))
    assert isinstance(await desk.do(command), Done)
    assert sim.shop.levels == {(item, sim.shop.location): 7, (other, sim.shop.location): 1}
    assert not desk.account.references["reread"]


async def test_retry_of_one_delivery_is_idempotent(sim: Simulator) -> None:
    item = sim.shop.stock("MUG", 4)
    desk = Desk(sim)
    await desk.one(STOCK, OUTBOUND.plan(STOCK, desk.account)[0])
    [call] = OUTBOUND.plan(STOCK, desk.account)
    sim.faults.lose_answers = 1
    assert isinstance(await desk.one(STOCK, call), Retry)
    assert isinstance(await desk.one(STOCK, call), Done)
    assert sim.shop.levels[item, sim.shop.location] == 7
    later = replace(desk.account, delivery="dlv_2")
    assert OUTBOUND.plan(STOCK, later)[0].body != call.body


async def test_unknown_sku_node_and_command_are_told(sim: Simulator) -> None:
    found = await Desk(sim).do(STOCK)
    assert isinstance(found, Rejected)
    assert found.code == "UNKNOWN_SKU"
    elsewhere = SetStock(levels=(("MUG", "XYZ", Decimal(1), None),))
    with pytest.raises(NeverTry, match="XYZ"):
        OUTBOUND.plan(elsewhere, account({"item:MUG": "gid://shopify/InventoryItem/1"}))


async def test_many_skus_are_known_after_one_round(sim: Simulator) -> None:
    names = [f"S{number}" for number in range(249)] + ["it's"]
    for name in names:
        sim.shop.stock(name, 1)
    desk = Desk(sim)
    command = SetStock(levels=tuple((name, "CWB", Decimal(2), Decimal(0)) for name in names))
    assert isinstance(await desk.do(command), Done)
    assert set(sim.shop.levels.values()) == {2}
    assert desk.sent == [
        *["inventoryItems"] * 3,
        "inventorySetQuantities",
        *["nodes"] * 3,
        "inventorySetQuantities",
    ]


async def test_a_sku_that_two_items_share_is_refused(sim: Simulator) -> None:
    desk = Desk(sim)
    [call] = OUTBOUND.plan(STOCK, desk.account)
    nodes = [
        {"id": "gid://shopify/InventoryItem/1", "sku": "MUG"},
        {"id": "gid://shopify/InventoryItem/2", "sku": "MUG"},
    ]
    answer = json.dumps({"data": {"inventoryItems": {"nodes": nodes}}}).encode()
    found = OUTBOUND.outcome(STOCK, call, Response(status=200, headers={}, body=answer), desk.account)
    assert isinstance(found, Rejected)
    assert found.code == "AMBIGUOUS_SKU"


def test_rows_are_split_at_the_vendors_limit() -> None:
    levels = tuple((f"S{n}", "CWB", Decimal(n), None) for n in range(501))
    known = account({f"item:S{n}": f"gid://shopify/InventoryItem/{n}" for n in range(501)})
    calls = OUTBOUND.plan(SetStock(levels=levels), known)
    assert [len(json.loads(call.body)["variables"]["input"]["quantities"]) for call in calls] == [250, 250, 1]
    assert len({json.loads(call.body)["variables"]["key"] for call in calls}) == 3


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


def test_account_time_is_the_tests() -> None:
    assert account().now == NOW
