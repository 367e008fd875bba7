"""What can be wrong: with a document (`Reason`, collected) and with a mapping file (`Trap`, refused when loaded)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from hub.kit.errors import HubError

CAP = 100  # reasons kept of one document; the rest is only counted
HIDDEN = "[hidden]"
_SHOWN = 80  # characters of a foreign value that a reason repeats

# code -> what a right value looks like; completes the printed sentence
EXPECTED: dict[str, str] = {
    "NOT_READABLE": "expected one JSON document in UTF-8, at most 8 MiB and 64 levels deep",
    "WRONG_SHAPE": "expected another type here",
    "MISSING": "expected a value",
    "NOT_DECIMAL": 'expected a decimal such as "12.50"',
    "NOT_INTEGER": 'expected a whole number such as "2"',
    "NOT_INSTANT": 'expected an instant such as "2026-10-05T12:00:00Z"',
    "NOT_IN_TABLE": "expected a code of the table",
    "BAD_CODE": "expected a code of the published list",
    "AMBIGUOUS": "expected at most one",
    "DUPLICATE_LINE": "expected an id that is unique in the document",
    "TOTALS_MISMATCH": "expected both sides to be equal",
    "CHECK_FAILED": "expected the check to hold",
    "JSONATA_BOUND": "expected an answer within 50 ms and 200 levels",
}


class Fault(Exception):
    """A value that an expression cannot take. Caught at the field, where it becomes a `Reason`."""

    def __init__(self, code: str, value: object = None, expected: str | None = None, table: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.value = value
        self.expected = expected or EXPECTED[code]
        self.table = table


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One fault of a document: `at` the canonical path, `source` the foreign path, `file` and `line` of the mapping."""

    code: str
    at: str
    source: str | None
    value: str | None
    file: str
    line: int
    message: str
    table: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("code", "at", "source", "value", "file", "line", "message")}

    def __str__(self) -> str:
        seen = f"{self.source} = {self.value}; " if self.source and self.value is not None else ""
        seen = f"{self.source}; " if self.source and not seen else seen
        return f"{self.file}:{self.line}: {self.at}: {self.code}: {seen}{self.message}"


def shown(value: object) -> str:
    """A foreign value as a reason repeats it: quoted text, cut; containers by their type only."""
    if isinstance(value, str):
        return f'"{value[:_SHOWN]}"' if len(value) <= _SHOWN else f'"{value[:_SHOWN]}..."'
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return type_name(value) if isinstance(value, dict | list) else str(value)[:_SHOWN]


def type_name(value: object) -> str:
    """The JSON word for a value's type."""
    names: tuple[tuple[type, str], ...] = (
        (bool, "a boolean"),
        (str, "a text"),
        (dict, "an object"),
        (list, "a list"),
    )
    if value is None:
        return "null"
    return next((name for kind, name in names if isinstance(value, kind)), "a number")


@dataclass(frozen=True, slots=True)
class Trap:
    """One reason why a mapping file is refused."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class MappingRefused(HubError):
    """A mapping cannot be used: {first}"""

    code: ClassVar[str] = "MAPPING_REFUSED"

    def __init__(self, traps: Sequence[Trap]) -> None:
        super().__init__(first=str(traps[0]), traps=tuple(traps))
        self.traps = tuple(traps)


class NoSuchMapping(HubError, KeyError):
    """There is no mapping named {name}."""

    code: ClassVar[str] = "NO_SUCH_MAPPING"

    def __init__(self, name: str) -> None:
        super().__init__(name=name)

    def __str__(self) -> str:
        return self.sentence()
