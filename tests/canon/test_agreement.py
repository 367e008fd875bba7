"""What a tolerance is, and which prices it covers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hub.canon.agreement import EXACT, Tolerance, tolerance_of


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("0.5%", Tolerance(percent=Decimal("0.5"))),
        ("99.9999%", Tolerance(percent=Decimal("99.9999"))),
        ("0.05", Tolerance(amount=Decimal("0.05"))),
        ("0", EXACT),
        ("0%", EXACT),
    ],
)
def test_a_tolerance_is_a_percentage_or_an_amount(text: str, meant: Tolerance) -> None:
    assert tolerance_of(text) == meant


@pytest.mark.parametrize(
    "text", ["", "%", "-1", "-1%", "100%", "1 %", "0,5%", ".5", "5.", "1e3", "NaN", "0.00001", "12 EUR", "٣"]
)
def test_anything_else_is_none(text: str) -> None:
    assert tolerance_of(text) is None


def test_it_covers_up_to_its_edge_to_both_sides() -> None:
    half, cents = Tolerance(percent=Decimal("0.5")), Tolerance(amount=Decimal("0.05"))
    agreed = Decimal(10)
    for said, each in ((Decimal("0.05"), half), (Decimal("0.05"), cents)):
        assert each.covers(agreed + said, agreed)
        assert each.covers(agreed - said, agreed)
        assert not each.covers(agreed + said + Decimal("0.0001"), agreed)
        assert not each.covers(agreed - said - Decimal("0.0001"), agreed)
    assert EXACT.covers(agreed, agreed)
    assert not EXACT.covers(Decimal("9.9999"), agreed)
    assert not half.covers(Decimal("0.01"), Decimal(0))  # nothing is half a percent of nothing
