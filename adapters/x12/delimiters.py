"""Finds the four delimiters at an ISA by counting separators, never by position 106: real files collapse padding and forget elements."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations

from adapters.x12.charset import Guessed, characters

BLANK = " \t\r\n\0"
LINE_END = "\n"
LOOK = 4096  # an ISA and the beginning of what follows fit in this many characters
REACH = 1024  # within so many a group follows an ISA behind text that is none
_BREAKS = "\r?\n?"


@dataclass(frozen=True, slots=True)
class Delimiters:
    """Each as the file's bytes seen through latin-1. `terminator` LF stands for any line end; `component`, `repetition` may be empty."""

    element: str
    component: str
    terminator: str
    repetition: str = ""

    @property
    def by_line(self) -> bool:
        return self.terminator in ("\n", "\r")


@dataclass(frozen=True, slots=True)
class Header:
    """A found ISA. `end`: where the text after it begins; `elements`: 17 with the id, padding kept; `count` as found."""

    elements: list[str]
    delimiters: Delimiters
    end: int
    count: int
    padded: bool


@dataclass(frozen=True, slots=True)
class NoHeader:
    """`barren`: nothing in the text follows an ISA with this separator, wherever that ISA begins."""

    reason: str
    barren: bool = False


def find_header(text: str, guess: Guessed) -> Header | NoHeader:
    """`text` begins with ISA."""
    element = _element(text)
    if isinstance(element, NoHeader):
        return element
    if element not in text[3 + len(element) :]:
        return NoHeader("no group within reach of ISA", barren=True)
    following = re.compile(_wrapped(("GS", "TA1", "IEA", "ISB", "ISE", "TA3", "ST"), element))
    early = _early_end(text, element, following)
    sixteenth = _nth(text, element, 16)
    if sixteenth >= 0 and (early is None or sixteenth <= early):
        after = sixteenth + len(element)
        found = following.search(text, after, after + 64)
        while found and found.start() - after > 30:
            found = None
        if found:
            return _whole(text, element, after, found.start(), guess)
        if not text[after:].strip(BLANK + "IEA"):
            return NoHeader("nothing follows ISA")
    if early is None:
        return NoHeader("no group within reach of ISA", barren=True)
    return _short(text, element, early, following, guess)


def _element(text: str) -> str | NoHeader:
    first = characters(text[3:8])
    if not first or (first[0].isalnum() and first[0].isascii()) or first[0] in BLANK:
        return NoHeader("no separator follows ISA")
    return first[0]


def _wrapped(names: tuple[str, ...], element: str) -> str:
    """Segment ids as they may be broken over lines, then the separator."""
    return "(?:" + "|".join(_BREAKS.join(name) for name in names) + ")" + _BREAKS + re.escape(element)


def _nth(text: str, what: str, n: int) -> int:
    at = -1
    for _ in range(n):
        at = text.find(what, at + 1)
        if at < 0:
            return -1
    return at


def _early_end(text: str, element: str, following: re.Pattern[str]) -> int | None:
    """Where the first segment after ISA begins, when what stands before it can be a terminator."""
    for found in following.finditer(text, 4):
        before = text[: found.start()].rstrip(" \t\0")
        if before and not before[-1].isalnum() and not before.endswith(element):
            return found.start()
    return None


def _whole(text: str, element: str, after: int, start: int, guess: Guessed) -> Header | NoHeader:
    """Sixteen separators: the tail between the last and the next segment holds component separator and terminator."""
    tail = text[after:start]
    marks = [c for c in characters(tail) if c not in BLANK and c not in ("\xc2\xa0", "\xef\xbb\xbf")]
    if len(marks) > 2:
        return NoHeader("ISA16 and the terminator are not one character each")
    line = "\n" if "\n" in tail else "\r" if "\r" in tail else ""
    if len(marks) == 2:
        component, terminator = marks
    elif (len(marks) == 1 and not line) or (len(marks) == 1 and _next_line_ends_with(text, start, marks[0])):
        component, terminator = "", marks[0]
    else:
        component, terminator = "".join(marks), line
    raw = text[:after].split(element)[:16]
    return _header(raw, component, (element, component, terminator), (start, 16), guess)


def _next_line_ends_with(text: str, start: int, mark: str) -> bool:
    line = re.split("[\r\n]", text[start:], maxsplit=1)[0].rstrip(BLANK)
    return line.endswith(mark)


def _short(text: str, element: str, start: int, following: re.Pattern[str], guess: Guessed) -> Header | NoHeader:
    """Another number of elements: the terminator is what stands before the next segment."""
    before = text[:start]
    bare = before.rstrip(BLANK)
    ended = characters(bare)[-1] if bare else ""
    if ended.isalnum() or not ended or ended == element:
        ended = "\n" if "\n" in before else "\r" if "\r" in before else ""
    raw = bare.removesuffix(ended).split(element)
    last = raw[-1] if len(raw) > 16 else ""
    component = last if len(last) == 1 and not last.isalnum() else ""
    return _header(raw, component, (element, component, ended), (start, len(raw) - 1), guess)


def _header(
    raw: list[str], last: str, marks: tuple[str, str, str], found: tuple[int, int], guess: Guessed
) -> Header | NoHeader:
    """`found`: where the text after ISA begins, and how many elements there were."""
    element, component, terminator = marks
    end, count = found
    if not terminator:
        return NoHeader("no segment terminator can be found after ISA")
    if (same := _equal(marks)) is not None:
        return NoHeader(same)
    used = [d for d in marks if d]
    if any(d.isalnum() and d.isascii() for d in used):
        return NoHeader("a delimiter is a letter or digit")
    elements = [guess.text(x.replace("\r", "").replace("\n", "")) for x in raw]
    elements = [*[*elements, *[""] * 17][:16], last if len(elements) <= 16 else elements[16]]
    repetition = _repetition(elements, used)
    padded = sum(map(len, elements)) == 89  # 106 characters less 16 separators and the terminator
    return Header(elements, Delimiters(element, component, terminator, repetition), end, count, padded)


def _equal(marks: tuple[str, str, str]) -> str | None:
    """The first two that are one character, in words."""
    named = list(zip(("element separator", "component separator", "segment terminator"), marks, strict=True))
    pairs = [(a, b, mark) for (a, mark), (b, other) in combinations(named, 2) if mark and mark == other]
    return next((f"{a} and {b} are equal: {mark!r}" for a, b, mark in pairs), None)


def _repetition(elements: list[str], used: list[str]) -> str:
    mark, version = elements[11], elements[12].strip()
    known = len(mark) == 1 and not mark.isalnum() and mark != " " and version.isdigit() and version >= "00402"
    return mark if known and mark not in used else ""
