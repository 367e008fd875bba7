"""Dated tables: rows that hold from a day to a day (exclusive), each with its source. Loaded strictly, found by key and day."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise, product
from pathlib import Path
from typing import ClassVar

from ruamel.yaml import YAML
from ruamel.yaml.error import StreamMark, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from hub.kit.errors import HubError

Value = str | Decimal | bool
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,10})?", re.ASCII)
_KINDS = frozenset({"text", "number", "flag"})
_OWN = frozenset({"valid_from", "valid_to", "source", "checked_on", "doubtful"})


class BadTable(HubError):
    """The table cannot be used: {faults}"""

    code: ClassVar[str] = "BAD_TABLE"


class NoRule(HubError):
    """No row of table {table} holds for {key} on {day}: add one to {file}."""

    code: ClassVar[str] = "NO_RULE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row for one key. `doubtful`: its sources disagree, or it could not be checked with the authority."""

    key: tuple[str, ...]
    values: Mapping[str, Value]
    valid_from: date
    valid_to: date | None  # exclusive
    source: str
    checked_on: date
    doubtful: bool
    line: int

    def holds(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def text(self, column: str) -> str:
        value = self.values[column]
        if not isinstance(value, str):
            raise TypeError(column)
        return value

    def number(self, column: str) -> Decimal:
        value = self.values[column]
        if not isinstance(value, Decimal):
            raise TypeError(column)
        return value

    def flag(self, column: str) -> bool:
        value = self.values[column]
        if not isinstance(value, bool):
            raise TypeError(column)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows by key, each key's rows in the order of their days and without overlap."""

    name: str
    file: str
    key: tuple[str, ...]
    rows: Mapping[tuple[str, ...], tuple[Row, ...]]

    def find(self, day: date, **key: str) -> Row:
        """The one row of that key and day; raises `NoRule`."""
        row = self.get(day, **key)
        if row is None:
            shown = ", ".join(f"{name} {value}" for name, value in key.items())
            raise NoRule(table=self.name, key=shown, day=day.isoformat(), file=self.file)
        return row

    def get(self, day: date, **key: str) -> Row | None:
        """As `find`, None where the absence of a row means something."""
        if set(key) != set(self.key):
            raise TypeError(f"table {self.name} is asked by {self.key}")
        wanted = tuple(key[name] for name in self.key)
        return next((row for row in self.rows.get(wanted, ()) if row.holds(day)), None)

    def on(self, day: date) -> list[Row]:
        """Every row that holds that day, in the order of the file."""
        held = (row for rows in self.rows.values() for row in rows if row.holds(day))
        return sorted(held, key=lambda row: row.line)

    def doubtful(self) -> list[Row]:
        return sorted((row for rows in self.rows.values() for row in rows if row.doubtful), key=lambda row: row.line)


def load(path: Path) -> Table:
    """The table in a YAML file; raises `BadTable` with every fault as `file:line: reason`.

    The file: `table`, `key` (names of text columns), `columns` (name -> text | number | flag, a `?` after it: may be
    absent), `defaults` (columns that most rows share), `rows`. A key column may hold a list: the row stands for each.
    A long table of short rows stands in `lines` instead, a text with one row a line: the key and the columns in their order, `|` between.
    """
    reader = _Reader(path.name)
    try:
        root = YAML(typ="rt", pure=True).compose(path.read_text(encoding="utf-8"))
    except (YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        raise BadTable(faults=f"{path.name}:{line}: it is not YAML in UTF-8") from error
    table = reader.table(root, path)
    if reader.faults or table is None:
        raise BadTable(faults="; ".join(reader.faults))
    return table


class _Reader:
    """Collects faults while it reads nodes, so that an author sees all of them at once."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[str] = []

    def fault(self, node: Node | None, reason: str) -> None:
        self.faults.append(f"{self.file}:{_line(node)}: {reason}")

    def table(self, root: Node | None, path: Path) -> Table | None:
        top = self.fields(root, "a table")
        unknown = set(top) - {"table", "about", "key", "columns", "defaults", "rows", "lines"}
        missing = {"table", "key", "columns", "lines" if "lines" in top else "rows"} - set(top)
        if unknown or missing:
            self.fault(root, f"unknown {sorted(unknown)}, missing {sorted(missing)}")
            return None
        key = tuple(self.texts(top["key"]))
        columns = {name: self.text(node) for name, node in self.fields(top["columns"], "columns").items()}
        for name, kind in columns.items():
            if kind.removesuffix("?") not in _KINDS or name in _OWN:
                self.fault(top["columns"], f"column {name} cannot be of kind {kind}")
        defaults = self.fields(top["defaults"], "defaults") if "defaults" in top else {}
        given = top.get("rows")
        nodes = given.value if isinstance(given, SequenceNode) else []
        rows: dict[tuple[str, ...], list[Row]] = {}
        for node in nodes:
            for row in self.row(node, defaults, key, columns):
                rows.setdefault(row.key, []).append(row)
        for row in self.lines(top["lines"], defaults, key, columns) if "lines" in top else ():
            rows.setdefault(row.key, []).append(row)
        if not rows and not self.faults:
            self.fault(top.get("lines") or given, "there are no rows")
        return Table(name=self.text(top["table"]), file=path.name, key=key, rows=self.in_order(rows))

    def row(
        self, node: Node, defaults: Mapping[str, Node], key: Sequence[str], columns: Mapping[str, str]
    ) -> list[Row]:
        own = self.fields(node, "a row")
        cells = {**defaults, **own}
        before = len(self.faults)
        optional = {name for name, kind in columns.items() if kind.endswith("?")} | {"valid_to", "doubtful"}
        allowed = set(key) | set(columns) | _OWN
        for name in sorted(set(cells) - allowed):
            self.fault(cells[name], f"unknown column {name}")
        for name in sorted(allowed - optional - set(cells)):
            self.fault(node, f"{name} is missing")
        if len(self.faults) > before:
            return []
        values = {name: self.value(cells[name], kind) for name, kind in columns.items() if name in cells}
        start, end = self.day(cells["valid_from"]), self.day(cells["valid_to"]) if "valid_to" in cells else None
        if start and end and end <= start:
            self.fault(cells["valid_to"], "valid_to is not after valid_from")
        checked, source = self.day(cells["checked_on"]), self.text(cells["source"])
        doubtful = self.value(cells["doubtful"], "flag") is True if "doubtful" in cells else False
        keys = list(product(*(self.texts(cells[name]) for name in key)))
        if len(self.faults) > before or start is None or checked is None:
            return []
        return [
            Row(
                key=one,
                values=values,
                valid_from=start,
                valid_to=end,
                source=source,
                checked_on=checked,
                doubtful=doubtful,
                line=_line(node),
            )
            for one in keys
        ]

    def lines(
        self, node: Node, defaults: Mapping[str, Node], key: Sequence[str], columns: Mapping[str, str]
    ) -> list[Row]:
        """The rows of a text. What they share is read once, from the defaults."""
        names = (*key, *columns)
        before = len(self.faults)
        for name in sorted({"valid_from", "source", "checked_on"} - set(defaults)):
            self.fault(node, f"{name} is missing from the defaults")
        for name in sorted(set(defaults) - _OWN):
            self.fault(defaults[name], f"{name} stands in each line")
        if len(self.faults) > before:
            return []
        shared = self.row(_mapping(dict.fromkeys(names, "x"), node), defaults, names, {})
        found: list[Row] = []
        for number, text in enumerate(self.text(node).splitlines(), start=_line(node) + 1):
            cells = [cell.strip() for cell in text.split("|")]
            if len(cells) != len(names) or not all(cells):
                self.faults.append(f"{self.file}:{number}: {len(names)} values are needed: {' | '.join(names)}")
                continue
            values = zip(columns, cells[len(key) :], strict=True)
            plain = {name: self.value(_scalar(cell, number), columns[name]) for name, cell in values}
            found += [replace(row, key=tuple(cells[: len(key)]), values=plain, line=number) for row in shared]
        return found

    def in_order(self, rows: Mapping[tuple[str, ...], list[Row]]) -> dict[tuple[str, ...], tuple[Row, ...]]:
        ordered = {key: tuple(sorted(found, key=lambda row: row.valid_from)) for key, found in rows.items()}
        for key, found in ordered.items():
            for first, second in pairwise(found):
                if first.holds(second.valid_from):
                    lines = f"{self.file}:{first.line}: and {self.file}:{second.line}:"
                    self.faults.append(f"{lines} both hold for {' '.join(key)} on {second.valid_from}")
        return ordered

    def fields(self, node: Node | None, what: str) -> dict[str, Node]:
        if not isinstance(node, MappingNode):
            self.fault(node, f"{what} must be a mapping")
            return {}
        found: dict[str, Node] = {}
        for label, value in node.value:
            name = self.text(label)
            if name in found:
                self.fault(label, f"{name} stands twice")
            found[name] = value
        return found

    def texts(self, node: Node) -> list[str]:
        return [self.text(one) for one in node.value] if isinstance(node, SequenceNode) else [self.text(node)]

    def text(self, node: Node) -> str:
        if isinstance(node, ScalarNode) and node.value.strip():
            return str(node.value)
        self.fault(node, "a text is needed")
        return ""

    def value(self, node: Node, kind: str) -> Value:
        text = self.text(node)
        match kind.removesuffix("?"):
            case "number" if _NUMBER.fullmatch(text):
                return Decimal(text)
            case "flag" if text in {"true", "false"}:
                return text == "true"
            case "text":
                return text
            case wanted:
                self.fault(node, f"{text!r} is not a {wanted}")
                return text

    def day(self, node: Node) -> date | None:
        text = self.text(node)
        try:
            day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None:
            self.fault(node, f"{text!r} is not a day (YYYY-MM-DD)")
        return day


def _scalar(text: str, line: int) -> ScalarNode:
    """A value as the reader takes it, at that line."""
    mark = StreamMark("", 0, line - 1, 0)
    return ScalarNode("tag:yaml.org,2002:str", text, mark, mark)


def _mapping(cells: Mapping[str, str], at: Node) -> MappingNode:
    pairs = [(_scalar(name, _line(at)), _scalar(value, _line(at))) for name, value in cells.items()]
    return MappingNode("tag:yaml.org,2002:map", pairs, at.start_mark, at.end_mark)


def _line(node: Node | None) -> int:
    return int(node.start_mark.line) + 1 if node is not None and node.start_mark is not None else 0
