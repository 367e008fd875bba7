"""Canonical dataclasses as plain JSON and back, by their type hints: decimals, instants, ids and dates as text, bytes as base64."""

from __future__ import annotations

import base64
import dataclasses
import types
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

T = TypeVar("T")
Read = Callable[[Any], Any]
Write = Callable[[Any], Any]


_PLAIN = frozenset({str, int, bool, float, type(None)})


def dump(value: Any) -> Any:
    """Plain JSON of a canonical value; fields that are None are left out."""
    kind = value.__class__
    return value if kind in _PLAIN else _WRITERS[kind](value)


class _Writers(dict[Any, Write]):
    """How values of a class are written: found out once, because every message that leaves goes through here."""

    def __missing__(self, kind: Any) -> Write:
        self[kind] = found = _fields(kind) if dataclasses.is_dataclass(kind) else _writer(kind)
        return found


_WRITERS = _Writers()


def _fields(kind: Any) -> Write:
    """Of a dataclass: one look at each field, as source, since a loop over names takes twice the time."""
    lines = ["def write(v):", " d = {}"]
    for f in dataclasses.fields(kind):
        lines += [
            f" x = v.{f.name}",
            f" if x is not None: d[{f.name!r}] = x if x.__class__ in plain else writers[x.__class__](x)",
        ]
    names: dict[str, Any] = {"plain": _PLAIN, "writers": _WRITERS}
    exec(compile("\n".join([*lines, " return d"]), "<canonical words>", "exec"), names)  # noqa: S102 - names of our own fields
    write: Write = names["write"]
    return write


def _writer(kind: Any) -> Write:
    if issubclass(kind, Mapping):
        return lambda v: {
            (k if k.__class__ is str else str(k)): (x if x.__class__ in _PLAIN else _WRITERS[x.__class__](x))
            for k, x in v.items()
        }
    if issubclass(kind, (list, tuple)):
        return lambda v: [x if x.__class__ in _PLAIN else _WRITERS[x.__class__](x) for x in v]
    if issubclass(kind, bytes):
        return lambda v: base64.b64encode(v).decode("ascii")
    if issubclass(kind, Enum):
        return lambda v: v.value
    if issubclass(kind, datetime | date):
        return lambda v: v.isoformat()
    return str if issubclass(kind, Decimal | UUID) else _same


def load(kind: type[T], data: Mapping[str, Any]) -> T:
    """The canonical value of that class; missing fields take their defaults, unknown ones raise TypeError."""
    made: T = _reader(cast("Any", kind))(data)
    return made


@cache
def _reader(kind: Any) -> Read:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _optional([a for a in inner if a is not type(None)])
    if origin is tuple:
        return _tuple(inner)
    if dataclasses.is_dataclass(kind):
        return _object(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    return _SCALARS.get(kind, _same)


def _optional(inner: list[Any]) -> Read:
    read = _reader(inner[0])
    return lambda v: None if v is None else read(v)


def _tuple(inner: tuple[Any, ...]) -> Read:
    if len(inner) == 2 and inner[1] is Ellipsis:
        read = _reader(inner[0])
        return lambda v: tuple(read(x) for x in v)
    reads = [_reader(a) for a in inner]
    return lambda v: tuple(r(x) for r, x in zip(reads, v, strict=True))


def _object(kind: Any) -> Read:
    reads = {
        name: _reader(hint)
        for name, hint in get_type_hints(kind).items()
        if name in {f.name for f in dataclasses.fields(kind)}
    }
    return lambda v: kind(**{name: reads[name](x) if name in reads else x for name, x in v.items()})


def _same(value: Any) -> Any:
    return value


_SCALARS: Mapping[Any, Read] = {
    Decimal: Decimal,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    UUID: UUID,
    bytes: base64.b64decode,
}
