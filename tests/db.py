"""A fresh migrated database for each test, copied from a template that is migrated once a session."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import uuid4

import asyncpg
import pytest

from hub.kit.db import Database
from hub.migrations import migrate

SERVER = os.environ.get("HUB_TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432")


def _url(server: str, name: str) -> str:
    head, _, query = server.partition("?")
    return f"{head.rstrip('/')}/{name}" + (f"?{query}" if query else "")


async def _on_server(statement: str) -> None:
    conn = await asyncpg.connect(_url(SERVER, "postgres"))
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


@pytest.fixture(scope="session")
async def template() -> AsyncIterator[str]:
    """The name of a migrated database that nobody is connected to."""
    name = f"hub_test_{uuid4().hex[:12]}"
    await _on_server(f"CREATE DATABASE {name}")
    try:
        await migrate(_url(SERVER, name))
        yield name
    finally:
        await _on_server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
async def dsn(template: str) -> AsyncIterator[str]:
    """The address of a fresh database."""
    name = f"{template}_{uuid4().hex[:8]}"
    await _on_server(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield _url(SERVER, name)
    finally:
        await _on_server(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[Database]:
    """The pools of a fresh database."""
    database = await Database(dsn).open()
    try:
        yield database
    finally:
        with suppress(asyncpg.PostgresError, OSError):
            await database.close()
