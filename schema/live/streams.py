"""One tailer a process; subscribers of the same watch share one execution, each event is encoded once and handed to all."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Hashable

import asyncpg

from hub.kit import metrics
from hub.kit.clock import Clock, system_clock
from hub.kit.errors import HubError
from hub.kit.tasks import ended
from hub.ledger import Relayed
from schema.live.cursors import Place
from schema.live.events import Watch
from schema.live.ledger import BATCH, Fact, Ledger, fact_of

QUEUE = 1_000
TRANSPORTS = ("websocket", "sse", "multipart")
PATIENCE = 5  # with a relay, the ledger is asked that many times less often
log = logging.getLogger("hub.schema.live")
_AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, HubError)


class Subscriber:
    """A bounded queue. `slow`, `error`, `closed` say why nothing more comes."""

    __slots__ = ("closed", "error", "queue", "slow", "transport")

    def __init__(self, transport: str) -> None:
        self.transport = transport
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
        self.transports: Counter[str] = Counter()

    def add(self, subscriber: Subscriber) -> None:
        self.subscribers.add(subscriber)
        self.transports[subscriber.transport] += 1
        metrics.LIVE_SUBSCRIBERS.labels(subscriber.transport).inc()

    def discard(self, subscriber: Subscriber) -> None:
        if subscriber in self.subscribers:
            self.subscribers.discard(subscriber)
            self.transports[subscriber.transport] -= 1
            metrics.LIVE_SUBSCRIBERS.labels(subscriber.transport).dec()

    async def carry(self, facts: list[Fact], epoch: str) -> None:
        try:
            events = await self.watch.events(facts, epoch)
        except _AWAY as error:
            log.warning("a live stream ends: %.300s", error)
            for subscriber in list(self.subscribers):
                subscriber.end(error=error)
                self.discard(subscriber)
            return
        for event in events:
            for transport, count in self.transports.items():
                metrics.LIVE_EVENTS.labels(transport).inc(count)
            for slow in [s for s in self.subscribers if not s.offer(event)]:
                metrics.LIVE_DROPPED.labels(slow.transport).inc()
                self.discard(slow)


class Streams:
    """The tailer and what it feeds."""

    def __init__(self, ledger: Ledger, poll: float, clock: Clock = system_clock) -> None:
        self.ledger, self.poll, self._clock = ledger, poll, clock
        self.streams: dict[Hashable, Stream] = {}
        self.place: Place | None = None
        self.started = asyncio.Event()
        self._relayed: Relayed | None = None
        for transport in TRANSPORTS:  # zero is an answer too
            for metric in (metrics.LIVE_SUBSCRIBERS, metrics.LIVE_EVENTS, metrics.LIVE_DROPPED):
                metric.labels(transport)
        self._ask = True  # the ledger itself: at the start, after a gap, and when nothing was heard for long
        self._task: asyncio.Task[None] | None = None

    def start(self, doorbell: asyncio.Event, relayed: Relayed | None = None) -> None:
        """Begin to follow the ledger from its present end; `doorbell` is rung when facts may have come, and belongs to us alone.
        With `relayed`, notices are taken instead of reading, as long as they leave no gap.
        """
        self._relayed = relayed
        self._task = asyncio.create_task(self._follow(doorbell), name="ledger tailer")

    async def stop(self) -> None:
        """End the tailer and every stream: clients reconnect elsewhere."""
        if self._task is not None:
            await ended(self._task)
        for stream in self.streams.values():
            for subscriber in list(stream.subscribers):
                subscriber.end(closed=True)
                stream.discard(subscriber)
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
                self._ask = not await self._rung(doorbell)

    async def _rung(self, doorbell: asyncio.Event) -> bool:
        """Whether notices are to be looked at; False: ask the ledger."""
        try:
            await asyncio.wait_for(doorbell.wait(), self.poll if self._relayed is None else self.poll * PATIENCE)
        except TimeoutError:
            return False
        finally:
            doorbell.clear()
        return self._relayed is not None

    async def _next(self, place: Place) -> list[Fact]:
        if self._relayed is not None and not self._ask:
            told = self._relayed.take((place.xid, place.position), BATCH)
            if told is not None:
                return [fact_of(notice) for notice in told]
        return await self.ledger.after(place)

    async def _step(self) -> bool:
        """Carry what is new; True when there may be more at once."""
        if self.place is None:
            return False
        facts = await self._next(self.place)
        if not facts:
            metrics.LEDGER_LAG.set(0)
            return False
        metrics.LEDGER_LAG.set(max(0.0, (self._clock() - facts[0].at).total_seconds()))
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

    def join(self, key: Hashable, watch: Watch, transport: str) -> tuple[Stream, Subscriber]:
        stream = self.streams.get(key)
        if stream is None:
            stream = self.streams[key] = Stream(watch)
        subscriber = Subscriber(transport)
        stream.add(subscriber)
        return stream, subscriber

    def leave(self, key: Hashable, stream: Stream, subscriber: Subscriber) -> None:
        stream.discard(subscriber)
        if not stream.subscribers and self.streams.get(key) is stream:
            del self.streams[key]
