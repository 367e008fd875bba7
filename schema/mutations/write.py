"""Payloads as JSON: plain values written from the outcome, objects put in as the bytes that a read gave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphql as g
import orjson

from schema.plan.selection import Nodes, Selections, below, definition


def value_json(selections: Selections, type_: Any, nodes: Nodes, value: Any) -> bytes:
    """A plain value under its GraphQL type: scalars by their serializer, objects by their selection."""
    if g.is_non_null_type(type_):
        type_ = type_.of_type
    if value is None:
        return b"null"
    if g.is_list_type(type_):
        return b"[" + b",".join(value_json(selections, type_.of_type, nodes, v) for v in value) + b"]"
    if g.is_leaf_type(type_):
        return orjson.dumps(_leaf(type_, value))
    return object_json(
        (key, inner_json(selections, type_, inner, value))
        for key, inner in selections.fields(type_, below(nodes)).items()
    )


def inner_json(selections: Selections, parent: Any, nodes: Nodes, value: Any) -> bytes:
    name = nodes[0].name.value
    if name == "__typename":
        return orjson.dumps(parent.name)
    python_name = definition(parent, name).python_name
    inner = value.get(python_name) if isinstance(value, Mapping) else getattr(value, python_name)
    return value_json(selections, parent.fields[name].type, nodes, inner)


def _leaf(type_: Any, value: Any) -> Any:
    if g.is_enum_type(type_):
        return getattr(value, "value", value)
    if type_.name in ("ID", "String"):
        return value
    return type_.serialize(type_.parse_value(value) if isinstance(value, str) else value)  # a kept answer is text


def object_json(pairs: Any) -> bytes:
    return b"{" + b",".join(b'"' + key.encode() + b'":' + body for key, body in pairs) + b"}"
