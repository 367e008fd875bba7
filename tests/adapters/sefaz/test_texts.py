"""Values as the schema wants them: nothing rounded silently, every altered text told."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sefaz.texts import Scribe, decimal_text, legible


@pytest.mark.parametrize(
    ("value", "least", "most", "text"),
    [
        ("1", 2, 2, "1.00"),
        ("0", 2, 2, "0.00"),
        ("-0.00", 2, 2, "0.00"),
        ("1E+3", 2, 2, "1000.00"),
        ("1.2E+5", 4, 4, "120000.0000"),  # as long as a number with four decimals
        ("0E-7", 2, 10, "0.00"),
        ("0.1234", 4, 4, "0.1234"),
        ("0.10", 2, 4, "0.10"),
        ("0.1234", 2, 4, "0.1234"),
        ("1.500000", 2, 10, "1.50"),
        ("3", 4, 4, "3.0000"),
        ("12.340", 2, 2, "12.34"),
    ],
)
def test_numbers(value: str, least: int, most: int, text: str) -> None:
    assert decimal_text(Decimal(value), least, most) == text


@pytest.mark.parametrize("value", ["-1", "-0.01", "1.005", "NaN", "Infinity", "-Infinity"])
def test_what_is_no_amount_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decimal_text(Decimal(value), 2, 2)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  a   b ", "a b"),
        ("a\tb\nc\u00a0d", "a b c d"),
        ("\u201caspas\u201d \u2013 5\u20ac", '"aspas" - 5EUR'),
        ("São João", "São João"),
        ("\u0141\u00f3d\u017a", "Lódz"),
        ("\U0001f600ok", "ok"),
        ("\u65e5\u672c", ""),
        ("\ufb01m", "fim"),
        ("\x00\x7f\x85a", "a"),
    ],
)
def test_texts(before: str, after: str) -> None:
    assert legible(before) == after


@given(st.text(max_size=60))
def test_any_text_becomes_one_that_the_schema_takes(text: str) -> None:
    clean = legible(text)
    assert all(" " <= char <= "~" or "\u00a1" <= char <= "\u00ff" for char in clean)
    assert clean == clean.strip()
    assert "  " not in clean
    assert legible(clean) == clean


def test_faults_and_changes_name_their_field() -> None:
    scribe = Scribe()
    assert scribe.text("a", "x & y", 10) == "x &amp; y"
    assert scribe.text("b", "long " * 10, 12, cut=True) == "long long lo"
    scribe.text("c", "long " * 10, 12)
    scribe.text("d", None, 12)
    scribe.text("e", "x", 12, least=2)
    assert [(fault["at"], fault["code"]) for fault in scribe.faults] == [
        ("c", "TOO_LONG"),
        ("d", "MISSING"),
        ("e", "TOO_SHORT"),
    ]
    assert [(change.at, change.why) for change in scribe.changes][-2:] == [("b", "length"), ("c", "characters")]
