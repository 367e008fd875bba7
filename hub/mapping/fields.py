"""`fields` of a file to a plan: resolves `$use`, types every leaf against the target, refuses what cannot be right."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hub.mapping import jsonata
from hub.mapping.faults import Trap
from hub.mapping.functions import Compiled, compile_expr
from hub.mapping.grammar import BadExpression, Call, Expr, First, Literal, Path, parse
from hub.mapping.paths import listed
from hub.mapping.plan import LeafPlan, ObjectPlan
from hub.mapping.spec import Spec, read_path
from hub.mapping.targets import Shape
from hub.mapping.yamlfile import Node, Scalar, Table

_WORDS = frozenset({"$when", "$each", "$use", "$from"})
_FITS: dict[str, frozenset[str]] = {
    "text": frozenset({"text"}),
    "enum": frozenset({"text"}),
    "decimal": frozenset({"decimal", "int"}),
    "int": frozenset({"int"}),
    "bool": frozenset({"bool"}),
    "instant": frozenset({"instant"}),
    "date": frozenset({"date"}),
    "revision": frozenset({"instant", "int"}),
    "texts": frozenset({"list"}),
}
_CURE = {"text": "string()", "decimal": "money(), decimal() or int()", "instant": "instant() or utc()", "int": "int()"}


class Planner:
    """Plans one file. `others` are all files by name, for `$use`; `traps` takes every fault found."""

    def __init__(self, others: Mapping[str, Spec], traps: list[Trap]) -> None:
        self.others = others
        self.traps = traps

    def plan(self, spec: Spec) -> ObjectPlan:
        return self._object(spec, "", spec.shape, spec.fields, (spec.name,))

    def _object(self, spec: Spec, at: str, shape: Shape, table: Table, used: tuple[str, ...]) -> ObjectPlan:
        trap = self._trap(spec)
        when = self._when(spec, table)
        each = self._each(spec, at, shape, table)
        start = read_path(table.entries["$from"], trap) if "$from" in table.entries else None
        if each is not None and start is not None:
            trap(table.line, "$from and $each exclude one another: write the path in $each")
        leaves, objects = self._entries(spec, at, shape, table, used)
        return ObjectPlan(
            key=at.rpartition(".")[2].removesuffix("[]"),
            at=at,
            shape=shape,
            leaves=tuple(leaves),
            objects=tuple(objects),
            file=spec.file,
            line=table.line,
            when=when,
            each=each,
            start=start,
        )

    def _entries(
        self, spec: Spec, at: str, shape: Shape, table: Table, used: tuple[str, ...]
    ) -> tuple[list[LeafPlan], list[ObjectPlan]]:
        trap = self._trap(spec)
        for key, line in table.lines.items():
            if key.startswith("$") and key not in _WORDS:
                trap(line, f"unknown form {key}")
        if "$use" in table.entries:
            return self._used(spec, at, shape, table, used)
        leaves: list[LeafPlan] = []
        objects: list[ObjectPlan] = []
        for key, node in table.entries.items():
            if key.startswith("$"):
                continue
            field, line = shape.fields.get(key), table.lines[key]
            place = f"{at}.{key}" if at else key
            if field is None:
                trap(line, f"{place} is no field of the target")
            elif field.computed:
                trap(line, f"{place} is computed by the hub")
            elif field.leaf:
                leaf = self._leaf(spec, place, field, node, line)
                leaves += [leaf] if leaf else []
            elif isinstance(node, Table):
                place += "[]" if field.kind == "list" else ""
                objects.append(self._object(spec, place, field, node, used))
            else:
                trap(line, f"{place} is an object: write its fields")
        for key, field in shape.fields.items():
            if field.required and not field.computed and field.unset is None and key not in table.entries:
                trap(table.line, f"{f'{at}.{key}' if at else key} is required and not mapped")
        return leaves, objects

    def _used(
        self, spec: Spec, at: str, shape: Shape, table: Table, used: tuple[str, ...]
    ) -> tuple[list[LeafPlan], list[ObjectPlan]]:
        trap, line = self._trap(spec), table.lines["$use"]
        extra = [key for key in table.entries if not key.startswith("$")]
        if extra:
            trap(table.lines[extra[0]], "fields beside $use are refused")
        node = table.entries["$use"]
        name = node.text if isinstance(node, Scalar) else ""
        other = self.others.get(name)
        if other is None:
            trap(line, f"there is no mapping {name} to use")
        elif name in used:
            trap(line, f"{' -> '.join((*used, name))} is a circle")
        else:
            return self._entries(other, at, shape, other.fields, (*used, name))
        return [], []

    # -------------------------------------------------------------- pieces
    def _trap(self, spec: Spec) -> Callable[[int, str], None]:
        return lambda line, reason: self.traps.append(Trap(spec.file, line, reason))

    def _when(self, spec: Spec, table: Table) -> Compiled | None:
        node = table.get("$when")
        return None if node is None else self._expr(spec, node, "any")

    def _each(self, spec: Spec, at: str, shape: Shape, table: Table) -> Path | None:
        trap = self._trap(spec)
        if shape.kind != "list":
            if "$each" in table.entries:
                trap(table.lines["$each"], f"{at} is one object, not a list")
            return None
        if "$each" not in table.entries:
            trap(table.line, f"{at} is a list and needs $each")
            return None
        path = read_path(table.entries["$each"], trap)
        if path is not None and path.anchor == "@":
            trap(table.lines["$each"], "the envelope holds no list")
        return path

    def _expr(self, spec: Spec, node: Node, want: str) -> Compiled | None:
        trap = self._trap(spec)
        if not isinstance(node, Scalar):
            trap(node.line, "expected an expression")
            return None
        if node.quoted or node.kind in ("str", "int", "bool", "null"):
            try:
                return compile_expr(parse(node.text or "null"), spec.tables, want)
            except BadExpression as error:
                trap(node.line, str(error))
        return None

    def _leaf(self, spec: Spec, at: str, shape: Shape, node: Node, line: int) -> LeafPlan | None:
        trap = self._trap(spec)
        if isinstance(node, Table):
            compiled = jsonata.compile_node(node, at, shape, trap)
        else:
            compiled = self._expr(spec, node, shape.kind)
        if compiled is None:
            return None
        if isinstance(compiled.expr, Path) and shape.kind == "texts":
            if not listed(compiled.expr.steps):
                trap(line, f"{at} is a list of texts and needs a path with []")
        elif compiled.gives not in ("any", "list") and compiled.gives not in _FITS[shape.kind]:
            cure = f": use {_CURE[shape.kind]}" if shape.kind in _CURE else ""
            trap(line, f"{at} is of type {shape.kind} and the expression gives {compiled.gives}{cure}")
        if shape.kind == "enum":
            for word in _words(compiled.expr, spec.tables):
                if word not in shape.values:
                    trap(line, f"{at} cannot be {word}: one of {', '.join(sorted(shape.values))}")
        return LeafPlan(key=at.rpartition(".")[2], at=at, shape=shape, compiled=compiled, file=spec.file, line=line)


def _words(expr: Expr, tables: Mapping[str, Mapping[str, str]]) -> list[str]:
    """The texts that an expression can give without looking at the document."""
    if isinstance(expr, Literal):
        return [expr.value] if isinstance(expr.value, str) else []
    if isinstance(expr, First):
        return [word for option in expr.options for word in _words(option, tables)]
    if isinstance(expr, Call) and expr.name == "choose":
        return [word for arg in expr.args[1:] for word in _words(arg, tables)]
    if isinstance(expr, Call) and expr.name == "map" and isinstance(expr.args[1], Path):
        return list(tables.get(expr.args[1].steps[0].key, {}).values())
    return []
