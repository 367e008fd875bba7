"""One tailer a process; subscribers of the same watch share one execution, each event is encoded once and handed to all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable
from contextlib import suppress

import asyncpg

from hub.kit.errors import HubError
from schema.live.cursors import Place
from schema.live.events import Watch
from schema.live.ledger import Fact, Ledger

QUEUE = 1_000
log = logging.getLogger("hub.schema.live")
_AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, HubError)


class Subscriber:
    """A bounded queue. `ended` says why nothing more comes: too slow, or an error."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[tuple[Place, bytes] | None] = asyncio.Queue(QUEUE + 1)
        self.slow = False
        self.error: BaseException | None = None
        self.closed = False

    def offer(self, item: tuple[Place, bytes]) -> bool:
        """False when the queue is full: the subscriber is dropped and told where to resume."""
        if self.queue.qsize() >= QUEUE:
            self.end(slow=True)
            return False
        self.queue.put_nowait(item)
        return True

    def end(self, *, slow: bool = False, error: BaseException | None = None, closed: bool = False) -> None:
        self.slow, self.error, self.closed = slow, error, closed
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)


class Stream:
    """All subscribers of one watch."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.subscribers: set[Subscriber] = set()

    async def carry(self, facts: list[Fact], epoch: str) -> None:
        try:
            events = await self.watch.events(facts, epoch)
        except _AWAY as error:
            log.warning("a live stream ends: %.300s", error)
            for subscriber in self.subscribers:
                subscriber.end(error=error)
            self.subscribers.clear()
            return
        for event in events:
            for subscriber in list(self.subscribers):
                if not subscriber.offer(event):
                    self.subscribers.discard(subscriber)


class Streams:
    """The tailer and what it feeds."""

    def __init__(self, ledger: Ledger, poll: float) -> None:
        self.ledger, self.poll = ledger, poll
        self.streams: dict[Hashable, Stream] = {}
        self.place: Place | None = None
        self.started = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self, doorbell: asyncio.Event) -> None:
        """Begin to follow the ledger from its present end; `doorbell` is rung when facts may have come, and belongs to us alone."""
        self._task = asyncio.create_task(self._follow(doorbell), name="ledger tailer")

    async def stop(self) -> None:
        """End the tailer and every stream: clients reconnect elsewhere."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        for stream in self.streams.values():
            for subscriber in stream.subscribers:
                subscriber.end(closed=True)
            stream.subscribers.clear()
        self.streams.clear()

    async def _follow(self, doorbell: asyncio.Event) -> None:
        while True:
            try:
                if self.place is None:
                    self.place = await self.ledger.end()
                    self.started.set()
                full = await self._step()
            except _AWAY as error:
                log.warning("the ledger cannot be followed just now: %.300s", error)
                await asyncio.sleep(self.poll)
                continue
            if not full:
                with suppress(TimeoutError):
                    await asyncio.wait_for(doorbell.wait(), self.poll)
                doorbell.clear()

    async def _step(self) -> bool:
        """Carry what is new; True when there may be more at once."""
        if self.place is None:
            return False
        facts = await self.ledger.after(self.place)
        if not facts:
            return False
        tenants: dict[int, list[Fact]] = {}
        for fact in facts:
            tenants.setdefault(fact.tenant, []).append(fact)
        concerned = [
            (s, tenants[t])
            for s in self.streams.values()
            if s.subscribers and (t := s.watch.asked.me.tenant) in tenants
        ]
        # The place moves first: who subscribes while events are being made is told from here on by the replay.
        self.place = facts[-1].place
        await asyncio.gather(*(stream.carry(mine, self.ledger.epoch) for stream, mine in concerned))
        return True

    def join(self, key: Hashable, watch: Watch) -> tuple[Stream, Subscriber]:
        stream = self.streams.get(key)
        if stream is None:
            stream = self.streams[key] = Stream(watch)
        subscriber = Subscriber()
        stream.subscribers.add(subscriber)
        return stream, subscriber

    def leave(self, key: Hashable, stream: Stream, subscriber: Subscriber) -> None:
        stream.subscribers.discard(subscriber)
        if not stream.subscribers and self.streams.get(key) is stream:
            del self.streams[key]
