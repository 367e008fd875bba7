"""Each function of the language: what it gives, what it does with null, what it refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from hub.mapping.faults import Fault
from hub.mapping.functions import compile_expr
from hub.mapping.grammar import BadExpression, parse
from hub.mapping.paths import Scope

D = Decimal
TABLES = {"states": {"paid": "PAID", "7": "SEVEN", "true": "YES"}}


def run(text: str, document: Any = None, env: dict[str, str] | None = None) -> Any:
    scope = Scope(document, env or {}, None, outer=None, parent=None, through=None)
    return compile_expr(parse(text), TABLES).run(document, scope)


GOOD: list[tuple[str, Any, Any]] = [
    ("string(a)", {"a": 12345678901234567890}, "12345678901234567890"),
    ("string(a)", {"a": D("1.50")}, "1.50"),
    ("trim(a)", {"a": " x "}, "x"),
    ("upper(a)", {"a": "x"}, "X"),
    ("lower(a)", {"a": "X"}, "x"),
    ("blank(a)", {"a": " \n"}, None),
    ("unless(a, 0)", {"a": 0}, None),
    ("unless(a, 0)", {"a": False}, False),
    ("unless(a, '-', 'x')", {"a": "x"}, None),
    ("prefix('p:', a)", {"a": 7}, "p:7"),
    ("prefix('p:', a)", {"a": " "}, None),
    ("join(' ', a, b, c)", {"a": "x", "b": " ", "c": "y"}, "x y"),
    ("join(' ', a, b)", {"a": "", "b": None}, None),
    ("tail(a, '/')", {"a": "gid://shopify/Order/5"}, "5"),
    ("digits(a)", {"a": "(41) 9-8"}, "4198"),
    ("region(a)", {"a": "BR-SP"}, "SP"),
    ("country(a)", {"a": "bra"}, "BR"),
    ("currency(a)", {"a": "brl"}, "BRL"),
    ("br_tax_id(a)", {"a": "529.982.247-25"}, "52998224725"),
    ("br_tax_id(a)", {"a": "12.ABC.345/01DE-35"}, "12ABC34501DE35"),
    ("money(a)", {"a": "12.50"}, D("12.50")),
    ("money(a)", {"a": D("0.10")}, D("0.10")),
    ("comma_money(a)", {"a": "12,50"}, D("12.50")),
    ("cents(a)", {"a": 12990}, D("129.90")),
    ("int(a)", {"a": D("2.0")}, 2),
    ("int(a)", {"a": "2"}, 2),
    ("bool(a)", {"a": False}, False),
    ("instant(a)", {"a": "2026-07-01T12:00:00.1234567-03:00"}, datetime(2026, 7, 1, 15, 0, 0, 123456, UTC)),
    ("utc(a)", {"a": "2026-06-10 07:30:00"}, datetime(2026, 6, 10, 7, 30, tzinfo=UTC)),
    ("date(a)", {"a": "2026-06-10"}, date(2026, 6, 10)),
    ("sum(a)", {"a": ["0.10", D("0.20")]}, D("0.30")),
    ("sum(a)", {"a": []}, D(0)),
    ("sum(a)", {}, None),
    ("sum(a[].b)", {"a": [{"b": 1}, {}, {"b": None}]}, D(1)),
    ("sum(a, b ?? c)", {"a": [{"b": "1.10"}, {"c": "2"}, {}]}, D("3.10")),
    ("difference(a, b)", {"a": "3.00", "b": 1}, D("2.00")),
    ("negate(a)", {"a": 0}, D(0)),
    ("money(a)", {"a": D("59.900000000000006")}, D("59.9")),
    ("money(a)", {"a": D("60.000000000000001")}, D(60)),
    ("money(a)", {"a": D("0.123456789")}, D("0.123456789")),
    ("unit(a, b)", {"a": "10.00", "b": 3}, D("3.3333")),
    ("unit(a, b)", {"a": "6.00", "b": 2}, D("3.00")),
    ("first(a)", {"a": [None, "x"]}, "x"),
    ("only(a)", {"a": []}, None),
    ("only(a)", {"a": ["x"]}, "x"),
    ("count(a)", {"a": [1, 2]}, 2),
    ("is(a, 'x', 'y')", {"a": "y"}, True),
    ("is(a, 1)", {"a": True}, False),
    ("has(a, 'x')", {"a": ["y", "x"]}, True),
    ("choose(a, 'y', 'n')", {}, "n"),
    ("choose(a, 'y', 'n')", {"a": True}, "y"),
    ("map(a, states)", {"a": "paid"}, "PAID"),
    ("map(a, states)", {"a": 7}, "SEVEN"),
    ("map(a, states)", {"a": True}, "YES"),
    ("map(a, states)", {"a": None}, None),
    ("a ?? b ?? 'z'", {"b": None}, "z"),
    ("a ?? b", {"a": False, "b": True}, False),
]


@pytest.mark.parametrize(("text", "document", "wanted"), GOOD)
def test_gives(text: str, document: Any, wanted: Any) -> None:
    found = run(text, document)
    assert found == wanted
    assert type(found) is type(wanted)


@pytest.mark.parametrize(
    "text",
    [
        "string(a)",
        "blank(a)",
        "money(a)",
        "cents(a)",
        "int(a)",
        "bool(a)",
        "instant(a)",
        "date(a)",
        "sum(a)",
        "count(a)",
        "difference(a, 1)",
        "negate(a)",
        "unit(a, 2)",
        "only(a)",
        "first(a)",
        "is(a, 1)",
        "has(a, 1)",
        "country(a)",
    ],
)
def test_null_in_null_out(text: str) -> None:
    assert run(text, {"a": None}) is None


BAD: list[tuple[str, Any, str]] = [
    ("string(a)", True, "WRONG_SHAPE"),
    ("string(a)", {}, "WRONG_SHAPE"),
    ("money(a)", "1,234.00", "NOT_DECIMAL"),
    ("money(a)", "R$ 5", "NOT_DECIMAL"),
    ("money(a)", "1e5", "NOT_DECIMAL"),
    ("money(a)", "NaN", "NOT_DECIMAL"),
    ("money(a)", "", "NOT_DECIMAL"),
    ("money(a)", "١٢", "NOT_DECIMAL"),
    ("money(a)", D("1E+999999"), "NOT_DECIMAL"),
    ("money(a)", True, "WRONG_SHAPE"),
    ("comma_money(a)", "12.50", "NOT_DECIMAL"),
    ("int(a)", "two", "NOT_INTEGER"),
    ("int(a)", D("2.5"), "NOT_INTEGER"),
    ("cents(a)", D("2.5"), "NOT_INTEGER"),
    ("bool(a)", "true", "WRONG_SHAPE"),
    ("instant(a)", "2026-10-05T12:00:00", "NOT_INSTANT"),
    ("instant(a)", "2026-13-05T12:00:00Z", "NOT_INSTANT"),
    ("instant(a)", "0001-01-01T00:00:00+14:00", "NOT_INSTANT"),
    ("instant(a)", "2026-10-05T12:00:00+99:00", "NOT_INSTANT"),
    ("date(a)", "2026-02-30", "NOT_INSTANT"),
    ("country(a)", "ZZ", "BAD_CODE"),
    ("currency(a)", "XXX1", "BAD_CODE"),
    ("br_tax_id(a)", "52998224724", "BAD_CODE"),
    ("br_tax_id(a)", "11111111111", "BAD_CODE"),
    ("only(a)", ["x", "y"], "AMBIGUOUS"),
    ("map(a, states)", "new", "NOT_IN_TABLE"),
    ("map(a, states)", [], "WRONG_SHAPE"),
    ("sum(a)", "5", "WRONG_SHAPE"),
    ("sum(a)", ["x"], "NOT_DECIMAL"),
    ("unit(a, 0)", "5", "CHECK_FAILED"),
    ("choose(a, 1, 2)", "yes", "WRONG_SHAPE"),
    ("money(a) ?? '0'", "x", "NOT_DECIMAL"),
]


@pytest.mark.parametrize(("text", "value", "code"), BAD)
def test_refuses(text: str, value: Any, code: str) -> None:
    with pytest.raises(Fault) as caught:
        run(text, {"a": value})
    assert caught.value.code == code


PATHS: list[tuple[str, Any, Any]] = [
    ("a.b.c", {"a": {"b": {"c": 1}}}, 1),
    ("a.b.c", {"a": None}, None),
    ("a.b.c.d", {"a": {"b": {}}}, None),
    ("a[].b", {"a": [{"b": 1}, {"b": None}, {}, {"b": 2}]}, [1, 2]),
    ("a[].b[].c", {"a": [{"b": [{"c": 1}]}, {"b": None}, {"b": [{"c": 2}]}]}, [1, 2]),
    ("a[].b[]", {"a": [{"b": None}]}, []),
    ("a[].b", {"a": None}, None),
    ("a[].b", {"a": []}, []),
    ("a[t='x'].v", {"a": [{"t": "x", "v": 1}, {"t": "y", "v": 2}]}, [1]),
    ("a[p=null].v", {"a": [{"p": 3, "v": 1}, {"v": 2}]}, [2]),
    ("a[t='x'][u=1].v", {"a": [{"t": "x", "u": 1, "v": 5}, {"t": "x", "u": 2, "v": 6}]}, [5]),
    ("a[t='x'][0].v", {"a": [{"t": "y"}, {"t": "x", "v": 5}]}, 5),
    ("a[1]", {"a": ["x", "y"]}, "y"),
    ("a[9]", {"a": ["x"]}, None),
    ("@account", {}, "shop"),
]


@pytest.mark.parametrize(("text", "document", "wanted"), PATHS)
def test_paths(text: str, document: Any, wanted: Any) -> None:
    assert run(text, document, {"account": "shop"}) == wanted


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("a.b", {"a": "x"}),
        ("a.b", {"a": [1]}),
        ("a[].b", {"a": {"b": 1}}),
        ("a[].b", {"a": [1]}),
        ("a", []),
        ("a[0]", {"a": 3}),
    ],
)
def test_wrong_shapes_name_the_type(text: str, document: Any) -> None:
    with pytest.raises(Fault) as caught:
        run(text, document)
    assert caught.value.code == "WRONG_SHAPE"
    assert any(word in caught.value.expected for word in ("a text", "a list", "an object", "a number"))


@pytest.mark.parametrize(
    "text", ["nope(a)", "money()", "money(a, b)", "unless(a, b)", "prefix(a, b)", "map(a, other)", "map(a)", "is(a)"]
)
def test_refused_when_compiled(text: str) -> None:
    with pytest.raises(BadExpression):
        compile_expr(parse(text), TABLES)
