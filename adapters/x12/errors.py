"""The catalogue of everything that can be wrong with an X12 file: one table, with what each ack says and what it does to the verdict."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

REJECT, NOTE, REMARK = "R", "E", "-"  # rejects its level; accepted with errors; only in our register
KEPT_PER_SET = 1000  # findings; and of an envelope those that have no end of their own
SHOWN = 200  # characters of a wrong value


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. `ack` and `ack_999` name segment, element and code (`AK403 5`); empty: no ack tells it. `{…}` come from the finding."""

    code: str
    words: str
    ack: str
    ack_999: str
    effect: str
    tolerable: bool = False
    quarantine: bool = False  # accepted, yet parked: documents are not acted on


class Finding(NamedTuple):
    """One deviation with its place. `position`: ST is 1. `number`: data element number. `ta`: TA105 where the rule leaves it open."""

    code: str
    segment: str | None = None
    position: int | None = None
    element: int | None = None
    value: str | None = None
    path: str | None = None
    expected: str = ""
    component: int | None = None
    repetition: int | None = None
    number: str = ""
    name: str = ""
    loop: str = ""
    ta: str = ""
    overlay: bool = False
    harmless: bool = False  # found, but of effect "-" here
    rejects: bool = False  # R here, where the rule says E


# code | words | 997 (and TA1) | 999, "=" the same | effect, * tolerable, q quarantine
_TABLE = """
isa_elements | ISA has {value} elements instead of 16 | TA105 022 | = | R
isa_value | {name} {shown} is ill-formed | TA105 | = | E
isa_receiver_unknown | the receiver {shown} is not us | TA105 009 | = | R
isa_version | the interchange version {shown} is no number of five digits | TA105 017 | = | E
interchange_control_mismatch | IEA02 is {shown}, ISA13 is {expected} | TA105 001 | = | R*
interchange_group_count | IEA01 says {shown} groups, there are {expected} | TA105 021 | = | R*
interchange_not_closed | the interchange is not closed by IEA | TA105 023 | = | R*
stray_segment | {segment} stands outside any set | TA105 024 | = | E
group_missing | a set stands outside any group | TA105 024 | = | R
trailing_data | {expected} after the interchange is no X12 | TA105 024 | = | E
duplicate_interchange | another interchange of this pair has the control number {shown} | TA105 025 | = | R
group_unknown | the group {shown} belongs to no guide | AK905 1 | = | E
group_version | the version {shown} belongs to no guide | AK905 2 | = | E
group_not_closed | the group is not closed by GE | AK905 3 | = | R*
group_control_mismatch | GE02 is {shown}, GS06 is {expected} | AK905 4 | = | R*
group_set_count | GE01 says {shown} sets, there are {expected} | AK905 5 | = | R*
group_control_invalid | the group control number {shown} is no number of 1 to 9 digits | AK905 6 | = | R
no_guide | there is no guide for {expected} | AK502 1 | IK502 1 | E
set_not_closed | the set is not closed by SE | AK502 2 | IK502 2 | R
set_control_mismatch | SE02 is {shown}, ST02 is {expected} | AK502 3 | IK502 3 | R*
set_segment_count | SE01 says {shown} segments, there are {expected} | AK502 4 | IK502 4 | R*
segment_errors | segments of the set are in error | AK502 5 | IK502 5 | E
set_id_invalid | the set identifier {shown} is ill-formed | AK502 6 | IK502 6 | R
set_control_invalid | the set control number {shown} is ill-formed | AK502 7 | IK502 7 | R
set_control_duplicate | the set control number {shown} occurs twice in this group | AK502 23 | IK502 23 | R
set_not_of_group | a set {shown} does not belong in a group {expected} | | | -
segment_unknown | the segment {shown} is in no guide of this version | AK304 1 | IK304 1 | R*
segment_unexpected | the segment is not used here | AK304 2 | IK304 I4 | R*
segment_missing | the mandatory segment is missing | AK304 3 | IK304 3 | R
loop_over_max | the loop {loop} occurs more than {expected} times | AK304 4 | IK304 4 | R*
segment_over_max | the segment occurs more than {expected} times | AK304 5 | IK304 5 | R*
segment_not_in_set | the segment is not defined in this set | AK304 6 | IK304 6 | R*
segment_out_of_order | the segment is not in its place | AK304 7 | IK304 7 | R*
hl_invalid | {name} {shown}: {expected} | AK403 7 | IK403 7 | R*
element_missing | {name} is mandatory and missing | AK403 1 | IK403 1 | R
element_conditional | {name} is missing: {expected} | AK403 2 | IK403 2 | R*
elements_too_many | the segment has more than {expected} elements | AK403 3 | IK403 3 | R*
too_short | {name} {shown} is shorter than {expected} characters | AK403 4 | IK403 4 | R*
too_long | {name} {shown} is longer than {expected} characters | AK403 5 | IK403 5 | R*
character_invalid | {name} {shown} is not {expected} | AK403 6 | IK403 6 | R*
code_invalid | {name} {shown} is none of {expected} | AK403 7 | IK403 7 | R*
date_invalid | {name} {shown} is no date{expected} | AK403 8 | IK403 8 | R*
time_invalid | {name} {shown} is no time | AK403 9 | IK403 9 | R*
element_exclusive | {name} excludes another: {expected} | AK403 10 | IK403 10 | R*
repetitions_too_many | {name} is repeated more than {expected} times | AK403 12 | IK403 12 | R*
components_too_many | {name} has more than {expected} components | AK403 13 | IK403 13 | R*
require_failed | this partner requires {expected} | AK304 3 | IK304 I6 | Eq
unmapped | {name} {shown} is not in our table {expected} | | | Eq
check_failed | {expected} | | | Eq
check_differs | {expected} | | | -
amount_unreadable | {name} {shown} cannot be read as {expected} | | | Eq
charset_guessed | {value} bytes are not UTF-8 and were read as windows-1252 | | | -
empty_segment | {value} empty segments were skipped | | | -
control_leading_zeros | {value} and {expected} differ in leading zeros only | | | -
lines_wrapped | line breaks inside segments were removed | | | -
isa_padding | the padding of ISA is not as in the standard | | | -
unterminated | the last segment has no terminator | | | -
elements_trailing | empty elements end the segment | | | -
party_repeated | {name} {shown} occurs again and is kept under "other" | | | -
errors_capped | more than {expected} errors, the rest is not listed | | | -
segment_too_long | the segment is longer than {expected} characters | AK502 5 | IK502 5 | R
set_too_large | the set is larger than {expected} | AK502 5 | IK502 5 | R
engine_fault | the set could not be examined: {expected} | AK502 5 | IK502 5 | R
"""


def _rows() -> dict[str, Rule]:
    rules: dict[str, Rule] = {}
    for line in _TABLE.strip().splitlines():
        code, words, ack, ack_999, effect = (cell.strip() for cell in line.split("|"))
        rules[code] = Rule(
            code=code,
            words=words,
            ack=ack,
            ack_999=ack if ack_999 == "=" else ack_999,
            effect=effect[0],
            tolerable="*" in effect,
            quarantine="q" in effect,
        )
    return rules


RULES: dict[str, Rule] = _rows()
LEVEL_3_TO_5 = frozenset({"unmapped", "check_failed", "check_differs", "amount_unreadable"})


def effect(finding: Finding, tolerate: Collection[str] = ()) -> str:
    """`R`, `E` or `-`. `tolerate` holds codes or `code:PLACE` (`too_long:PO1.04`) that a partner may break."""
    rule = RULES[finding.code]
    if finding.harmless:
        return REMARK
    if finding.rejects:
        return REJECT
    if rule.effect != REJECT or not tolerate or not rule.tolerable:
        return rule.effect
    places = [finding.segment or ""]
    if finding.element is not None:
        places.append(f"{finding.segment}.{finding.element:02d}")
    if finding.code in tolerate or any(f"{finding.code}:{place}" in tolerate for place in places):
        return NOTE
    return REJECT


def worst(effects: Collection[str]) -> str:
    return REJECT if REJECT in effects else NOTE if NOTE in effects else REMARK


def ack_of(finding: Finding, kind: str) -> str:
    """What a 997 (or a TA1) or a 999 says of it: `AK403 5`; empty where an ack stays silent."""
    rule = RULES[finding.code]
    if finding.code == "isa_value":
        return f"TA105 {finding.ta}"
    if finding.code == "require_failed" and finding.element is not None:
        return "IK403 I9" if kind == "999" else "AK403 1"
    if finding.overlay and finding.code == "code_invalid" and kind == "999":
        return "IK403 I6"
    if finding.overlay and finding.code == "segment_missing" and kind == "999":
        return "IK304 I6"
    return rule.ack_999 if kind == "999" else rule.ack


def sentence(finding: Finding) -> str:
    """What, where, the value and what was expected."""
    rule = RULES[finding.code]
    words = rule.words.format_map(
        {
            "value": finding.value or "",
            "shown": f'"{finding.value}"' if finding.value is not None else '""',
            "expected": finding.expected,
            "segment": finding.segment or "",
            "name": finding.name or "the element",
            "loop": finding.loop,
        }
    )
    if finding.segment is None or finding.position is None:
        return words
    if not finding.segment:
        return f"segment {finding.position}: {words}"
    part = f"{finding.element:02d}" if finding.element is not None else ""
    part += f"-{finding.component}" if finding.component is not None else ""
    return f"{finding.segment}{part} at {finding.position}: {words}"
