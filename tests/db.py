"""A fresh migrated database for each test, copied from a template that is migrated once a session."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import asyncpg
import pytest

from hub.kit.db import Database
from hub.migrations import migrate
from tests.database import Server


async def _on_server(server: Server, statement: str) -> None:
    conn = await asyncpg.connect(server.dsn(database="postgres"))
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


@pytest.fixture(scope="session")
async def template(database_server: Server) -> AsyncIterator[str]:
    """The name of a migrated database that nobody is connected to."""
    name = f"hub_test_{uuid4().hex[:12]}"
    await _on_server(database_server, f"CREATE DATABASE {name}")
    try:
        await migrate(database_server.dsn(database=name))
        yield name
    finally:
        await _on_server(database_server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
async def dsn(database_server: Server, template: str) -> AsyncIterator[str]:
    """The owner's address of a fresh database."""
    async with fresh(database_server, template) as address:
        yield address


@asynccontextmanager
async def fresh(database_server: Server, template: str) -> AsyncIterator[str]:
    """A copy of the template, for those who keep one longer than a test."""
    name = f"{template}_{uuid4().hex[:8]}"
    await _on_server(database_server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    try:
        yield database_server.dsn(database=name)
    finally:
        await _on_server(database_server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[Database]:
    """The pools of a fresh database."""
    database = await Database(dsn).open()
    try:
        yield database
    finally:
        with suppress(asyncpg.PostgresError, OSError):
            await database.close()
