"""Views that rooms publish for reading. Each is a SELECT over the room's tables, created by the migration with
`security_invoker`, so that the reader's row-level security holds; here it is a selectable with the same columns.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

VIEWS: dict[str, sa.Select[Any]] = {}


def publish(name: str, query: sa.Select[Any]) -> sa.TableClause:
    """Register the view `name`; columns keep name and type of the query's."""
    if name in VIEWS:
        raise ValueError(f"the view {name} is published twice")
    VIEWS[name] = query
    return sa.table(name, *(sa.column(c.name, c.type) for c in query.selected_columns))


def create_sql(name: str) -> str:
    body = VIEWS[name].compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})  # type: ignore[no-untyped-call]
    return f"CREATE VIEW {name} WITH (security_invoker = true) AS {body}"
