"""The tolerant reader: bytes in, interchanges, groups and whole sets out, one set at a time. Knows no guide and judges nothing."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from adapters.x12.charset import Guessed, characters, single_bytes
from adapters.x12.delimiters import BLANK, LOOK, REACH, Delimiters, Header, find_header

SEGMENT_LIMIT = 64 * 1024
SET_SEGMENTS = 100_000
SET_SIZE = 64 * 1024 * 1024
FIRST = 1024  # characters of an interchange that are split at once, then twice as many each time
_MARKS = frozenset({"ISA", "IEA", "GS", "GE", "ST", "SE"})
_BETWEEN = frozenset({"TA1", "TA3", "ISB", "ISE"})
_CONTROL = re.compile("[\x00-\x1f\x7f]")
_OPENING = re.compile(r"(?:^|(?<=[^A-Za-z0-9]))ISA[^A-Za-z0-9 \r\n]")


class Opened(NamedTuple):
    """An ISA: 17 strings with the id, padding kept."""

    elements: list[str]
    delimiters: Delimiters
    found: int  # elements counted
    padded: bool
    offset: int


class Part(NamedTuple):
    """GS, GE, IEA, TA1, TA3, ISB or ISE."""

    elements: list[str]
    offset: int


class Stray(NamedTuple):
    elements: list[str]


class WholeSet(NamedTuple):
    """ST to SE. `segments`: those between. `total`: with ST and SE; `fault`: the limit it broke, segments then dropped."""

    st: list[str]
    segments: list[list[str]]
    se: list[str] | None
    total: int
    offset: int
    length: int
    suspect: bool  # control characters occur
    fault: tuple[str, str, int] | None


class Trailing(NamedTuple):
    """Text that is no X12, `reason` when it looked like an ISA."""

    text: str
    length: int
    reason: str


Token = Opened | Part | Stray | WholeSet | Trailing


@dataclass(slots=True)
class Remarks:
    """What was tolerated since the last ISA."""

    empty: int = 0
    wrapped: bool = False
    unterminated: bool = False
    guessed: int = 0


@dataclass(slots=True)
class _Open:
    """The set being read."""

    st: list[str]
    offset: int
    held: list[list[str]] = field(default_factory=list)
    dropped: int = 0
    size: int = 0
    suspect: bool = False
    fault: tuple[str, str, int] | None = None

    def extend(self, segments: list[list[str]], clean: list[str], size: int) -> None:
        """`size` of the file's text; `clean`: the segments' texts, empty ones among them."""
        self.size += size
        if "" in clean:
            segments = [e for e in segments if e != [""]]
            clean = [p for p in clean if p]
        if self.fault is not None and self.fault[0] == "set_too_large":
            self.dropped += len(segments)
            return
        if size > SEGMENT_LIMIT and self.fault is None:
            long = next((k for k, p in enumerate(clean) if len(p) > SEGMENT_LIMIT), None)
            if long is not None:
                self.fault = ("segment_too_long", str(SEGMENT_LIMIT), 2 + len(self.held) + long)
        self.held.extend(segments)
        if len(self.held) + 2 > SET_SEGMENTS or self.size > SET_SIZE:
            self.fault = ("set_too_large", f"{SET_SEGMENTS} segments or {SET_SIZE >> 20} MiB", 0)
            self.dropped += len(self.held)
            self.held = []

    def close(self, se: list[str] | None, end: int) -> WholeSet:
        count = 1 + len(self.held) + self.dropped + (se is not None)
        return WholeSet(self.st, self.held, se, count, self.offset, end - self.offset, self.suspect, self.fault)


class Walker:
    """Walks a file once. `remarks` may be taken between interchanges."""

    def __init__(self, chunks: Iterable[bytes], charset: str | None = None) -> None:
        self._source = single_bytes(chunks, charset)
        self._guess = Guessed(charset)
        self._buffer = ""
        self._offset = 0  # of the buffer's first character
        self._ended = False
        self.remarks = Remarks()

    def tokens(self) -> Iterator[Token]:
        while True:
            header = yield from self._seek()
            if header is None:
                return
            yield from self._interchange(header)

    def take_remarks(self) -> Remarks:
        taken, self.remarks = self.remarks, Remarks()
        taken.guessed, self._guess.guessed = self._guess.guessed, 0
        return taken

    @property
    def offset(self) -> int:
        """Where the unread text begins."""
        return self._offset

    # ---------------------------------------------------------------- between interchanges
    def _fill(self, size: int) -> None:
        while len(self._buffer) < size and not self._ended:
            chunk = next(self._source, None)
            if chunk is None:
                self._ended = True
            else:
                self._buffer += chunk

    def _skip(self, count: int) -> str:
        gone, self._buffer = self._buffer[:count], self._buffer[count:]
        self._offset += count
        return gone

    def _seek(self) -> Generator[Token, None, Header | None]:
        """Up to the next ISA that can be read; everything before is trailing text."""
        junk, length, reason = "", 0, ""
        while True:
            self._fill(LOOK)
            if not length:
                self._skip(len(self._buffer) - len(self._buffer.lstrip(BLANK)))
                if self._buffer.startswith("\xef\xbb\xbf"):
                    self._skip(3)
                    continue
            if not self._buffer and not self._ended:
                continue
            before, header, why = self._candidate()
            gone = self._skip(before)
            junk, length, reason = (junk + gone[:200])[:200], length + before, reason or why
            if header is None and not (self._ended and not self._buffer):
                continue
            if length:
                yield Trailing(junk, length, reason)
            return header

    def _candidate(self) -> tuple[int, Header | None, str]:
        """(how much of the buffer begins no interchange, the ISA behind it that can be read, why another could not). Of many that cannot,
        those in a reach that is known to hold no group are not looked at again.
        """
        at, reason, barren = 0, "", dict[str, int]()
        while (found := _OPENING.search(self._buffer, at)) is not None:
            start = found.start()
            if start and len(self._buffer) - start < LOOK and not self._ended:
                return start, None, reason  # it is looked at when all of its reach is here
            at = start + 3
            separator = characters(self._buffer[at : at + 4])[0]
            if start < barren.get(separator, 0):
                continue
            header = find_header(self._buffer[start : start + LOOK], self._guess)
            if isinstance(header, Header):
                return start, header, reason
            reason = reason or header.reason
            if header.barren:
                barren[separator] = start + LOOK - REACH
        return max(len(self._buffer) - (0 if self._ended else 8), at), None, reason

    # ---------------------------------------------------------------- one interchange
    def _interchange(self, header: Header) -> Iterator[Token]:
        yield Opened(header.elements, header.delimiters, header.count, header.padded, self._offset)
        self._skip(header.end)
        delimiters, current, wide = header.delimiters, None, FIRST
        while True:
            text, rest = self._buffer[:wide], self._buffer[wide:]
            start, wide = self._offset, wide * 2  # nothing behind the interchange is split often, however short it is
            parts = text.split(delimiters.terminator)
            if self._ended and not rest:
                self._buffer, self._offset = "", start + len(text)
                if parts[-1].strip(BLANK):
                    self.remarks.unterminated = not delimiters.by_line or self.remarks.unterminated
                else:
                    parts.pop()
            else:
                open_ = parts.pop()
                self._buffer, self._offset = open_ + rest, start + len(text) - len(open_)
            current, stop = yield from self._parts(parts, text, start, delimiters, current)
            if stop is not None:
                self._buffer, self._offset = text[stop - start :] + rest, stop
                return
            if rest:
                continue
            if self._ended:
                break
            if len(self._buffer) > SEGMENT_LIMIT + 16:
                lost = len(self._buffer) - SEGMENT_LIMIT - 16
                self._offset += lost
                self._buffer = self._buffer[: SEGMENT_LIMIT + 16]
            chunk = next(self._source, None)
            if chunk is None:
                self._ended = True
            else:
                self._buffer += chunk
        if current is not None:
            yield current.close(None, self._offset)

    def _parts(
        self, parts: list[str], text: str, start: int, delimiters: Delimiters, current: _Open | None
    ) -> Generator[Token, None, tuple[_Open | None, int | None]]:
        """Returns the open set and, when the interchange ended, the offset at which the rest begins."""
        segments, clean, suspect = self._segments(parts, text, delimiters)
        if "ISA" in text:
            marks = [i for i, e in enumerate(segments) if e[0] in _MARKS or opens(e[0])]
        else:
            marks = [i for i, e in enumerate(segments) if e[0] in _MARKS]
        where = _Offsets(parts, start, len(delimiters.terminator))
        done = 0
        for i in [*marks, len(segments)]:
            if i > done:
                between = segments[done:i]
                if current is None:
                    yield from _loose(between, where, done)
                else:
                    current.suspect = current.suspect or suspect
                    current.extend(between, clean[done:i], where.at(i) - where.at(done))
            if i == len(segments):
                break
            done = i + 1
            e, name = segments[i], segments[i][0]
            if current is not None:
                closing = name == "SE"
                yield current.close(e if closing else None, where.at(i + 1 if closing else i))
            elif name == "SE":
                yield Stray(e)
            current = _Open(e, where.at(i)) if name == "ST" else None
            if name[:3] == "ISA":
                return None, where.at(i)
            if name in ("GS", "GE", "IEA"):
                yield Part(e, where.at(i))
            if name == "IEA":
                return None, min(where.at(i + 1), start + len(text))
        return current, None

    def _segments(self, parts: list[str], text: str, delimiters: Delimiters) -> tuple[list[list[str]], list[str], bool]:
        """(elements of each segment, cleaned text of each, whether control characters occur)."""
        clean = self._clean(parts, text, delimiters)
        suspect = not (text.isprintable() or "".join(clean).isprintable()) and _suspect(clean, delimiters)
        element = delimiters.element
        segments = [p.split(element) for p in clean]
        if not text.isascii():
            decode = self._guess.text
            segments = [e if p.isascii() else [decode(v) for v in e] for p, e in zip(clean, segments, strict=True)]
        return segments, clean, suspect

    def _clean(self, parts: list[str], text: str, delimiters: Delimiters) -> list[str]:
        """Line breaks removed, blanks around segments dropped, empty segments counted."""
        end = delimiters.terminator
        if delimiters.by_line:
            clean = [p.strip(BLANK) for p in parts]
        elif "\n" in text or "\r" in text or "\0" in text:
            clean = [p.strip(BLANK) for p in parts]
            if any("\n" in p or "\r" in p for p in clean):
                self.remarks.wrapped = True
                clean = [p.replace("\r", "").replace("\n", "") for p in clean]
        elif end + " " in text or " " + end in text or text[:1] == " " or text[-1:] == " ":
            clean = [p.strip(BLANK) for p in parts]
        else:
            clean = parts
        if "" in clean:
            self.remarks.empty += sum(1 for p, c in zip(parts, clean, strict=True) if not c and not delimiters.by_line)
        return clean


def _suspect(clean: list[str], delimiters: Delimiters) -> bool:
    own = (delimiters.element, delimiters.component, delimiters.repetition)
    return any(c.group() not in own for p in clean for c in _CONTROL.finditer(p))


def _loose(segments: list[list[str]], where: _Offsets, first: int) -> Iterator[Token]:
    """Segments outside any set."""
    for k, e in enumerate(segments):
        if e != [""]:
            yield Part(e, where.at(first + k)) if e[0] in _BETWEEN else Stray(e)


class _Offsets:
    """Where each part of a split text began in the file."""

    def __init__(self, raw: list[str], start: int, gap: int) -> None:
        self._raw, self._gap = raw, gap
        self._index, self._offset = 0, start

    def at(self, index: int) -> int:
        if index < self._index:
            self._offset -= sum(map(len, self._raw[index : self._index])) + self._gap * (self._index - index)
        else:
            self._offset += sum(map(len, self._raw[self._index : index])) + self._gap * (index - self._index)
        self._index = index
        return self._offset


def opens(name: str) -> bool:
    """Whether a segment with this id begins an interchange."""
    return name[:3] == "ISA" and (len(name) == 3 or not (name[3].isalnum() and name[3].isascii()))
