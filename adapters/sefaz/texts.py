"""Values as the schema wants them written: money, rates, quantities, texts. Each change to a text is recorded; nothing is rounded silently."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

_PLAIN = re.compile(
    r"[ -~\u00a1-\u00ff]*\Z"
)  # U+00A0 is a blank to the eye and a letter to the schema: it becomes a blank
_TIDY = re.compile(r"[!-%'-;=?-~]+(?: [!-%'-;=?-~]+)*\Z")  # ASCII without & < >, single blanks inside
_SPACES = re.compile(r"  +")
_TABLE = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2032": "'", "\u2033": '"',
        "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2015": "-", "\u2212": "-",
        "\u2026": "...", "\u2022": "-", "\u00b7": "-", "\u20ac": "EUR", "\u2122": "TM", "\u2044": "/", "\u2030": "o/oo",
        "\u0152": "OE", "\u0153": "oe", "\u0131": "i", "\u0141": "L", "\u0142": "l", "\u0110": "D", "\u0111": "d",
        "\t": " ", "\n": " ", "\r": " ", "\u000b": " ", "\u000c": " ", "\u00a0": " ", "\u2002": " ", "\u2003": " ",
        "\u2009": " ", "\u200a": " ", "\u202f": " ", "\u3000": " ", "\u2028": " ", "\u2029": " ", "\u00ad": "",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChange:
    """A text that could not go out as it was. `why`: `characters` or `length`."""

    at: str
    why: str
    before: str
    after: str


@dataclass(slots=True)
class Scribe:
    """Writes one document: collects what is missing or too long (`faults`) and what was altered (`changes`)."""

    faults: list[dict[str, str]] = field(default_factory=list)
    changes: list[TextChange] = field(default_factory=list)

    def text(self, at: str, value: str | None, longest: int, *, least: int = 1, cut: bool = False) -> str:
        """`value` cleaned and escaped for element content. Too short or too long is a fault, unless it may be `cut`."""
        before = value or ""
        if least <= len(before) <= longest and ((before.isascii() and before.isalnum()) or _TIDY.match(before)):
            return before  # as it mostly is
        clean = legible(before)
        if clean != before:
            self.changes.append(TextChange(at=at, why="characters", before=before, after=clean))
        if len(clean) > longest and cut:
            shorter = clean[:longest].rstrip()
            self.changes.append(TextChange(at=at, why="length", before=clean, after=shorter))
            clean = shorter
        if len(clean) > longest:
            self.fault(at, "TOO_LONG", f"{len(clean)} characters, at most {longest}")
        elif len(clean) < least:
            self.fault(at, "MISSING" if not clean else "TOO_SHORT", f"{len(clean)} characters, at least {least}")
        return escaped(clean)

    def pattern(self, at: str, value: str | None, form: re.Pattern[str]) -> str:
        """`value` where it has that form, else a fault and an empty text."""
        if value is not None and form.fullmatch(value):
            return value
        self.fault(at, "MALFORMED" if value else "MISSING", value or "")
        return ""

    def number(self, at: str, value: Decimal, least: int, most: int) -> str:
        """`value` with at least and at most so many decimals; negative or finer than allowed is a fault."""
        try:
            return decimal_text(value, least, most)
        except ValueError as error:
            self.fault(at, "BAD_NUMBER", str(error))
            return "0"

    def money(self, at: str, value: Decimal) -> str:
        return self.number(at, value, 2, 2)

    def rate(self, at: str, value: Decimal) -> str:
        return self.number(at, value, 2, 4)

    def fault(self, at: str, code: str, message: str) -> None:
        self.faults.append({"at": at, "code": code, "message": message})


def legible(text: str) -> str:
    """Only U+0020-U+00FF, single inner blanks, none outside; what the table cannot say is decomposed, else dropped."""
    if not (text.isascii() and text.isprintable()) and not _PLAIN.match(text):
        text = "".join(_latin(text.translate(_TABLE)))
    return _SPACES.sub(" ", text).strip() if "  " in text or text[:1] == " " or text[-1:] == " " else text


def _latin(text: str) -> Iterable[str]:
    for char in unicodedata.normalize("NFC", text):
        if _PLAIN.match(char):
            yield char
        else:
            yield "".join(part for part in unicodedata.normalize("NFKD", char) if " " <= part <= "~")


def escaped(text: str) -> str:
    """Element content as C14N writes it: `&`, `<` and `>` only (`&quot;` in content is legal but not canonical)."""
    if "&" in text or "<" in text or ">" in text:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text


def decimal_text(value: Decimal, least: int, most: int) -> str:
    """`1.00`, `0.1234`: no exponent, sign or thousands mark. `ValueError` when negative, not finite or finer than `most` decimals."""
    text = str(value)
    if text[-least - 1 : -least] == "." and "0" <= text[0] <= "9" and "E" not in text:
        return text  # it has the decimals wanted, as it mostly does
    text = format(value, "f")
    if not value.is_finite() or value < 0:
        message = f"{value} is negative or no number"
        raise ValueError(message)
    text = text.removeprefix("-")  # a negative zero
    whole, _, part = text.partition(".")
    if len(part) > most:
        if part[most:].strip("0"):
            message = f"{value} has more than {most} decimals"
            raise ValueError(message)
        part = part[:most]
    if len(part) > least:
        part = part[:least] + part[least:].rstrip("0")
    return f"{whole}.{part.ljust(least, '0')}" if least or part else whole
