"""The relay over a real broker on the loopback: facts once and in order, gaps read from the ledger, which stays the only truth."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from hub import ledger
from hub.kit.db import Database
from hub.kit.doorbell import Doorbell
from hub.kit.ids import new_id
from schema.live.cursors import Place
from schema.live.ledger import Ledger
from schema.live.streams import Streams
from tests.ledger.test_reading import write

URL = "nats://127.0.0.1:4222"


def broker_answers() -> bool:
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", 4222)) == 0


@pytest.fixture
async def stream() -> AsyncIterator[str]:
    """The name of a stream of this test, gone afterwards. Without a broker the test is left out, but not where it must run."""
    if not broker_answers() and os.environ.get("CI") != "true":
        pytest.skip("no NATS server with JetStream on 127.0.0.1:4222")
    name = f"HUB_TEST_{new_id().hex}"
    yield name
    async with ledger.connected(URL) as (_, js):
        await js.delete_stream(name)


@asynccontextmanager
async def relaying(db: Database, bell: Doorbell, stream: str) -> AsyncIterator[ledger.Relay]:
    async with ledger.connected(URL) as (_, js):
        relay = ledger.Relay(db, bell, js, stream=stream)
        task = asyncio.create_task(relay.run())
        try:
            yield relay
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


class Tailer:
    """The tailer of one API process, with the reads of the ledger counted."""

    def __init__(self, db: Database, relayed: ledger.Relayed, bell: asyncio.Event) -> None:
        self.seen: list[UUID] = []
        self.reads = 0
        self.streams = Streams(Counted(self, db), poll=0.2)
        self.streams.start(bell, relayed)

    async def has(self, count: int) -> None:
        async with asyncio.timeout(30):
            while len(self.seen) < count:  # noqa: ASYNC110 - of another task
                await asyncio.sleep(0.02)


class Counted(Ledger):
    def __init__(self, tailer: Tailer, db: Database) -> None:
        super().__init__(db.tail, "1")
        self.tailer = tailer

    async def after(self, place: Place) -> list[Any]:
        self.tailer.reads += 1
        return await super().after(place)


@asynccontextmanager
async def tailing(db: Database, stream: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Tailer]:
    bell = asyncio.Event()
    async with ledger.receiving(URL, bell, stream=stream) as relayed:
        tailer = Tailer(db, relayed, bell)
        original = tailer.streams._next

        async def noted(place: Place) -> list[Any]:
            facts = await original(place)
            tailer.seen += [f.event_id for f in facts]
            return facts

        monkeypatch.setattr(tailer.streams, "_next", noted)
        await tailer.streams.started.wait()
        yield tailer
        await tailer.streams.stop()


async def published(relay: ledger.Relay, count: int) -> None:
    async with asyncio.timeout(30):
        while relay.published < count:  # noqa: ASYNC110 - of another task
            await asyncio.sleep(0.02)


async def test_two_processes_get_each_fact_once_and_in_order(
    db: Database, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bell = await Doorbell(db.dsn).open()
    try:
        async with (
            relaying(db, bell, stream) as relay,
            tailing(db, stream, monkeypatch) as one,
            tailing(db, stream, monkeypatch) as other,
        ):
            made: list[UUID] = []
            for n in range(8):
                made += await write(db, new_id(), count=5)
                bell.ring("ledger")
                await published(relay, 5 * (n + 1))
            await one.has(40)
            await other.has(40)
            assert one.seen == other.seen == made
    finally:
        await bell.close()


async def test_what_the_broker_lost_is_read_from_the_ledger(
    db: Database, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bell = await Doorbell(db.dsn).open()
    try:
        async with relaying(db, bell, stream) as relay, tailing(db, stream, monkeypatch) as tailer:
            first = await write(db, new_id(), count=3)
            bell.ring("ledger")
            await published(relay, 3)
            await tailer.has(3)
            real = relay._js.publish

            async def lost(subject: str, body: bytes, **rest: Any) -> Any:
                return None

            monkeypatch.setattr(relay._js, "publish", lost)  # acknowledged, and gone: a coordinated power cut
            second = await write(db, new_id(), count=3)
            bell.ring("ledger")
            await published(relay, 6)
            monkeypatch.setattr(relay._js, "publish", real)
            third = await write(db, new_id(), count=3)
            bell.ring("ledger")
            await tailer.has(9)
            assert tailer.seen == first + second + third
    finally:
        await bell.close()


async def test_a_relay_that_starts_again_goes_on_where_the_stream_ends(db: Database, stream: str) -> None:
    bell = await Doorbell(db.dsn).open()
    try:
        async with relaying(db, bell, stream) as relay:
            await published_after(relay, db, bell, 2)
        missed = await write(db, new_id(), count=4)
        async with relaying(db, bell, stream) as relay:
            await published(relay, 4)
        async with ledger.connected(URL) as (_, js):
            info = await js.stream_info(stream)
            last = await js.get_msg(stream, info.state.last_seq)
        assert info.state.messages == 6
        assert last.data is not None
        assert missed[-1].hex in last.data.decode().replace("-", "")
    finally:
        await bell.close()


async def published_after(relay: ledger.Relay, db: Database, bell: Doorbell, count: int) -> None:
    """Write once the relay stands at the end of the ledger, and wait for it."""
    async with asyncio.timeout(30):
        while not hasattr(relay, "_lock"):  # noqa: ASYNC110 - of another task
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.5)
    await write(db, new_id(), count=count)
    bell.ring("ledger")
    await published(relay, count)


async def test_only_one_relay_publishes(db: Database, stream: str) -> None:
    bell = await Doorbell(db.dsn).open()
    try:
        async with relaying(db, bell, stream) as first:
            await published_after(first, db, bell, 1)
            async with relaying(db, bell, stream) as second:
                await write(db, new_id(), count=3)
                bell.ring("ledger")
                await published(first, 4)
                assert second.published == 0
    finally:
        await bell.close()
