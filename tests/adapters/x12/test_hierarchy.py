"""HL of the ship notice: every rule broken once, and orders of levels that are right."""

from __future__ import annotations

import dataclasses

import pytest

from adapters.x12.profile import DEFAULT
from tests.adapters.x12.x12files import file, group, one_set, the_set

ITEM = ("LIN**VN*A", "SN1**1*EA")
MARK = "MAN*GM*00007121610006156802"


def notice(*levels: str, order: str = "0001") -> str:
    segments = [f"BSN*00*S1*20261121*0915*{order}" if order else "BSN*00*S1*20261121*0915", *levels, "CTT*1"]
    return file(group(one_set(segments, "856"), functional_id="SH"))


def found(text: str, **settings: str) -> list[tuple[str, str | None, int | None]]:
    profile = dataclasses.replace(DEFAULT, settings=settings)
    return [(f.code, f.segment, f.element) for f in the_set(text, profile).findings if f.code != "check_differs"]


GOOD = ("HL*1**S", "HL*2*1*O", "PRF*PO1", "HL*3*2*P", MARK, "HL*4*3*I", *ITEM)


@pytest.mark.parametrize(
    "levels",
    [
        (GOOD, "0001"),
        (("HL*1**S", "HL*2*1*O", "HL*3*2*T", MARK, "HL*4*3*P", MARK, "HL*5*4*I", *ITEM), "0001"),
        (("HL*1**S", "HL*2*1*O", "HL*3*2*I", *ITEM), "0004"),
        (("HL*1**S", "HL*2*1*O", "HL*3*2*I", *ITEM, "HL*4*3*P", MARK), "0002"),
        (("HL*1**S", "HL*2*1*O", "HL*3*2*I", *ITEM, "HL*4*1*O", "HL*5*4*I", *ITEM), ""),
        (("HL*01**S*1", "HL*02*01*O*0"), "0001"),
    ],
)
def test_right_orders_pass(levels: tuple[tuple[str, ...], str]) -> None:
    assert found(notice(*levels[0], order=levels[1])) == []


@pytest.mark.parametrize(
    ("levels", "wanted"),
    [
        (("HL*2**S",), ("hl_invalid", "HL", 1)),
        (("HL*1**S", "HL*1*1*O"), ("hl_invalid", "HL", 1)),
        (("HL*1**S", "HL*2*9*O"), ("hl_invalid", "HL", 2)),
        (("HL*1**S", "HL*2**O"), ("hl_invalid", "HL", 2)),
        (("HL*1**S", "HL*2*1*O", "HL*3*2*P", MARK, "HL*4*1*O", "HL*5*3*I", *ITEM), ("hl_invalid", "HL", 2)),
        (("HL*1**O",), ("hl_invalid", "HL", 3)),
        (("HL*1**S", "HL*2*1*I", *ITEM), ("hl_invalid", "HL", 3)),
        (("HL*1**S", "HL*2*1*Z"), ("hl_invalid", "HL", 3)),
        ((*GOOD[:-1],), ("segment_missing", "SN1", None)),
        ((*GOOD[:4], *GOOD[5:]), ("segment_missing", "MAN", None)),
    ],
)
def test_each_rule_is_enforced(levels: tuple[str, ...], wanted: tuple[str, str, int | None]) -> None:
    assert wanted in found(notice(*levels))


def test_the_order_of_levels_is_the_profiles_where_the_notice_says_none() -> None:
    levels = ("HL*1**S", "HL*2*1*O", "HL*3*2*I", *ITEM)
    assert found(notice(*levels, order="")) == []
    assert found(notice(*levels, order=""), hl_order="0001") == [("hl_invalid", "HL", 3)]


def test_a_number_of_thousands_of_digits_is_wrong_and_nothing_else() -> None:
    """Python refuses to make an int of it, and the whole set was said to be beyond us."""
    assert found(notice("HL*1**S", f"HL*{'9' * 5000}*1*O")) == [("too_long", "HL", 1), ("hl_invalid", "HL", 1)]


def test_marks_may_be_left_out_where_the_profile_says_so() -> None:
    assert found(notice(*GOOD[:4], *GOOD[5:]), marks="none") == []


@pytest.mark.parametrize("mark", ["MAN*GM*123", "MAN*GM*00007121610006156803", f"{MARK}~{MARK}"])
def test_a_wrong_mark_is_noted(mark: str) -> None:
    levels = [*GOOD[:4], *mark.split("~"), *GOOD[5:]]
    one = the_set(notice(*levels))
    assert [f.segment for f in one.findings if f.code == "check_differs" and f.segment == "MAN"] == ["MAN"]
    assert one.verdict == "accepted"
