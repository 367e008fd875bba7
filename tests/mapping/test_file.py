"""Reading documents: objects, loops, faults with their place, the cap, what is hidden, checks."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hub.canon.ports import NeverTry, Unmapped
from hub.mapping import MappingFile, MappingResult, order_draft
from hub.mapping.faults import HIDDEN
from tests.mapping.writing import ORDER, shop

GOOD: dict[str, Any] = {
    "id": 5,
    "at": "2026-10-05T12:00:00Z",
    "currency": "EUR",
    "status": "paid",
    "buyer": {"name": "Ana", "email": "ana@example.com"},
    "to": {"name": "Ana", "line": "Rua 1", "country": "BRA"},
    "taxes": [{"line": "all", "amount": "0.50"}, {"line": "none", "amount": "9"}],
    "items": [
        {"id": 1, "sku": "A", "quantity": "2", "price": "3.10", "off": "1.00"},
        {"id": 9, "kind": "note"},
        {"id": 2, "sku": "B", "quantity": 1, "price": 4},
    ],
}


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory) -> MappingFile:
    return shop(tmp_path_factory.mktemp("mappings"))["shop/order"]


def read(mapping: MappingFile, **changes: Any) -> MappingResult:
    return mapping.read(json.dumps({**copy.deepcopy(GOOD), **changes}).encode(), {})


def codes(result: MappingResult) -> list[tuple[str, str]]:
    return [(reason.at, reason.code) for reason in result.reasons]


def test_value(order: MappingFile) -> None:
    result = read(order)
    assert result.verdict == "ok", result.reasons
    assert [line["sku"] for line in result.value["lines"]] == ["A", "B"]
    assert result.value["lines"][0]["tax"] == Decimal("0.50")
    assert result.value["totals"]["total"] == Decimal("9.20")
    assert result.value["ship_to"]["country"] == "BR"
    assert result.value["test"] is False
    assert result.value["bill_to"] is None


def test_draft(order: MappingFile) -> None:
    draft = order_draft(read(order))
    assert draft.revision == "2026-10-05T12:00:00.000000Z"
    assert draft.placed_at == datetime(2026, 10, 5, 12, tzinfo=UTC)
    assert draft.totals.goods == Decimal("10.20")
    assert draft.lines[1].quantity == Decimal(1)


def test_empty_and_absent_objects_are_null(order: MappingFile) -> None:
    assert read(order, to={"name": " ", "line": ""}).value["ship_to"] is None
    assert read(order, to=None).value["ship_to"] is None
    assert read(order, buyer=None).value["customer"] is None


def test_part_of_an_address_needs_its_country(order: MappingFile) -> None:
    result = read(order, to={"line": "Rua 1"})
    assert codes(result) == [("ship_to.country", "MISSING")]
    assert result.reasons[0].file.endswith("address.yaml")


def test_all_faults_are_collected_with_their_place(order: MappingFile) -> None:
    items = [{"id": 1, "sku": "A", "quantity": "two", "price": "3,10"}, {"id": 1, "sku": "", "quantity": 1, "price": 4}]
    result = read(order, items=items, status="odd", currency=None)
    assert sorted(codes(result)) == [
        ("currency", "MISSING"),
        ("lines[0].quantity", "NOT_DECIMAL"),
        ("lines[0].unit_price", "NOT_DECIMAL"),
        ("lines[1].external_id", "DUPLICATE_LINE"),
        ("lines[1].sku", "MISSING"),
        ("payment_state", "NOT_IN_TABLE"),
    ]
    price = next(reason for reason in result.reasons if reason.at == "lines[0].unit_price")
    assert (price.source, price.value) == ("items[0].price", '"3,10"')
    assert str(price).endswith('items[0].price = "3,10"; expected a decimal such as "12.50"')
    assert result.value["lines"][0]["unit_price"] is None
    assert result.checks == ()


def test_place_in_our_list_and_in_theirs_may_differ(order: MappingFile) -> None:
    items = [*copy.deepcopy(GOOD["items"][:2]), {"id": 2, "sku": "B", "quantity": 1, "price": "x"}]
    reason = read(order, items=items).reasons[0]
    assert (reason.at, reason.source) == ("lines[1].unit_price", "items[2].price")


def test_cap(order: MappingFile) -> None:
    items = [{"id": number, "sku": "A", "quantity": "x", "price": "y"} for number in range(80)]
    result = read(order, items=items)
    assert len(result.reasons) == 100
    assert result.more == 60
    assert result.as_json()["more"] == 60


def test_personal_values_are_hidden_in_reasons(order: MappingFile) -> None:
    result = read(order, buyer={"name": ["Ana"], "email": 5}, to={"name": 7, "line": "Rua 1", "country": "BR"})
    assert {reason.at for reason in result.reasons} == {"customer.name", "customer.email", "ship_to.name"}
    assert {reason.value for reason in result.reasons} == {HIDDEN}


def test_lines_missing_or_empty(order: MappingFile) -> None:
    assert codes(read(order, items=[])) == [("lines", "MISSING")]
    assert ("lines", "MISSING") in codes(read(order, items=None))
    assert codes(read(order, items={"a": 1})) == [("lines", "WRONG_SHAPE")]


@pytest.mark.parametrize(
    ("item", "at"),
    [
        ({"quantity": 0}, "lines[0].quantity"),
        ({"quantity": "-1"}, "lines[0].quantity"),
        ({"price": "-3"}, "lines[0].unit_price"),
        ({"off": "7"}, "lines[0].discount"),
        ({"off": "-1"}, "lines[0].discount"),
    ],
)
def test_built_in_lines_check(order: MappingFile, item: dict[str, Any], at: str) -> None:
    result = read(order, items=[{**GOOD["items"][0], **item}])
    assert (at, "CHECK_FAILED") in codes(result)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b"\xff\xfe{}", "UTF-8"),
        (b"[" * 65 + b"]" * 65, "levels"),
        (b'{"a":' + b"[" * 100_000, "levels"),
        (b" " * (8 * 1024 * 1024 + 1), "8 MiB"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"[]", "a list"),
        (b"5", "a number"),
    ],
)
def test_unreadable_bodies(order: MappingFile, body: bytes, word: str) -> None:
    result = order.read(body, {})
    assert result.verdict == "quarantined"
    assert result.reasons[0].code in ("NOT_READABLE", "WRONG_SHAPE")
    assert word in result.reasons[0].message
    assert result.as_json()["external_id"] is None


def test_brackets_inside_texts_are_no_depth(order: MappingFile) -> None:
    assert read(order, note="[" * 200).verdict == "ok"
    assert read(order, note='\\"' + "]}" * 90).verdict == "ok"


def test_numbers_are_exact(order: MappingFile) -> None:
    body = json.dumps(GOOD).replace('"price": 4', '"price": 4.10').encode()
    assert order.read(body, {}).value["lines"][1]["unit_price"] == Decimal("4.10")


def test_provenance(order: MappingFile) -> None:
    found = {o.at: o.as_dict() for o in read(order).origins}
    assert found["lines[1].sku"]["sources"] == ["items[2].sku"]
    assert found["lines[0].discount"]["alternative"] == 0
    assert found["lines[1].discount"]["alternative"] == 1
    assert found["payment_state"]["table"] == "states"
    assert found["lines[0].tax"]["sources"] == ["taxes[0].amount"]
    assert found["ship_to.street"]["sources"] == ["to.line"]
    assert found["totals.total"]["computed"]
    assert not found["totals.shipping"]["computed"]


def test_a_quarantined_result_gives_no_draft(order: MappingFile) -> None:
    with pytest.raises(Unmapped) as unmapped:
        order_draft(read(order, status="odd"))
    assert (unmapped.value.data["table"], unmapped.value.data["foreign"]) == ("states", "odd")
    with pytest.raises(NeverTry) as never:
        order_draft(read(order, at="yesterday"))
    assert {fault["code"] for fault in never.value.data["faults"]} == {"NOT_INSTANT"}


def test_a_fixed_currency_is_checked_too(tmp_path: Path) -> None:
    mapping = shop(tmp_path, ORDER.replace("currency(currency)", "currency"))["shop/order"]
    assert codes(read(mapping, currency="BRL")) == []
    assert codes(read(mapping, currency="REAL")) == [("currency", "BAD_CODE")]


def test_tolerance_is_held_to_the_minor_unit(tmp_path: Path) -> None:
    checks = "checks:\n  - {id: near, sum: ['lines[].tax'], equals: totals.tax, tolerance: '1', why: yen}\n"
    text = ORDER.replace("tax_included: true", "tax_included: true\n    tax: '5.00'").replace("'5.00'", "money('5.00')")
    mapping = shop(tmp_path, text + checks)["shop/order"]
    assert codes(read(mapping, currency="JPY", taxes=[{"line": "all", "amount": "2.00"}])) == []
    assert codes(read(mapping, currency="EUR", taxes=[{"line": "all", "amount": "2.00"}])) == [
        ("totals.tax", "CHECK_FAILED")
    ]


def test_declared_checks(tmp_path: Path) -> None:
    checks = """checks:
  - {id: parts, sum: [totals.goods, totals.shipping], equals: totals.discount, tolerance: '0.01', why: "rounding"}
  - {id: few, each: "lines[].quantity", at_least: '1', above: '0'}
  - {id: words, each: "lines[].sku", one_of: [A, B]}
  - {id: one, same: "lines[].kind"}
  - {id: must, required: [notes]}
  - {id: never, required: [notes], when: promised_by}
"""
    mapping = shop(tmp_path, ORDER + checks)["shop/order"]
    result = read(mapping, items=[{"id": 1, "sku": "C", "quantity": "0.5", "price": "3"}])
    assert {check.id: check.ok for check in result.checks} == {
        "totals": True,
        "parts": False,
        "few": False,
        "words": False,
        "one": True,
        "must": False,
    }
    assert [code for _, code in codes(result)] == ["CHECK_FAILED", "CHECK_FAILED", "CHECK_FAILED", "MISSING"]
    assert result.reasons[0].line > 4
