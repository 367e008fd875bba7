"""Variables read by functions made once a type: the common, faultless case. Whatever does not fit goes to graphql-core, which says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import graphql as g
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

Read = Callable[[Any], Any]
KEPT = 2_000  # operations


@dataclass(frozen=True, slots=True)
class _Variable:
    """`optional`: it may be left out and has no default."""

    signature: Any
    read: Read
    optional: bool


class _Odd(Exception):
    """Not the common case."""


_MISFITS = (_Odd, g.GraphQLError, RecursionError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)


class Coercion:
    """The readers of one schema's input types."""

    def __init__(self, schema: g.GraphQLSchema) -> None:
        self._schema = schema
        self._readers: dict[str, Read] = {}
        self._signatures: dict[int, tuple[g.OperationDefinitionNode, Sequence[_Variable] | None]] = {}

    def variables(self, operation: g.OperationDefinitionNode, given: Mapping[str, Any]) -> Any:
        """As `get_variable_values`: `VariableValues`, or the list of errors."""
        signatures = self._of(operation)
        if signatures is not None:
            try:
                return self._quick(signatures, given)
            except _MISFITS:
                pass  # said properly by what follows
        return get_variable_values(self._schema, operation.variable_definitions or (), dict(given), 5)

    def _quick(self, variables: Sequence[_Variable], given: Mapping[str, Any]) -> VariableValues:
        sources, coerced = {}, {}
        for each in variables:
            name = each.signature.name
            if name in given:
                sources[name] = VariableValueSource(each.signature, given[name])
                coerced[name] = each.read(given[name])
            elif each.optional:
                sources[name] = VariableValueSource(each.signature)
            else:
                raise _Odd
        return VariableValues(sources, coerced)

    def _of(self, operation: g.OperationDefinitionNode) -> Sequence[_Variable] | None:
        """None: the operation's variables are not what the schema knows."""
        kept = self._signatures.get(id(operation))
        if kept is not None and kept[0] is operation:
            return kept[1]
        nodes = operation.variable_definitions or ()
        signatures = [get_variable_signature(self._schema, node) for node in nodes]
        found = None
        if not any(isinstance(s, g.GraphQLError) for s in signatures):
            found = [self._variable(s, node) for s, node in zip(signatures, nodes, strict=True)]
        if len(self._signatures) >= KEPT:
            self._signatures.clear()
        self._signatures[id(operation)] = (operation, found)
        return found

    def _variable(self, signature: Any, node: g.VariableDefinitionNode) -> _Variable:
        optional = not g.is_non_null_type(signature.type) and node.default_value is None
        return _Variable(signature, self._reader(signature.type), optional)

    def _reader(self, type_: Any) -> Read:
        name = str(type_)
        if name not in self._readers:
            self._readers[name] = partial(self._later, name)  # a type may hold itself
            self._readers[name] = self._made(type_)
        return self._readers[name]

    def _later(self, name: str, value: Any) -> Any:
        return self._readers[name](value)

    def _made(self, type_: Any) -> Read:
        if g.is_non_null_type(type_):
            inner = self._reader(type_.of_type)
            return lambda value: _refuse() if value is None else inner(value)
        if g.is_list_type(type_):
            item = self._reader(type_.of_type)
            return lambda value: None if value is None else _each(item, value)
        if g.is_input_object_type(type_):
            return self._object(type_)
        leaf = type_.coerce_input_value
        return lambda value: None if value is None else leaf(value)

    def _object(self, type_: Any) -> Read:
        fields = [
            (name, field.out_name or name, self._reader(field.type), _needed(field))
            for name, field in type_.fields.items()
        ]
        names, make = frozenset(type_.fields), type_.out_type

        def read(value: Any) -> Any:
            if value is None:
                return None
            if type(value) is not dict or not value.keys() <= names or type_.is_one_of:
                raise _Odd
            found = {}
            for name, out, inner, needed in fields:
                if name in value:
                    found[out] = inner(value[name])
                elif needed:
                    raise _Odd
            return make(found)

        return read


def _needed(field: Any) -> bool:
    """A field that must be there, or whose default must be filled in."""
    return bool(g.is_required_input_field(field)) or field.default_value is not g.Undefined or field.default is not None


def _each(item: Read, value: Any) -> list[Any]:
    if type(value) is not list:
        raise _Odd
    return [item(v) for v in value]


def _refuse() -> Any:
    raise _Odd
