"""Documents: parsed, limited, validated once and kept under a hash of their text."""

from __future__ import annotations

import hashlib
from collections import OrderedDict, deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import graphql as g

from schema.errors import BadRequest, LimitExceeded, ParseFailed, ValidationFailed
from schema.plan.arguments import key_variables
from schema.plan.permit import INTROSPECTS

MAX_BYTES, MAX_TOKENS, MAX_DEPTH, MAX_ALIASES = 32 * 1024, 2_000, 12, 30
MAX_DIRECTIVES, MAX_ROOTS, MAX_MUTATIONS = 50, 20, 5
KEPT, KEPT_BYTES = 1_000, 16 * 1024


@dataclass(slots=True)
class Document:
    """`shapes`: the keys of its plans, the oldest first."""

    key: bytes
    text: str
    ast: g.DocumentNode
    operations: dict[str | None, g.OperationDefinitionNode]
    sizes: tuple[str, ...]
    nodes: tuple[str, ...]
    introspects: bool
    deprecated: tuple[tuple[str, str], ...] = ()
    shapes: deque[Hashable] = field(default_factory=deque)

    def operation(self, name: str | None) -> g.OperationDefinitionNode:
        """The operation of that name, or the only one."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        found = self.operations.get(name)
        if found is None:
            raise BadRequest(reason="operationName names no operation of the document")
        return found


def hash_of(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


class Documents:
    """The bounded cache of one schema."""

    def __init__(self, schema: g.GraphQLSchema) -> None:
        self.schema = schema
        self._kept: OrderedDict[bytes, Document] = OrderedDict()
        self._by_text: OrderedDict[str, Document] = OrderedDict()

    def get(self, text: str, *, suggestions: bool = True) -> Document:
        """The document, or `ParseFailed`, `LimitExceeded`, `ValidationFailed`."""
        found = self._by_text.get(text)
        if found is not None:
            self._by_text.move_to_end(text)
            return found
        made = self._read(text, suggestions=suggestions)
        if len(text) <= KEPT_BYTES:
            self._by_text[text] = made
            if len(self._by_text) > KEPT:
                self._by_text.popitem(last=False)
        return made

    def _read(self, text: str, *, suggestions: bool) -> Document:
        try:
            if len(text.encode()) > MAX_BYTES:
                raise LimitExceeded(limit="bytes", allowed=MAX_BYTES)
        except UnicodeEncodeError as error:
            raise BadRequest(reason="the document is no Unicode text") from error
        ast = _parse(text)
        introspects = check_limits(ast)
        problems = g.validate(self.schema, ast, max_errors=5, hide_suggestions=not suggestions)
        if problems:
            raise ValidationFailed(reason="; ".join(p.message for p in problems), errors=[_placed(p) for p in problems])
        operations = {
            d.name.value if d.name else None: d for d in ast.definitions if isinstance(d, g.OperationDefinitionNode)
        }
        sizes, nodes = key_variables(ast)
        return Document(hash_of(text), text, ast, operations, sizes, nodes, introspects, deprecated(self.schema, ast))


def _placed(problem: g.GraphQLError) -> dict[str, Any]:
    return {
        "message": problem.message,
        "locations": [{"line": x.line, "column": x.column} for x in problem.locations or ()],
    }


def _parse(text: str) -> g.DocumentNode:
    try:
        return g.parse(text, max_tokens=MAX_TOKENS)
    except RecursionError as error:
        raise LimitExceeded(limit="depth", allowed=MAX_DEPTH) from error
    except g.GraphQLSyntaxError as error:
        if "too deep" in error.message or "nested" in error.message:
            raise LimitExceeded(limit="depth", allowed=MAX_DEPTH) from error
        if "more than" in error.message and "tokens" in error.message:
            raise LimitExceeded(limit="tokens", allowed=MAX_TOKENS) from error
        raise ParseFailed(reason=error.message, errors=[_placed(error)]) from error


def check_limits(ast: g.DocumentNode) -> bool:
    """Raise `LimitExceeded`; says whether the schema itself is asked for."""
    count = _Count()
    try:
        g.visit(ast, count)
        depths = _Depths(ast)
        for definition in ast.definitions:
            if isinstance(definition, g.OperationDefinitionNode):
                selections = definition.selection_set.selections
                _check("depth", depths.of(selections, ()), MAX_DEPTH + (3 if count.introspects else 0))
                _check("root fields", len(selections), MAX_ROOTS)
                if definition.operation is g.OperationType.MUTATION:
                    _check("root mutations", len(selections), MAX_MUTATIONS)
    except RecursionError as error:
        raise LimitExceeded(limit="depth", allowed=MAX_DEPTH) from error
    _check("aliases", count.aliases, MAX_ALIASES)
    _check("directives", count.directives, MAX_DIRECTIVES)
    return count.introspects


class _Count(g.Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.aliases = self.directives = 0
        self.introspects = False

    def enter_field(self, node: g.FieldNode, *_: Any) -> None:
        self.aliases += node.alias is not None
        self.introspects = self.introspects or node.name.value in INTROSPECTS

    def enter_directive(self, *_: Any) -> None:
        self.directives += 1


def deprecated(schema: g.GraphQLSchema, ast: g.DocumentNode) -> tuple[tuple[str, str], ...]:
    """(type, field) of each deprecated field that a valid document selects."""
    info, found = g.TypeInfo(schema), dict[tuple[str, str], None]()

    class Looking(g.Visitor):
        def enter_field(self, node: g.FieldNode, *_: Any) -> None:
            field, parent = info.get_field_def(), info.get_parent_type()
            if field is not None and parent is not None and field.deprecation_reason is not None:
                found[parent.name, node.name.value] = None

    g.visit(ast, g.TypeInfoVisitor(info, Looking()))
    return tuple(found)


class _Depths:
    """How deep selections go, with their fragments opened; each fragment is measured once."""

    def __init__(self, ast: g.DocumentNode) -> None:
        self.fragments = {d.name.value: d for d in ast.definitions if isinstance(d, g.FragmentDefinitionNode)}
        self.known: dict[str, int] = {}

    def of(self, selections: Sequence[g.SelectionNode], path: tuple[str, ...]) -> int:
        return max((self._node(node, path) for node in selections), default=0)

    def _node(self, node: g.SelectionNode, path: tuple[str, ...]) -> int:
        if isinstance(node, g.FieldNode):
            return 1 + (self.of(node.selection_set.selections, path) if node.selection_set else 0)
        if isinstance(node, g.InlineFragmentNode):
            return self.of(node.selection_set.selections, path)
        name: str = node.name.value  # type: ignore[attr-defined]
        if name not in self.fragments or name in path:
            return 0
        if name not in self.known:
            self.known[name] = self.of(self.fragments[name].selection_set.selections, (*path, name))
        return self.known[name]


def _check(limit: str, found: int, allowed: int) -> None:
    if found > allowed:
        raise LimitExceeded(limit=limit, allowed=allowed)
