"""A file as JSON and back to the same bytes: every segment as its elements, and beside them whatever spelling the elements alone do not give."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, ClassVar

from adapters.x12.charset import PLAIN, Guessed
from adapters.x12.delimiters import BLANK, LOOK, Delimiters, Header, find_header
from adapters.x12.seal import Delimited
from adapters.x12.tokens import Opened, Walker, opens
from hub.kit.errors import HubError

_MARKS = ("element", "component", "repetition", "terminator")
_TO_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
Json = dict[str, Any]


class NotLossless(HubError):
    """{at} is not what it should be: {expected}."""

    code: ClassVar[str] = "X12_JSON_MALFORMED"


def to_json(raw: bytes, charset: str | None = None) -> Json:
    """`charset`: the partner's. Any bytes have such a form; what is no interchange is kept as text."""
    outer, data = _plain(raw, charset)
    inner = next(c for c in (charset if charset in PLAIN else "utf-8", "utf-8", "cp1252", "latin-1") if _keeps(data, c))
    parts: list[Json] = []
    at = 0
    for start, stop in _interchanges(data):
        if start > at:
            parts.append({"text": data[at:start].decode(inner)})
        one, used = _interchange(data[start:stop], inner)
        parts.append(one)
        at = start + used
    if at < len(data):
        parts.append({"text": data[at:].decode(inner)})
    return {"charset": outer or inner, "parts": parts}


def from_json(form: Mapping[str, Any]) -> bytes:
    """The bytes. A segment whose elements were changed is spelled anew. Raises `NotLossless`, or `Delimited` for a value that would split."""
    charset, parts = form.get("charset"), form.get("parts")
    if not isinstance(charset, str) or not isinstance(parts, list):
        raise NotLossless(at="/", expected="an object with charset and parts")
    text = "".join(_text(part, f"/parts/{n}") for n, part in enumerate(parts))
    try:
        return text.encode(charset)
    except (LookupError, UnicodeEncodeError) as error:
        raise NotLossless(at="/charset", expected=f"a charset that holds the text ({error})") from error


# ------------------------------------------------------------------ to JSON
def _plain(raw: bytes, charset: str | None) -> tuple[str | None, bytes]:
    """(charset that is no superset of ASCII, the text as UTF-8); what would not come back the same stays as it is."""
    foreign = charset if charset and charset not in PLAIN else _TO_UTF16.get(raw[:2])
    if foreign is None or not _keeps(raw, foreign):
        return None, raw
    return foreign, raw.decode(foreign).encode()


def _keeps(data: bytes, charset: str) -> bool:
    try:
        return data.decode(charset).encode(charset) == data
    except (UnicodeError, LookupError):
        return False


def _interchanges(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each begins and the next one does."""
    if data[:2] in _TO_UTF16:
        return
    starts = [t.offset for t in Walker([data]).tokens() if isinstance(t, Opened)]
    yield from pairwise([*starts, len(data)])


def _interchange(data: bytes, charset: str) -> tuple[Json, int]:
    """(its form, how many bytes it takes)."""
    raw = data.decode("latin-1")
    header = find_header(raw[:LOOK], Guessed(None))
    if not isinstance(header, Header):  # the reader has just found it
        raise NotLossless(at="/", expected="an interchange")

    def shown(text: str) -> str:
        return text.encode("latin-1").decode(charset)

    d = header.delimiters
    marks = Delimiters(shown(d.element), shown(d.component), shown(d.terminator), d.repetition)
    pieces = [raw[: header.end], *_pieces(raw[header.end :], d)]
    texts = [shown(p) for p in pieces]
    segments = [_isa(texts[0], marks), *(_elements(t, marks) for t in texts[1:])]
    end = Counter(_ending(t, marks) for t in texts).most_common(1)[0][0]
    odd = {
        str(n): text
        for n, (text, e) in enumerate(zip(texts, segments, strict=True))
        if marks.element.join(e) + end != text or any(marks.terminator in x for x in e)
    }
    form: Json = {
        "delimiters": {name: getattr(marks, name) for name in _MARKS},
        "end": end,
        **_nested(segments),
        **({"as": odd} if odd else {}),
    }
    return form, sum(map(len, pieces))


def _pieces(raw: str, d: Delimiters) -> Iterator[str]:
    """Each segment with its terminator and the blanks behind it, up to IEA, the next ISA or the end."""
    spaced = re.compile(re.escape(d.terminator) + f"[{BLANK}]*")
    at = 0
    while at < len(raw):
        found = spaced.search(raw, at)
        stop = found.end() if found else len(raw)
        piece = raw[at:stop]
        name = _elements(piece, d)[0]
        if opens(name):
            return
        yield piece
        if name == "IEA":
            return
        at = stop


def _elements(text: str, d: Delimiters) -> list[str]:
    bare = text.strip(BLANK).removesuffix(d.terminator).strip(BLANK)
    if not d.by_line and ("\n" in bare or "\r" in bare):
        bare = bare.replace("\r", "").replace("\n", "")
    return bare.split(d.element)


def _isa(text: str, d: Delimiters) -> list[str]:
    """Padding is part of these elements."""
    bare = text.rstrip(BLANK).removesuffix(d.terminator).replace("\r", "").replace("\n", "")
    return bare.split(d.element)


def _ending(text: str, d: Delimiters) -> str:
    bare = text.rstrip(BLANK).removesuffix(d.terminator)
    return text[len(bare.rstrip(BLANK) if d.by_line else bare) :]


def _nested(segments: list[list[str]]) -> Json:
    whole: Json = {"isa": segments[0], "content": []}
    group: Json | None = None
    one: Json | None = None
    for e in segments[1:]:
        name = e[0]
        if name == "GS":
            group, one = {"gs": e, "content": []}, None
            whole["content"].append(group)
        elif name == "ST":
            one = {"set": e[1] if len(e) > 1 else "", "st": e, "segments": []}
            (group or whole)["content"].append(one)
        elif name == "SE" and one is not None:
            one["se"], one = e, None
        elif name == "GE" and group is not None:
            group["ge"], group, one = e, None, None
        elif name == "IEA":
            whole["iea"] = e
        elif one is not None:
            one["segments"].append(e)
        else:
            (group or whole)["content"].append(e)
    return whole


# ------------------------------------------------------------------ from JSON
def _text(part: Any, at: str) -> str:
    if not isinstance(part, dict):
        raise NotLossless(at=at, expected="an object: an interchange, or text")
    if "text" in part:
        return _string(part["text"], f"{at}/text")
    marks, end, odd = part.get("delimiters"), part.get("end"), part.get("as", {})
    if not isinstance(marks, dict) or not isinstance(odd, dict):
        raise NotLossless(at=f"{at}/delimiters", expected=f"an object with {', '.join(_MARKS)}")
    given = [_string(marks.get(name), f"{at}/delimiters/{name}") for name in _MARKS]
    d = Delimiters(element=given[0], component=given[1], repetition=given[2], terminator=given[3])
    if not d.element or not d.terminator:
        raise NotLossless(at=f"{at}/delimiters", expected="an element separator and a terminator")
    end = _string(end, f"{at}/end")
    out: list[str] = []
    for n, (place, e) in enumerate(_flat(part, at)):
        spelled = odd.get(str(n))
        read = _elements if n else _isa
        if isinstance(spelled, str) and read(spelled, d) == e:
            out.append(spelled)
        else:
            out.append(_joined(e, d, place) + end)
    return "".join(out)


def _flat(node: Mapping[str, Any], at: str) -> Iterator[tuple[str, list[str]]]:
    """Segments in file order with their places."""
    for key in ("isa", "gs", "st"):
        if key in node:
            yield f"{at}/{key}", _segment(node[key], f"{at}/{key}")
    for key in ("content", "segments"):
        held = node.get(key, [])
        if not isinstance(held, list):
            raise NotLossless(at=f"{at}/{key}", expected="a list")
        for n, inner in enumerate(held):
            place = f"{at}/{key}/{n}"
            if isinstance(inner, dict):
                yield from _flat(inner, place)
            else:
                yield place, _segment(inner, place)
    for key in ("se", "ge", "iea"):
        if key in node:
            yield f"{at}/{key}", _segment(node[key], f"{at}/{key}")


def _segment(value: Any, at: str) -> list[str]:
    if not isinstance(value, list) or not value:
        raise NotLossless(at=at, expected="a list of texts, the segment's id first")
    return [_string(x, f"{at}/{n}") for n, x in enumerate(value)]


def _string(value: Any, at: str) -> str:
    if not isinstance(value, str):
        raise NotLossless(at=at, expected="text")
    return value


def _joined(e: list[str], d: Delimiters, at: str) -> str:
    for n, value in enumerate(e):
        if d.element in value or d.terminator in value:
            raise Delimited(segment=e[0], element=f"{n:02d}", value=f"{value} ({at})")
    return d.element.join(e)
