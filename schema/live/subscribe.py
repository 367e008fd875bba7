"""A subscription as an iterator: first listen, then replay from the cursor, then drop from the queue what the replay covered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable
from dataclasses import dataclass
from typing import ClassVar

import orjson

from hub.kit import metrics
from hub.kit.db import Unavailable
from hub.kit.errors import HubError
from hub.ledger import Relayed
from schema.desk import Desk
from schema.errors import NotAuthenticated
from schema.live.cursors import Place, read_place
from schema.live.events import Watch
from schema.live.ledger import Ledger
from schema.live.streams import Stream, Streams, Subscriber
from schema.plan.arguments import resolved
from schema.plan.run import Asked, scope_of


@dataclass(frozen=True, slots=True)
class Event:
    """`cursor` None: no event of the ledger, an answer that came this way."""

    cursor: str | None
    payload: bytes


class SlowConsumer(HubError):
    """Read too slowly; resume after the given cursor."""

    code: ClassVar[str] = "SLOW_CONSUMER"
    after: str


class Closing(HubError):
    """The process ends; connect again."""

    code: ClassVar[str] = "UNAVAILABLE"


class Events:
    """The events of one subscriber. Must be closed, also when none was ever asked for."""

    def __init__(self, events: AsyncGenerator[Event, None], leave: Callable[[], None]) -> None:
        self._events, self._leave = events, leave

    def __aiter__(self) -> Events:
        return self

    async def __anext__(self) -> Event:
        return await anext(self._events)

    async def aclose(self) -> None:
        self._leave()
        await self._events.aclose()


class Live:
    """All subscriptions of the process."""

    def __init__(self, desk: Desk) -> None:
        deps = desk.deps
        self.desk = desk
        self.ledger = Ledger(deps.tail_pool, deps.settings.epoch)
        self.streams = Streams(self.ledger, deps.settings.poll, deps.clock)

    def start(self, doorbell: asyncio.Event, relayed: Relayed | None = None) -> None:
        self.streams.start(doorbell, relayed)

    async def stop(self) -> None:
        await self.streams.stop()

    async def subscribe(self, asked: Asked, transport: str, last_event_id: str | None = None) -> Events:
        """Checks rights, cost and cursor at once; the events come from the iterator, which must be closed."""
        watch = Watch(self.desk.reads, asked)
        after = last_event_id or resolved(watch.given.get("after"), asked.values)
        place = read_place(after, self.ledger.epoch) if after else None
        self.desk.throttle.take(asked.me, watch.cost)
        await asyncio.wait_for(self.streams.started.wait(), 10)
        if place is not None:
            await self.ledger.check(place)
        key = _shared(asked)
        stream, subscriber = self.streams.join(key, watch, transport)
        start = place or self.streams.place or Place(0, 0)
        return Events(
            self._events(stream, subscriber, start, replay=place is not None),
            lambda: self.streams.leave(key, stream, subscriber),
        )

    async def _events(
        self, stream: Stream, subscriber: Subscriber, start: Place, *, replay: bool
    ) -> AsyncGenerator[Event, None]:
        asked, epoch = stream.watch.asked, self.ledger.epoch
        last = start
        while replay:
            facts = await self.ledger.replay(asked.me.tenant, last)
            for place, body in await stream.watch.events(facts, epoch, last if last.xid >= 0 else None):
                last = place
                metrics.LIVE_EVENTS.labels(subscriber.transport).inc()
                yield Event(place.text(epoch), body)
            if facts:
                last = facts[-1].place
            replay = len(facts) > 0 and start.xid >= 0
        if last.xid < 0:
            last = Place(0, 0)
        while (item := await self._next(subscriber, asked)) is not None:
            if item[0] > last:
                last = item[0]
                yield Event(last.text(epoch), item[1])
        if subscriber.slow:
            raise SlowConsumer(after=last.text(epoch))
        if subscriber.error is not None:
            raise Unavailable from subscriber.error
        raise Closing

    async def _next(self, subscriber: Subscriber, asked: Asked) -> tuple[Place, bytes] | None:
        """The next item; `NotAuthenticated` when the proof has expired."""
        if asked.me.expires_at is None:
            return await subscriber.queue.get()
        left = (asked.me.expires_at - self.desk.deps.clock()).total_seconds()
        try:
            return await asyncio.wait_for(subscriber.queue.get(), max(left, 0))
        except TimeoutError as error:
            raise NotAuthenticated from error


def _shared(asked: Asked) -> Hashable:
    """Subscribers with the same key share one execution."""
    plain = {k: v for k, v in (asked.raw or {}).items() if k != "after"}
    name = asked.operation.name.value if asked.operation.name else None
    own = tuple(sorted((k, str(v)) for k, v in scope_of(asked.me).items()))
    variables = orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
    return (asked.me.tenant, asked.me.reader, own, asked.document.key, name, variables)
