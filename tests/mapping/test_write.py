"""`direction: both`: what is read can be written back, and what cannot is refused when loaded."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.mapping import MappingFile, MappingRefused, OneWay, load_all
from tests.mapping.writing import shop, write

REPORT = """direction: both
fields:
  pick_order: pick_order
  status: map(type, types)
  sequence: int(sequence)
  at: instant(at)
  lines:
    $each: lines
    line: string(int(line))
    quantity: decimal(picked)
    short: cents(short)
    reason: reason
  packages:
    $each: deep.packages
    sscc: sscc
    weight_g: weight
    lines:
      $each: content.lines
      line: line
      quantity: quantity
tables:
  types: {picked: PICKED, packed: PACKED, dispatched: DISPATCHED}
"""

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12)
QUANTITY = st.decimals(0, 10_000, places=3)
MOMENT = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001 - bounds are naive by contract


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


LINE = st.fixed_dictionaries(
    {
        "line": st.integers(1, 999).map(str),
        "quantity": optional(QUANTITY),
        "short": optional(st.integers(0, 10**6).map(lambda number: Decimal(number).scaleb(-2))),
        "reason": optional(TEXT),
    }
)
INNER = st.fixed_dictionaries(
    {"line": TEXT, "quantity": optional(QUANTITY), "short": st.none(), "reason": st.none()},
)
PACKAGE = st.fixed_dictionaries(
    {
        "sscc": optional(TEXT),
        "weight_g": optional(st.integers(0, 10**6)),
        "carrier": st.none(),
        "service": st.none(),
        "tracking": st.none(),
        "lines": st.lists(INNER, max_size=2),
    }
)
VALUE = st.fixed_dictionaries(
    {
        "pick_order": TEXT,
        "status": st.sampled_from(["PICKED", "PACKED", "DISPATCHED"]),
        "sequence": optional(st.integers(0, 10**9)),
        "at": optional(MOMENT),
        "lines": st.lists(LINE, max_size=4),
        "packages": st.lists(PACKAGE, max_size=2),
        "wms_id": st.none(),
        "reason": st.none(),
    }
)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> MappingFile:
    folder = tmp_path_factory.mktemp("mappings")
    write(folder, "report", "FulfillmentReported", REPORT)
    return load_all(folder)["shop/report"]


@settings(max_examples=150, deadline=timedelta(seconds=5))
@given(value=VALUE)
def test_read_of_write_is_the_value(report: MappingFile, value: dict[str, Any]) -> None:
    result = report.read(report.write(value), {})
    assert result.reasons == ()
    assert result.value == value


def test_write_of_read_is_the_document(report: MappingFile) -> None:
    document = {
        "pick_order": "p1",
        "type": "packed",
        "sequence": 4,
        "at": "2026-10-05T15:00:00Z",
        "lines": [{"line": 1, "picked": "2.50", "short": 150, "reason": "NO_STOCK"}],
        "deep": {"packages": [{"sscc": "1", "weight": 5, "content": {"lines": [{"line": "1", "quantity": 3}]}}]},
    }
    body = json.dumps(document).encode()
    assert json.loads(report.write(report.read(body, {}).value)) == document


def test_decimals_are_written_with_all_digits(report: MappingFile) -> None:
    value = {
        "pick_order": "p",
        "status": "PACKED",
        "packages": [{"lines": [{"line": "1", "quantity": Decimal("0.10")}]}],
    }
    assert b'"quantity":0.10' in report.write(value)


def test_a_mapping_that_only_reads_cannot_write(tmp_path: Path) -> None:
    with pytest.raises(OneWay):
        shop(tmp_path)["shop/order"].write({})


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("pick_order: pick_order", "pick_order: a ?? b", "??"),
        ("pick_order: pick_order", "pick_order: trim(a)", "trim()"),
        ("pick_order: pick_order", "pick_order: string($.a)", "anchor"),
        ("sequence: int(sequence)", "sequence: int(a[0])", "filters"),
        ("$each: lines", "$each: lines[a=1]", "plain path"),
        ("packed: PACKED", "packed: PICKED", "twice"),
    ],
)
def test_what_cannot_be_written_back_is_refused(tmp_path: Path, old: str, new: str, word: str) -> None:
    assert old in REPORT
    write(tmp_path, "report", "FulfillmentReported", REPORT.replace(old, new, 1))
    with pytest.raises(MappingRefused) as caught:
        load_all(tmp_path)
    assert any(word in str(trap) for trap in caught.value.traps)
