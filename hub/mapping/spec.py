"""One mapping file as written: its head, tables, checks, hidden and ignored paths. Fields stay nodes until all files are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from hub.mapping.faults import Trap
from hub.mapping.grammar import BadExpression, Path, parse_path
from hub.mapping.targets import TARGETS, Shape, shape_at
from hub.mapping.yamlfile import Node, Scalar, Sequence, Table

_HEAD = frozenset(
    {"mapping", "version", "source", "target", "direction", "fields", "tables", "checks", "redact", "ignore"}
)
_CHECK = frozenset(
    {"id", "sum", "equals", "tolerance", "why", "each", "above", "at_least", "one_of", "same", "required", "when"}
)
_KINDS = ("sum", "each", "same", "required")
BUILT_IN = frozenset({"totals", "lines", "currency"})
WIDEST = Decimal(1)  # a minor unit of the yen; narrower currencies are held to theirs when checked


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A declared check on the canonical result. `kind`: sum, each, same or required."""

    id: str
    kind: str
    paths: tuple[str, ...]
    line: int
    equals: str | None = None
    tolerance: Decimal = Decimal(0)
    above: Decimal | None = None
    at_least: Decimal | None = None
    one_of: frozenset[str] | None = None
    when: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """`name` is `<adapter>/<name>`; `unwrap` the key of a wrapping object that is peeled off."""

    name: str
    file: str
    version: int
    system: str
    api: str | None
    unwrap: str | None
    target: str
    shape: Shape
    both: bool
    fields: Table
    tables: dict[str, dict[str, str]]
    checks: tuple[Check, ...]
    redact: frozenset[str]
    ignore: tuple[str, ...]


class SpecReader:
    """Reads the head; every fault is appended to `traps`, so that one look shows all of them."""

    def __init__(self, file: str, name: str, traps: list[Trap]) -> None:
        self.file = file
        self.name = name
        self.traps = traps

    def trap(self, line: int, reason: str) -> None:
        self.traps.append(Trap(self.file, line, reason))

    def read(self, top: Table) -> Spec | None:
        """The spec, or None where its head is unusable."""
        before = len(self.traps)
        self._unknown(top, _HEAD, "mapping")
        for key in ("mapping", "version", "source", "target", "fields"):
            if top.get(key) is None:
                self.trap(top.line, f"{key} is missing")
        written = self.text(top, "mapping")
        if written is not None and written != self.name:
            self.trap(top.lines["mapping"], f"the file says {written} and its place says {self.name}")
        target = self.text(top, "target") or ""
        shape = TARGETS.get(target)
        if target and shape is None:
            self.trap(top.lines["target"], f"there is no target {target}: one of {', '.join(TARGETS)}")
        fields = top.get("fields")
        if fields is not None and not isinstance(fields, Table):
            self.trap(top.lines["fields"], "fields must be keys and values")
        version = self.text(top, "version") or ""
        if version and not version.isdigit():
            self.trap(top.lines["version"], "version must be a whole number")
        source = self._source(top)
        direction = self.text(top, "direction") or "in"
        if direction not in ("in", "both"):
            self.trap(top.lines["direction"], "direction is in or both")
        if shape is None or not isinstance(fields, Table):
            return None
        spec = Spec(
            name=self.name,
            file=self.file,
            version=int(version) if version.isdigit() else 0,
            system=source.get("system", ""),
            api=source.get("api"),
            unwrap=source.get("unwrap"),
            target=target,
            shape=shape,
            both=direction == "both",
            fields=fields,
            tables=self._tables(top),
            checks=tuple(self._checks(top, shape)),
            redact=frozenset(self._paths(top, "redact", shape)),
            ignore=tuple(self._ignore(top)),
        )
        return spec if len(self.traps) == before else None

    # -------------------------------------------------------------- pieces
    def text(self, table: Table, key: str) -> str | None:
        node = table.get(key)
        if node is None:
            return None
        if not isinstance(node, Scalar) or node.kind == "null":
            self.trap(table.lines[key], f"{key} must be a text")
            return None
        return node.text

    def _unknown(self, table: Table, known: frozenset[str], where: str) -> None:
        for key, line in table.lines.items():
            if key not in known:
                self.trap(line, f"unknown key {key} in {where}")

    def _source(self, top: Table) -> dict[str, str]:
        node = top.get("source")
        if node is None:
            return {}
        if not isinstance(node, Table):
            self.trap(top.lines["source"], "source must have system and api")
            return {}
        self._unknown(node, frozenset({"system", "api", "unwrap"}), "source")
        found = {key: text for key in node.entries if (text := self.text(node, key)) is not None}
        if "system" not in found:
            self.trap(node.line, "source needs system")
        return found

    def _tables(self, top: Table) -> dict[str, dict[str, str]]:
        node = top.get("tables")
        tables: dict[str, dict[str, str]] = {}
        if node is None:
            return tables
        if not isinstance(node, Table):
            self.trap(top.lines["tables"], "tables must be keys and values")
            return tables
        for name, inner in node.entries.items():
            if not isinstance(inner, Table):
                self.trap(node.lines[name], f"the table {name} must be keys and values")
                continue
            if "default" in inner.entries:
                self.trap(inner.lines["default"], "a table has no default: an unknown code must stop the document")
            tables[name] = {key: text for key in inner.entries if (text := self.text(inner, key)) is not None}
        return tables

    def _texts(self, table: Table, key: str) -> list[tuple[str, int]]:
        node = table.get(key)
        if node is None:
            return []
        items = node.items if isinstance(node, Sequence) else (node,)
        found = []
        for item in items:
            if isinstance(item, Scalar):
                found.append((item.text, item.line))
            else:
                self.trap(item.line, f"{key} must hold texts")
        return found

    def _paths(self, table: Table, key: str, shape: Shape) -> list[str]:
        found = []
        for text, line in self._texts(table, key):
            if shape_at(shape, text) is None:
                self.trap(line, f"{text} is no path of the target")
            found.append(text)
        return found

    def _ignore(self, top: Table) -> list[str]:
        node = top.get("ignore")
        if node is None:
            return []
        found = []
        for item in node.items if isinstance(node, Sequence) else ():
            if not isinstance(item, Table):
                self.trap(item.line, "an ignored path is written as {path, why}")
                continue
            self._unknown(item, frozenset({"path", "why"}), "ignore")
            path, why = self.text(item, "path"), self.text(item, "why")
            if not path or not why:
                self.trap(item.line, "an ignored path needs path and why")
            else:
                found.append(path)
        if not isinstance(node, Sequence):
            self.trap(top.lines["ignore"], "ignore must be a list")
        return found

    def _checks(self, top: Table, shape: Shape) -> list[Check]:
        node = top.get("checks")
        if node is None:
            return []
        if not isinstance(node, Sequence):
            self.trap(top.lines["checks"], "checks must be a list")
            return []
        found: list[Check] = []
        for item in node.items:
            if not isinstance(item, Table):
                self.trap(item.line, "a check is written as keys and values")
                continue
            check = self._check(item, shape)
            if check is None:
                continue
            if check.id in BUILT_IN or any(check.id == other.id for other in found):
                self.trap(item.line, f"the check {check.id} exists already")
            found.append(check)
        return found

    def _check(self, table: Table, shape: Shape) -> Check | None:
        before = len(self.traps)
        self._unknown(table, _CHECK, "a check")
        kinds = [kind for kind in _KINDS if kind in table.entries]
        name = self.text(table, "id")
        if not name or len(kinds) != 1:
            self.trap(table.line, f"a check needs id and one of {', '.join(_KINDS)}")
            return None
        kind = kinds[0]
        paths = self._paths(table, kind, shape)
        self._paths(table, "equals", shape)
        self._paths(table, "when", shape)
        if kind == "sum" and "equals" not in table.entries:
            self.trap(table.line, "a sum needs equals")
        if kind == "each" and not {"above", "at_least", "one_of"} & set(table.entries):
            self.trap(table.line, "each needs above, at_least or one_of")
        tolerance = self._number(table, "tolerance") or Decimal(0)
        if tolerance < 0 or tolerance > WIDEST:
            self.trap(table.line, "a tolerance may not exceed one minor unit per line")
        if tolerance and not self.text(table, "why"):
            self.trap(table.line, "a tolerance needs why")
        above, at_least = self._number(table, "above"), self._number(table, "at_least")
        allowed = self._texts(table, "one_of")
        if len(self.traps) > before:
            return None
        return Check(
            id=name,
            kind=kind,
            paths=tuple(paths),
            line=table.line,
            equals=self.text(table, "equals"),
            tolerance=tolerance,
            above=above,
            at_least=at_least,
            one_of=frozenset(text for text, _ in allowed) if allowed else None,
            when=self.text(table, "when"),
        )

    def _number(self, table: Table, key: str) -> Decimal | None:
        text = self.text(table, key)
        if text is None:
            return None
        if not text.lstrip("-").replace(".", "", 1).isdecimal():
            self.trap(table.lines[key], f"{key} must be a decimal in quotes")
            return None
        return Decimal(text)


def read_path(node: Node, trap: Callable[[int, str], None]) -> Path | None:
    """A path written as a scalar, or None after telling what is wrong."""
    if not isinstance(node, Scalar):
        trap(node.line, "expected a path")
        return None
    try:
        return parse_path(node.text)
    except BadExpression as error:
        trap(node.line, str(error))
        return None
