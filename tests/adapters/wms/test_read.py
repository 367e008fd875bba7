"""Reports of a warehouse become canon; what does not add up or is unknown is refused with its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from adapters.wms import ADAPTER
from adapters.wms.read import digest_of
from hub.canon.commands import FulfillmentReported, InwardCommand, ReportedLine, StockReported
from hub.canon.ports import Account, Envelope, NeverTry, Unmapped
from hub.canon.states import Condition
from tests.shared import shared_path

PICK = "01920000-0000-7000-8000-000000000041"
ASKED = {"quantity:1": "5", "quantity:2": "1"}
HEAD = {"pick_order": "p1", "sequence": 3, "at": "2026-10-05T12:10:00Z"}


def read(message: Mapping[str, Any] | bytes, references: Mapping[str, str] | None = None) -> list[InwardCommand]:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    account = Account(connection_id="c", code="w", config={}, references=references or {})
    assert ADAPTER.reader is not None
    return ADAPTER.reader.read(Envelope(dedupe_key="k", topic="t", body=body, complete=True), {}, account)


def sample(name: str) -> bytes:
    return shared_path(f"samples/channels/wms/{name}.json").read_bytes()


def report(message: Mapping[str, Any] | bytes, references: Mapping[str, str] | None = None) -> FulfillmentReported:
    (made,) = read(message, references)
    assert isinstance(made, FulfillmentReported)
    return made


def test_a_short_acknowledgment_keeps_what_is_there_and_what_is_not() -> None:
    made = report(sample("acknowledged-short"), ASKED)
    assert (made.pick_order, made.status, made.sequence) == (PICK, "ACKNOWLEDGED", 1)
    assert made.at == datetime(2026, 10, 5, 12, 10, tzinfo=UTC)
    assert made.lines == (
        ReportedLine(line="1", quantity=Decimal(3), short=Decimal(2), reason="NO_STOCK"),
        ReportedLine(line="2", quantity=Decimal(1)),
    )


def test_lines_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(NeverTry) as caught:
        read(sample("acknowledged-does-not-add-up"), ASKED)
    (fault,) = caught.value.data["faults"]
    assert (fault["code"], fault["at"]) == ("CHECK_FAILED", "lines[0]")
    assert fault["message"] == "3 there and 1 short is not the 5 asked for"


def test_packed_tells_packages_in_grams_and_millimetres() -> None:
    (package,) = report(sample("packed")).packages
    assert (package.sscc, package.weight_g, package.size_mm) == ("078912345678901239", 1450, (300, 200, 150))
    assert [(x.line, x.quantity) for x in package.lines] == [("1", Decimal(3)), ("2", Decimal(1))]


def test_dispatched_asks_with_carrier_and_tracking() -> None:
    made = report(sample("dispatched"))
    (package,) = made.packages
    assert (made.status, made.sequence) == ("DISPATCHED", 5)
    assert (package.carrier, package.service, package.tracking) == ("CORREIOS", "SEDEX", "AA123456785BR")


def test_stock_is_by_sku_and_condition() -> None:
    assert read(sample("stock-reported")) == [
        StockReported(
            node="SP-01",
            at=datetime(2026, 10, 5, 23, tzinfo=UTC),
            lines=(("MUG-01", Condition.NEW, Decimal(17)), ("MUG-01", Condition.DAMAGED, Decimal(2))),
        )
    ]


def test_counts_by_lot_are_summed() -> None:
    lines = [{"sku": "A", "condition": "NEW", "on_hand": n, "lot": lot} for n, lot in (("2", "L1"), ("0.5", "L2"))]
    message = {"type": "stock.reported", "node": "N", "at": HEAD["at"], "mode": "absolute", "lines": lines}
    (made,) = read(message)
    assert isinstance(made, StockReported)
    assert made.lines == (("A", Condition.NEW, Decimal("2.5")),)


@pytest.mark.parametrize(
    ("kind", "status"),
    [("picking", "PICKING"), ("cancelled", "CANCELLED"), ("cancel_refused", "CANCEL_REFUSED")],
)
def test_messages_without_lines(kind: str, status: str) -> None:
    made = report({**HEAD, "type": f"pick_order.{kind}", "reason": "WHY", "invented_later": [1, {}]})
    assert (made.status, made.reason, made.lines) == (status, "WHY", ())


def test_picked_lines_with_lots_in_packages() -> None:
    picked = report({**HEAD, "type": "pick_order.picked", "lines": [{"line": "1", "picked": "4", "short": "1"}]}, ASKED)
    assert picked.lines == (ReportedLine(line="1", quantity=Decimal(4), short=Decimal(1)),)
    inner = {"line": "1", "quantity": "4", "lots": ["L1"], "serials": ["S1", "S2"]}
    packed = report({**HEAD, "type": "pick_order.packed", "packages": [{"lines": [inner]}]})
    assert packed.packages[0].lines[0].lots == ("L1",)
    assert packed.packages[0].lines[0].serials == ("S1", "S2")


def test_a_refusal_needs_no_lines() -> None:
    made = report(
        {**HEAD, "type": "pick_order.acknowledged", "result": "refused", "reason": "UNKNOWN_SKU", "lines": []}
    )
    assert (made.status, made.reason) == ("REFUSED", "UNKNOWN_SKU")


@pytest.mark.parametrize(
    ("message", "table", "code"),
    [
        ({**HEAD, "type": "pick_order.teleported"}, "wms/type", "pick_order.teleported"),
        ({**HEAD, "type": "pick_order.acknowledged", "result": "maybe", "lines": [{"line": "1", "accepted": "1"}]}, "wms/result", "maybe"),
        ({"type": "stock.reported", "node": "N", "at": HEAD["at"], "mode": "delta", "lines": [{"sku": "A", "condition": "NEW", "on_hand": "1"}]}, "wms/mode", "delta"),
        ({"type": "stock.reported", "node": "N", "at": HEAD["at"], "mode": "absolute", "lines": [{"sku": "A", "condition": "ODD", "on_hand": "1"}]}, "wms/condition", "ODD"),
    ],
)  # fmt: skip
def test_an_unknown_code_is_never_a_default(message: Mapping[str, Any], table: str, code: str) -> None:
    with pytest.raises(Unmapped) as caught:
        read(message)
    assert (caught.value.data["table"], caught.value.data["foreign"]) == (table, code)


def test_all_faults_are_collected_and_failed_once() -> None:
    lines = [{"line": "1", "picked": "-2"}, {"picked": "many"}, 7, {"line": "1", "picked": "1.00001"}]
    with pytest.raises(NeverTry) as caught:
        read({"type": "pick_order.picked", "sequence": "3", "at": "2026-10-05 12:10", "lines": lines})
    assert [(f["at"], f["code"]) for f in caught.value.data["faults"]] == [
        ("lines[2]", "WRONG_SHAPE"),
        ("lines[0].picked", "NOT_DECIMAL"),
        ("lines[1].line", "MISSING"),
        ("lines[1].picked", "NOT_DECIMAL"),
        ("lines[3].picked", "NOT_DECIMAL"),
        ("lines", "DUPLICATE_LINE"),
        ("pick_order", "MISSING"),
        ("sequence", "NOT_INTEGER"),
        ("at", "NOT_INSTANT"),
    ]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"\xff", b'{"a": NaN}', b"[" * 100_000, b'{"a":' * 70 + b"1" + b"}" * 70, b'"' + b"a" * 9_000_000 + b'"']
)  # fmt: skip
def test_what_is_no_message_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(NeverTry) as caught:
        read(body)
    assert caught.value.data["faults"][0]["code"] == "NOT_READABLE"
    assert digest_of(body).topic == "unreadable"


@pytest.mark.parametrize("field", ["weight_g", "size_mm"])
@pytest.mark.parametrize("value", [True, "1", [1, 2], [0, 1, 1], {}])
def test_measures_are_whole_numbers(field: str, value: Any) -> None:
    package = {"lines": [{"line": "1", "quantity": "1"}], field: value}
    with pytest.raises(NeverTry) as caught:
        read({**HEAD, "type": "pick_order.packed", "packages": [package]})
    assert caught.value.data["faults"][0]["at"] == f"packages[0].{field}"


def test_a_state_gives_every_message_again() -> None:
    messages = [{**HEAD, "sequence": n, "type": f"pick_order.{kind}"} for n, kind in ((1, "picking"), (2, "cancelled"))]
    made = read({"type": "pick_order.state", "pick_order": "p1", "sequence": 2, "messages": messages})
    assert [(m.status, m.sequence) for m in made if isinstance(m, FulfillmentReported)] == [
        ("PICKING", 1),
        ("CANCELLED", 2),
    ]


def test_revisions_sort_as_their_sequence() -> None:
    found = [digest_of(json.dumps({**HEAD, "sequence": n}).encode()).revision for n in (2, 10, 100)]
    assert found == sorted(x for x in found if x)
    assert digest_of(sample("stock-reported")).revision == "2026-10-05T23:00:00.000Z"
