"""A profile whose fields have no form that anybody could use is refused where it is set, not when its first document leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from adapters.x12.profile import Profile, read_profile
from adapters.x12.yamltext import BadGuide, load_text

BASE: Mapping[str, Any] = {
    "partner": "acme",
    "ids": [{"qualifier": "ZZ", "id": "ACME"}],
    "ours": {"qualifier": "ZZ", "id": "HUB"},
}


def read(**said: Any) -> Profile:
    return read_profile(load_text(json.dumps({**BASE, **said}), "profile.yaml"), "acme")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"ack_levels": ["a"]}, "ack_levels: is a list of 1, 2, 4, not [a]"),
        ({"ack_levels": "12"}, "ack_levels: is a list of 1, 2, 4, not '12'"),
        ({"st_digits": "45"}, "st_digits: '45' is not 4 to 9"),
        ({"st_digits": ["4"]}, "st_digits: must be one text, not a list or a table"),
        ({"tolerate": "too_long"}, "tolerate: is a list of codes: [too_long, code_invalid:PO1.03]"),
        ({"tolerate": ["too_lnog"]}, "tolerate: there is no error 'too_lnog'"),
        ({"tolerate": ["isa_receiver_unknown"]}, "tolerate: 'isa_receiver_unknown' cannot be tolerated"),
        ({"tolerate": ["too_long:PO104"]}, "tolerate: 'PO104' is no place such as PO1.03"),
        ({"guides": "004010"}, "guides: is written as {set: version}: {850: 004010}"),
        ({"guides": {"850": "4010"}}, "850: '4010' for the set '850': a set of three digits has a version"),
        ({"sets": "850"}, "sets: is written as {set: in, out or both}"),
        ({"isa_version": "4010"}, "isa_version: '4010' is not five digits as in ISA12, e.g. 00401"),
        ({"gs_version": "4010"}, "gs_version: '4010' is not a version as in GS08"),
        ({"currency": "dollars"}, "currency: 'dollars' is not three capital letters"),
        ({"resend_overdue": "maybe"}, "resend_overdue: 'maybe' is none of yes, no, true, false"),
        ({"duplicate_window": "90d"}, "duplicate_window: '90d' is not a number of days"),
        ({"delimiters": "*"}, "delimiters: is written as {element: '*'"),
        ({"delimiters": {"element": "**"}}, "element: '**' is not one character that is no letter, digit or blank"),
        ({"delimiters": {"element": "A"}}, "element: 'A' is not one character"),
        ({"delimiters": {"element": "\n"}}, "is not one character that is no letter, digit or blank"),
        ({"delimiters": {"element": "~"}}, "element: '~' is both element and terminator"),
        ({"delimiters": {"component": "|", "element": "|"}}, "component: '|' is both element and component"),
        ({"delimiters": {"newline": "yes"}}, "newline: 'yes' is neither true nor false"),
        ({"ids": [{"qualifier": "ZZ", "id": "A" * 16}]}, "ids: an id is written as {qualifier: ZZ, id: NAME}"),
        ({"gs": "ACME"}, "gs: is written as {theirs: ID, ours: ID}"),
        ({"gs": {"theirs": "A" * 16}}, "is not 1 to 15 plain characters, as in GS02 and GS03"),
        ({"label": ["ACME"]}, "label: must be one text, not a list or a table"),
    ],
)
def test_a_field_of_no_use_is_refused_with_its_place_and_what_was_expected(said: dict[str, Any], why: str) -> None:
    with pytest.raises(BadGuide) as refused:
        read(**said)
    assert why in str(refused.value)
    assert "profile.yaml:1: " in str(refused.value)


def test_all_faults_of_a_profile_are_told_at_once() -> None:
    with pytest.raises(BadGuide) as refused:
        read(isa14="7", st_digits="1", delimiters={"element": "A"})
    assert [f.key for f in refused.value.data["faults"]] == ["isa14", "st_digits", "element"]


def test_what_partners_really_write_is_taken() -> None:
    marks = {"element": "\x1d", "component": "\x1f", "terminator": "\x1c"}
    found = read(
        delimiters=marks, tolerate=["too_long:PO1.04", "code_invalid"], ack_levels=["1", "2", "4"], st_digits="9"
    )
    assert (found.element, found.component, found.terminator) == ("\x1d", "\x1f", "\x1c")
    assert (found.ack_levels, found.st_digits) == (frozenset({1, 2, 4}), 9)
    assert read(delimiters={"terminator": "\n"}).terminator == "\n"
