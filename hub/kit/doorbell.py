"""The doorbell: tells other processes that there is something to fetch. Rung after commits, at most once in 20 ms, on a connection of
its own; a ring may be lost, therefore whoever waits also looks by itself once a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Self

import asyncpg

from hub.kit.tasks import ended

CHANNEL = "hub"
PAUSE = 0.02  # seconds between two rings
POLL = 1.0  # seconds: the guarantee
AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


class Doorbell:
    """One a process. `ring("outbox")` after a commit; `await wait("outbox")` until somebody rang or a second has passed."""

    def __init__(self, dsn: str, *, pause: float = PAUSE) -> None:
        self._dsn = dsn
        self._pause = pause
        self._rung: set[str] = set()
        self._pressed = asyncio.Event()
        self._heard: dict[str, set[asyncio.Event]] = {}
        self._task: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()

    async def open(self) -> Doorbell:
        """Connect in the background; while the database is away, polling goes on."""
        self._task = asyncio.create_task(self._keep_connected())
        return self

    async def close(self) -> None:
        if self._task is not None:
            await ended(self._task)
            self._task = None

    async def connected(self) -> None:
        """Until rings are heard."""
        await self._connected.wait()

    def ring(self, *topics: str) -> None:
        """There is something new of these topics: tell everybody, this process at once. Never waits."""
        self._wake(topics)
        self._rung.update(topics)
        self._pressed.set()

    async def wait(self, *topics: str, timeout: float = POLL) -> bool:  # noqa: ASYNC109 - the poll is the point
        """Until one of the topics is rung; False when the time has passed. Rings between two waits are not remembered:
        look for work after every wait, and see `listener` for what must not be missed.
        """
        with self.listener(*topics) as bell:
            return await bell.wait(timeout)

    def listener(self, *topics: str) -> Listener:
        """For a loop: `with bell.listener("outbox") as heard: ... await heard.wait()`; a ring while it works is remembered."""
        return Listener(self, topics)

    async def _keep_connected(self) -> None:
        while True:
            try:
                await self._serve()
            except AWAY:
                self._connected.clear()
                await asyncio.sleep(POLL)

    async def _serve(self) -> None:
        conn = await asyncpg.connect(self._dsn, server_settings={"application_name": "hub_doorbell"}, timeout=10)
        lost = asyncio.Event()

        def cut(_conn: Any) -> None:
            lost.set()
            self._pressed.set()

        conn.add_termination_listener(cut)
        try:
            await conn.add_listener(CHANNEL, self._hear)
            self._connected.set()
            while not lost.is_set():
                await self._pressed.wait()
                self._pressed.clear()
                if self._rung and not lost.is_set():
                    topics, self._rung = self._rung, set()
                    await conn.execute("SELECT pg_notify($1, $2)", CHANNEL, ",".join(sorted(topics)))
                    await asyncio.sleep(self._pause)
            self._connected.clear()
        finally:
            conn.terminate()

    def _hear(self, _conn: Any, _pid: int, _channel: str, payload: Any) -> None:
        self._wake(str(payload).split(","))

    def _wake(self, topics: Iterable[str]) -> None:
        for topic in topics:
            for event in self._heard.get(topic, ()):
                event.set()


class Listener:
    """Remembers rings of its topics from `with` on."""

    def __init__(self, bell: Doorbell, topics: tuple[str, ...]) -> None:
        self._bell = bell
        self._topics = topics
        self._event = asyncio.Event()

    def __enter__(self) -> Self:
        for topic in self._topics:
            self._bell._heard.setdefault(topic, set()).add(self._event)  # noqa: SLF001 - two halves of one thing
        return self

    def __exit__(self, *_: object) -> None:
        for topic in self._topics:
            self._bell._heard[topic].discard(self._event)  # noqa: SLF001 - two halves of one thing

    def poke(self) -> None:
        """As if it had rung, for this listener alone."""
        self._event.set()

    async def wait(self, timeout: float = POLL) -> bool:  # noqa: ASYNC109 - the poll is the point
        """True: rung since the last wait. False: the time has passed."""
        try:
            await asyncio.wait_for(self._event.wait(), timeout)
        except TimeoutError:
            return False
        self._event.clear()
        return True
