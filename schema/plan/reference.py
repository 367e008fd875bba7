"""The reference path: the same declarations answered by strawberry's executor, with one loader per relation. Slow, plain, complete."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
import strawberry
from graphql import get_named_type
from sqlalchemy.dialects.postgresql import asyncpg as driver
from strawberry.dataloader import DataLoader
from strawberry.types import Info

from hub.kit.ids import public_id
from schema.errors import Forbidden
from schema.plan import bind as b
from schema.plan.arguments import TOTAL_CAP, any_id, camel, page_size, prefix_of, typed
from schema.plan.cursors import cursor_of, read_cursor
from schema.plan.filters import conditions
from schema.plan.pages import sort_of
from schema.plan.roots import chosen_way
from schema.plan.selection import bound_of, class_of
from schema.roles import check_read

_DIALECT = driver.dialect()  # type: ignore[no-untyped-call]
UNSET = strawberry.UNSET


class Binds:
    """Bind parameters of one statement, with their values."""

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self.values: dict[str, Any] = {}
        self._scope = scope

    def __call__(self, source: Any, type_: Any) -> Any:
        name = f"p{len(self.values)}"
        self.values[name] = source({"$scope": self._scope}) if callable(source) else source
        return sa.bindparam(name, type_=type_)

    def scope(self, name: str) -> Any:
        return self(self._scope[name], sa.Text() if name in b.TEXT_SCOPES else sa.Uuid())


async def rows_of(info: Info, statement: Any, binds: Binds) -> list[Any]:
    compiled = statement.compile(dialect=_DIALECT)
    merged = {**compiled.params, **binds.values}
    found: list[Any] = await info.context["db"].fetch(str(compiled), *(merged[n] for n in compiled.positiontup or ()))
    return found


def instance(cls: type, row: Any) -> Any:
    made: Any = object.__new__(cls)
    made.__dict__["row"] = row
    return made


class Part:
    """An embedded object: other names for columns of its owner's row."""

    def __init__(self, row: Any, columns: Mapping[str, str]) -> None:
        self.row = {field: row[column] for field, column in columns.items()}


def read_column(source: Any, name: str) -> Any:
    """The default resolver: a column of the row behind an object, else an attribute."""
    row = getattr(source, "__dict__", {}).get("row")
    if row is None:
        return source[name] if isinstance(source, Mapping) else getattr(source, name)
    return row.get(name) if isinstance(source, Part) else row[name]


def _target(info: Info) -> Any:
    raw = info._raw_info  # noqa: SLF001 - strawberry's public Info hides the graphql type
    return get_named_type(raw.parent_type.fields[raw.field_name].type)


def _visible(info: Info, type_: Any, row: Any, binds: Binds) -> list[Any]:
    bound, reader = bound_of(type_), info.context["reader"]
    cell = check_read(bound.area, reader, what=type_.name)
    if not cell.own:
        return []
    predicate = bound.rows(row, reader.role, binds.scope) if bound.rows else None
    if predicate is None:
        raise Forbidden(what=type_.name, role=reader.role)
    return [predicate]


def _loader(
    info: Info, type_: Any, column: str, order: Sequence[Any], tests: Mapping[str, bool]
) -> DataLoader[Any, Any]:
    """Rows of `type_` by `column`, in that order: each load gives all rows of one key."""
    cls = class_of(type_)

    async def load(keys: list[Any]) -> list[list[Any]]:
        alias = b.BOUND[cls].view.alias()
        binds = Binds(info.context["scope"])
        wanted = binds(list(keys), sa.ARRAY(b.plain_type(alias.c[column])))
        flags = [alias.c[c] if on else ~alias.c[c] for c, on in tests.items()]
        statement = sa.select(*alias.c).where(
            alias.c[column] == sa.any_(wanted), *flags, *_visible(info, type_, alias, binds)
        )
        statement = statement.order_by(*(alias.c[o].desc() if down else alias.c[o].asc() for o, down in order))
        found: dict[Any, list[Any]] = {}
        for row in await rows_of(info, statement, binds):
            found.setdefault(row[column], []).append(instance(cls, row))
        return [found.get(k, []) for k in keys]

    loaders = info.context.setdefault("loaders", {})
    made: DataLoader[Any, Any] = loaders.setdefault((cls, column, tuple(order), tuple(tests.items())), DataLoader(load))
    return made


# ---------------------------------------------------------------- one resolver a kind of declaration
def _key(kind: b.Key) -> Callable[..., Any]:
    def key(root: Any) -> Any:
        value = root.row[kind.column]
        return None if value is None else public_id(kind.prefix or b.BOUND[type(root)].prefix or "", value)

    return key


def _subject(kind: b.SubjectKey) -> Callable[..., Any]:
    def subject(root: Any) -> Any:
        value = root.row[kind.column]
        return None if value is None else public_id(b.SUBJECTS.get(root.row[kind.kind], b.OTHER_SUBJECT), value)

    return subject


def _lookup(kind: b.Lookup) -> Callable[..., Any]:
    def chosen(root: Any) -> Any:
        return kind.table[root.row[kind.column], bool(kind.flag and root.row[kind.flag])]

    return chosen


def _embed(kind: b.Embed) -> Callable[..., Any]:
    def part(root: Any) -> Any:
        return None if kind.null_if is not None and root.row[kind.null_if] is None else Part(root.row, kind.columns)

    return part


def _one(kind: b.One) -> Callable[..., Any]:
    async def single(root: Any, info: Info) -> Any:
        wanted = root.row[kind.here]
        if wanted is None:
            return None
        type_ = _target(info)
        key = bound_of(type_).key or ""
        order = [(kind.latest, True), (key, True)] if kind.latest else []
        found = await _loader(info, type_, kind.there or key, order, {}).load(wanted)
        return found[0] if found else None

    return single


def _many(kind: b.Many) -> Callable[..., Any]:
    async def several(root: Any, info: Info, flags: Mapping[str, Any]) -> Any:
        type_ = _target(info)
        order = [(column, False) for column in kind.columns(bound_of(type_).key)]
        tests = {column: flags[name] for name, column in kind.flags.items() if flags.get(name) is not None}
        wanted = root.row[kind.here or b.BOUND[type(root)].key]
        found = [] if wanted is None else await _loader(info, type_, kind.there, order, tests).load(wanted)
        return found if kind.limit is None else found[: kind.limit]

    if "open" in kind.flags:

        async def flagged(root: Any, info: Info, open: bool | None = UNSET) -> Any:  # noqa: A002 - the contract's word
            return await several(root, info, {"open": None if open is UNSET else open})

        return flagged

    async def plain(root: Any, info: Info) -> Any:
        return await several(root, info, {})

    return plain


def _texts(kind: b.Values) -> Callable[..., Any]:
    async def texts(root: Any, info: Info) -> Any:
        binds = Binds(info.context["scope"])
        other = kind.view.alias()
        column = other.c[kind.column]
        wanted = binds(root.row[kind.here], b.plain_type(other.c[kind.there]))
        statement = sa.select(column).where(other.c[kind.there] == wanted).order_by(column)
        return [row[0] for row in await rows_of(info, statement, binds)]

    return texts


def _nested(kind: b.Nested) -> Callable[..., Any]:
    async def connection(root: Any, info: Info, first: int | None = UNSET, after: str | None = UNSET) -> Any:
        given = {k: v for k, v in (("first", first), ("after", after)) if v is not UNSET}
        return await page_of(info, kind.page, given, (kind.there, root.row[kind.here]))

    return connection


_RESOLVERS: Mapping[type, Callable[[Any], Callable[..., Any]]] = {
    b.Key: _key,
    b.SubjectKey: _subject,
    b.Lookup: _lookup,
    b.Embed: _embed,
    b.One: _one,
    b.Many: _many,
    b.Values: _texts,
    b.Nested: _nested,
}


def resolver_for(kind: Any) -> Callable[..., Any]:
    return _RESOLVERS[type(kind)](kind)


# ---------------------------------------------------------------- roots
def plain_input(value: Any) -> Any:
    """A strawberry input as a mapping by GraphQL names, without what was not given."""
    if is_dataclass(value) and not isinstance(value, type):
        names = {f.python_name: f.graphql_name or f.python_name for f in value.__strawberry_definition__.fields}  # type: ignore[attr-defined]
        pairs = [(names[f.name], getattr(value, f.name)) for f in dataclass_fields(value)]
        return {camel(k): plain_input(v) for k, v in pairs if v is not UNSET}
    if isinstance(value, list):
        return [plain_input(v) for v in value]
    return value.name if hasattr(value, "name") else value


async def by_way(info: Info, kind: b.By, given: Mapping[str, Any]) -> Any:
    type_ = _target(info)
    bound, binds = bound_of(type_), Binds(info.context["scope"])
    row = bound.view.alias()
    name = chosen_way(kind, given, {})
    way = kind.ways[name]
    columns = {way: given[name]} if isinstance(way, str) else {way[k]: v for k, v in given[name].items()}
    tests = []
    for column, value in columns.items():
        prefix = bound.prefix if column == bound.key else None
        made = binds(typed(value, row.c[column].type.python_type, prefix), b.plain_type(row.c[column]))
        tests.append(row.c[column] == made)
    statement = sa.select(*row.c).where(*tests, *_visible(info, type_, row, binds)).order_by(row.c[bound.key])
    found = await rows_of(info, statement.limit(1), binds)
    return instance(class_of(type_), found[0]) if found else None


async def any_node(info: Info, global_id: str) -> Any:
    cls = b.BY_PREFIX.get(prefix_of(global_id))
    wanted: UUID = any_id(global_id)
    if cls is None:
        return None
    type_ = info.schema._schema.type_map[cls.__strawberry_definition__.name]  # type: ignore[attr-defined]  # noqa: SLF001 - as above
    binds, bound = Binds(info.context["scope"]), b.BOUND[cls]
    row = bound.view.alias()
    statement = sa.select(*row.c).where(
        row.c[bound.key] == binds(wanted, sa.Uuid()), *_visible(info, type_, row, binds)
    )
    found = await rows_of(info, statement, binds)
    return instance(cls, found[0]) if found else None


async def page_of(
    info: Info, kind: b.Page, args: Mapping[str, Any], parent: tuple[str, Any] | None = None
) -> dict[str, Any]:
    """The rows of one page with their cursors, as plain data for the connection's fields."""
    type_ = get_named_type(_target(info).fields["nodes"].type)
    bound, binds = bound_of(type_), Binds(info.context["scope"])
    row = bound.view.alias()
    back = args.get("last") is not None
    size = page_size(args["last"] if back else args.get("first"), {})
    sort, descending = sort_of(kind, args)
    column, row_id = row.c[kind.sorts[sort]], row.c[bound.key]
    tests = [row.c[parent[0]] == binds(parent[1], sa.Uuid())] if parent else []
    tests += [*_visible(info, type_, row, binds), *conditions(kind, row, args.get("where") or {}, binds, {})]
    capped = sa.select(sa.literal_column("1")).select_from(row).where(*tests).limit(TOTAL_CAP + 1).subquery()
    total = (await rows_of(info, sa.select(sa.func.count().label("n")).select_from(capped), binds))[0]["n"]
    if (mark := args.get("before" if back else "after")) is not None:
        value, last_id = read_cursor(mark, sort, column.type.python_type)
        edge = sa.tuple_(binds(value, b.plain_type(column)), binds(last_id, sa.Uuid()))
        here = sa.tuple_(column, row_id)
        tests.append(here < edge if descending != back else here > edge)
    way = sa.desc if descending != back else sa.asc
    statement = sa.select(*row.c).where(*tests).order_by(way(column), way(row_id)).limit(size + 1)
    found = await rows_of(info, statement, binds)
    more, found = len(found) > size, found[:size]
    if back:
        found.reverse()
    cursors = [cursor_of(sort, r[kind.sorts[sort]], r[bound.key]) for r in found]
    nodes = [instance(class_of(type_), r) for r in found]
    marked = mark is not None
    return {
        "edges": [{"cursor": c, "node": n} for c, n in zip(cursors, nodes, strict=True)],
        "nodes": nodes,
        "page_info": {
            "has_next_page": marked if back else more,
            "has_previous_page": more if back else marked,
            "start_cursor": cursors[0] if cursors else None,
            "end_cursor": cursors[-1] if cursors else None,
        },
        "total_count": {"value": min(total, TOTAL_CAP), "exact": total <= TOTAL_CAP},
    }
