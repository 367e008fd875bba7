"""The quick reading of variables gives what graphql-core gives, and leaves to it whatever does not fit."""

from __future__ import annotations

from typing import Any

import graphql as g
import pytest
from graphql.execution.values import get_variable_values

from schema.contract import contract
from schema.plan.coerce import Coercion

CORE = contract()._schema
CAPTURE = "mutation($input: CaptureOrderInput!) { captureOrder(input: $input) { replayed } }"
RESERVE = "mutation($input: ReserveStockInput!) { reserveStock(input: $input) { replayed } }"
PAGE = "query($first: Int, $where: OrderWhere) { orders(first: $first, where: $where) { nodes { id } } }"
LINE = {"sku": "A", "quantity": "1", "unitPrice": "9.90"}
ADDRESS = {"street": "Rua", "city": "Cajamar", "region": "SP", "postcode": "07750-000", "countryCode": "BR"}
ORDER = {
    "channel": "api",
    "externalId": "1",
    "currencyCode": "BRL",
    "lines": [LINE, {**LINE, "discount": None}],
    "shipTo": ADDRESS,
    "customer": {"name": "Ana"},
    "placedAt": "2026-11-20T10:00:00Z",
    "paymentState": "PAID",
    "tags": ["gift"],
}


def both(text: str, given: dict[str, Any]) -> tuple[Any, Any]:
    operation: Any = g.parse(text).definitions[0]
    return Coercion(CORE).variables(operation, given), get_variable_values(
        CORE, operation.variable_definitions, given, 5
    )


@pytest.mark.parametrize(
    ("text", "given"),
    [
        (CAPTURE, {"input": ORDER}),
        (RESERVE, {"input": {"reference": "r", "lines": [{"sku": "A", "quantity": "1"}]}}),
        (PAGE, {"first": 5, "where": {"channel": {"eq": "api"}}}),
        (PAGE, {"first": 5}),
        (PAGE, {}),
    ],
)
def test_the_same_values(text: str, given: dict[str, Any]) -> None:
    ours, theirs = both(text, given)
    assert ours.coerced == theirs.coerced
    assert ours.sources.keys() == theirs.sources.keys()


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"input": None},
        {"input": "text"},
        {"input": {**ORDER, "unknown": 1}},
        {"input": {k: v for k, v in ORDER.items() if k != "lines"}},
        {"input": {**ORDER, "lines": [{**LINE, "quantity": 1}]}},
        {"input": {**ORDER, "lines": [None]}},
        {"input": {**ORDER, "paymentState": "NEVER"}},
        {"input": {**ORDER, "placedAt": "yesterday"}},
        {"input": {**ORDER, "channel": 7}},
    ],
)
def test_the_same_faults(given: dict[str, Any]) -> None:
    ours, theirs = both(CAPTURE, given)
    assert isinstance(ours, list)
    assert [e.message for e in ours] == [e.message for e in theirs]


def test_one_item_stands_for_a_list() -> None:
    ours, theirs = both(CAPTURE, {"input": {**ORDER, "lines": LINE}})
    assert ours.coerced == theirs.coerced
    assert len(ours.coerced["input"]["lines"]) == 1
