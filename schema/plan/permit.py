"""Refuses, before anything runs, an operation that selects what the role may not read. Rows are narrowed by the plan itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import graphql as g

from schema.errors import Forbidden
from schema.plan.bind import BOUND, Embed
from schema.plan.selection import Selections, below, class_of, definition
from schema.principal import Reader
from schema.roles import INTROSPECTION, check_read, readable

INTROSPECTS = frozenset({"__schema", "__type"})


def permit(selections: Selections, root: Any, sets: Sequence[g.SelectionSetNode], reader: Reader) -> None:
    """Walk the selection with its types; raises `Forbidden` at the first field that is not open."""
    for nodes in selections.fields(root, sets).values():
        name = nodes[0].name.value
        if name.startswith("__"):
            if name in INTROSPECTS and reader.role not in INTROSPECTION:
                raise Forbidden(what="The schema", role=reader.role)
            continue
        _field(selections, root, name, below(nodes), reader)


def _field(selections: Selections, parent: Any, name: str, sets: list[g.SelectionSetNode], reader: Reader) -> None:
    ours = definition(parent, name)
    area, kind = ours.metadata.get("area"), ours.metadata.get("bind")
    if area is not None and readable(area, reader) is None:
        raise Forbidden(what=f"{parent.name}.{name}", role=reader.role)
    inner = g.get_named_type(parent.fields[name].type)
    if g.is_leaf_type(inner):
        return
    if isinstance(kind, Embed):
        _embedded(selections, parent, name, kind, sets, reader)
        return
    possible = selections.schema.get_possible_types(inner) if g.is_abstract_type(inner) else [inner]
    for type_ in possible:
        if g.is_abstract_type(inner) and not _named(selections, type_, sets):
            continue
        _object(selections, type_, sets, reader)


def _object(selections: Selections, type_: Any, sets: list[g.SelectionSetNode], reader: Reader) -> None:
    bound = BOUND.get(class_of(type_)) if "strawberry-definition" in type_.extensions else None
    for nodes in selections.fields(type_, sets).values():
        name = nodes[0].name.value
        if name == "__typename":
            continue
        if bound is not None:
            check_read(bound.area, reader, what=f"{type_.name}.{name}", field=name)
        _field(selections, type_, name, below(nodes), reader)
    if bound is not None:
        check_read(bound.area, reader, what=type_.name)


def _embedded(
    selections: Selections, parent: Any, name: str, kind: Embed, sets: list[g.SelectionSetNode], reader: Reader
) -> None:
    if kind.area is None or readable(kind.area, reader) is not None:
        return
    inner = g.get_named_type(parent.fields[name].type)
    for nodes in selections.fields(inner, sets).values():
        field = nodes[0].name.value
        if field != "__typename" and field not in kind.shown:
            raise Forbidden(what=f"{parent.name}.{name}.{field}", role=reader.role)


def _named(selections: Selections, type_: Any, sets: list[g.SelectionSetNode]) -> bool:
    """Whether an interface's selection holds something meant for this type alone."""
    mentioned: set[str] = set()

    def walk(selection_set: g.SelectionSetNode) -> None:
        for node in selection_set.selections:
            if isinstance(node, g.FieldNode):
                continue
            opened: Any = selections.fragments[node.name.value] if isinstance(node, g.FragmentSpreadNode) else node
            if opened.type_condition:
                mentioned.add(opened.type_condition.name.value)
            walk(opened.selection_set)

    for one in sets:
        walk(one)
    return type_.name in mentioned
