"""The first version: every table, row-level security on each, the append-only ledger, the legal moves.
Built from the tables as they stand; frozen at the first release, after which each change is a migration of its own (docs/adr/0003).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hub.kit.db import ROLES
from hub.migrations import load_tables
from hub.migrations.partitions import secure
from hub.orders.model import MOVES

revision = "pre_0001"
down_revision = None

QUEUES = ("inbox", "outbox", "timers")

APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the ledger is append-only: % refused', TG_OP USING ERRCODE = 'HUB01';
END $$
"""


def upgrade() -> None:
    metadata = load_tables()
    connection = op.get_bind()
    connection.execute(sa.text("SET LOCAL lock_timeout = '4s'"))
    for role in ROLES:
        connection.execute(sa.text(f"GRANT USAGE ON SCHEMA public TO {role}"))
    for table in metadata.sorted_tables:
        _create(connection, table)
    for name, table in metadata.tables.items():
        if "tenant_id" in table.c:
            secure(connection, name)
    _grants(connection, [n for n, t in metadata.tables.items() if "tenant_id" in t.c])
    _append_only(connection)
    for old, following in MOVES.items():
        for new in sorted(following):
            connection.execute(
                sa.text("INSERT INTO moves (old, new) VALUES (:o, :n)"), {"o": old.value, "n": new.value}
            )


def _create(connection: sa.Connection, table: sa.Table) -> None:
    """With its indexes in the order of their names: of two that cost the same PostgreSQL takes the older one, here and on every other machine."""
    indexes = sorted(table.indexes, key=lambda i: str(i.name))
    table.indexes.clear()
    table.create(connection)
    for index in indexes:
        index.create(connection)
    table.indexes.update(indexes)


def _grants(connection: sa.Connection, names: list[str]) -> None:
    for name in names:
        rights = "SELECT, INSERT" if name == "business_events" else "SELECT, INSERT, UPDATE, DELETE"
        connection.execute(sa.text(f"GRANT {rights} ON {name} TO hub_app"))
        connection.execute(sa.text(f"GRANT SELECT ON {name} TO hub_read"))
    connection.execute(sa.text("GRANT SELECT ON moves TO hub_app, hub_read"))
    connection.execute(sa.text("GRANT SELECT ON segment_names TO hub_app, hub_read"))
    connection.execute(sa.text("GRANT SELECT, INSERT, DELETE ON segment_names TO hub_worker"))
    for name in QUEUES:
        _across(connection, name, "hub_worker", "SELECT, UPDATE, DELETE", "ALL")
        _across(connection, f"{name}_done", "hub_worker", "SELECT, INSERT", "ALL")
    for name in ("tenants", "api_keys", "connections", "connection_secrets", "data_keys", "nodes"):
        _across(connection, name, "hub_worker", "SELECT", "SELECT")
    _across(connection, "destination_state", "hub_worker", "SELECT, INSERT, UPDATE", "ALL")
    for name in ("business_events", "tenants"):
        _across(connection, name, "hub_tail", "SELECT", "SELECT")


def _across(connection: sa.Connection, name: str, role: str, rights: str, kind: str) -> None:
    connection.execute(sa.text(f"GRANT {rights} ON {name} TO {role}"))
    check = " WITH CHECK (true)" if kind == "ALL" else ""
    connection.execute(sa.text(f"CREATE POLICY across_{role} ON {name} FOR {kind} TO {role} USING (true){check}"))


def _append_only(connection: sa.Connection) -> None:
    connection.exec_driver_sql(APPEND_ONLY)
    connection.execute(
        sa.text(
            "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON business_events "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    )
    connection.execute(
        sa.text(
            "CREATE TRIGGER no_truncate BEFORE TRUNCATE ON business_events "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    )
