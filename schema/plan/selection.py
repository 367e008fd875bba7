"""What an operation selects: fragments opened, @include and @skip applied, equal keys merged (CollectFields of the specification)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import graphql as g

from schema.plan.bind import BOUND, Bound

Nodes = list[g.FieldNode]
IGNORED = frozenset({"idempotent"})


class NotCovered(Exception):
    """This operation holds something that only the executor answers."""


class Selections:
    """Collects fields of one document for given variables."""

    def __init__(self, schema: g.GraphQLSchema, document: g.DocumentNode, values: Mapping[str, Any]) -> None:
        self.schema = schema
        self.values = values
        self.fragments = {d.name.value: d for d in document.definitions if isinstance(d, g.FragmentDefinitionNode)}

    def fields(self, parent: g.GraphQLObjectType, sets: Sequence[g.SelectionSetNode]) -> dict[str, Nodes]:
        """Response keys in order of first appearance."""
        found: dict[str, Nodes] = {}

        def walk(selections: Sequence[g.SelectionNode]) -> None:
            for selection in selections:
                if not self._wanted(selection):
                    continue
                if isinstance(selection, g.FieldNode):
                    found.setdefault((selection.alias or selection.name).value, []).append(selection)
                    continue
                opened: Any = (
                    self.fragments[selection.name.value] if isinstance(selection, g.FragmentSpreadNode) else selection
                )
                if self._applies(opened.type_condition, parent):
                    walk(opened.selection_set.selections)

        for one_set in sets:
            walk(one_set.selections)
        return found

    def _applies(self, condition: g.NamedTypeNode | None, parent: g.GraphQLObjectType) -> bool:
        if condition is None or condition.name.value == parent.name:
            return True
        other = self.schema.type_map[condition.name.value]
        return g.is_abstract_type(other) and self.schema.is_sub_type(other, parent)

    def _wanted(self, node: g.SelectionNode) -> bool:
        for directive in node.directives or ():
            name = directive.name.value
            if name in ("include", "skip"):
                value: Any = (directive.arguments or ())[0].value
                on = self.values[value.name.value] if isinstance(value, g.VariableNode) else value.value
                if on is (name == "skip"):
                    return False
            elif name not in IGNORED:
                raise NotCovered(name)
        return True


def below(nodes: Nodes) -> list[g.SelectionSetNode]:
    return [n.selection_set for n in nodes if n.selection_set]


def definition(parent: g.GraphQLObjectType, name: str) -> Any:
    """The strawberry field behind a graphql field."""
    return parent.fields[name].extensions["strawberry-definition"]


def kind_of(parent: g.GraphQLObjectType, name: str) -> Any:
    return definition(parent, name).metadata.get("bind")


def class_of(type_: Any) -> type:
    origin: type = type_.extensions["strawberry-definition"].origin
    return origin


def bound_of(type_: Any) -> Bound:
    return BOUND[class_of(type_)]


def is_connection(type_: Any) -> bool:
    return isinstance(type_, g.GraphQLObjectType) and "pageInfo" in type_.fields
