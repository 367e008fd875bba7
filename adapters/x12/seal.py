"""Envelopes around what we send: ISA, GS, ST with the numbers given, counted and closed. No value with a delimiter in it passes unseen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from adapters.x12.profile import Profile
from hub.kit.errors import HubError

PART = 4096  # segments
_CONTROL = re.compile("[\x00-\x1f\x7f]")


class Delimited(HubError):
    """{segment}{element} holds a delimiter or a control character: {value}."""

    code: ClassVar[str] = "X12_DELIMITER_IN_VALUE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    element: str = "*"
    component: str = ">"
    repetition: str = "^"
    terminator: str = "~"
    newline: str = ""


@dataclass(frozen=True, slots=True)
class Joined:
    """`count` segments as text with `marks`, none of which any value holds: a tenth of the memory of lists."""

    marks: Marks
    text: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutSet:
    """`body`: the segments between ST and SE. `extra`: ST03 where the version has it."""

    set: str
    body: list[list[str]] | Joined
    extra: str = ""

    @property
    def segments(self) -> list[list[str]]:
        if not isinstance(self.body, Joined):
            return self.body
        marks = self.body.marks
        return [e.split(marks.element) for e in self.body.text.split(marks.terminator + marks.newline)]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutGroup:
    functional_id: str
    sender: str
    receiver: str
    version: str
    sets: Sequence[OutSet]


@dataclass(frozen=True, slots=True, kw_only=True)
class Out:
    """One interchange to be. `between`: segments directly after ISA (TA1)."""

    sender: tuple[str, str]
    receiver: tuple[str, str]
    version: str
    test: bool
    groups: Sequence[OutGroup]
    between: Sequence[Sequence[str]] = ()
    ack_requested: str = "0"


def marks_of(profile: Profile) -> Marks:
    return Marks(
        element=profile.element,
        component=profile.component,
        repetition=profile.repetition,
        terminator=profile.terminator,
        newline=profile.newline,
    )


def seal(out: Out, marks: Marks, *, isa: int, gs: int, st: int, at: datetime, st_digits: int = 4) -> str:
    """The interchange as text. Groups take `gs`, `gs + 1` ...; sets take `st` onward in each group. Raises `Delimited`."""
    day, clock = at.strftime("%Y%m%d"), at.strftime("%H%M")
    long_version = out.version >= "00402"
    first = [
            "ISA", "00", " " * 10, "00", " " * 10,
            out.sender[0].ljust(2), out.sender[1].ljust(15), out.receiver[0].ljust(2), out.receiver[1].ljust(15),
            day[2:], clock, marks.repetition if long_version else "U", out.version, f"{isa:09d}", out.ack_requested,
            "T" if out.test else "P", marks.component,
    ]  # fmt: skip
    end = marks.terminator + marks.newline
    texts = [marks.element.join(first)]
    body: list[Sequence[str]] = [list(e) for e in out.between]
    for index, group in enumerate(out.groups):
        control = str(gs + index)
        body.append(["GS", group.functional_id, group.sender, group.receiver, day, clock, control, "X", group.version])
        for number, one in enumerate(group.sets, st):
            st02 = f"{number:0{st_digits}d}"
            body.append(["ST", one.set, st02, one.extra] if one.extra else ["ST", one.set, st02])
            if isinstance(one.body, Joined) and one.body.marks == marks:
                texts += [_all_joined(body, marks, end), one.body.text]
                body, count = [], one.body.count
            else:
                body += one.segments
                count = len(one.segments)
            body.append(["SE", str(count + 2), st02])
        body.append(["GE", str(len(group.sets)), control])
    body.append(["IEA", str(len(out.groups)), f"{isa:09d}"])
    return end.join([*texts, _all_joined(body, marks, end)]) + end


def _all_joined(body: list[Sequence[str]], marks: Marks, end: str) -> str:
    """Counted once over the whole text; only where a count is wrong is each segment looked at."""
    element = marks.element
    parts = (
        body[k : k + PART] for k in range(0, len(body), PART)
    )  # never a text of its own for each of many thousands
    text = end.join([end.join([element.join(e) for e in part]) for part in parts])
    whole = text.count(marks.terminator) == len(body) - 1 and text.count(element) == sum(map(len, body)) - len(body)
    if whole and element + marks.terminator not in text and text.replace(end, "").isprintable():
        return text
    return end.join([joined(e, marks) for e in body])


def joined(e: Sequence[str], marks: Marks) -> str:
    """A segment as text, trailing empty elements dropped. Composites come with their component separator inside."""
    text = marks.element.join(e)
    if text.count(marks.element) != len(e) - 1 or marks.terminator in text or _CONTROL.search(text):
        for i, value in enumerate(e):
            if marks.element in value or marks.terminator in value or _CONTROL.search(value):
                raise Delimited(segment=e[0], element=f"{i:02d}", value=value)
    return text.rstrip(marks.element)
