"""Bring a database to this version: roles, tables, row-level security, partitions, views. Alembic keeps the order."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from hub.kit.clock import system_clock
from hub.kit.db import Unavailable
from hub.kit.views import FUNCTIONS, VIEWS, create_sql
from hub.migrations.partitions import drop_month, ensure_partitions, past
from hub.migrations.roles import make_roles
from hub.migrations.statistics import presume_one_tenant

ROOMS = [
    "access",
    "connections",
    "ledger",
    "inbox",
    "outbox",
    "timers",
    "catalog",
    "network",
    "orders",
    "inventory",
    "routing",
    "fulfillment",
    "fiscal",
    "incidents",
    "notices",
]


def load_tables() -> sa.MetaData:
    """Import every room's tables and views; returns the metadata that holds them."""
    for room in ROOMS:
        import_module(f"hub.{room}.store")
        if (Path(__file__).parent.parent / room / "queries.py").exists():
            import_module(f"hub.{room}.queries")
    import_module("hub.story.queries")
    from hub.kit.tables import metadata

    return metadata


def newest() -> str:
    """The revision that no other one follows, read from the files: Alembic costs 15 MiB and is loaded only to migrate."""
    texts = [p.read_text(encoding="utf-8") for p in (Path(__file__).parent / "versions").glob("*.py")]
    made = {m[1] for t in texts if (m := re.search(r'^revision = "(\w+)"', t, re.MULTILINE))}
    followed = {m[1] for t in texts if (m := re.search(r'^down_revision = "(\w+)"', t, re.MULTILINE))}
    (head,) = made - followed
    return head


def _upgrade(connection: sa.Connection, now: datetime) -> None:
    load_tables()
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(727001)"))
    if _revision(connection) != newest():
        _migrate(connection)
    ensure_partitions(connection, now)
    _refresh_views(connection)
    presume_one_tenant(connection)


def _revision(connection: sa.Connection) -> str | None:
    if connection.execute(sa.text("SELECT to_regclass('alembic_version')")).scalar_one() is None:
        return None
    found: str | None = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return found


def _migrate(connection: sa.Connection) -> None:
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    script = ScriptDirectory.from_config(config)

    def steps(revision: Any, _context: Any) -> Any:
        return script._upgrade_revs("head", revision)  # noqa: SLF001 - how alembic's own command does it

    with EnvironmentContext(config, script, fn=steps) as environment:
        environment.configure(connection=connection, target_metadata=None, transactional_ddl=True)
        environment.run_migrations()


def _refresh_views(connection: sa.Connection) -> None:
    """Views hold no data: they are made anew from the code when one of them has changed, and left in peace otherwise."""
    made = [*FUNCTIONS.values(), *(create_sql(name) for name in VIEWS)]
    mark = "hub views " + hashlib.sha256("\n".join(made).encode()).hexdigest()
    if connection.execute(sa.text("SELECT obj_description('moves'::regclass)")).scalar_one() == mark:
        return
    found = connection.execute(
        sa.text("SELECT table_name FROM information_schema.views WHERE table_schema = current_schema()")
    )
    for (name,) in found.fetchall():
        connection.execute(sa.text(f'DROP VIEW IF EXISTS "{name}" CASCADE'))
    for statement in FUNCTIONS.values():
        connection.exec_driver_sql(statement)
    for name in VIEWS:
        connection.exec_driver_sql(create_sql(name))
        connection.execute(sa.text(f"GRANT SELECT ON {name} TO hub_app, hub_read"))
    connection.exec_driver_sql(f"COMMENT ON TABLE moves IS '{mark}'")


def _url(dsn: str) -> sa.URL:
    return sa.engine.make_url(dsn.replace("postgres://", "postgresql://", 1)).set(drivername="postgresql+asyncpg")


async def migrate(dsn: str, *, now: datetime | None = None) -> None:
    """Run what is missing, as the owner. Safe to call from several processes: one works, the others wait."""
    engine = create_async_engine(_url(dsn), poolclass=sa.pool.NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(make_roles)
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade, now or system_clock())
    finally:
        await engine.dispose()


async def keep_partitions(dsn: str, *, now: datetime | None = None) -> None:
    """Make the partitions of the months ahead, as the owner; a worker asks for it every few hours."""
    engine = create_async_engine(_url(dsn), poolclass=sa.pool.NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(sa.text("SET LOCAL lock_timeout = '4s'"))
            await connection.run_sync(ensure_partitions, now or system_clock())
    except sa.exc.DBAPIError as error:  # somebody works in the table: there are months to try again
        raise Unavailable from error
    finally:
        await engine.dispose()


async def past_months(dsn: str, before: datetime) -> list[tuple[str, datetime, datetime]]:
    """(partition, start, end) of the ledger's months that ended by `before`."""
    engine = create_async_engine(_url(dsn), poolclass=sa.pool.NullPool)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(past, before)
    finally:
        await engine.dispose()


async def drop_archived(dsn: str, part: str, count: int) -> bool:
    """Remove a month of the ledger that lies in an archive of `count` facts; False when it holds something else by now."""
    engine = create_async_engine(_url(dsn), poolclass=sa.pool.NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(sa.text("SET LOCAL lock_timeout = '4s'"))
            return await connection.run_sync(drop_month, part, count)
    except sa.exc.DBAPIError as error:  # somebody reads the month: it can be tried again
        raise Unavailable from error
    finally:
        await engine.dispose()


async def current_version(dsn: str) -> tuple[str | None, str | None]:
    """(revision in the database, newest revision of the code)."""
    import asyncpg

    conn = await asyncpg.connect(dsn)
    try:
        exists = await conn.fetchval("SELECT to_regclass('alembic_version')")
        found = await conn.fetchval("SELECT version_num FROM alembic_version") if exists else None
    finally:
        await conn.close()
    return found, newest()
