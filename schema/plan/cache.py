"""Plans kept by (document, operation, role, scopes, shape of the variables, page sizes, kinds of node ids), least recently used out first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import graphql as g

from schema.plan.arguments import Values, prefix_of, shape
from schema.plan.compile import Plan
from schema.plan.cost import Cost
from schema.plan.documents import Document
from schema.principal import Reader

KEPT, SHAPES = 4_000, 200  # in all, and of one document


@dataclass(frozen=True, slots=True)
class Entry:
    """`plan` None: only the executor answers this operation."""

    plan: Plan | None
    cost: Cost


class Plans:
    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable) -> Any:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, key: Hashable, entry: Any, document: Document | None = None) -> None:
        """A document whose variables take ever new shapes pushes out its own oldest plans, not those of others."""
        self._kept[key] = entry
        if document is not None:
            document.shapes.append(key)
            if len(document.shapes) > SHAPES:
                self._kept.pop(document.shapes.popleft(), None)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def __len__(self) -> int:
        return len(self._kept)


def plan_key(document: Document, operation: g.OperationDefinitionNode, reader: Reader, values: Values) -> Hashable:
    """What decides a plan."""
    name = operation.name.value if operation.name else None
    if not values:
        return (document.key, name, reader.role, reader.scopes)
    sizes = tuple(values.get(n) for n in document.sizes)
    nodes = tuple(prefix_of(values[n]) for n in document.nodes if n in values)
    return (document.key, name, reader.role, reader.scopes, shape(values), sizes, nodes)
