"""Filters of lists as SQL conditions; the reference path uses the same, so that they cannot differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from schema.plan.arguments import Getter, above, resolved, typed
from schema.plan.bind import Filter, Page, plain_type
from schema.plan.pieces import constant

Bind = Callable[[Any, Any], Any]  # (getter, SQL type) -> bind parameter


def conditions(page: Page, row: Any, where: Mapping[str, Any], bind: Bind, values: Mapping[str, Any]) -> list[Any]:
    """One condition a test; a test given as null counts as not given."""
    made: list[Any] = []
    for name, given in where.items():
        if resolved(given, values) is None and not isinstance(given, Mapping):
            continue
        kind = page.filters[name]
        target = kind.through.view.alias() if kind.through else row
        tests = given if isinstance(given, Mapping) else {"in" if kind.many else "eq": given}
        found = [_test(kind, target, op, v, bind) for op, v in tests.items() if resolved(v, values) is not None]
        if not found:
            continue
        if kind.also:
            found.append(row.c[kind.also].is_not(None))
        if kind.through:
            joined = target.c[kind.through.there] == row.c[kind.through.here]
            made.append(sa.exists(sa.select(sa.literal_column("1")).select_from(target).where(joined, *found)))
        else:
            made += found
    return made


def _test(kind: Filter, row: Any, op: str, value: Any, bind: Bind) -> Any:
    column = row.c[kind.column]
    if kind.flag:
        return column if value else ~column
    if kind.enum and op == "eq" and isinstance(value, str):
        same = column == constant(value)
        return sa.and_(row.c[kind.halves[value]], same) if value in kind.halves else same
    type_ = plain_type(column)
    get = typed(value, column.type.python_type, kind.prefix)
    if op == "in":
        return column == sa.any_(bind(get, sa.ARRAY(type_)))
    if op == "startsWith":
        return sa.and_(column >= bind(get, type_), column < bind(_above(get), type_))
    bound = bind(get, type_)
    return column == bound if op == "eq" else column >= bound if op == "gte" else column < bound


def _above(get: Getter) -> Getter:
    return lambda values: above(get(values))
