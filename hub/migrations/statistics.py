"""What the planner is told of tables that have never been analyzed: every row may belong to one tenant.

Without it a new hub plans its first statements as if a tenant's rows were a two-hundredth of a table: any index that begins with
the tenant then looks as good as the key (docs/adr/planner-statistics-of-a-new-hub.md). PostgreSQL's own statistics replace these as soon as there are any.
"""

from __future__ import annotations

import sqlalchemy as sa

SINCE = 180000  # statistics can be given to PostgreSQL 18 and later; before that, the first autovacuum mends it

_BARE = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p')
  AND NOT EXISTS (SELECT FROM pg_stats s WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = 'tenant_id')
"""
_GIVE = """
SELECT pg_restore_attribute_stats('schemaname', current_schema()::text, 'relname', CAST(:name AS text), 'attname', 'tenant_id'::text,
  'inherited', false, 'version', CAST(:version AS int), 'null_frac', 0::real, 'avg_width', 4, 'n_distinct', 1::real)
"""


def presume_one_tenant(connection: sa.Connection) -> None:
    """For each table without statistics of its tenants."""
    version = int(connection.execute(sa.text("SHOW server_version_num")).scalar_one())
    if version < SINCE:
        return
    for (name,) in connection.execute(sa.text(_BARE)).fetchall():
        connection.execute(sa.text(_GIVE), {"name": name, "version": version})
