"""One order from each source, from its capture to its end, on one model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from hub.boot.masterdata import BadData, apply_data, read_data
from hub.canon.commands import CaptureOrder, TrackingSeen
from hub.canon.order import Customer, Pickup
from hub.canon.states import FulfillmentMethod, PaymentState
from hub.flows import Reactor
from hub.kit.db import Database
from hub.kit.ids import public_id
from hub.orders import load_hold_rules
from tests.api import Api, api_over
from tests.flows.test_random_life import broken
from tests.world import MAPPINGS, World, new_world

DATA = """
kits: {BOX: {SKU-1: 2}}
price_lists:
  - {code: GOLD, currency: EUR, tiers: [{sku: SKU-1, unit_price: "10"}, {sku: SKU-1, min_quantity: 10, unit_price: "8"}]}
customers:
  - {channel: b2b, tax_id: "52998224725", name: Revenda, credit_limit: "60000", currency: EUR, days: 28, price_list: GOLD}
"""


@pytest.fixture
async def world(db: Database) -> World:
    made = await new_world(db, stock={("LIS", "SKU-1"): 9000, ("FAO", "SKU-1"): 5})
    rules = load_hold_rules(MAPPINGS / "holds")
    return replace(made, reactor=Reactor(db, replace(made.deps, hold_rules=rules), made.reactor.flows))


@pytest.fixture
async def api(world: World, db: Database) -> AsyncIterator[Api]:
    async with api_over(db, world.reactor) as made:
        yield made


async def delivered(world: World, order_id: UUID, tracking: str) -> None:
    [ful] = await world.fulfillments(order_id, "APPROVED")
    await world.ship(ful["fulfillment_id"], tracking)
    await world.tell(TrackingSeen(tracking=tracking, status="DELIVERED", at=world.now, code="D"))
    assert (await world.order(order_id))["state"] == "DELIVERED"
    assert await broken(world) == {}


async def test_a_direct_order_of_a_shop(world: World) -> None:
    draft = world.draft("D1", ("SKU-1", 2))
    assert await world.tell(CaptureOrder(draft=draft)) == [None]
    [row] = await world.rows("SELECT order_id FROM orders WHERE external_id = 'D1'")
    await delivered(world, row["order_id"], "T1")


async def test_a_pack_of_a_marketplace(world: World) -> None:
    ids = [await world.place(world.draft(f"M{n}", group_id="PACK"), "market") for n in (1, 2)]
    for order_id in ids:
        [ful] = await world.fulfillments(order_id)
        await world.ship(ful["fulfillment_id"], "T9")
    await world.tell(TrackingSeen(tracking="T9", status="DELIVERED", at=world.now, code="D"))
    assert [(await world.order(o))["state"] for o in ids] == ["DELIVERED"] * 2


async def test_a_business_order_on_terms(world: World, api: Api, tmp_path: Path) -> None:
    file = tmp_path / "trade.yaml"
    file.write_text(DATA)
    async with world.unit() as tx:
        assert (await apply_data(tx, read_data(file))).endswith("1 kits, 1 customers")
    draft = world.draft("B1", ("SKU-1", 6400), payment_state=PaymentState.PENDING)
    eight = replace(draft.lines[0], unit_price=Decimal(8))
    goods = Decimal(51_200)
    agreed = replace(draft, lines=(eight,), totals=replace(draft.totals, goods=goods, total=goods + 5))
    order_id = await world.place(agreed, "b2b")
    assert await world.holds(order_id) == ["CREDIT"]
    [hold] = await world.rows("SELECT reason FROM order_holds")
    assert hold["reason"] == "needs approval: sales_manager"
    clerk = api.by(role="OPERATOR", scopes=frozenset({"orders:read", "orders:write"}))
    asked = {"orderId": public_id("ord", order_id)}
    refused = await clerk.do("approveOrder", "replayed", **asked)
    assert [e["code"] for e in refused["userErrors"]] == ["NOT_YOUR_STEP"]
    head = api.by(role="OPERATOR", scopes=clerk.me.scopes | {"approve:sales_manager"})
    given = await head.do("approveOrder", "order { state onHold }", **asked)
    assert given["order"] == {"state": "APPROVED", "onHold": False}
    dear = await world.place(world.draft("B2", ("SKU-1", 10)), "b2b")
    assert await world.holds(dear) == ["MANUAL"]
    more = replace(agreed, external_id="B3", customer=agreed.customer)
    [outcome] = await world.capture(more, channel="b2b")
    assert outcome.captured is not None
    [credit] = await world.rows("SELECT reason FROM order_holds WHERE order_id = $1", outcome.captured.order_id)
    assert "owes 51205 and orders 51205 with a limit of 60000 EUR" in credit["reason"]
    await delivered(world, order_id, "T2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kits: {BOX: {SKU-1: 0}}", "kits.BOX.SKU-1: pieces are above zero"),
        ("kits: {A: {B: 1}, B: {C: 1}}", "kits.A: a kit is no part of a kit"),
        (
            "customers: [{channel: b2b, name: X, credit_limit: 1, currency: EUR, days: 1}]",
            "customers.0: external_id or tax_id",
        ),
        (
            "price_lists: [{code: X, currency: EUR, tiers: [{sku: A, unit_price: -1}]}]",
            "price_lists.0.tiers.0.unit_price",
        ),
    ],
)
async def test_terms_that_mean_nothing_are_refused_whole(world: World, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "trade.yaml"
    file.write_text(text)
    with pytest.raises(BadData, match=said):
        async with world.unit() as tx:
            await apply_data(tx, read_data(file))
    assert await world.rows("SELECT 1 FROM kit_components") == []


async def test_a_sale_of_a_till(world: World) -> None:
    draft = replace(
        world.draft("FAO/T1/7", ("SKU-1", 2), handed_over=True, pickup=Pickup(node="FAO")),
        ship_to=None,
        method=FulfillmentMethod.PICKUP,
    )
    order_id = await world.place(draft, "till")
    assert (await world.order(order_id))["state"] == "DELIVERED"
    assert next(f.type for f in world.facts if f.subject_kind == "order") == "order.placed"
    assert "order.handed_over" in [f.type for f in world.facts]
    assert await world.stock("FAO", "SKU-1") == (Decimal(3), Decimal(0))


async def test_an_order_of_a_conversation(world: World, api: Api) -> None:
    """Social commerce: a seller types in the API what was agreed in a chat; the customer pays later by a link."""
    order = {
        "channel": "instagram",
        "externalId": "chat-77",
        "currencyCode": "EUR",
        "lines": [{"sku": "SKU-1", "quantity": "1", "unitPrice": "10.00"}],
        "shipTo": {"street": "Rua A", "city": "Lisboa", "region": "11", "postcode": "1000-001", "countryCode": "PT"},
        "customer": {"name": "Ana", "phone": "+351900000000"},
        "tags": ["social"],
    }
    made = await api.do("captureOrder", "order { id state holds(open: true) { kind } }", **order)
    assert made["order"]["holds"] == [{"kind": "PAYMENT"}]
    order_id = UUID(made["order"]["id"][4:])
    paid = world.draft("chat-77", ("SKU-1", 1), revision="1", customer=Customer(name="Ana"), placed_at=world.now)
    paid = replace(paid, totals=replace(paid.totals, shipping=Decimal(0), total=Decimal(10)))
    await world.capture(paid, channel="instagram")
    assert await world.holds(order_id) == []
    found = (await api('{ orders(where: {tag: "social"}) { nodes { id state channel } } }'))["orders"]["nodes"]
    assert found == [{"id": made["order"]["id"], "state": "APPROVED", "channel": "instagram"}]
    await delivered(world, order_id, "T5")
