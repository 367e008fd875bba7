"""What written values are made of while a document becomes segments: numbers, codes, pairs, and a list of what was refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.x12.measures import MEASURES
from adapters.x12.places import PairsRule

NOTHING: Mapping[str, Any] = {}


@dataclass(slots=True)
class Outward:
    """What writing may ask beside the document. `refused` collects (place, value, reason)."""

    profile: Mapping[str, str]
    comp: str = ">"
    rep: str = "^"
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    measured: dict[str, Decimal | None] = field(default_factory=dict)  # of the whole document: written, then compared

    def refuse(self, place: str, value: object, reason: str) -> str:
        self.refused.append((place, str(value), reason))
        return ""

    def measure(self, name: str, document: Mapping[str, Any]) -> Decimal | None:
        found = self.measured[name] = MEASURES[name](document)
        return found


def number_text(value: Any) -> str:
    """A Decimal (or its text, out of JSON) without exponent."""
    if value is None:
        return ""
    text = str(value)
    return format(value, "f") if "E" in text and isinstance(value, Decimal) else text


def cents_text(value: Any, c: Outward, place: str) -> str:
    """Two implied decimals; a fraction of a cent is refused."""
    if value is None:
        return ""
    try:
        cents = (value if isinstance(value, Decimal) else Decimal(str(value))).scaleb(2)
    except InvalidOperation:
        return c.refuse(place, value, "is no amount")
    return str(int(cents)) if cents == int(cents) else c.refuse(place, value, "has a fraction of a cent")


def code_text(back: Mapping[str, str], word: Any, code: Any, c: Outward, where: tuple[str, str]) -> str:
    """The code of a word: the one that it came with, else the preferred one. `where`: place and table."""
    if word is None or word == "":
        return ""
    found = code or back.get(word)
    return found if found is not None else c.refuse(where[0], word, f"is not in our table {where[1]}")


def entries(held: Any, codes: Any, back: Mapping[str, str], c: Outward, place: str) -> list[tuple[str, Any]]:
    """(code, entry) of a dictionary by word; `other` holds a list with the codes as they came."""
    found: list[tuple[str, Any]] = []
    for word, entry in (held or NOTHING).items():
        if word == "other":
            found += [(x.get("code", ""), x) for x in entry]
            continue
        own = entry.get("code") if isinstance(entry, dict) else (codes or NOTHING).get(word)
        code = own or back.get(word)
        if code is None:
            c.refuse(place, word, "is not in our table")
            continue
        found.append((code, entry))
    return found


def put_pairs(e: list[str], rule: PairsRule, held: Any, codes: Any, c: Outward) -> bool:
    """Appends qualifier and value pairs; what has no room or no qualifier is refused."""
    if not held:
        return False
    before, back = len(e), rule.table.back
    if not codes:  # nearly always: words of ours, each with a text, and room for all
        for word, value in held.items():
            code = back.get(word)
            if code is None or not value or value.__class__ is not str:
                break
            e += (code, value)
        else:
            if len(e) - 1 <= rule.last:
                return True
        del e[before:]
    _odd_pairs(e, rule, held, codes or NOTHING, c)
    return len(e) > before


def _odd_pairs(e: list[str], rule: PairsRule, held: Any, codes: Mapping[str, str], c: Outward) -> None:
    for word, value in held.items():
        if word == rule.rest and isinstance(value, dict):
            rows = list(value.items())
        else:
            rows = [(codes.get(word) or rule.table.back.get(word), value)]
        for code, text in rows:
            if text is None or text == "":
                continue
            if code is None:
                c.refuse(rule.place.text, word, "is not in our table")
            elif len(e) + 1 > rule.last:
                c.refuse(rule.place.text, word, "has no room: all pairs are taken")
            else:
                e += [code, str(text)]


def total_text(rows: Any, name: str) -> str:
    held = [row.get(name) for row in rows or ()]
    return format(sum((Decimal(str(x)) for x in held if x is not None), Decimal(0)), "f")


def split_text(text: Any, join: str, wide: int) -> list[list[str]]:
    pieces = [x for x in str(text).split(join) if x] if text else []
    return [pieces[k : k + wide] for k in range(0, len(pieces), wide)]
