"""Shopify passes the shared conformance suite."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from graphql import parse, validate
from graphql.execution.values import get_variable_values
from graphql.language import OperationDefinitionNode

from adapters.shopify import ADAPTER
from adapters.shopify.rules import broken
from adapters.shopify.shop import Webhook
from adapters.shopify.simulator import signed
from hub.canon.commands import (
    AddedLine,
    CancelAsked,
    CancelLines,
    CancelOrder,
    CaptureOrder,
    ChangeLines,
    ConfirmShipment,
    RefundRecorded,
    SetStock,
    ShippedLine,
)
from hub.canon.ports import Account, Call, Envelope, Request
from tests.adapters.conformance import AdapterContract, Broken, Case, Golden
from tests.adapters.shopify.given import ORDER, account, mappings, order, request, schema, simulator


def envelope(topic: str, body: Any, **changes: Any) -> Envelope:
    revision = "2026-11-20T11:59:30.000000Z"
    found = {"dedupe_key": "e", "topic": topic, "complete": True, "external_id": "7001", "revision": revision}
    return Envelope(body=json.dumps(body).encode(), **{**found, **changes})


def webhook() -> Request:
    sim = simulator()
    body = json.dumps(ORDER).encode()
    return request(signed(sim.shop, Webhook("evt-1", "orders/create", ORDER), body), body)


def faults(call: Call) -> list[str]:
    """Against the published contract and against what the server enforces beyond it."""
    asked = json.loads(call.body)
    document = parse(asked["query"])
    found = [error.message for error in validate(schema(), document)]
    operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    coerced = get_variable_values(schema(), operation.variable_definitions or (), asked["variables"])
    found += [error.message for error in coerced] if isinstance(coerced, list) else []
    return found + [rule.message for rule in broken(document, asked["variables"])]


SHIPMENT = ConfirmShipment(
    order="7001",
    shipment="shp_1",
    lines=(ShippedLine(line="1", quantity=Decimal(4)),),
    carrier="Correios",
    tracking="AA123456785BR",
    tracking_url="https://rastreio.example/AA123456785BR",
    access_key="41261112345678000195550010000000011000000017",
)
STOCK = SetStock(levels=(("MUG", "CWB", Decimal("7.9"), Decimal(4)), ("BAG", "CWB", Decimal(0), None)))
CANCEL = CancelOrder(order="7001", reason="inventory")
CUT = CancelLines(order="7001", change="evt_1", left=(("1", Decimal(2)),), reason="inventory")
STAGED = {"id": "gid://shopify/CalculatedOrder/1", "set": [["gid://shopify/CalculatedLineItem/1", 2]]}
BEGUN = {"edit:evt_1": json.dumps({**STAGED, "add": [], "discount": []})}
CHANGE = ChangeLines(
    order="7001",
    change="evt_1",
    lines=(("1", Decimal(2)),),
    added=(AddedLine(sku="TEA", units=Decimal(2), amount=Decimal(20)),),
    known=("1", "2"),
    currency="BRL",
    reason="the customer likes tea",
)
TEA = {"variant:TEA": "gid://shopify/ProductVariant/9"}
ADD = [{"sku": "TEA", "variant": TEA["variant:TEA"], "units": 2, "each": "10"}]
ADDING = {**TEA, "edit:evt_1": json.dumps({**STAGED, "add": ADD, "discount": []})}
CUTTING = {
    **TEA,
    "edit:evt_1": json.dumps(
        {**STAGED, "add": [], "discount": [["gid://shopify/CalculatedLineItem/9", "2.50", "BRL"]]}
    ),
}
KNOWN = {
    "allocation:shp_1": '[["gid://shopify/FulfillmentOrder/1", [["gid://shopify/FulfillmentOrderLineItem/2", 4]]]]'
}
ITEMS = {"item:MUG": "gid://shopify/InventoryItem/1", "item:BAG": "gid://shopify/InventoryItem/2"}

COMMANDS: tuple[tuple[Any, Account], ...] = (
    (SHIPMENT, account()),
    (SHIPMENT, account(KNOWN)),
    (SHIPMENT, account({"fulfillment:shp_1": "gid://shopify/Fulfillment/5"})),
    (STOCK, account()),
    (STOCK, account(ITEMS)),
    (STOCK, account({**ITEMS, "reread": "1"})),
    (CANCEL, account()),
    (CUT, account()),
    (CUT, account(BEGUN)),
    (CHANGE, account()),
    (CHANGE, account(TEA)),
    (CHANGE, account(ADDING)),
    (CHANGE, account(CUTTING)),
)

REFUND = {
    "id": 5,
    "order_id": 7001,
    "created_at": "2026-11-20T12:00:00Z",
    "refund_line_items": [{"line_item_id": 1, "quantity": 1, "subtotal": "40.00", "restock_type": "return"}],
    "transactions": [{"kind": "refund", "status": "success", "amount": "40.00", "currency": "BRL"}],
    "order_adjustments": [],
}
PERSONAL = ("Bia", "bia@example.com", "Flores", "80000")


class TestConformance(AdapterContract):
    case = Case(
        adapter=ADAPTER,
        account=account(),
        mappings=mappings(),
        signed=webhook(),
        signature_header="x-shopify-hmac-sha256",
        secret="client_secret",
        golden=(
            Golden(envelope=envelope("orders/create", ORDER), kinds=(CaptureOrder,)),
            Golden(envelope=envelope("orders/paid", {"order": ORDER}), kinds=(CaptureOrder,)),
            Golden(
                envelope=envelope("orders/updated", order(cancelled_at="2026-11-20T12:00:00Z", cancel_reason="fraud")),
                kinds=(CaptureOrder, CancelAsked),
                look=lambda found: isinstance(found[1], CancelAsked) and found[1].reason == "fraud",
            ),
            Golden(envelope=envelope("orders/cancelled", order(total_price="1.00")), kinds=(CancelAsked,)),
            Golden(
                envelope=envelope("refunds/create", REFUND),
                kinds=(RefundRecorded,),
                look=lambda found: isinstance(found[0], RefundRecorded) and found[0].refund.amount == Decimal("40.00"),
            ),
            Golden(envelope=envelope("customers/redact", {"shop_id": 1}), kinds=()),
        ),
        broken=(
            Broken(
                envelope=envelope("orders/create", order(financial_status="odd")),
                code="NOT_IN_TABLE",
                at="payment_state",
                personal=PERSONAL,
            ),
            Broken(
                envelope=envelope("orders/create", order(total_price="two hundred")),
                code="NOT_DECIMAL",
                at="totals.total",
                personal=PERSONAL,
            ),
            Broken(
                envelope=envelope("orders/create", order(currency=None, presentment_currency=None)),
                code="MISSING",
                at="currency",
                personal=PERSONAL,
            ),
            Broken(
                envelope=envelope("orders/create", order(total_price="1.00")),
                code="TOTALS_MISMATCH",
                at="totals.total",
                personal=PERSONAL,
            ),
            Broken(
                envelope=envelope("orders/create", order(email=["bia@example.com"], customer={"id": 1, "email": {}})),
                code="WRONG_SHAPE",
                at="customer.email",
                personal=PERSONAL,
            ),
        ),
        commands=COMMANDS,
        invalid=faults,
    )
