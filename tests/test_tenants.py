"""No table gives one tenant's rows to another: row-level security stands on every one of them, and roles own and bypass nothing."""

from __future__ import annotations

import asyncpg
import pytest

from hub.kit.db import ROLES, Database
from hub.migrations import load_tables

OURS = "n.nspname = 'public' AND c.relkind IN ('r', 'p')"
HAS_TENANT = (
    "EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)"
)


@pytest.fixture
async def owner(dsn: str) -> asyncpg.Connection[asyncpg.Record]:
    return await asyncpg.connect(dsn)


async def test_row_level_security_is_forced_on_every_table_with_a_tenant(
    owner: asyncpg.Connection[asyncpg.Record],
) -> None:
    rows = await owner.fetch(
        f"""SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS forced, {HAS_TENANT} AS tenant
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {OURS}"""  # noqa: S608 - constants above
    )
    await owner.close()
    assert {r["name"] for r in rows if r["tenant"]} >= {
        n for n, t in load_tables().tables.items() if "tenant_id" in t.c
    }
    assert [r["name"] for r in rows if r["tenant"] and not r["forced"]] == []
    assert {r["name"] for r in rows if not r["tenant"]} <= {"alembic_version", "moves", "segment_names"}


async def test_every_key_begins_with_the_tenant(owner: asyncpg.Connection[asyncpg.Record]) -> None:
    rows = await owner.fetch(
        f"""SELECT c.relname AS name, (SELECT a.attname FROM pg_attribute a
                     WHERE a.attrelid = c.oid AND a.attnum = i.indkey[0]) AS first
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
            WHERE {OURS} AND {HAS_TENANT}"""  # noqa: S608 - constants above
    )
    await owner.close()
    assert rows
    assert [r["name"] for r in rows if r["first"] != "tenant_id"] == []


async def test_roles_own_nothing_and_bypass_nothing(owner: asyncpg.Connection[asyncpg.Record]) -> None:
    bypass = await owner.fetch(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY ($1) AND (rolsuper OR rolbypassrls)", list(ROLES)
    )
    owned = await owner.fetch(
        "SELECT c.relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = ANY ($1)", list(ROLES)
    )
    changes = await owner.fetch(
        "SELECT grantee, privilege_type FROM information_schema.role_table_grants "
        "WHERE grantee = ANY ($1) AND table_name LIKE 'business_events%' AND privilege_type NOT IN ('SELECT', 'INSERT')",
        list(ROLES),
    )
    await owner.close()
    assert (bypass, owned, changes) == ([], [], [])


async def test_two_tenants_on_one_connection_do_not_meet(dsn: str) -> None:
    db = await Database(dsn, app_size=1).open()
    try:
        for tenant in (1, 2, 1, 2):
            async with db.unit(tenant=tenant, actor="test") as tx:
                await tx.conn.execute(
                    "INSERT INTO tenants (tenant_id, code, name) VALUES ($1, $2, '') ON CONFLICT DO NOTHING",
                    tenant,
                    f"t{tenant}",
                )
                assert [r["tenant_id"] for r in await tx.conn.fetch("SELECT tenant_id FROM tenants")] == [tenant]
        async with db.app.acquire() as conn:
            assert await conn.fetch("SELECT tenant_id FROM tenants") == []
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await conn.execute("INSERT INTO tenants (tenant_id, code, name) VALUES (3, 't3', '')")
    finally:
        await db.close()
