"""Objects and their fields as SQL text. A non-null promise that a row breaks becomes the byte 0x01, which no JSON text can
contain; the caller then asks the executor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import graphql as g
import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import asyncpg as driver

from schema.errors import Forbidden
from schema.plan.arguments import Getter, Values, arguments, resolved
from schema.plan.bind import (
    OTHER_SUBJECT,
    SUBJECTS,
    TEXT_SCOPES,
    Embed,
    Key,
    Lookup,
    Many,
    Nested,
    One,
    SubjectKey,
)
from schema.plan.bind import Values as Texts
from schema.plan.pieces import (
    BROKEN_SQL,
    HEX,
    NULL,
    SCALAR_SQL,
    UTF8,
    Piece,
    braces,
    constant,
    glue,
    key_text,
    or_broken,
    or_null,
    quoted,
    string,
)
from schema.plan.selection import Nodes, NotCovered, Selections, below, bound_of, definition
from schema.principal import Reader
from schema.roles import check_read

BROKEN = b"\x01"
_DIALECT = driver.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Plan:
    """One statement; `getters` fetch its binds from the values. `pages`: (size, cost of one row) of each root list, whose row
    counts are the second column.
    """

    sql: str
    getters: tuple[Getter, ...]

    def binds(self, values: Values) -> list[Any]:
        return [get(values) for get in self.getters]


@dataclass(slots=True)
class Compiler:
    """State of one compilation. `sources` are root lists, each a subquery of one row."""

    schema: g.GraphQLSchema
    selections: Selections
    reader: Reader
    values: Values
    getters: dict[str, Getter]

    # ---- binds
    def bind(self, source: Any, type_: Any) -> Any:
        name = f"b{len(self.getters)}"
        self.getters[name] = source if callable(source) else _constantly(source)
        return sa.bindparam(name, type_=type_)

    def scope(self, name: str) -> Any:
        return self.bind(lambda v: v["$scope"][name], sa.Text() if name in TEXT_SCOPES else sa.Uuid())

    def seen(self, type_: Any, row: Any) -> list[Any]:
        """What narrows the rows of this type for this role."""
        bound = bound_of(type_)
        cell = check_read(bound.area, self.reader, what=type_.name)
        if not cell.own:
            return []
        predicate = bound.rows(row, self.reader.role, self.scope) if bound.rows else None
        if predicate is None:
            raise Forbidden(what=type_.name, role=self.reader.role)
        return [predicate]

    # ---- objects
    def object(
        self, type_: Any, sets: Sequence[g.SelectionSetNode], row: Any, columns: Mapping[str, str] | None = None
    ) -> Any:
        """One object as text; BROKEN where a non-null leaf is null. With `columns`: pieces of an embedded object."""
        pieces = braces(
            (key, self.value(type_, nodes, row, columns)) for key, nodes in self.selections.fields(type_, sets).items()
        )
        return pieces if columns is not None else or_broken(pieces)

    def value(self, parent: Any, nodes: Nodes, row: Any, columns: Mapping[str, str] | None) -> Piece:
        name = nodes[0].name.value
        if name == "__typename":
            return f'"{parent.name}"'
        field, ours = parent.fields[name], definition(parent, name)
        kind = ours.metadata.get("bind")
        required = g.is_non_null_type(field.type)
        inner = g.get_named_type(field.type)
        if kind is not None:
            maker = _MAKERS.get(type(kind))
            if maker is None:
                raise NotCovered(f"{parent.name}.{name}")
            made = maker(self, kind, parent, inner, nodes, row)
            return made if required else or_null(made)
        if ours.base_resolver is not None or not g.is_leaf_type(inner):
            raise NotCovered(f"{parent.name}.{name}")
        if columns is not None and ours.python_name not in columns:
            return "null"
        column = row.c[columns[ours.python_name] if columns is not None else ours.python_name]
        made = quoted(column) if g.is_enum_type(inner) else SCALAR_SQL[inner.name](column)
        return made if required else or_null(made)

    def alias(self, type_: Any) -> Any:
        return bound_of(type_).view.alias()

    def by_key(self, type_: Any, sets: Sequence[g.SelectionSetNode], wanted: Any) -> Any:
        """The object with that key as a scalar subquery; NULL when there is none or it is not the caller's."""
        row = self.alias(type_)
        return (
            sa.select(self.object(type_, sets, row))
            .where(row.c[bound_of(type_).key] == wanted, *self.seen(type_, row))
            .scalar_subquery()
        )

    def listed(self, objects: Any, order: Sequence[Any]) -> Any:
        return glue(
            "[",
            sa.func.coalesce(sa.func.string_agg(objects, aggregate_order_by(constant(","), *order)), constant("")),
            "]",
        )

    def finished(self, columns: Sequence[Any], sources: Sequence[Any] = (), where: Sequence[Any] = ()) -> Plan:
        statement = sa.select(*columns).where(*where)
        if sources:
            statement = statement.select_from(*sources)
        compiled = statement.compile(dialect=_DIALECT)
        fixed = compiled.params
        return Plan(
            str(compiled),
            tuple(self.getters.get(n) or _constantly(fixed[n]) for n in compiled.positiontup or ()),
        )

    def bytes_of(self, piece: Any) -> Any:
        return sa.func.convert_to(sa.func.coalesce(piece, BROKEN_SQL), UTF8)


def _constantly(value: Any) -> Getter:
    return lambda _values: value


# ---------------------------------------------------------------- one maker a kind of declaration
def _key(c: Compiler, kind: Key, parent: Any, _inner: Any, _nodes: Nodes, row: Any) -> Piece:
    return key_text(kind.prefix or bound_of(parent).prefix or "", row.c[kind.column])


def _subject(_c: Compiler, kind: SubjectKey, _parent: Any, _inner: Any, _nodes: Nodes, row: Any) -> Piece:
    named = {k: constant(p) for k, p in SUBJECTS.items()}
    prefix = sa.case(named, value=row.c[kind.kind], else_=constant(OTHER_SUBJECT))
    return '"', prefix, "_", sa.func.encode(sa.func.uuid_send(row.c[kind.column]), HEX), '"'


def _lookup(_c: Compiler, kind: Lookup, _parent: Any, _inner: Any, _nodes: Nodes, row: Any) -> Piece:
    def chosen(flag: bool) -> Any:
        named = {k: constant(orjson.dumps(v).decode()) for (k, on), v in kind.table.items() if on is flag}
        return sa.case(named, value=row.c[kind.column])

    return sa.case((row.c[kind.flag], chosen(True)), else_=chosen(False)) if kind.flag else chosen(False)


def _embed(c: Compiler, kind: Embed, parent: Any, inner: Any, nodes: Nodes, row: Any) -> Piece:
    made = c.object(inner, below(nodes), row, kind.columns)
    if kind.null_if is None:
        return made
    return sa.case((row.c[kind.null_if].is_(None), NULL), else_=or_broken(made))


def _one(c: Compiler, kind: One, _parent: Any, inner: Any, nodes: Nodes, row: Any) -> Piece:
    other, bound = c.alias(inner), bound_of(inner)
    found = sa.select(c.object(inner, below(nodes), other)).where(
        other.c[kind.there or bound.key] == row.c[kind.here], *c.seen(inner, other)
    )
    if kind.latest:
        found = found.order_by(other.c[kind.latest].desc(), other.c[bound.key].desc()).limit(sa.literal_column("1"))
    return found.scalar_subquery()


def _many(c: Compiler, kind: Many, parent: Any, inner: Any, nodes: Nodes, row: Any) -> Piece:
    other, bound = c.alias(inner), bound_of(inner)
    tests = [other.c[kind.there] == row.c[kind.here or bound_of(parent).key], *c.seen(inner, other)]
    given = arguments(nodes[0], c.values)
    for name, column in kind.flags.items():
        if (on := resolved(given.get(name), c.values)) is not None:
            tests.append(other.c[column] if on else ~other.c[column])
    order = kind.columns(bound.key)
    if kind.limit is not None:
        first = sa.select(*other.c).where(*tests).order_by(*(other.c[o] for o in order))
        other, tests = first.limit(sa.literal_column(str(kind.limit))).correlate(row).subquery(), []
    listed = c.listed(c.object(inner, below(nodes), other), [other.c[o] for o in order])
    return sa.select(listed).where(*tests).scalar_subquery() if tests else sa.select(listed).scalar_subquery()


def _texts(c: Compiler, kind: Texts, _parent: Any, _inner: Any, _nodes: Nodes, row: Any) -> Piece:
    other = kind.view.alias()
    column = other.c[kind.column]
    return (
        sa.select(c.listed(string(column), [column])).where(other.c[kind.there] == row.c[kind.here]).scalar_subquery()
    )


def _nested(c: Compiler, kind: Nested, _parent: Any, inner: Any, nodes: Nodes, row: Any) -> Piece:
    from schema.plan.pages import page

    made, _count = page(c, kind.page, inner, nodes, (kind.there, row, kind.here))
    return sa.select(made.c.t).scalar_subquery()


_MAKERS: Mapping[type, Callable[..., Piece]] = {
    Key: _key,
    SubjectKey: _subject,
    Lookup: _lookup,
    Embed: _embed,
    One: _one,
    Many: _many,
    Texts: _texts,
    Nested: _nested,
}


def compiler(schema: g.GraphQLSchema, document: g.DocumentNode, reader: Reader, values: Values) -> Compiler:
    return Compiler(schema, Selections(schema, document, values), reader, values, {})
