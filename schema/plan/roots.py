"""Whole operations: a read, the answer to one fact, the objects of a payload."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import graphql as g
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array

from schema.errors import BadRequest
from schema.plan.arguments import Values, any_id, arguments, prefix_of, resolved, typed
from schema.plan.bind import BY_PREFIX, AnyNode, By, Page
from schema.plan.compile import Compiler, Plan, compiler
from schema.plan.pages import page
from schema.plan.pieces import NULL, SCALAR_SQL, Piece, braces, glue, or_broken
from schema.plan.selection import Nodes, NotCovered, below, bound_of, kind_of
from schema.principal import Reader


def compile_read(
    schema: g.GraphQLSchema,
    document: g.DocumentNode,
    operation: g.OperationDefinitionNode,
    reader: Reader,
    values: Values,
) -> Plan:
    """One statement: `data` as bytes, and the number of rows of each root list."""
    c = compiler(schema, document, reader, values)
    query = schema.query_type
    sources: list[Any] = []
    chosen = c.selections.fields(query, [operation.selection_set])  # type: ignore[arg-type]
    pieces = [(key, _root(c, query, nodes, sources)) for key, nodes in chosen.items()]
    columns = [c.bytes_of(glue(braces(pieces)))]
    if sources:
        columns.append(_counts(sources))
    return c.finished(columns, sources)


def _counts(sources: Sequence[Any]) -> Any:
    return sa.cast(array([s.c.n for s in sources]), sa.ARRAY(sa.BigInteger()))


def _root(c: Compiler, query: Any, nodes: Nodes, sources: list[Any]) -> Piece:
    name = nodes[0].name.value
    if name == "__typename":
        return f'"{query.name}"'
    if name.startswith("__"):
        raise NotCovered(name)
    field, kind = query.fields[name], kind_of(query, name)
    inner, args = g.get_named_type(field.type), arguments(nodes[0], c.values)
    if isinstance(kind, By):
        return _by(c, kind, inner, nodes, args)
    if isinstance(kind, AnyNode):
        return _any_node(c, nodes, args)
    if isinstance(kind, Page):
        made, _size = page(c, kind, inner, nodes)
        sources.append(made)
        return made.c.t
    raise NotCovered(f"Query.{name}")


def chosen_way(kind: By, args: Mapping[str, Any], values: Values) -> str:
    """The one argument that is given."""
    given = [n for n in kind.ways if isinstance(args.get(n), Mapping) or resolved(args.get(n), values) is not None]
    if len(given) != 1:
        raise BadRequest(reason="give exactly one of " + ", ".join(kind.ways))
    return given[0]


def _by(c: Compiler, kind: By, inner: Any, nodes: Nodes, args: Mapping[str, Any]) -> Any:
    row, bound = c.alias(inner), bound_of(inner)
    name = chosen_way(kind, args, c.values)
    way = kind.ways[name]
    columns = {way: args[name]} if isinstance(way, str) else {way[k]: v for k, v in args[name].items()}
    tests = []
    for column, source in columns.items():
        prefix = bound.prefix if column == bound.key else None
        kind_of_column = row.c[column].type
        plain = sa.Text() if isinstance(kind_of_column, sa.Text) else kind_of_column
        tests.append(row.c[column] == c.bind(typed(source, kind_of_column.python_type, prefix), plain))
    found = sa.select(c.object(inner, below(nodes), row)).where(*tests, *c.seen(inner, row))
    if way != bound.key:
        found = found.order_by(row.c[bound.key]).limit(sa.literal_column("1"))
    return sa.func.coalesce(found.scalar_subquery(), NULL)


def _any_node(c: Compiler, nodes: Nodes, args: Mapping[str, Any]) -> Any:
    source = args["id"]
    prefix = prefix_of(resolved(source, c.values))
    if prefix not in BY_PREFIX:
        resolved_id = resolved(source, c.values)
        any_id(resolved_id)  # refused when it is no id at all
        return "null"
    type_ = c.schema.type_map[BY_PREFIX[prefix].__strawberry_definition__.name]  # type: ignore[attr-defined]
    wanted = c.bind(typed(source, object, prefix), sa.Uuid())
    return sa.func.coalesce(c.by_key(type_, below(nodes), wanted), NULL)


def compile_objects(
    schema: g.GraphQLSchema,
    document: g.DocumentNode,
    reader: Reader,
    values: Values,
    type_: Any,
    sets: Sequence[g.SelectionSetNode],
) -> Plan:
    """Objects of a payload: (id, bytes) of each of `values["$ids"]` that is there and the caller's."""
    c = compiler(schema, document, reader, values)
    row, bound = c.alias(type_), bound_of(type_)
    ids = c.bind(lambda v: v["$ids"], sa.ARRAY(sa.Uuid()))
    held = [row.c[bound.key] == sa.any_(ids), *c.seen(type_, row)]
    return c.finished([row.c[bound.key], c.bytes_of(c.object(type_, sets, row))], where=held)


def compile_event(
    schema: g.GraphQLSchema,
    document: g.DocumentNode,
    operation: g.OperationDefinitionNode,
    reader: Reader,
    values: Values,
    shown: str | None,
    tests: Callable[[Compiler, Any], list[Any]],
) -> Plan:
    """A subscription's answer to one fact as bytes: leaves from `$event`, the object in the field `shown` (None: the event
    itself) re-read by the id that the fact names. No row when it is not there, not the caller's, or does not pass `tests`.
    """
    c = compiler(schema, document, reader, values)
    root: Any = schema.subscription_type
    ((key, nodes),) = c.selections.fields(root, [operation.selection_set]).items()
    change: Any = g.get_named_type(root.fields[nodes[0].name.value].type)
    target = g.get_named_type(change.fields[shown].type) if shown else change
    row = c.alias(target)
    subject = c.bind(lambda v: v["$event"]["subject_id"], sa.Uuid())
    held = [row.c[bound_of(target).key] == subject, *c.seen(target, row), *tests(c, row)]
    if shown is None:
        made = c.object(target, below(nodes), row)
    else:
        chosen = c.selections.fields(change, below(nodes))
        made = or_broken(braces((k, _changed(c, change, shown, n, row)) for k, n in chosen.items()))
    return c.finished([c.bytes_of(glue(braces([(key, made)])))], where=held)


def _changed(c: Compiler, change: Any, shown: str, nodes: Nodes, row: Any) -> Piece:
    name = nodes[0].name.value
    if name == "__typename":
        return f'"{change.name}"'
    if name == shown:
        return c.object(g.get_named_type(change.fields[name].type), below(nodes), row)
    type_ = g.get_named_type(change.fields[name].type)
    if not g.is_leaf_type(type_):
        return "null"
    kind = sa.DateTime(timezone=True) if type_.name == "DateTime" else sa.Text()
    return SCALAR_SQL[type_.name](c.bind(lambda v: v["$event"][name], kind))
