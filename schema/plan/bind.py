"""How a strawberry type is bound to a view: the declarations that the compiler and the reference path both read. Runs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
import strawberry

Predicate = Any  # a boolean ColumnElement
Scope = Callable[[str], Any]  # name of one of the caller's own ids -> bind parameter
TEXT_SCOPES = frozenset({"channel", "destination", "actor"})
Rows = Callable[[Any, str, Scope], Predicate | None]  # (row, role, scope) -> what narrows the rows of that role


@dataclass(frozen=True, slots=True)
class Key:
    """A global id made of one column; `prefix` None: the type's own."""

    column: str
    prefix: str | None = None


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """A global id whose prefix depends on the kind in another column."""

    column: str
    kind: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """A constant list chosen by one column, and by a flag where there is one."""

    column: str
    table: Mapping[tuple[str, bool], list[str]]
    flag: str | None = None


@dataclass(frozen=True, slots=True)
class Embed:
    """An object made of columns of the same row: field -> column; a field without one is null. The whole is null where the
    column `null_if` is. `area`: what a role needs to see more than the `shown` fields.
    """

    columns: Mapping[str, str]
    null_if: str | None = None
    area: str | None = None
    shown: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class One:
    """Another row: its `there` (default: its key) equals our `here`; the last by `latest` where several may match."""

    here: str
    there: str | None = None
    latest: str | None = None


@dataclass(frozen=True, slots=True)
class Many:
    """Bounded children in a fixed order: their `there` equals our `here` (default: our key). `flags`: argument -> boolean column.
    `unique`: no two children have the same `order`, else the key breaks ties.
    """

    there: str
    order: str
    here: str | None = None
    flags: Mapping[str, str] = field(default_factory=dict)
    limit: int | None = None
    unique: bool = False

    def columns(self, key: str | None) -> list[str]:
        """What the children are ordered by."""
        return [self.order] if self.unique or key in (None, self.order) else [self.order, key or ""]


@dataclass(frozen=True, slots=True)
class Values:
    """A list of texts from a child view, ascending."""

    view: Any
    there: str
    column: str
    here: str


@dataclass(frozen=True, slots=True)
class Through:
    """A filter on a child view: rows for which a child with `there` = our `here` passes."""

    view: Any
    there: str
    here: str


@dataclass(frozen=True, slots=True)
class Filter:
    """`prefix`: the value is a global id of that kind. `enum`: the value is part of the plan. `many`: a bare list.
    `also`: a column that must not be null. `flag`: a boolean column. `halves`: value -> the boolean column that is constant in
    each half of a UNION ALL view, so that the planner leaves the other half out. `often`: a value may stand in nearly all rows
    or in none, so that no single way of reading is good for both (see `Page.backed`).
    """

    column: str
    prefix: str | None = None
    enum: bool = False
    many: bool = False
    flag: bool = False
    also: str | None = None
    through: Through | None = None
    halves: Mapping[str, str] = field(default_factory=dict)
    often: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A connection: sort name -> column (the first is the default) and filter name -> Filter. `backed`: (filter, sort) for which
    one index gives the rows of one value in order.
    """

    sorts: Mapping[str, str]
    filters: Mapping[str, Filter] = field(default_factory=dict)
    descending: bool = True
    backed: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Nested:
    """A connection below an object: its rows have `there` equal to our `here`."""

    page: Page
    there: str
    here: str


@dataclass(frozen=True, slots=True)
class By:
    """Root field with exactly one of these arguments: argument -> column, or sub-field -> column for an input object."""

    ways: Mapping[str, str | Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class AnyNode:
    """Root field `node(id:)`: the id's prefix picks the type."""


@dataclass(frozen=True, slots=True)
class Made:
    """Payload field that is an object (or objects) read after the commit, by the ids that the outcome names."""

    name: str
    several: bool = False


@dataclass(frozen=True, slots=True)
class Bound:
    view: Any
    key: str | None
    prefix: str | None
    area: str
    rows: Rows | None


BOUND: dict[type, Bound] = {}
BY_PREFIX: dict[str, type] = {}

# Kind of a fact's or incident's subject -> prefix of its public id.
SUBJECTS: Mapping[str, str] = {
    "order": "ord",
    "order_line": "oln",
    "fulfillment": "ful",
    "shipment": "shp",
    "hold": "hld",
    "party": "pty",
    "node": "loc",
    "location": "loc",
    "product": "prd",
    "stock": "stk",
    "reservation": "rsv",
    "route_decision": "rte",
    "decision": "rte",
    "fiscal_document": "fis",
    "invoice": "fis",
    "gnre_guide": "gnr",
    "incoming_note": "inn",
    "notice": "ntc",
    "incident": "inc",
    "delivery": "dlv",
    "message": "msg",
    "connection": "con",
    "exchange": "xch",
    "timer": "tmr",
    "transmission": "trm",
}
OTHER_SUBJECT = "sub"
CORRELATION, CAUSATION = "cor", "cau"


def bound(
    view: Any, *, area: str, key: str | None = None, prefix: str | None = None, rows: Rows | None = None
) -> Callable[[type], type]:
    """Bind a strawberry type to a view. Types without `prefix` are no Nodes and are reached through their parent only."""

    def note(cls: type) -> type:
        BOUND[cls] = Bound(view, key, prefix, area, rows)
        if prefix:
            BY_PREFIX[prefix] = cls
        return cls

    return note


def field_of(kind: Any, *, area: str | None = None, resolver: Any = None, description: str | None = None) -> Any:
    """A strawberry field that carries its declaration; `area` refuses it to roles whose cell there is empty."""
    from schema.plan.reference import resolver_for

    return strawberry.field(
        resolver=resolver or resolver_for(kind), metadata={"bind": kind, "area": area}, description=description
    )


def key(column: str, prefix: str | None = None) -> Any:
    return field_of(Key(column, prefix))


def subject(column: str, kind: str) -> Any:
    return field_of(SubjectKey(column, kind))


def lookup(column: str, table: Mapping[tuple[str, bool], list[str]], flag: str | None = None) -> Any:
    return field_of(Lookup(column, table, flag))


def embed(
    *, null_if: str | None = None, area: str | None = None, shown: frozenset[str] = frozenset(), **columns: str
) -> Any:
    return field_of(Embed(columns, null_if, area, shown))


def money(column: str, currency: str = "currency", *, nullable: bool = False) -> Any:
    return embed(amount=column, currency_code=currency, null_if=column if nullable else None)


def one(here: str, there: str | None = None, latest: str | None = None) -> Any:
    return field_of(One(here, there, latest))


def many(there: str, order: str, here: str | None = None, limit: int | None = None, *, unique: bool = False) -> Any:
    return field_of(Many(there, order, here, limit=limit, unique=unique))


def values(view: Any, there: str, column: str, here: str | None = None) -> Any:
    return field_of(Values(view, there, column, here or there))


def restricted(area: str) -> Any:
    """A column that some roles who may read the type may not read."""
    return strawberry.field(metadata={"area": area})


def plain_type(column: sa.ColumnElement[Any]) -> Any:
    """The column's type without collation, for bind parameters."""
    return sa.Text() if isinstance(column.type, sa.Text) else column.type
