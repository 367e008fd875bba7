"""What a request costs before it runs: object 1, scalar 0, bounded list 5 items, connection 2 + page size x item,
root mutation 10, subscription 10 + its selection per event.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import graphql as g

from schema.plan.arguments import arguments, page_size, resolved
from schema.plan.selection import Nodes, Selections, below, is_connection

TYPICAL_LIST = 5
MAX_COST = 10_000
NEW_PLAN = 10
ROOT_MUTATION = 10


@dataclass(frozen=True, slots=True)
class Cost:
    """`lists`: (page size, cost of one row) of each root connection, in order of the plan's counts."""

    requested: int
    lists: tuple[tuple[int, int], ...] = ()

    def actual(self, counts: Sequence[int]) -> int:
        return self.requested - sum((size - n) * item for (size, item), n in zip(self.lists, counts, strict=False))


def cost_of(selections: Selections, root: Any, operation: g.OperationDefinitionNode) -> Cost:
    total, lists = 0, []
    base = 0 if operation.operation is g.OperationType.QUERY else ROOT_MUTATION
    for nodes in selections.fields(root, [operation.selection_set]).values():
        name = nodes[0].name.value
        if name.startswith("__"):
            continue
        type_ = root.fields[name].type
        named = g.get_named_type(type_)
        if is_connection(named) and operation.operation is g.OperationType.QUERY:
            size, item = _page(selections, named, nodes)
            lists.append((size, item))
            total += 2 + size * item
        else:
            total += base + _field(selections, type_, nodes)
    return Cost(total, tuple(lists))


def _object(selections: Selections, type_: Any, sets: list[g.SelectionSetNode]) -> int:
    total = 1
    for nodes in selections.fields(type_, sets).values():
        if not nodes[0].name.value.startswith("__"):
            total += _field(selections, type_.fields[nodes[0].name.value].type, nodes)
    return total


def _field(selections: Selections, type_: Any, nodes: Nodes) -> int:
    named: Any = g.get_named_type(type_)
    if g.is_leaf_type(named):
        return 0
    if is_connection(named):
        size, item = _page(selections, named, nodes)
        return 2 + size * item
    if g.is_abstract_type(named):
        inner = max(
            (_object(selections, t, below(nodes)) for t in selections.schema.get_possible_types(named)), default=1
        )
    else:
        inner = _object(selections, named, below(nodes))
    return inner * _length(selections, type_, nodes)


def _length(selections: Selections, type_: Any, nodes: Nodes) -> int:
    listed = type_.of_type if g.is_non_null_type(type_) else type_
    if not g.is_list_type(listed):
        return 1
    given = resolved(arguments(nodes[0], selections.values).get("ids"), selections.values)
    return len(given) if isinstance(given, list) else TYPICAL_LIST


def _page(selections: Selections, connection: Any, nodes: Nodes) -> tuple[int, int]:
    """(page size, cost of one row)."""
    args = arguments(nodes[0], selections.values)
    back = resolved(args.get("last"), selections.values) is not None
    size = page_size(args["last"] if back else args.get("first"), selections.values)
    item = 0
    for inner in selections.fields(connection, below(nodes)).values():
        name = inner[0].name.value
        if name == "nodes":
            item += _object(selections, g.get_named_type(connection.fields["nodes"].type), below(inner))
        elif name == "edges":
            edge: Any = g.get_named_type(connection.fields["edges"].type)
            for leaf in selections.fields(edge, below(inner)).values():
                if leaf[0].name.value == "node":
                    item += _object(selections, g.get_named_type(edge.fields["node"].type), below(leaf))
    return size, item
