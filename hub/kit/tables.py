"""How tables are declared: tenant first in every key, checks with a reason, text that sorts by code point. Rooms declare theirs in `store.py`."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from hub.kit.bounds import DIGITS, PLACES

metadata = sa.MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    },
)

# The tenant of the unit at work: inserts need not name it, row-level security compares with it.
OF_THIS_UNIT = "NULLIF(current_setting('hub.tenant', true), '')::int"

# Text that is sorted, searched by prefix or compared by key: code-point order, the same as Python's.
Key = sa.Text(collation="C")
Amount = sa.Numeric(DIGITS, PLACES)
Quantity = sa.Numeric(DIGITS, PLACES)
Time = sa.DateTime(timezone=True)
Json = JSONB(none_as_null=True)
Uuid = sa.Uuid(as_uuid=True)


class Xid8(sa.types.UserDefinedType[str]):
    """A PostgreSQL 64-bit transaction id; crosses the driver as text."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


def table(
    name: str, *parts: Any, key: str | tuple[str, ...], partition_by: str | None = None, fillfactor: int | None = None
) -> sa.Table:
    """A table of one tenant's rows: `tenant_id` leads the primary key `(tenant_id, *key)`; row-level security is forced
    on it by the migration. `partition_by` is a range partition by month over that column, which the key must contain; `fillfactor` (percent) leaves room for updates in place.
    """
    names = (key,) if isinstance(key, str) else key
    options: dict[str, Any] = {"postgresql_partition_by": f"RANGE ({partition_by})"} if partition_by else {}
    if fillfactor:
        options["postgresql_with"] = {"fillfactor": fillfactor}
    tenant = sa.Column("tenant_id", sa.Integer, nullable=False, server_default=sa.text(OF_THIS_UNIT))
    return sa.Table(name, metadata, tenant, *parts, sa.PrimaryKeyConstraint("tenant_id", *names), **options)


def col(name: str, type_: Any = sa.Text, *, null: bool = False, default: str | None = None) -> sa.Column[Any]:
    """A column; NOT NULL unless `null`, `default` as SQL text."""
    return sa.Column(name, type_, nullable=null, server_default=sa.text(default) if default is not None else None)


def enum_check(column: str, kind: type[StrEnum]) -> sa.CheckConstraint:
    """Only the names of `kind`: enums are stored as their GraphQL name."""
    return one_of(column, [m.value for m in kind])


def one_of(column: str, values: Iterable[str]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{v}'" for v in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def must(name: str, condition: str, *, why: str) -> sa.CheckConstraint:
    """An invariant; `why` says what it prevents and is kept as the constraint's comment in the model."""
    made = sa.CheckConstraint(condition, name=name)
    made.info["why"] = why
    return made


def index(
    name: str, *columns: Any, unique: bool = False, where: str | None = None, include: Iterable[str] = ()
) -> sa.Index:
    """An index that begins with the tenant."""
    cols = [sa.text(c) if " " in c else c for c in columns]
    return sa.Index(
        name,
        "tenant_id",
        *cols,
        unique=unique,
        postgresql_where=sa.text(where) if where else None,
        postgresql_include=list(include),
    )


def belongs(
    columns: str | tuple[str, ...], target: str, keys: str | tuple[str, ...], **options: Any
) -> sa.ForeignKeyConstraint:
    """A foreign key inside the tenant: `(tenant_id, *columns) -> target (tenant_id, *keys)`."""
    here = (columns,) if isinstance(columns, str) else columns
    there = (keys,) if isinstance(keys, str) else keys
    return sa.ForeignKeyConstraint(
        ["tenant_id", *here], [f"{target}.tenant_id", *(f"{target}.{k}" for k in there)], **options
    )
