"""The read pool: a connection serves one tenant at a time, a broken one is thrown away, places are given back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from hub.kit.db import Unavailable
from schema.errors import TimedOut
from schema.plan.pool import ReadPool, open_read_pool

WHO = "SELECT current_setting('hub.tenant'), (SELECT count(*) FROM v_order), (SELECT min(number) FROM v_order)"


@pytest.fixture
async def pool(filled: str) -> AsyncIterator[ReadPool]:
    inner = await open_read_pool(filled, size=2)
    made = ReadPool(inner)
    yield made
    await made.drain()
    await asyncio.wait_for(inner.close(), 10)


async def test_tenants_in_turn_on_few_connections(pool: ReadPool) -> None:
    async def ask(tenant: int) -> None:
        row = await pool.fetchrow(tenant, WHO, [])
        assert row[0] == str(tenant)
        assert row[1] == (150 if tenant < 3 else 0)

    await asyncio.gather(*(ask(1 + n % 3) for n in range(60)))


async def test_it_only_reads(pool: ReadPool) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await pool.fetchrow(1, "DELETE FROM orders RETURNING 1", [])


async def test_errors_and_cancellations_leave_the_places(pool: ReadPool) -> None:
    for _ in range(5):
        with pytest.raises(asyncpg.DivisionByZeroError):
            await pool.fetchrow(1, "SELECT 1 / 0", [])
        task = asyncio.create_task(pool.fetchrow(1, "SELECT pg_sleep(5)", []))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert (await pool.fetchrow(2, WHO, []))[0] == "2"


async def test_a_connection_that_went_away_is_replaced(pool: ReadPool, filled: str) -> None:
    pid = (await pool.fetchrow(1, "SELECT pg_backend_pid()", []))[0]
    admin = await asyncpg.connect(filled)
    await admin.execute("SELECT pg_terminate_backend($1)", pid)
    await admin.close()
    await asyncio.sleep(0.2)
    assert (await pool.fetchrow(1, WHO, []))[1] == 150


async def test_too_long_is_timed_out_and_away_is_unavailable(pool: ReadPool, filled: str) -> None:
    with pytest.raises(TimedOut):
        await slow(pool)
    with pytest.raises(Unavailable):
        await cut_off(pool, filled)
    assert (await pool.fetchrow(1, WHO, []))[1] == 150


async def cut_off(pool: ReadPool, dsn: str) -> None:
    admin = await asyncpg.connect(dsn)
    try:
        async with pool.acquire(1) as conn:
            await admin.execute("SELECT pg_terminate_backend($1)", await conn.fetchval("SELECT pg_backend_pid()"))
            await conn.fetchval("SELECT 1")
    finally:
        await admin.close()


async def slow(pool: ReadPool) -> None:
    async with pool.acquire(1) as conn:
        await conn.execute("SET statement_timeout = 50")
        await conn.fetchval("SELECT pg_sleep(5)")
