"""Row-level security, probed on every table, partition and view that the catalog knows: two tenants, and nobody sees or writes across."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg
import pytest

from hub.kit.db import ROLES
from tests.database import Server
from tests.db import fresh

Conn: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
TENANTS = (1, 2)
VALUES = {
    "text": "substr(md5(random()::text), 1, 8)",
    "bpchar": "'BRL'",
    "varchar": "substr(md5(random()::text), 1, 8)",
    "uuid": "gen_random_uuid()",
    "int2": "0",
    "int4": "1",
    "int8": "1",
    "numeric": "1",
    "bool": "true",
    "jsonb": "'[]'",
    "bytea": "'\\x00'",
    "timestamptz": "now()",
    "date": "current_date",
    "time": "'12:00'",
    "interval": "'1 s'",
    "xid8": "pg_current_xact_id()",
    "float8": "1",
}
TABLES = """SELECT c.oid, c.relname AS name, c.relkind::text AS relkind, c.relrowsecurity, c.relforcerowsecurity,
  pg_get_expr(c.relpartbound, c.oid) AS bound, pg_get_userbyid(c.relowner) AS owner
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace ORDER BY c.relname"""
COLUMNS = """SELECT a.attname AS name, t.typname AS type, a.attidentity <> '' OR a.attgenerated <> '' AS made FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'tenant_id'"""
# tables whose rows of all tenants the worker or the tailer may see: the claims, the lookups, the tail
ACROSS = {
    "hub_worker": {
        *(f"{q}{s}" for q in ("inbox", "outbox", "timers") for s in ("", "_done")),
        *("tenants", "api_keys", "connections", "connection_secrets", "data_keys", "nodes", "destination_state"),
    },
    "hub_tail": {"business_events", "tenants"},
}


@dataclass(frozen=True, slots=True)
class Probe:
    """One database with a row of each tenant in every table and partition."""

    conn: Conn
    tables: list[Any]
    inserts: dict[str, str]  # table -> INSERT with $1 as the tenant

    @property
    def reachable(self) -> list[str]:
        return [t["name"] for t in self.tables]

    async def as_role(self, role: str, tenant: int | None, statement: str, *given: Any) -> Any:
        """First value of the statement under that role and tenant, undone afterwards."""
        transaction = self.conn.transaction()
        await transaction.start()
        try:
            await self.conn.execute(f"SET LOCAL ROLE {role}")
            if tenant is not None:
                await self.conn.execute(f"SET LOCAL hub.tenant = '{tenant}'")
            return await self.conn.fetchval(statement, *given)
        finally:
            await transaction.rollback()

    async def refused(self, role: str, tenant: int | None, statement: str, *given: Any) -> bool:
        try:
            await self.as_role(role, tenant, statement, *given)
        except asyncpg.InsufficientPrivilegeError:  # also a row that a policy forbids
            return True
        return False

    async def may(self, role: str, right: str, table: str) -> bool:
        return bool(await self.conn.fetchval("SELECT has_table_privilege($1, $2, $3)", role, table, right))


@pytest.fixture(scope="module")
async def probe(database_server: Server, template: str) -> AsyncIterator[Probe]:
    async with fresh(database_server, template) as dsn:
        conn = await asyncpg.connect(dsn)
        try:
            yield await filled(conn)
        finally:
            await conn.close()


async def filled(conn: Conn) -> Probe:
    """The content does not matter, so checks, foreign keys and triggers are out of the way."""
    tables = await conn.fetch(TABLES)
    await conn.execute("SET session_replication_role = replica")
    checks = await conn.fetch(
        "SELECT conrelid::regclass::text AS name, conname FROM pg_constraint WHERE contype = 'c' AND coninhcount = 0 AND conrelid <> 0"
        " AND connamespace = 'public'::regnamespace"
    )
    for check in checks:
        await conn.execute(f'ALTER TABLE {check["name"]} DROP CONSTRAINT "{check["conname"]}"')
    inserts = {}
    for table in tables:
        inserts[table["name"]] = await _insert(conn, table)
        if table["relkind"] == "r":
            for tenant in TENANTS:
                await conn.execute(inserts[table["name"]], tenant)
    await conn.execute("SET session_replication_role = origin")
    return Probe(conn, tables, inserts)


async def _insert(conn: Conn, table: Any) -> str:
    names, values = ["tenant_id"], ["$1"]
    for column in await conn.fetch(COLUMNS, table["oid"]):
        if not column["made"]:
            kind = column["type"]
            names.append(f'"{column["name"]}"')
            values.append(
                "'{}'" if kind.startswith("_") else _moment(table["bound"]) if kind == "timestamptz" else VALUES[kind]
            )
    return f"INSERT INTO {table['name']} ({', '.join(names)}) VALUES ({', '.join(values)})"  # noqa: S608 - from the catalog


def _moment(bound: str | None) -> str:
    """A time inside the partition; the default partition holds the old."""
    found = re.search(r"FROM \('([^']+)'\)", bound or "")
    return f"'{found[1]}'" if found else "'2001-01-01'" if bound else "now()"


async def test_every_table_of_tenants_forces_its_policy(probe: Probe) -> None:
    assert len(probe.tables) > 60
    assert [t["name"] for t in probe.tables if not (t["relrowsecurity"] and t["relforcerowsecurity"])] == []
    assert {t["owner"] for t in probe.tables}.isdisjoint(ROLES)
    unguarded = await probe.conn.fetch(
        "SELECT relname FROM pg_class c WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND NOT relrowsecurity"
    )
    assert {r["relname"] for r in unguarded} == {"alembic_version", "moves", "segment_names"}  # nobody's data


async def test_no_role_of_the_hub_can_step_over_policies(probe: Probe) -> None:
    rows = await probe.conn.fetch(
        "SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole AS mighty FROM pg_roles WHERE rolname = ANY ($1::text[])",
        list(ROLES),
    )
    assert {r["rolname"]: r["mighty"] for r in rows} == dict.fromkeys(ROLES, False)


@pytest.mark.parametrize("role", ["hub_app", "hub_read"])
async def test_a_tenant_sees_its_own_rows_and_nobody_without_one_sees_any(probe: Probe, role: str) -> None:
    wrong, seen = [], 0
    for table in probe.reachable:
        if not await probe.may(role, "SELECT", table):
            continue
        seen += 1
        own = await probe.as_role(role, 1, f"SELECT count(*) FROM {table}")  # noqa: S608 - from the catalog
        alien = await probe.as_role(role, 1, f"SELECT count(*) FROM {table} WHERE tenant_id <> 1")  # noqa: S608 - from the catalog
        nobody = await probe.as_role(role, None, f"SELECT count(*) FROM {table}")  # noqa: S608 - from the catalog
        if not own or alien or nobody:
            wrong.append((table, own, alien, nobody))
    assert wrong == []
    assert seen > 40


async def test_partitions_are_not_open_beside_their_parent(probe: Probe) -> None:
    parts = [t["name"] for t in probe.tables if t["bound"]]
    assert len(parts) >= 20
    for role in ROLES:
        assert [p for p in parts if await probe.may(role, "SELECT", p)] == []


async def test_nobody_writes_a_row_of_another_tenant(probe: Probe) -> None:
    passed, tried = [], 0
    for table in probe.reachable:
        if await probe.may("hub_app", "INSERT", table):
            tried += 1
            for tenant in (1, None):
                if not await probe.refused("hub_app", tenant, probe.inserts[table], 2):
                    passed.append((table, "insert", tenant))  # noqa: PERF401 - as it is done, step by step
        if await probe.may("hub_app", "UPDATE", table):
            change = f"UPDATE {table} SET tenant_id = 2"  # noqa: S608 - from the catalog
            if not await probe.refused("hub_app", 1, change):
                passed.append((table, change, 1))
    assert passed == []
    assert tried > 40


async def test_nobody_changes_or_removes_a_row_of_another_tenant(probe: Probe) -> None:
    reached = []
    for table in probe.reachable:
        if await probe.may("hub_app", "DELETE", table):
            for tenant in (1, None):
                for verb in (
                    "DELETE FROM {t} WHERE tenant_id = 2",
                    "UPDATE {t} SET tenant_id = tenant_id WHERE tenant_id = 2",
                ):
                    counted = f"WITH gone AS ({verb.format(t=table)} RETURNING 1) SELECT count(*) FROM gone"  # noqa: S608 - from the catalog
                    if await probe.as_role("hub_app", tenant, counted):
                        reached.append((table, verb, tenant))
    assert reached == []


@pytest.mark.parametrize("role", ["hub_worker", "hub_tail"])
async def test_roles_that_see_all_tenants_reach_the_tables_named_and_no_others(probe: Probe, role: str) -> None:
    found = {t for t in probe.reachable if await probe.may(role, "SELECT", t)}
    assert found == ACROSS[role]


async def test_views_run_with_the_rights_of_their_reader(probe: Probe) -> None:
    views = await probe.conn.fetch(
        "SELECT relname, reloptions FROM pg_class WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace"
    )
    assert len(views) > 20
    assert [v["relname"] for v in views if "security_invoker=true" not in (v["reloptions"] or [])] == []
    leaks = []
    for view in views:
        for role in ("hub_read", "hub_app"):
            if await probe.as_role(role, None, f"SELECT count(*) FROM {view['relname']}"):  # noqa: S608 - from the catalog
                leaks.append((view["relname"], role))  # noqa: PERF401 - the same
    assert leaks == []


async def test_a_tenant_left_by_the_transaction_before_is_not_a_tenant(probe: Probe) -> None:
    """After a transaction-local setting ends its value is '', not NULL."""
    await probe.as_role("hub_app", 1, "SELECT count(*) FROM orders")
    assert await probe.conn.fetchval("SELECT current_setting('hub.tenant', true)") == ""
    assert await probe.as_role("hub_app", None, "SELECT count(*) FROM orders") == 0
