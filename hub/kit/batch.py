"""Group commit: concurrent short writes wait for the flush in progress and then go together as one batch.
A lone request waits for nobody. Each caller gets its own outcome.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

import asyncpg

from hub.kit.db import Unavailable
from hub.kit.errors import HubError

Key = TypeVar("Key", bound=Hashable)
In = TypeVar("In")
Out = TypeVar("Out")

MOST_ITEMS = 500
MOST_BYTES = 1 << 20
PAUSE, PAUSES = 0.001, 5  # seconds, and how many of them
RETRIES = 3
AWAY = (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError)
COLLIDED = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)


class Closing(HubError):
    """This process is shutting down; ask another one."""

    code: ClassVar[str] = "SHUTTING_DOWN"


@dataclass(slots=True, eq=False)
class _Waiting(Generic[In, Out]):
    item: In
    size: int
    answer: asyncio.Future[Out] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)
            self.answer.exception()  # looked at: a caller that went away leaves no warning behind


class Batcher(Generic[In, Out]):
    """Collects the items of one command of one tenant. `run` does a list of them in one transaction and answers for each
    with a value or, where it was refused without harm to the others, with the `HubError`.
    """

    def __init__(
        self,
        run: Callable[[list[In]], Awaitable[Sequence[Out | HubError]]],
        *,
        most_items: int = MOST_ITEMS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._run = run
        self._most_items = most_items
        self._most_bytes = most_bytes
        self._queue: deque[_Waiting[In, Out]] = deque()
        self._flushing: asyncio.Task[None] | None = None
        self._closed = False
        self._last = 0  # how many went together before

    @property
    def idle(self) -> bool:
        return self._flushing is None

    async def submit(self, item: In, *, size: int = 0) -> Out:
        """The outcome of this item; its `HubError` is raised. `size`: bytes, for the limit of a batch.
        A caller that goes away does not take its item along.
        """
        if self._closed:
            raise Closing
        waiting: _Waiting[In, Out] = _Waiting(item=item, size=size)
        self._queue.append(waiting)
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        return await asyncio.shield(waiting.answer)

    async def close(self) -> None:
        """Refuse what is new, finish what has been taken."""
        self._closed = True
        if self._flushing is not None:
            await self._flushing

    async def _flush(self) -> None:
        try:
            while self._queue:
                await self._company()
                batch = self._next()
                self._last = len(batch)
                await self._settle(batch)
        finally:
            self._flushing = None

    async def _company(self) -> None:
        """Those who were answered together come again together: while they still come, the first is not sent ahead alone."""
        seen = 0
        for _ in range(PAUSES):
            if not seen < len(self._queue) < self._last:
                return
            seen = len(self._queue)
            await asyncio.sleep(PAUSE)

    def _next(self) -> list[_Waiting[In, Out]]:
        batch = [self._queue.popleft()]
        size = batch[0].size
        while self._queue and len(batch) < self._most_items and size + self._queue[0].size <= self._most_bytes:
            size += self._queue[0].size
            batch.append(self._queue.popleft())
        return batch

    async def _settle(self, batch: list[_Waiting[In, Out]]) -> None:
        """All of them, else halves of them, down to the single one that gets the error."""
        try:
            outcomes = await self._patiently([w.item for w in batch])
        except AWAY as error:  # the fate of the commit is unknown: trying again might do it twice
            for waiting in batch:
                waiting.fail(_unavailable(error))
        except Exception as error:  # noqa: BLE001 - whatever broke is told to the caller whose item broke it
            if len(batch) == 1:
                batch[0].fail(error)
                return
            half = len(batch) // 2
            await self._settle(batch[:half])
            await self._settle(batch[half:])
        except BaseException as error:
            for waiting in (*batch, *self._queue):
                waiting.fail(_unavailable(error))
            raise
        else:
            for waiting, outcome in zip(batch, outcomes, strict=True):
                if isinstance(outcome, HubError):
                    waiting.fail(outcome)
                elif not waiting.answer.done():
                    waiting.answer.set_result(outcome)

    async def _patiently(self, items: list[In]) -> Sequence[Out | HubError]:
        for attempt in range(RETRIES):
            try:
                return await self._run(items)
            except COLLIDED:
                await asyncio.sleep(0.005 * 2**attempt * random.uniform(0.5, 1.5))
        return await self._run(items)


def _unavailable(cause: BaseException) -> Unavailable:
    error = Unavailable()
    error.__cause__ = cause
    return error


class Batchers(Generic[Key, In, Out]):
    """A batcher per key, (tenant, command), made when first asked for and dropped when idle."""

    def __init__(self, run: Callable[[Key, list[In]], Awaitable[Sequence[Out | HubError]]]) -> None:
        self._run = run
        self._open: dict[Key, Batcher[In, Out]] = {}
        self._closed = False

    async def submit(self, key: Key, item: In, *, size: int = 0) -> Out:
        if self._closed:
            raise Closing
        batcher = self._open.get(key)
        if batcher is None:
            batcher = self._open[key] = Batcher(lambda items: self._run(key, items))
        try:
            return await batcher.submit(item, size=size)
        finally:
            if batcher.idle and self._open.get(key) is batcher:
                del self._open[key]

    async def close(self) -> None:
        self._closed = True
        for batcher in list(self._open.values()):
            await batcher.close()
