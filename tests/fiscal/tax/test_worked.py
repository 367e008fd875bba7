"""Cases worked by hand (`worked.yaml`): the sums hold by themselves, each stated amount comes from one of them, and the plan says the same."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from hub.fiscal.tables import TAX_TABLES, fiscal_tables
from hub.fiscal.tax import plan
from hub.fiscal.tax.reading import read_case

CASES: list[dict[str, Any]] = YAML(typ="safe", pure=True).load(Path(__file__).with_name("worked.yaml"))
CENT = Decimal("0.01")
DOES: Mapping[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
NAMES = [case["id"] for case in CASES]


def worth(node: ast.expr, text: str) -> Decimal:
    """The exact value of a sum of plain numbers, as it is written."""
    if isinstance(node, ast.BinOp):
        return DOES[type(node.op)](worth(node.left, text), worth(node.right, text))
    written = ast.get_source_segment(text, node)
    assert isinstance(node, ast.Constant)
    assert written is not None
    return Decimal(written)


def side(text: str) -> Decimal:
    plain = text.strip().replace("%", "/100")
    return worth(ast.parse(plain, mode="eval").body, plain).quantize(CENT, ROUND_HALF_UP)


def result(line: str) -> Decimal:
    return Decimal(line.rpartition("=")[2].strip())


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_sums_hold(case: dict[str, Any]) -> None:
    for line in case["sums"]:
        assert side(line.rpartition("=")[0]) == result(line), line
    shown = {result(line) for line in case["sums"]} | {Decimal(0)}
    for tax, (_, _, value) in case["taxes"].items():
        assert Decimal(str(value)).quantize(CENT) in shown, f"{tax}: nothing gives {value}"


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_plan_says_the_same(case: dict[str, Any]) -> None:
    body: dict[str, Any] = {
        "date": case.get("date", "2026-11-20"),
        "issuer": {"uf": "SP", **case.get("issuer", {})},
        "buyer": {"taxpayer": False, **case["buyer"]},
        "item": {"quantity": "1", "unit_price": "1000", **case.get("item", {})},
        **{n: case[n] for n in ("rates", "reductions", "deferral", "methods", "only") if n in case},
    }
    lines = plan(read_case(body), fiscal_tables(TAX_TABLES))
    assert {line.tax: [line.base, line.rate, line.value] for line in lines} == {
        tax: [Decimal(str(each)) for each in stated] for tax, stated in case["taxes"].items()
    }
    assert [line.tax for line in lines] == list(case["taxes"])
    assert all(line.rule and line.source for line in lines)


def test_each_case_names_its_source_once() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert all(case["source"] for case in CASES)
