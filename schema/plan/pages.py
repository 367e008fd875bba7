"""Connections: one keyset page as JSON text, with its count of rows. The row beyond the page only answers hasNextPage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import graphql as g
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by

from schema.plan.arguments import TOTAL_CAP, arguments, page_size, resolved
from schema.plan.bind import Page, plain_type
from schema.plan.compile import Compiler
from schema.plan.cursors import cursor_sql, read_cursor
from schema.plan.filters import conditions
from schema.plan.pieces import NULL, Piece, braces, constant, glue, text
from schema.plan.selection import Nodes, NotCovered, below, bound_of

_CAP: Any = sa.literal_column(str(TOTAL_CAP))
_FEW: Any = sa.literal_column("5000")
_MORE: Any = sa.literal_column("5001")  # a literal: with a bound LIMIT PostgreSQL plans for a tenth of the table
Parent = tuple[str, Any, str]  # (our column, the parent's row, its column)


def sort_of(kind: Page, args: Mapping[str, Any]) -> tuple[str, bool]:
    """(sort name, descending)."""
    order = args.get("orderBy") or {}
    name = order.get("field") or next(iter(kind.sorts))
    given = order.get("direction")
    return name, (given == "DESC" if given else kind.descending)


def page(c: Compiler, kind: Page, connection: Any, nodes: Nodes, parent: Parent | None = None) -> tuple[Any, int]:
    """(a subquery of one row with the text `t` and the row count `n`, the page's size). With `parent`: its children only."""
    asked, args = c.selections.fields(connection, below(nodes)), arguments(nodes[0], c.values)
    node_type = g.get_named_type(connection.fields["nodes"].type)
    bound, base = bound_of(node_type), c.alias(node_type)
    sort, descending = sort_of(kind, args)
    back = resolved(args.get("last"), c.values) is not None
    size = page_size(args["last"] if back else args.get("first"), c.values)
    outer = [parent[1]] if parent else []

    def tests(row: Any) -> list[Any]:
        return [
            *([row.c[parent[0]] == parent[1].c[parent[2]]] if parent else []),
            *c.seen(node_type, row),
            *conditions(kind, row, args.get("where") or {}, c.bind, c.values),
        ]

    counted: Any = sa.select(sa.literal_column("1")).select_from(base).where(*tests(base)).correlate(*outer)
    mark = args.get("before" if back else "after")
    marked = resolved(mark, c.values) is not None
    way = sa.desc if descending != back else sa.asc
    keys = (kind.sorts[sort], bound.key or "")

    def ordered(narrowed: Callable[[Any], Any], *, walk: bool = False, gather: bool = False) -> Any:
        row = c.alias(node_type)
        more = [_beyond(c, row.c[keys[0]], row.c[keys[1]], mark, sort, descending != back)] if marked else []
        if walk:  # OFFSET 0 is a fence: no index of the filter, which would have to sort all that it finds
            every = sa.select(*row.c).where(*more).order_by(*(way(row.c[k]) for k in keys))
            row, more = every.offset(sa.literal_column("0")).subquery(), []
        elif gather:  # and here no index of the order, which would have to look at all that is not wanted
            own = sa.select(*row.c).where(*narrowed(row), *more)
            row, more, narrowed = own.offset(sa.literal_column("0")).subquery(), [], lambda _row: []
        found = sa.select(*row.c).where(*narrowed(row), *more)
        found = found.order_by(*(way(row.c[k]) for k in keys))
        return found.limit(sa.literal_column(str(size + 1))).correlate(*outer)

    if parent is None and _either_way(kind, args, sort, c):
        top = _few_or_walk(c.alias(node_type), _first(kind, args, c), keys, way, tests, ordered, size)
    else:
        top = ordered(tests).subquery()
    number = sa.func.row_number().over(order_by=[way(top.c[k]) for k in keys])
    cursor = cursor_sql(sort, top.c[keys[0]], top.c[keys[1]])
    columns = [number.label("n"), cursor.label("cursor"), *_objects(c, connection, node_type, asked, top, cursor)]
    rows = sa.select(*columns).subquery()
    whole = _Whole(c, rows, size, back, marked, counted)
    made = glue(braces((key, whole.part(connection, inner, i)) for i, (key, inner) in enumerate(asked.items())))
    count = sa.func.least(sa.func.count(), sa.literal_column(str(size)))
    # HAVING makes it one group even when the selection holds no aggregate ({ orders { __typename } })
    one_row = sa.select(made.label("t"), count.label("n")).select_from(rows).having(sa.literal_column("true"))
    return one_row.subquery(), size


def _either_way(kind: Page, args: Mapping[str, Any], sort: str, c: Compiler) -> bool:
    """Whether the filter may leave nearly all rows or none, and no index gives them in this order."""
    given = {
        n: v
        for n, v in (args.get("where") or {}).items()
        if isinstance(v, Mapping) or resolved(v, c.values) is not None
    }
    if not any(kind.filters[n].often for n in given):
        return False
    if len(given) > 1:
        return True
    ((name, value),) = given.items()
    single = not kind.filters[name].many and (not isinstance(value, Mapping) or set(value) == {"eq"})
    ranged = isinstance(value, Mapping) and bool({"gte", "lt"} & set(value))
    return not ((single or ranged) and (name, sort) in kind.backed)


def _first(kind: Page, args: Mapping[str, Any], c: Compiler) -> str | None:
    """The column of the first filter that is the list's own: in its order the few are looked for, so by its index."""
    for name, value in args["where"].items():
        found, given = kind.filters[name], isinstance(value, Mapping) or resolved(value, c.values) is not None
        if given and found.often and found.through is None and not found.flag:
            return found.column
    return None


def _few_or_walk(
    row: Any, first: str | None, keys: tuple[str, str], way: Any, tests: Any, ordered: Any, size: int
) -> Any:
    """Few rows are sorted; where there are many, the order is walked until the page is full. Which of both, PostgreSQL sees
    when it has looked for `FEW` of them: it does not run the other. A plan for all values could only guess.
    """
    # by both keys: of a partitioned table no index has the id alone
    both = tuple(dict.fromkeys(keys))
    looked = sa.select(*(row.c[k] for k in both)).where(*tests(row)).limit(_MORE)
    few = (looked.order_by(row.c[first]) if first is not None else looked).cte()
    found = sa.select(sa.func.count()).select_from(few).scalar_subquery()
    walked = ordered(lambda r: [*tests(r), found > _FEW], walk=True).subquery()
    either = sa.select(*(few.c[k] for k in both))
    sorted_ = ordered(lambda r: [sa.tuple_(*(r.c[k] for k in both)).in_(either), found <= _FEW], gather=True).subquery()
    pages = sa.union_all(sa.select(*walked.c), sa.select(*sorted_.c)).subquery()
    return (
        sa.select(*pages.c)
        .order_by(*(way(pages.c[k]) for k in keys))
        .limit(sa.literal_column(str(size + 1)))
        .subquery()
    )


def _beyond(c: Compiler, column: Any, row_id: Any, mark: Any, sort: str, below_it: bool) -> Any:
    kind = column.type.python_type

    def part(i: int) -> Any:
        return lambda v: read_cursor(resolved(mark, v), sort, kind)[i]

    edge = sa.tuple_(c.bind(part(0), plain_type(column)), c.bind(part(1), sa.Uuid()))
    here = sa.tuple_(column, row_id)
    return here < edge if below_it else here > edge


def _objects(
    c: Compiler, connection: Any, node_type: Any, asked: Mapping[str, Nodes], top: Any, cursor: Any
) -> list[Any]:
    made: list[Any] = []
    for i, nodes in enumerate(asked.values()):
        if nodes[0].name.value == "nodes":
            made.append(c.object(node_type, below(nodes), top).label(f"k{i}"))
        elif nodes[0].name.value == "edges":
            edge_type = g.get_named_type(connection.fields["edges"].type)
            made.append(_edge(c, edge_type, node_type, nodes, top, cursor).label(f"k{i}"))
    return made


def _edge(c: Compiler, edge_type: Any, node_type: Any, nodes: Nodes, row: Any, cursor: Any) -> Any:
    def made(inner: Nodes) -> Piece:
        name = inner[0].name.value
        if name == "cursor":
            return '"', cursor, '"'
        return f'"{edge_type.name}"' if name == "__typename" else c.object(node_type, below(inner), row)

    return glue(braces((key, made(inner)) for key, inner in c.selections.fields(edge_type, below(nodes)).items()))


class _Whole:
    """The fields of a connection as aggregates over its rows."""

    def __init__(self, c: Compiler, rows: Any, size: int, back: bool, marked: bool, counted: Any) -> None:
        self.c, self.rows, self.back, self.marked, self.counted = c, rows, back, marked, counted
        self.size: Any = sa.literal_column(str(size))
        self.kept = rows.c.n <= self.size

    def part(self, connection: Any, nodes: Nodes, i: int) -> Piece:
        name = nodes[0].name.value
        if name == "__typename":
            return f'"{connection.name}"'
        if name in ("nodes", "edges"):
            reading = sa.desc(self.rows.c.n) if self.back else sa.asc(self.rows.c.n)
            listed = sa.func.string_agg(self.rows.c[f"k{i}"], aggregate_order_by(constant(","), reading))
            return "[", sa.func.coalesce(listed.filter(self.kept), constant("")), "]"
        if name not in ("pageInfo", "totalCount"):
            raise NotCovered(name)
        type_ = g.get_named_type(connection.fields[name].type)
        made = self._info() if name == "pageInfo" else self._total()
        chosen = self.c.selections.fields(type_, below(nodes))
        return glue(braces((key, made[inner[0].name.value]()) for key, inner in chosen.items()))

    def _info(self) -> dict[str, Callable[[], Piece]]:
        def more() -> Piece:
            return text(sa.func.count() > self.size)

        def marked() -> Piece:
            return "true" if self.marked else "false"

        def end(way: Any) -> Callable[[], Piece]:
            def made() -> Piece:
                ordered = sa.func.array_agg(aggregate_order_by(self.rows.c.cursor, way(self.rows.c.n)))
                first = ordered.filter(self.kept)[sa.literal_column("1")]
                return sa.func.coalesce(glue('"', first, '"'), NULL)

            return made

        return {
            "hasNextPage": marked if self.back else more,
            "hasPreviousPage": more if self.back else marked,
            "startCursor": end(sa.desc if self.back else sa.asc),
            "endCursor": end(sa.asc if self.back else sa.desc),
            "__typename": lambda: '"PageInfo"',
        }

    def _total(self) -> dict[str, Callable[[], Piece]]:
        def number() -> Any:
            capped = self.counted.limit(sa.literal_column(str(TOTAL_CAP + 1))).subquery()
            return sa.select(sa.func.count()).select_from(capped).scalar_subquery()

        return {
            "value": lambda: text(sa.func.least(number(), _CAP)),
            "exact": lambda: text(number() <= _CAP),
            "__typename": lambda: '"Count"',
        }
