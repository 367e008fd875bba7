"""The way back of `direction: both`: a canonical value to the foreign JSON. Only forms that lose nothing are allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

import orjson

from hub.kit.errors import HubError
from hub.mapping.faults import Trap
from hub.mapping.grammar import Call, Expr, Literal, Path
from hub.mapping.plan import LeafPlan, ObjectPlan
from hub.mapping.scalars import instant_text

Back = Callable[[Any], Any]


class OneWay(HubError):
    """The mapping {name} reads only: it has no `direction: both`."""

    code: ClassVar[str] = "ONE_WAY"

    def __init__(self, name: str) -> None:
        super().__init__(name=name)


def _number_text(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _instant(value: Any) -> str:
    return instant_text(value) if isinstance(value, datetime) else str(value)


def _date(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


_BACK: dict[str, Back] = {
    "string": str,
    "int": int,
    "decimal": _number_text,
    "money": _number_text,
    "cents": lambda value: int(value.scaleb(2)),
    "instant": _instant,
    "utc": _instant,
    "date": _date,
}


def refuse_one_way(plan: ObjectPlan, traps: list[Trap]) -> None:
    """A trap for every form of a `both` mapping that cannot be written back."""
    for leaf in plan.leaves:
        why = _one_way(leaf.compiled.expr)
        if why:
            traps.append(Trap(leaf.file, leaf.line, f"direction both: {why} cannot be written back"))
    if any(path is not None and (path.anchor or not path.plain) for path in (plan.each, plan.start)):
        traps.append(Trap(plan.file, plan.line, "direction both: only a plain path can be written back"))
    for child in plan.objects:
        refuse_one_way(child, traps)


def _one_way(expr: Expr) -> str | None:
    if isinstance(expr, Literal):
        return None
    if isinstance(expr, Path):
        return None if expr.plain and not expr.anchor else "a path with filters, indices or an anchor"
    if isinstance(expr, Call):
        if expr.name == "map" or expr.name in _BACK:
            return _one_way(expr.args[0])
        return f"{expr.name}()"
    return "??"


def compile_writer(
    plan: ObjectPlan, tables: Mapping[str, Mapping[str, str]], traps: list[Trap]
) -> Callable[[Any], Any]:
    """A function canonical value -> document. Traps a table whose values are not unique."""
    leaves = [(leaf.key, *way) for leaf in plan.leaves if (way := _way(leaf, tables, traps)) is not None]
    objects = [(child, compile_writer(child, tables, traps)) for child in plan.objects]

    def write(value: Any) -> Any:
        out: dict[str, Any] = {}
        for key, keys, backs in leaves:
            found = value.get(key)
            if found is not None:
                for back in backs:
                    found = back(found)
                _put(out, keys, found)
        for child, inner in objects:
            found = value.get(child.key)
            if found is None:
                continue
            if child.each is not None:
                _put(out, tuple(_keys(child.each)), [inner(element) for element in found])
            else:
                start = tuple(_keys(child.start)) if child.start else ()
                _merge(out, start, inner(found))
        return out

    return write


def _way(
    leaf: LeafPlan, tables: Mapping[str, Mapping[str, str]], traps: list[Trap]
) -> tuple[tuple[str, ...], list[Back]] | None:
    backs: list[Back] = []
    expr = leaf.compiled.expr
    while isinstance(expr, Call):
        if expr.name == "map" and isinstance(expr.args[1], Path):
            table = tables[expr.args[1].steps[0].key]
            back = {value: key for key, value in table.items()}
            if len(back) != len(table):
                traps.append(Trap(leaf.file, leaf.line, "direction both: the table has a value twice"))
            backs.append(back.__getitem__)
        else:
            backs.append(_BACK[expr.name])
        expr = expr.args[0]
    return (tuple(_keys(expr)), backs) if isinstance(expr, Path) else None


def _keys(path: Path) -> Iterator[str]:
    yield from (step.key for step in path.steps)


def _put(out: dict[str, Any], keys: tuple[str, ...], found: Any) -> None:
    for key in keys[:-1]:
        out = out.setdefault(key, {})
    out[keys[-1]] = found


def _merge(out: dict[str, Any], keys: tuple[str, ...], found: dict[str, Any]) -> None:
    for key in keys:
        out = out.setdefault(key, {})
    for key, inner in found.items():
        if isinstance(inner, dict) and isinstance(out.get(key), dict):
            _merge(out, (key,), inner)
        else:
            out[key] = inner


def encode(document: Any) -> bytes:
    """JSON bytes; a Decimal becomes a JSON number with all its digits."""
    return orjson.dumps(document, default=_exact)


def _exact(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(format(value, "f").encode())
    raise TypeError(type(value).__name__)
