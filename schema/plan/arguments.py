"""Arguments: what of them decides the plan, and what is fetched from the variables at each request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

import graphql as g

from hub.kit.ids import read_id
from schema.errors import BadValue, PageTooLarge
from schema.plan.bind import BY_PREFIX, SUBJECTS
from schema.plan.scalars import read_day, read_moment

Values = Mapping[str, Any]
Getter = Callable[[Values], Any]
MAX_PAGE, DEFAULT_PAGE, TOTAL_CAP = 100, 20, 10_000
_ABSENT = object()


@cache
def camel(name: str) -> str:
    """A Python name as GraphQL writes it."""
    head, *rest = name.rstrip("_").split("_")
    return head + "".join(w.capitalize() for w in rest)


def shape(value: Any) -> Any:
    """What of the variables decides the SQL: which are present, which inputs hold which keys, every boolean and enum by value."""
    if isinstance(value, Mapping):
        return tuple((k, shape(v)) for k, v in sorted(value.items()))
    if isinstance(value, bool) or value is None:
        return value
    return value.name if hasattr(value, "name") else "v"


def arguments(node: g.FieldNode, values: Values) -> dict[str, Any]:
    """Argument tree in which each leaf is a Getter or a constant; absent variables are left out."""
    return {a.name.value: w for a in node.arguments or () if (w := _walk(a.value, values)) is not _ABSENT}


def _walk(value: Any, values: Values) -> Any:
    if isinstance(value, g.VariableNode):
        name = value.name.value
        return _by_path((name,), values[name]) if name in values else _ABSENT
    if isinstance(value, g.ObjectValueNode):
        return {f.name.value: w for f in value.fields if (w := _walk(f.value, values)) is not _ABSENT}
    if isinstance(value, g.ListValueNode):
        items = [_walk(i, values) for i in value.values]
        return lambda at: [i(at) if callable(i) else i for i in items]
    return g.value_from_ast_untyped(value)


def _by_path(path: tuple[str, ...], value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _by_path((*path, k), v) for k, v in value.items()}
    if value is None or isinstance(value, bool):
        return value
    if hasattr(value, "name"):
        return value.name

    def get(values: Values) -> Any:
        for step in path:
            values = values[step]
        return values

    return get


def resolved(source: Any, values: Values) -> Any:
    return source(values) if callable(source) else source


def typed(source: Any, python_type: type, prefix: str | None = None) -> Getter:
    """A getter of values fit for the column: moments and days parsed, ids opened, texts that PostgreSQL cannot hold refused."""

    def one_value(value: Any) -> Any:
        if prefix is not None:
            return any_id(value) if prefix == "*" else read_id(prefix, str(value))
        value = getattr(value, "name", value)
        if python_type is datetime and isinstance(value, str):
            return read_moment(value)
        if python_type is date and isinstance(value, str):
            return read_day(value)
        return clean(value) if isinstance(value, str) else value

    def get(values: Values) -> Any:
        value = resolved(source, values)
        return [one_value(v) for v in value] if isinstance(value, list | tuple) else one_value(value)

    return get


def clean(value: str) -> str:
    """The text, unless PostgreSQL could not store it."""
    if "\0" in value:
        raise BadValue(reason="a text with the character U+0000")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadValue(reason="a text with half a surrogate pair") from error
    return value


def any_id(value: Any) -> UUID:
    """The UUID of a public id of any kind."""
    return read_id(str(value)[:3], str(value))


def above(prefix: str) -> str:
    """The least text that is greater than every text with this prefix, by code point."""
    for at in range(len(prefix) - 1, -1, -1):
        code = ord(prefix[at]) + 1
        if code <= 0x10FFFF:
            return prefix[:at] + chr(0xE000 if 0xD800 <= code <= 0xDFFF else code)
    return "\U0010ffff"


def page_size(source: Any, values: Values) -> int:
    """Literal in the SQL and part of the plan key: with a bound LIMIT PostgreSQL plans for a tenth of the table."""
    asked = resolved(source, values)
    asked = DEFAULT_PAGE if asked is None else int(asked)
    if not 0 <= asked <= MAX_PAGE:
        raise PageTooLarge(limit=MAX_PAGE, asked=asked)
    return asked


def key_variables(document: g.DocumentNode) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(variables that stand for a page size, variables that stand for any node's id): part of the plan key by value and by prefix."""
    sizes: set[str] = set()
    nodes: set[str] = set()

    class Visit(g.Visitor):
        def enter_field(self, node: g.FieldNode, *_: Any) -> None:
            for argument in node.arguments or ():
                if isinstance(argument.value, g.VariableNode):
                    name = argument.name.value
                    if name in ("first", "last"):
                        sizes.add(argument.value.name.value)
                    elif node.name.value == "node":
                        nodes.add(argument.value.name.value)

    g.visit(document, Visit())
    return tuple(sorted(sizes)), tuple(sorted(nodes))


def prefix_of(value: Any) -> str:
    """The known prefix of a public id, else an empty text."""
    head = str(value)[:3]
    return head if head in BY_PREFIX or head in SUBJECTS.values() else ""
