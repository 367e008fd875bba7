"""GraphQL input types made from the plain inputs, and the way from coerced variables to them."""

from __future__ import annotations

import hashlib
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson
import strawberry

from hub.kit.ids import read_id
from schema.plan.arguments import any_id, camel, clean

Reader = Callable[[Any], Any]


@cache
def hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls, include_extras=True)


@cache
def input_type(cls: type) -> type:
    """The strawberry input with the fields, defaults and order of this frozen dataclass."""
    names = hints(cls)
    namespace: dict[str, Any] = {"__annotations__": {}, "__module__": __name__}
    for item in fields(cls):
        namespace["__annotations__"][item.name] = _annotation(names[item.name])
        if item.default is not MISSING:
            default = strawberry.UNSET if item.default is None else item.default
            namespace[item.name] = strawberry.field(default=default)
    made: type = strawberry.input(type(cls.__name__, (), namespace))
    return made


def _annotation(hint: Any) -> Any:
    origin = get_origin(hint)
    if origin is Annotated:
        return strawberry.ID
    if origin in (Union, types.UnionType):
        inner = next(a for a in get_args(hint) if a is not type(None))
        return _annotation(inner) | None
    if origin is tuple:
        return list[_annotation(get_args(hint)[0])]  # type: ignore[misc]
    if isinstance(hint, type) and is_dataclass(hint):
        return input_type(hint)
    return hint


@cache
def reader(cls: Any) -> Reader:
    """Coerced mapping by GraphQL names -> instance of `cls`; `BadId` and `BadValue` for what does not fit."""
    names = hints(cls)
    parts = [(item.name, camel(item.name), _reader(names[item.name])) for item in fields(cls)]

    def read(value: Mapping[str, Any]) -> Any:
        return cls(**{name: part(value[key]) for name, key, part in parts if key in value})

    return read


def _reader(hint: Any) -> Reader:
    origin = get_origin(hint)
    if origin is Annotated:
        prefix = get_args(hint)[1]
        return any_id if prefix == "*" else lambda value: read_id(prefix, str(value))
    if origin in (Union, types.UnionType):
        inner = _reader(next(a for a in get_args(hint) if a is not type(None)))
        return lambda value: None if value is None else inner(value)
    if origin is tuple:
        each = _reader(get_args(hint)[0])
        return lambda value: tuple(each(v) for v in value)
    if isinstance(hint, type) and is_dataclass(hint):
        return reader(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return lambda value: hint(getattr(value, "value", value))
    return clean if hint is str else lambda value: value


def owned_ids(value: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], str, UUID]]:
    """(path, prefix, id) of each id in an input."""
    found: list[tuple[tuple[str, ...], str, UUID]] = []
    kind: Any = type(value)
    names = hints(kind)
    for item in fields(value):
        inner, here = getattr(value, item.name), (*path, camel(item.name))
        prefix = _prefix(names[item.name])
        for at, one in enumerate(inner) if isinstance(inner, tuple) else [(None, inner)]:
            place = here if at is None else (*here, str(at))
            if isinstance(one, UUID) and prefix:
                found.append((place, prefix, one))
            elif is_dataclass(one):
                found += owned_ids(one, place)
    return found


def _prefix(hint: Any) -> str | None:
    if get_origin(hint) is Annotated:
        return str(get_args(hint)[1])
    return next((p for a in get_args(hint) if (p := _prefix(a))), None)


def input_hash(mutation: str, value: Any) -> bytes:
    """SHA-256 over the mutation's name and its canonical input, 32 bytes."""
    text = orjson.dumps([mutation, value], default=_plain, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).digest()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    return str(value)
