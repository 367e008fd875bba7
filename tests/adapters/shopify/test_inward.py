"""What the simulated shop tells is read; what a push lost, a sweep finds."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import httpx
import pytest

from adapters.shopify.shop import Webhook
from adapters.shopify.simulator import Simulator, signed
from hub.canon.commands import CaptureOrder
from hub.canon.ports import (
    Envelope,
    NeverTry,
    NotAuthentic,
    Page,
    Ref,
    TryAgain,
)
from tests.adapters.shopify.desk import PULL, PUSH, READER
from tests.adapters.shopify.given import Http, account, mappings, order, request, simulator


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
