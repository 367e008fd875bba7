"""A migrated database with two tenants' rows, the contract, and a read pool on it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from hub.migrations import migrate
from schema.contract import contract
from schema.plan.pool import ReadPool, open_read_pool
from schema.plan.run import Reads
from schema.principal import Principal
from tests.database import Server

OPERATOR = Principal(tenant=1, actor="test", role="OPERATOR", cost_bucket=0)


@pytest.fixture(scope="session")
async def filled(database_server: Server) -> AsyncIterator[str]:
    """The DSN of a database of this worker, dropped afterwards."""
    name = f"hub_schema_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    admin = await asyncpg.connect(database_server.owner_dsn)
    await admin.execute(f'CREATE DATABASE "{name}"')
    dsn = database_server.dsn(database=name)
    try:
        await migrate(dsn)
        conn = await asyncpg.connect(dsn)
        await conn.execute((Path(__file__).parent / "fill.sql").read_text(encoding="utf-8"))
        await conn.close()
        yield dsn
    finally:
        await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await admin.close()


@pytest.fixture(scope="session")
async def reads(filled: str) -> AsyncIterator[Reads]:
    pool = await open_read_pool(filled, size=3)
    yield Reads(contract(), ReadPool(pool))
    await pool.close()


def roles(ids: dict[str, list[str]]) -> list[Principal]:
    """One principal of each role, with ids of its own."""
    own = {"tenant": 1, "actor": "test", "cost_bucket": 0}
    return [
        Principal(role="STOREFRONT", channel="shopify", **own),  # type: ignore[arg-type]
        Principal(role="PORTAL", order_id=UUID(ids["ord"][3][4:]), **own),  # type: ignore[arg-type]
        Principal(role="PARTNER", connection_id=UUID(ids["con"][0][4:]), **own),  # type: ignore[arg-type]
        Principal(role="ANALYST", **own),  # type: ignore[arg-type]
        Principal(role="ADMIN", **own),  # type: ignore[arg-type]
    ]
