"""Against the vendor's published schema and against the rules that its server enforces on top of it."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from graphql import parse, validate

from adapters.shopify.documents import API_VERSION, DOCUMENTS, INVENTORY_SET, OPERATIONS
from adapters.shopify.read import TOPICS
from adapters.shopify.rules import broken
from adapters.shopify.simulator import Simulator
from tests.adapters.shopify.given import mappings, order, schema, simulator
from tests.shared import ROOT, shared_path

MANIFEST = tomllib.loads((ROOT / "adapters/shopify/manifest.toml").read_text())
ROW = {"inventoryItemId": "gid://shopify/InventoryItem/1", "locationId": "gid://shopify/Location/1", "quantity": 3}


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_document_is_valid(name: str) -> None:
    document = parse(DOCUMENTS[name])
    assert [error.message for error in validate(schema(), document)] == []
    assert f" {name}" in DOCUMENTS[name]


def test_every_document_has_its_operation() -> None:
    assert set(DOCUMENTS) == set(OPERATIONS)
    assert all(field in DOCUMENTS[name] for name, (field, _) in OPERATIONS.items())


def stock(rows: list[dict[str, Any]], document: str = INVENTORY_SET) -> tuple[str, dict[str, Any]]:
    return document, {"input": {"name": "available", "reason": "correction", "quantities": rows}, "key": "k"}


def test_inventory_call_without_comparison_fails_though_the_schema_allows_it() -> None:
    document, variables = stock([ROW])
    assert validate(schema(), parse(document)) == []
    assert [rule.code for rule in broken(document, variables)] == ["INVALID_FIELD_ARGUMENTS"]
    assert broken(*stock([{**ROW, "changeFromQuantity": None}])) == []


def test_inventory_call_without_idempotency_fails_though_the_schema_allows_it() -> None:
    document, variables = stock([{**ROW, "changeFromQuantity": 1}], INVENTORY_SET.replace("@idempotent(key: $key)", ""))
    document = document.replace(", $key: String!", "")
    assert validate(schema(), parse(document)) == []
    assert [rule.code for rule in broken(document, variables)] == ["BAD_REQUEST"]
    assert [rule.code for rule in broken(INVENTORY_SET, {**variables, "key": ""})] == ["BAD_REQUEST"]


@pytest.mark.parametrize(
    ("document", "variables", "code"),
    [
        (*stock([{**ROW, "changeFromQuantity": 1}] * 2), "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"),
        (*stock([{**ROW, "changeFromQuantity": 1}] * 251), "MAX_INPUT_SIZE_EXCEEDED"),
        (DOCUMENTS["FulfillmentCreate"], {"fulfillment": {"lineItemsByFulfillmentOrder": []}}, "INVALID"),
        (
            DOCUMENTS["FulfillmentCreate"],
            {"fulfillment": {"lineItemsByFulfillmentOrder": [{"fulfillmentOrderLineItems": [{"quantity": 0}]}]}},
            "INVALID",
        ),
        (DOCUMENTS["MetafieldsSet"], {"metafields": [{"key": "k", "value": "v"}]}, "TOO_SHORT"),
        (DOCUMENTS["MetafieldsSet"], {"metafields": [{"key": "key", "value": ""}]}, "BLANK"),
        (DOCUMENTS["MetafieldsSet"], {"metafields": [{"key": "key", "value": "v"}] * 26}, "LESS_THAN_OR_EQUAL_TO"),
    ],
)
def test_rules(document: str, variables: dict[str, Any], code: str) -> None:
    assert code in [rule.code for rule in broken(document, variables)]


def test_simulator_refuses_what_the_schema_refuses() -> None:
    sim = Simulator(simulator().shop, schema())
    answer = sim.execute({"query": "{ order(id: 5) { nope } }", "variables": {}})
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    wrong = {"query": DOCUMENTS["CancelState"], "variables": {}}
    assert "errors" in sim.execute(wrong)
    sim.shop.place(order())
    good = {"query": DOCUMENTS["CancelState"], "variables": {"id": "gid://shopify/Order/7001"}}
    assert sim.execute(good)["data"] == {"order": {"id": "gid://shopify/Order/7001", "cancelledAt": None}}


def test_worked_example_reads_the_same_through_the_api() -> None:
    body = json.loads(shared_path("samples/channels/shopify/worked-example-usd-cad.json").read_text())
    sim = Simulator(simulator().shop, schema())
    sim.shop.place(body)
    asked = {"query": DOCUMENTS["OrderNode"], "variables": {"id": "gid://shopify/Order/5551001", "after": None}}
    node = sim.execute(asked)["data"]["order"]
    pushed = mappings()["shopify/order"].read(json.dumps(sim.shop.orders["5551001"]).encode(), {}).as_json()
    fetched = mappings()["shopify/order_node"].read(json.dumps(node).encode(), {}).as_json()
    assert fetched["verdict"] == "ok", fetched["reasons"]
    assert {**fetched, "tags": []} == {**pushed, "tags": []}


# ------------------------------------------------------------------ manifest
def test_manifest_agrees_with_the_code() -> None:
    assert MANIFEST["topics"] == TOPICS
    assert MANIFEST["api_version"] == API_VERSION
    assert set(TOPICS.values()) <= set(mappings())
    assert set(MANIFEST["checklist"]) == {str(number) for number in range(1, 10)}
