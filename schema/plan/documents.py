"""Documents: parsed, limited, validated once and kept under a hash of their text."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
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
    """`shapes`: how many shapes of variables have been seen; many send it to the executor."""

    key: bytes
    text: str
    ast: g.DocumentNode
    operations: dict[str | None, g.OperationDefinitionNode]
    sizes: tuple[str, ...]
    nodes: tuple[str, ...]
    introspects: bool
    shapes: set[Any] = field(default_factory=set)

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
        return Document(hash_of(text), text, ast, operations, sizes, nodes, introspects)


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
        if "more than" in error.message and "tokens" in error.message:
            raise LimitExceeded(limit="tokens", allowed=MAX_TOKENS) from error
        raise ParseFailed(reason=error.message, errors=[_placed(error)]) from error


def check_limits(ast: g.DocumentNode) -> bool:
    """Raise `LimitExceeded`; says whether the schema itself is asked for."""
    fragments = {d.name.value: d for d in ast.definitions if isinstance(d, g.FragmentDefinitionNode)}
    depths: dict[str, int] = {}
    counts = {"aliases": 0, "directives": 0}
    introspects = False

    def depth(selections: Sequence[g.SelectionNode], path: tuple[str, ...]) -> int:
        deepest = 0
        for node in selections:
            if isinstance(node, g.FragmentSpreadNode):
                name = node.name.value
                if name in fragments and name not in path:
                    if name not in depths:
                        depths[name] = depth(fragments[name].selection_set.selections, (*path, name))
                    deepest = max(deepest, depths[name])
            elif isinstance(node, g.FieldNode):
                inner = depth(node.selection_set.selections, path) if node.selection_set else 0
                deepest = max(deepest, 1 + inner)
            elif isinstance(node, g.InlineFragmentNode):
                deepest = max(deepest, depth(node.selection_set.selections, path))
        return deepest

    class Count(g.Visitor):
        def enter_field(self, node: g.FieldNode, *_: Any) -> None:
            nonlocal introspects
            counts["aliases"] += node.alias is not None
            introspects = introspects or node.name.value in INTROSPECTS

        def enter_directive(self, *_: Any) -> None:
            counts["directives"] += 1

    try:
        g.visit(ast, Count())
        for definition in ast.definitions:
            if isinstance(definition, g.OperationDefinitionNode):
                _check("depth", depth(definition.selection_set.selections, ()), MAX_DEPTH if not introspects else 15)
                roots = len(definition.selection_set.selections)
                _check("root fields", roots, MAX_ROOTS)
                if definition.operation is g.OperationType.MUTATION:
                    _check("root mutations", roots, MAX_MUTATIONS)
    except RecursionError as error:
        raise LimitExceeded(limit="depth", allowed=MAX_DEPTH) from error
    _check("aliases", counts["aliases"], MAX_ALIASES)
    _check("directives", counts["directives"], MAX_DIRECTIVES)
    return introspects


def _check(limit: str, found: int, allowed: int) -> None:
    if found > allowed:
        raise LimitExceeded(limit=limit, allowed=allowed)
