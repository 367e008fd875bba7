"""The shared channel samples give exactly what their authors expect."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.mapping import Mappings, load_all, mapping_folders, refund_draft
from hub.mapping.coverage import unread
from hub.mapping.expected import differences
from tests.shared import ROOT, shared_path


@pytest.fixture(scope="module")
def mappings() -> Mappings:
    return load_all(ROOT / "mappings")


def expectations() -> dict[str, Any]:
    listing = shared_path("samples/channels/expected.json")
    return {name: value for name, value in json.loads(listing.read_text()).items() if isinstance(value, dict)}


def test_every_sample_with_a_mapping_agrees(mappings: Mappings) -> None:
    compared = []
    for name, expected in expectations().items():
        if expected["mapping"] in mappings:
            body = shared_path(f"samples/channels/{name}").read_bytes()
            printed = mappings[expected["mapping"]].read(body, {}).as_json()
            assert differences(expected, printed) == [], name
            compared.append(name)
    assert "shopify/worked-example-usd-cad.json" in compared


def test_every_leaf_of_the_samples_is_read_or_explained(mappings: Mappings) -> None:
    bodies: dict[str, list[bytes]] = {}
    for name, expected in expectations().items():
        if expected["mapping"] in mappings:
            found = bodies.setdefault(expected["mapping"], [])
            found.append(shared_path(f"samples/channels/{name}").read_bytes())
    assert {name: unread(mappings[name], found, {}) for name, found in bodies.items()} == {name: [] for name in bodies}


def test_refund_takes_order_and_currency_from_the_envelope(mappings: Mappings) -> None:
    body = shared_path("samples/channels/woocommerce/refund-1.json").read_bytes()
    alone = mappings["woocommerce/refund"].read(body, {})
    assert {reason.at for reason in alone.reasons} == {"order_external_id", "currency"}
    result = mappings["woocommerce/refund"].read(body, {"parent_id": "727", "currency": "USD"})
    draft = refund_draft(result)
    assert (draft.order_external_id, draft.currency, draft.amount) == ("727", "USD", Decimal("10.00"))


def test_worked_example_shows_both_sides_of_its_totals(mappings: Mappings) -> None:
    body = shared_path("samples/channels/shopify/worked-example-usd-cad.json").read_bytes()
    printed = mappings["shopify/order"].read(body, {}).as_json()
    assert printed["checks"] == [{"id": "totals", "ok": True, "left": "116.56", "right": "116.56"}]


def test_a_difference_is_told() -> None:
    printed = {"total": "1.00", "reasons": [], "lines": [{"sku": "A"}]}
    assert differences({"total": "1.0", "lines": [{"sku": "A"}]}, printed) == []
    told = differences({"total": "2.00", "lines": [{"sku": "B"}], "reasons": ["MISSING"]}, printed)
    assert len(told) == 3


def test_the_trees_own_folder_comes_first() -> None:
    assert mapping_folders()[0] == Path(ROOT / "mappings")
