"""Turns a plan into closures that build the canonical object: one dictionary a document, faults collected at their field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hub.mapping.faults import Fault, type_name
from hub.mapping.functions import Compiled, scalar_of_key, single_key
from hub.mapping.grammar import Call, Expr, First, Literal, Path
from hub.mapping.paths import Run, Scope, compile_path
from hub.mapping.plan import LeafPlan, ObjectPlan
from hub.mapping.scalars import boolean, decimal, need_text, wrong_type
from hub.mapping.targets import Shape

_MISSING = "MISSING"


def open_object(plan: ObjectPlan, item: Any, scope: Scope) -> tuple[Any, Scope] | None:
    """The object on which the plan's fields stand, or None where `$when` or a missing `$from` leaves it out."""
    try:
        if plan.when is not None and plan.when.run(item, scope) in (None, False):
            return None
        if plan.start is None:
            return item, scope
        inner = compile_path(plan.start)(item, scope)
    except Fault:
        return None
    if inner is None:
        return None
    return inner, Scope(scope.root, scope.env, scope.sink, outer=scope, parent=item, through=plan.start)


def open_each(plan: ObjectPlan, item: Any, scope: Scope) -> Iterator[tuple[Any, Scope]]:
    """The elements of a `$each` with their scope, as the builder sees them."""
    if plan.each is None:
        return
    try:
        found = _elements(compile_path(plan.each)(item, scope))
    except Fault:
        return
    loop = Scope(scope.root, scope.env, scope.sink, outer=scope, parent=item, through=plan.each)
    loop.place = 0
    for index, element in enumerate(found or ()):
        loop.index = index
        if plan.when is not None and plan.when.run(element, loop) in (None, False):
            continue
        yield element, loop
        loop.place += 1


def _elements(found: Any) -> list[Any] | None:
    if found is None or type(found) is list:
        return found if found is None else [element for element in found if element is not None]
    raise Fault("WRONG_SHAPE", found, f"{type_name(found)} where a list is expected")


# ------------------------------------------------------------------ types
def _known(expr: Expr) -> bool:
    """Whether an expression can only give literals and table values, which were checked when loaded."""
    if isinstance(expr, Literal):
        return True
    if isinstance(expr, First):
        return all(_known(option) for option in expr.options)
    if not isinstance(expr, Call):
        return False
    return expr.name == "map" or (expr.name == "choose" and all(_known(arg) for arg in expr.args[1:]))


def _to_decimal(value: Any) -> Decimal:
    if type(value) is str:
        raise Fault("NOT_DECIMAL", value, "a text where a decimal is expected: the mapping needs money() or decimal()")
    return decimal(value)


def _to_int(value: Any) -> int:
    if type(value) is int:
        return value
    raise Fault("NOT_INTEGER", value)


def _to_instant(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    raise Fault("NOT_INSTANT", value, "the mapping needs instant() or utc()")


def _to_date(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise Fault("NOT_INSTANT", value, "the mapping needs date()")


def _to_revision(value: Any) -> datetime | int:
    if isinstance(value, datetime) or type(value) is int:
        return value
    raise wrong_type(value, "an instant or a whole number")


def _to_texts(value: Any) -> list[str]:
    if type(value) is not list:
        raise wrong_type(value, "a list")
    return [need_text(element) for element in value]


_COERCE: dict[str, Callable[[Any], Any]] = {
    "text": need_text,
    "decimal": _to_decimal,
    "int": _to_int,
    "bool": boolean,
    "instant": _to_instant,
    "date": _to_date,
    "revision": _to_revision,
    "texts": _to_texts,
}


def typed(compiled: Compiled, shape: Shape) -> Run:
    """The closure with the check of the field's type, where it is not known beforehand."""
    inner = compiled.run
    if compiled.gives == shape.kind or (shape.kind == "enum" and _known(compiled.expr)):
        return inner
    if shape.kind == "revision" and compiled.gives in ("instant", "int"):
        return inner
    coerce = _COERCE.get(shape.kind)
    if coerce is None:
        allowed = shape.values

        def enum(item: Any, scope: Scope) -> Any:
            value = inner(item, scope)
            if value is not None and need_text(value) not in allowed:
                raise Fault("BAD_CODE", value, f"expected one of {', '.join(sorted(allowed))}")
            return value

        return enum
    to = Decimal if shape.kind == "decimal" and compiled.gives == "int" else coerce
    key = single_key(compiled.expr)
    if key is not None:
        return scalar_of_key(to, key)

    def run(item: Any, scope: Scope) -> Any:
        value = inner(item, scope)
        return None if value is None else to(value)

    return run


# ------------------------------------------------------------------ builders
def compile_object(plan: ObjectPlan) -> Run:
    """A closure that gives the object (or the list of objects of a `$each`), or None."""
    fill = _compile_fill(plan)
    if plan.each is not None:
        return _compile_each(plan, plan.each, fill)
    if plan.when is None and plan.start is None:
        return fill

    when = plan.when.run if plan.when else None
    start = compile_path(plan.start) if plan.start else None

    def build(item: Any, scope: Scope) -> Any:
        try:
            if when is not None and when(item, scope) in (None, False):
                return None
            inner = item if start is None else start(item, scope)
        except Fault as fault:
            scope.sink.fault(plan, plan.when, item, scope, fault)
            return None
        if start is None or inner is None:
            return None if inner is None else fill(inner, scope)
        return fill(inner, Scope(scope.root, scope.env, scope.sink, outer=scope, parent=item, through=plan.start))

    return build


def _compile_each(plan: ObjectPlan, each: Path, fill: Run) -> Run:
    path = Compiled(each, compile_path(each), "list")
    when = plan.when.run if plan.when else None

    def build(item: Any, scope: Scope) -> Any:
        try:
            found = _elements(path.run(item, scope))
        except Fault as fault:
            scope.sink.fault(plan, path, item, scope, fault)
            return None
        if found is None or (not found and plan.shape.filled):
            if plan.shape.required:
                scope.sink.fault(plan, path, item, scope, Fault(_MISSING, found))
            return found
        loop = Scope(scope.root, scope.env, scope.sink, outer=scope, parent=item, through=each)
        out: list[Any] = []
        for loop.index, element in enumerate(found):
            loop.place = len(out)
            try:
                if when is not None and when(element, loop) in (None, False):
                    continue
            except Fault as fault:
                scope.sink.fault(plan, plan.when, element, loop, fault)
                continue
            out.append(fill(element, loop))
        return out

    return build


def _compile_fill(plan: ObjectPlan) -> Run:
    empty = {name: shape.unset if shape.unset != "computed" else None for name, shape in plan.shape.fields.items()}
    fixed = dict(_constants(plan))
    empty.update(fixed)
    leaves = [
        (leaf.key, typed(leaf.compiled, leaf.shape), leaf.shape.required, leaf)
        for leaf in plan.leaves
        if leaf.key not in fixed
    ]
    objects = [(child.key, compile_object(child)) for child in plan.objects]
    filled = bool(fixed) or not plan.at or plan.each is not None or plan.shape.never_null
    needed = [leaf for leaf in plan.leaves if leaf.shape.required]

    def fill(item: Any, scope: Scope) -> Any:
        out = empty.copy()
        some = filled
        lacking = False
        for key, run, required, leaf in leaves:
            try:
                value = run(item, scope)
            except Fault as fault:
                scope.sink.fault(leaf, leaf.compiled, item, scope, fault)
                some = True
                continue
            if value is None or (required and type(value) is str and not value):
                lacking = lacking or required
            else:
                out[key] = value
                some = True
        for key, build in objects:
            value = build(item, scope)
            if value is not None:
                out[key] = value
                some = True
        if not some:
            return None
        if lacking:
            _report(needed, item, scope)
        return out

    return fill


def _constants(plan: ObjectPlan) -> Iterator[tuple[str, Any]]:
    """Literal texts and booleans: they are in the object before anything is read."""
    for leaf in plan.leaves:
        expr = leaf.compiled.expr
        if isinstance(expr, Literal) and type(expr.value) in (str, bool):
            yield leaf.key, expr.value


def _report(needed: list[LeafPlan], item: Any, scope: Scope) -> None:
    for leaf in needed:
        try:
            value = leaf.compiled.run(item, scope)
        except Fault:
            continue
        if value is None or (type(value) is str and not value):
            scope.sink.fault(leaf, leaf.compiled, item, scope, Fault(_MISSING, value))
