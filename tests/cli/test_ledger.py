"""`hub ledger` speaks with its exit code."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from typer.testing import CliRunner

from hub.cli.ledger import app
from hub.kit.db import Database
from tests.world import new_world


@pytest.fixture
def told(dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with one order, named by HUB_DATABASE_URL."""
    monkeypatch.setenv("HUB_DATABASE_URL", dsn)
    return dsn


async def _order(dsn: str) -> None:
    db = await Database(dsn).open()
    try:
        world = await new_world(db)
        await world.place(world.draft("A1"))
    finally:
        await db.close()


async def _damage(dsn: str, statement: str) -> None:
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute(statement)
    finally:
        await conn.close()


async def _run(*words: str) -> tuple[int, str]:
    found = await asyncio.to_thread(CliRunner().invoke, app, list(words))
    return found.exit_code, found.output


async def test_a_sound_ledger(told: str) -> None:
    await _order(told)
    assert await _run("verify") == (0, "tenant 1: 16 facts, 0 broken chains\n")
    assert await _run("replay", "--tenant", "1") == (0, "tenant 1: 16 facts, 1 orders, 0 differences\n")


async def test_a_damaged_one(told: str) -> None:
    await _order(told)
    await _damage(told, "ALTER TABLE business_events DISABLE TRIGGER append_only")
    await _damage(told, "UPDATE business_events SET actor = 'nobody' WHERE type = 'order.placed'")
    await _damage(told, "UPDATE orders SET state = 'DRAFT'")
    code, said = await _run("verify")
    assert (code, "the content was changed" in said) == (1, True)
    code, said = await _run("replay")
    assert (code, "facts say APPROVED, the table DRAFT" in said) == (1, True)
