"""Rings reach other processes' listeners, many become few, and the poll goes on while the database is away."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg

from hub.kit.doorbell import CHANNEL, Doorbell
from tests.waiting import until


async def heard_by(dsn: str, sink: list[str]) -> asyncpg.Connection[asyncpg.Record]:
    conn = await asyncpg.connect(dsn)

    def hear(_conn: Any, _pid: int, _channel: str, payload: Any) -> None:
        sink.append(payload)

    await conn.add_listener(CHANNEL, hear)
    return conn


async def test_a_ring_is_heard_by_another_process_and_by_oneself(dsn: str) -> None:
    here, there = await Doorbell(dsn).open(), await Doorbell(dsn).open()
    try:
        await there.connected()
        await here.connected()
        waits = [asyncio.create_task(b.wait("outbox", timeout=10)) for b in (here, there)]
        other = asyncio.create_task(there.wait("timers", timeout=0.5))
        await asyncio.sleep(0)
        here.ring("outbox", "inbox")
        assert await asyncio.gather(*waits) == [True, True]
        assert await other is False
    finally:
        await here.close()
        await there.close()


async def test_many_rings_become_few(dsn: str) -> None:
    sink: list[str] = []
    listener = await heard_by(dsn, sink)
    bell = await Doorbell(dsn, pause=0.3).open()
    try:
        await bell.connected()
        for n in range(200):
            bell.ring("outbox" if n % 2 else "inbox")
            await asyncio.sleep(0)
        with bell.listener("end") as heard:
            bell.ring("end")
            await heard.wait(5)
        await until(lambda: any("end" in s for s in sink))
        assert len(sink) <= 3
        assert {t for s in sink for t in s.split(",")} == {"inbox", "outbox", "end"}
    finally:
        await bell.close()
        await listener.close()


async def test_a_ring_while_its_listener_works_is_remembered(dsn: str) -> None:
    bell = Doorbell(dsn)
    with bell.listener("outbox") as heard:
        bell.ring("outbox")
        assert await heard.wait(5)
        assert not await heard.wait(0.01)


async def test_it_connects_again_after_its_connection_was_cut(dsn: str) -> None:
    bell = await Doorbell(dsn).open()
    sink: list[str] = []
    other = await heard_by(dsn, sink)
    try:
        await bell.connected()
        server = "FROM pg_stat_activity WHERE application_name = 'hub_doorbell' AND datname = current_database()"
        first = await other.fetchval(f"SELECT pid {server}")
        await other.execute("SELECT pg_terminate_backend($1)", first)
        while await other.fetchval(f"SELECT max(pid) FILTER (WHERE pid <> $1) {server}", first) is None:  # noqa: ASYNC110 - the condition is in the database
            await asyncio.sleep(0.005)
        assert not await bell.wait("outbox", timeout=0.01)  # the poll goes on
        await bell.connected()
        bell.ring("outbox")
        await until(lambda: bool(sink))
        assert sink == ["outbox"]
    finally:
        await bell.close()
        await other.close()
