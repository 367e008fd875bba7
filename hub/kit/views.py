"""Views that rooms publish for reading. Each is a SELECT over the room's tables, created by the migration with
`security_invoker`, so that the reader's row-level security holds; here it is a selectable with the same columns.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

# For views over UNION ALL, whose halves row-level security reaches too late to order them by index.
TENANT = "tenant_id = NULLIF(current_setting('hub.tenant', true), '')::int"

VIEWS: dict[str, sa.Select[Any] | str] = {}
FUNCTIONS: dict[str, str] = {}


def publish(name: str, query: sa.Select[Any]) -> sa.TableClause:
    """Register the view `name`; columns keep name and type of the query's."""
    _note(name, query)
    return sa.table(name, *(sa.column(c.name, c.type) for c in query.selected_columns))


def publish_sql(name: str, body: str, /, **columns: Any) -> sa.TableClause:
    """Register a view written as SQL text (JSON unfolded by a lateral join, UNION ALL); `columns` gives the type of each
    column that readers may use. No DISTINCT, GROUP BY or window: such a view is not inlined and a key reaches it too late.
    """
    _note(name, body)
    return sa.table(name, *(sa.column(c, type_) for c, type_ in columns.items()))


def publish_function(name: str, sql: str) -> None:
    """Register a function that views call; `sql` is its CREATE OR REPLACE statement."""
    FUNCTIONS[name] = sql


def _note(name: str, body: sa.Select[Any] | str) -> None:
    if name in VIEWS:
        raise ValueError(f"the view {name} is published twice")
    VIEWS[name] = body


def create_sql(name: str) -> str:
    """The CREATE VIEW statement."""
    query = VIEWS[name]
    if isinstance(query, str):
        body = query
    else:
        body = str(query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))  # type: ignore[no-untyped-call]
    return f"CREATE VIEW {name} WITH (security_invoker = true) AS {body}"
