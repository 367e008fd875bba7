"""Typed fields of a JSON object, read one by one while every fault is noted with its place; the reader fails once, at the end."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from hub.canon.ports import NeverTry, Unmapped

LIMIT = 8 * 1024 * 1024  # bytes
DEPTH = 64
CAP = 100  # faults kept of one document
ZERO = Decimal(0)
_QUANTITY = re.compile(r"\d{1,14}(\.\d{1,4})?\Z", re.ASCII)  # numeric(18,4)

EXPECTED = {
    "NOT_READABLE": "expected one JSON object in UTF-8, at most 8 MiB and 64 levels deep",
    "WRONG_SHAPE": "expected another type here",
    "MISSING": "expected a value",
    "NOT_DECIMAL": 'expected a quantity such as "2" or "0.5"',
    "NOT_INTEGER": 'expected a whole number such as "2"',
    "NOT_INSTANT": 'expected an instant such as "2026-10-05T12:00:00Z"',
    "NOT_IN_TABLE": "expected a code of the table",
    "CHECK_FAILED": "expected accepted + short = quantity",
    "DUPLICATE_LINE": "expected a line once only",
}


def parsed(body: bytes) -> dict[str, Any] | None:
    """The JSON object in it, numbers with a fraction as Decimal; None for anything else."""
    if len(body) > LIMIT:
        return None
    try:
        value = json.loads(body.decode("utf-8"), parse_float=Decimal, parse_constant=_refused)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and _shallow(value, DEPTH) else None


def _refused(word: str) -> Any:
    raise ValueError(word)


def _shallow(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(_shallow(x, levels - 1) for x in inner)


@dataclass(slots=True, kw_only=True)
class Faults:
    """What is wrong with one document, in the words of the mapping language's reasons."""

    contract: str
    found: list[dict[str, Any]] = field(default_factory=list)
    unknown: tuple[str, str] | None = None  # the first (table, code) that no table holds

    def add(self, code: str, at: str, value: Any = None, *, message: str | None = None) -> None:
        shown = None if value is None or isinstance(value, dict | list) else str(value)[:80]
        if len(self.found) < CAP:
            self.found.append(
                {
                    "code": code,
                    "at": at,
                    "source": at,
                    "value": shown,
                    "file": self.contract,
                    "line": None,
                    "message": message or EXPECTED[code],
                }
            )

    def settle(self) -> None:
        """`Unmapped` if unknown codes are all that is wrong, `NeverTry` if there is more, nothing if all is well."""
        if not self.found:
            return
        if self.unknown and all(f["code"] == "NOT_IN_TABLE" for f in self.found):
            raise Unmapped(*self.unknown, faults=self.found)
        first = self.found[0]
        raise NeverTry(f"{first['at']}: {first['code']}: {first['message']}", faults=self.found)


@dataclass(frozen=True, slots=True)
class Fields:
    """One object of the document at `path`; each reader returns None (or zero, or nothing) after noting a fault."""

    data: Mapping[str, Any]
    faults: Faults
    path: str = ""

    def at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def _given(self, name: str, *, required: bool) -> Any:
        value = self.data.get(name)
        if required and (value is None or value == ""):
            self.faults.add("MISSING", self.at(name))
        return value

    def text(self, name: str, *, required: bool = False) -> str | None:
        value = self._given(name, required=required)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            return value
        self.faults.add("WRONG_SHAPE", self.at(name), value)
        return None

    def integer(self, name: str, *, required: bool = False) -> int | None:
        value = self._given(name, required=required)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
            self.faults.add("NOT_INTEGER", self.at(name), value)
            return None
        return value

    def quantity(self, name: str, *, required: bool = False) -> Decimal:
        """Text or number, not negative, 14 digits and 4 places at most."""
        value = self._given(name, required=required)
        if value is None:
            return ZERO
        text = (
            format(value, "f")
            if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < 20
            else str(value)
        )
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal) or not _QUANTITY.match(text):
            self.faults.add("NOT_DECIMAL", self.at(name), value)
            return ZERO
        return Decimal(text)

    def instant(self, name: str, *, required: bool = False) -> datetime | None:
        """RFC 3339 with its offset."""
        text = self.text(name, required=required)
        if text is None:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            moment = None
        sane = moment is not None and moment.tzinfo is not None and 1900 <= moment.year <= 9998
        if not sane or "T" not in text:
            self.faults.add("NOT_INSTANT", self.at(name), text)
            return None
        return moment

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.data.get(name)
        if value is None:
            return ()
        if isinstance(value, list) and all(isinstance(x, str) for x in value):
            return tuple(value)
        self.faults.add("WRONG_SHAPE", self.at(name), value)
        return ()

    def coded(self, name: str, table: str, codes: Mapping[str, Any]) -> Any:
        """The value of the table for that code; an unknown one is never a default."""
        code = self.text(name, required=True)
        if code is None or code in codes:
            return None if code is None else codes[code]
        self.faults.add("NOT_IN_TABLE", self.at(name), code)
        if self.faults.unknown is None:
            self.faults.unknown = (table, code)
        return None

    def each(self, name: str, *, required: bool = False) -> list[Fields]:
        """The objects of a list; `required`: at least one."""
        value = self.data.get(name)
        if value is None or value == []:
            if required:
                self.faults.add("MISSING", self.at(name))
            return []
        if not isinstance(value, list):
            self.faults.add("WRONG_SHAPE", self.at(name), value)
            return []
        made = []
        for i, inner in enumerate(value):
            if isinstance(inner, dict):
                made.append(Fields(inner, self.faults, f"{self.at(name)}[{i}]"))
            else:
                self.faults.add("WRONG_SHAPE", f"{self.at(name)}[{i}]", inner)
        return made
