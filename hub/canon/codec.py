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


def dump(value: Any) -> Any:
    """Plain JSON of a canonical value; fields that are None are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        pairs = ((f.name, getattr(value, f.name)) for f in dataclasses.fields(value))
        return {name: dump(v) for name, v in pairs if v is not None}
    if isinstance(value, Mapping):
        return {str(k): dump(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [dump(v) for v in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    return value


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
