"""Faults of a case name their code and their field."""

from __future__ import annotations

from typing import Any

import pytest

from hub.fiscal.tax import CaseFault
from hub.fiscal.tax.reading import read_case


def body(**changes: Any) -> dict[str, Any]:
    good: dict[str, Any] = {
        "id": "x",
        "date": "2026-11-20",
        "issuer": {"uf": "SP"},
        "buyer": {"uf": "MG", "taxpayer": True},
        "item": {"quantity": "1", "unit_price": "10.00"},
    }
    return {**good, **changes}


def test_defaults() -> None:
    case = read_case(body())
    assert (case.crt, case.regime, case.final, case.origin, case.only) == (3, "noncumulative", False, "0", None)


def item(**changes: Any) -> dict[str, Any]:
    return {"item": {"quantity": "1", "unit_price": "1", **changes}}


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        (item(quantity=1), "BAD_NUMBER", "item.quantity"),
        (item(quantity="-1"), "BAD_NUMBER", "item.quantity"),
        (item(quantity="NaN"), "BAD_NUMBER", "item.quantity"),
        (item(quantity="1e9"), "BAD_NUMBER", "item.quantity"),
        (item(quantity="１"), "BAD_NUMBER", "item.quantity"),
        (item(quantity=None), "MISSING_FIELD", "item.quantity"),
        (item(origin="9"), "BAD_NUMBER", "item.origin"),
        ({"item": None}, "MISSING_FIELD", "item"),
        ({"date": None}, "MISSING_FIELD", "date"),
        ({"date": "2026-11-31"}, "BAD_DATE", "date"),
        ({"date": "20261120"}, "BAD_DATE", "date"),
        ({"date": "2018-12-31"}, "BAD_DATE", "date"),
        ({"date": 20261120}, "BAD_DATE", "date"),
        ({"issuer": {"uf": "sp"}}, "UNKNOWN_UF", "issuer.uf"),
        ({"issuer": {"uf": ["SP"]}}, "UNKNOWN_UF", "issuer.uf"),
        ({"issuer": {}}, "MISSING_FIELD", "issuer.uf"),
        ({"issuer": {"uf": "SP", "crt": 5}}, "BAD_NUMBER", "issuer.crt"),
        ({"issuer": {"uf": "SP", "crt": True}}, "BAD_NUMBER", "issuer.crt"),
        ({"issuer": {"uf": "SP", "pis_cofins": []}}, "UNKNOWN_METHOD", "issuer.pis_cofins"),
        ({"buyer": {"uf": "MG"}}, "MISSING_FIELD", "buyer.taxpayer"),
        ({"buyer": {"uf": "MG", "taxpayer": "yes"}}, "MISSING_FIELD", "buyer.taxpayer"),
        ({"rates": {"vat": "1"}}, "UNKNOWN_RATE", "rates.vat"),
        ({"rates": {"icms": 18}}, "BAD_NUMBER", "rates.icms"),
        ({"rates": {"icms": "100.01"}}, "BAD_NUMBER", "rates.icms"),
        ({"reductions": {"icms": "100.01"}}, "BAD_NUMBER", "reductions.icms"),
        ({"methods": {"difal": "triple"}}, "UNKNOWN_METHOD", "methods.difal"),
        ({"methods": {"difal": []}}, "UNKNOWN_METHOD", "methods.difal"),
        ({"methods": {"speed": "fast"}}, "UNKNOWN_METHOD", "methods.speed"),
        ({"only": ["vat"]}, "UNKNOWN_RATE", "only"),
        ({"only": "icms"}, "UNKNOWN_RATE", "only"),
    ],
)
def test_faults(changes: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(CaseFault) as fault:
        read_case(body(**changes))
    assert (fault.value.code, fault.value.field) == (code, field)


@pytest.mark.parametrize("nothing", [None, 1, [], "case"])
def test_not_a_case(nothing: Any) -> None:
    with pytest.raises(CaseFault) as fault:
        read_case(nothing)
    assert fault.value.code == "MISSING_FIELD"
