"""Whatever a document holds, reading it gives a result: a verdict with reasons, never an error of Python."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.mapping import Mappings, load_all
from tests.shared import ROOT

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(["0.00", "1E9999", "-1", "2026-10-05T12:00:00Z", "BR", "USD", "paid", "gid://shopify/Order/1"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "amount", "a"]), inner, max_size=3)
    ),
    max_leaves=5,
)

MONEY = {"presentment_money": {"amount": "5.00", "currency_code": "USD"}}
BODY: dict[str, Any] = {
    "id": 1,
    "name": "#1",
    "currency": "USD",
    "updated_at": "2026-10-05T12:00:00Z",
    "created_at": "2026-10-05T12:00:00Z",
    "financial_status": "paid",
    "taxes_included": False,
    "test": False,
    "customer": {"id": 3, "email": "a@example.com"},
    "shipping_address": {"name": "A", "country_code": "US", "province_code": "MA"},
    "total_price_set": MONEY,
    "total_tax_set": {"presentment_money": {"amount": "0.00"}},
    "shipping_lines": [{"price": "0.00", "discount_allocations": [{"amount": "0.00"}]}],
    "line_items": [
        {
            "id": 1,
            "sku": "A",
            "quantity": 1,
            "price_set": MONEY,
            "gift_card": False,
            "tax_lines": [{"price": "0.00"}],
            "discount_allocations": [{"amount": "0.00", "amount_set": MONEY}],
        }
    ],
}


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document, as keys and indices."""
    found = [at] if at else []
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        found += places(inner, (*at, key))
    return found


def put(document: Any, place: tuple[Any, ...], value: Any) -> None:
    """Set the value, unless an earlier change has taken the place away."""
    for key in place[:-1]:
        document = at(document, key)
    if at(document, place[-1]) is not None:
        document[place[-1]] = value


def at(document: Any, key: Any) -> Any:
    """What a container holds under a key or index; None where it is no container of that kind."""
    if isinstance(document, dict):
        return document.get(key)
    whole = isinstance(document, list) and isinstance(key, int) and key < len(document)
    return document[key] if whole else None


PLACES = places(BODY)


@pytest.fixture(scope="module")
def mappings() -> Mappings:
    return load_all(ROOT / "mappings")


@settings(max_examples=300, deadline=timedelta(seconds=5))
@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), JSON), min_size=1, max_size=3))
def test_a_changed_order_is_judged(mappings: Mappings, changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    document = copy.deepcopy(BODY)
    for place, value in changes:
        put(document, place, value)
    result = mappings["shopify/order"].read(json.dumps(document).encode(), {})
    printed = json.loads(json.dumps(result.as_json()))
    assert printed["verdict"] in ("ok", "quarantined")
    assert (printed["verdict"] == "quarantined") == bool(printed["reasons"])
    assert all(reason["code"] and reason["message"] for reason in printed["reasons"])
    assert all(origin.as_dict()["line"] > 0 for origin in result.origins)
    assert isinstance(mappings["shopify/order"].touched(document, {}), set)


@settings(max_examples=100, deadline=timedelta(seconds=5))
@given(document=JSON)
def test_any_document_under_any_mapping_is_judged(mappings: Mappings, document: Any) -> None:
    body = json.dumps(document).encode()
    for name in mappings:
        printed = mappings[name].read(body, {}).as_json()
        assert printed["verdict"] in ("ok", "quarantined")


@settings(max_examples=200, deadline=timedelta(seconds=5))
@given(body=st.binary(max_size=60))
def test_any_bytes_are_judged(mappings: Mappings, body: bytes) -> None:
    result = mappings["shopify/order"].read(body, {})
    assert result.verdict == "quarantined"
