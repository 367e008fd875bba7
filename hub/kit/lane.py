"""One queue's share of a worker: its turns of claiming, its running batches, and what becomes of a batch that fails."""

from __future__ import annotations

import asyncio
import functools
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg
import structlog

from hub.kit import metrics, telemetry
from hub.kit.db import Database, Tx, Unavailable
from hub.kit.doorbell import Doorbell
from hub.kit.lease import (
    TRIES,
    Failure,
    Leased,
    LeaseLost,
    Place,
    Queue,
    Settled,
    State,
    by_place,
    claim,
    due,
    fair,
    heartbeat,
    settle,
)
from hub.kit.parked import fingerprint

log = structlog.get_logger(__name__)

LIMIT = 60.0  # seconds in which a handler must finish
SLOW, QUICK = 1.0, 0.25  # seconds: a batch that takes longer is made smaller, a full one that takes less larger
COLLIDED = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
AWAY = (Unavailable, asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError)


def judge(leased: Leased, error: Exception) -> Failure:
    """The ordinary meaning of a handler's exception: try again after the back-off. A database that was away is no try."""
    row = leased.row
    source = str(row.get("kind") or row.get("topic") or leased.queue)
    return Failure(
        leased=leased,
        error=f"{type(error).__name__}: {error}"[:2000],
        fingerprint=fingerprint(source, type(error).__name__, str(error)),
        untried=isinstance(error, AWAY),
        after=timedelta(seconds=1),
    )


async def nobody_cares(tx: Tx, settled: Sequence[Settled]) -> None:
    """Parked rows are told to nobody."""


async def nothing() -> list[str]:
    return []


async def no_probes() -> list[tuple[int, str]]:
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueWork:
    """What is done with the rows of a queue.

    `handle` gets leased rows of one place (a tenant's queue; in the outbox one destination of it) and completes or settles each of
    them, in units of its own; it raises when it could not. `each`: how many batches of one place may be at work at once, so that a
    slow destination holds no slot that another one needs.
    `judge` says what its exception means for a single row. `parked` runs in the unit that parks rows: incident and fact.
    `skip`: destinations to leave alone; `probes`: (tenant, destination) that get one delivery though they are skipped.
    """

    queue: Queue
    handle: Callable[[list[Leased]], Awaitable[None]]
    batch: int = 200
    concurrency: int = 4
    each: int | None = None
    limit: float = LIMIT
    judge: Callable[[Leased, Exception], Failure] = judge
    parked: Callable[[Tx, Sequence[Settled]], Awaitable[None]] = nobody_cares
    skip: Callable[[], Awaitable[Collection[str]]] = nothing
    probes: Callable[[], Awaitable[Sequence[tuple[int, str]]]] = no_probes


def next_size(size: int, *, rows: int, seconds: float, most: int) -> int:
    """How many rows to take next, given how long the last ones took."""
    if seconds > SLOW:
        return max(1, min(size, rows) // 2)
    if seconds < QUICK and rows >= size:
        return min(most, size * 2)
    return size


class Lane:
    """The running state of one `QueueWork` in one worker."""

    def __init__(self, db: Database, work: QueueWork, *, owner: UUID, bell: Doorbell, lease: timedelta) -> None:
        self.work = work
        self.name = work.queue.name
        self._db = db
        self._owner = owner
        self._lease = lease
        self._heard = bell.listener(self.name)
        self._size = min(work.batch, 50)
        self._last_tenant = 0
        self._draining = False
        self._slots = asyncio.Semaphore(work.concurrency)
        self._batches: dict[asyncio.Task[None], list[Leased]] = {}
        self._at_work: Counter[Place] = Counter()
        self._missed: dict[asyncio.Task[None], int] = {}

    def poke(self) -> None:
        """Look for work now."""
        self._heard.poke()

    async def run(self) -> None:
        """Turns without end, until `drain`."""
        with self._heard:
            while not self._draining:
                try:
                    if not await self.turn():
                        await self._heard.wait()
                except Exception as error:  # noqa: BLE001 - the worker outlives whatever a turn of it meets
                    log.warning("A turn of the worker failed.", queue=self.name, error=str(error))
                    await asyncio.sleep(1)

    async def turn(self) -> int:
        """Claim once and start what was claimed; waits while all slots are taken. Returns how many rows were claimed."""
        while len(self._batches) >= self.work.concurrency:
            await asyncio.wait(set(self._batches), return_when=asyncio.FIRST_COMPLETED)
        if self._draining:
            return 0
        places = fair(await due(self._db, self.work.queue), self._last_tenant)
        if not places:
            return 0
        rows = await self._probe()
        skip = set(await self.work.skip())
        rows += await self._claim([p for p in places if p.destination not in skip and self._free(p)], self._size)
        served = {r.tenant for r in rows}
        self._last_tenant = next((p.tenant for p in reversed(places) if p.tenant in served), self._last_tenant)
        for place, batch in by_place(rows).items():
            task = asyncio.create_task(self._hold(batch))
            self._batches[task] = batch
            self._at_work[place] += 1
            task.add_done_callback(functools.partial(self._let_go, place))
        return len(rows)

    def _free(self, place: Place) -> bool:
        return self.work.each is None or self._at_work[place] < self.work.each

    async def _claim(self, places: Sequence[Place], limit: int) -> list[Leased]:
        return await claim(self._db, self.work.queue, self._owner, places, limit, lease=self._lease)

    async def _probe(self) -> list[Leased]:
        rows: list[Leased] = []
        for tenant, destination in await self.work.probes():
            rows += await self._claim([Place(tenant=tenant, destination=destination)], 1)
        return rows

    def _let_go(self, place: Place, task: asyncio.Task[None]) -> None:
        self._at_work -= Counter({place: 1})  # forgets a place with nothing at work
        self._batches.pop(task, None)
        self._missed.pop(task, None)
        self._heard.poke()  # what was behind these rows in their ordering keys may go now
        if not task.cancelled() and (error := task.exception()):
            log.error("A batch was left to its lease.", queue=self.name, error=f"{type(error).__name__}: {error}")

    async def finished(self) -> None:
        """Until nothing runs."""
        while self._batches:
            await asyncio.wait(set(self._batches))

    async def beat(self) -> None:
        """Prolong what is held. A batch none of whose rows is ours in two beats is cancelled: its effects could not commit."""
        ids = [r.id for rows in self._batches.values() for r in rows]
        held = await heartbeat(self._db, self.work.queue, self._owner, ids, lease=self._lease)
        for task, rows in list(self._batches.items()):
            self._missed[task] = 0 if any(r.id in held for r in rows) else self._missed.get(task, 0) + 1
            if self._missed[task] >= 2 and not task.done():
                log.warning("A batch had lost all its leases.", queue=self.name, rows=len(rows))
                task.cancel()

    async def drain(self, seconds: float) -> None:
        """Claim no more and let batches finish within that time; what is left is cancelled and given back as not tried."""
        self._draining = True
        self.poke()
        if self._batches:
            await asyncio.wait(set(self._batches), timeout=seconds)
        left = dict(self._batches)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for leased in await self._still_held([r for rows in left.values() for r in rows]):
            await self._give_back(Failure(leased=leased, untried=True))

    # -------------------------------------------------------------- one batch
    async def _hold(self, rows: list[Leased]) -> None:
        async with self._slots:
            spent = [r for r in rows if r.attempts > TRIES]
            for leased in spent:  # it killed or stalled its worker each time
                error = leased.row["last_error"] or "its worker died or stalled each time"
                await self._give_back(
                    Failure(leased=leased, error=error, park=True, fingerprint=f"{self.name}|WorkerDied")
                )
            if fresh := [r for r in rows if r.attempts <= TRIES]:
                began = time.monotonic()
                await self._handle(fresh)
                took = time.monotonic() - began
                metrics.BATCH_SIZE.labels(self.name).observe(len(fresh))
                metrics.BATCH_SECONDS.labels(self.name).observe(took)
                if self.work.each is None:  # else what takes long is the other side, whatever the batch
                    self._size = next_size(self._size, rows=len(fresh), seconds=took, most=self.work.batch)

    async def _handle(self, rows: list[Leased]) -> None:
        """All of them; if that fails those that are still ours in halves, down to the single one that is to blame."""
        try:
            await self._patiently(rows)
        except Exception as error:  # noqa: BLE001 - the worker loop: whatever a handler raises is judged, row by row
            left = await self._still_held(rows)
            if len(left) > 1 or len(left) < len(rows):
                half = len(left) // 2
                metrics.BATCH_SPLIT.labels(self.name).inc()
                for part in (left[:half], left[half:]):
                    if part:
                        await self._handle(part)
            elif left and not isinstance(error, LeaseLost):
                await self._give_back(self.work.judge(left[0], error))

    async def _patiently(self, rows: list[Leased]) -> None:
        for attempt in range(3):
            try:
                await self._once(rows)
            except COLLIDED:
                await asyncio.sleep(0.005 * 2**attempt * random.uniform(0.5, 1.5))
                rows = await self._still_held(rows)
            else:
                return
        await self._once(rows)

    async def _once(self, rows: list[Leased]) -> None:
        metrics.KINDS.count(metrics.QUEUE_ATTEMPTS, self.name, [r.kind for r in rows])
        with telemetry.working(self.name, [r.row for r in rows]):
            async with asyncio.timeout(self.work.limit):
                await self.work.handle(rows)

    async def _still_held(self, rows: list[Leased]) -> list[Leased]:
        held = await heartbeat(self._db, self.work.queue, self._owner, [r.id for r in rows], lease=self._lease)
        return [r for r in rows if r.id in held]

    async def _give_back(self, failure: Failure) -> None:
        leased = failure.leased
        correlation = leased.row["correlation_id"]
        async with self._db.unit(tenant=leased.tenant, actor="system:worker", correlation_id=correlation) as tx:
            (settled,) = await settle(tx.conn, self.work.queue, [failure])
            if settled.state is State.PARKED:
                await self.work.parked(tx, [settled])
        log.info(
            "A row was given back.",
            action=f"{self.name}.{settled.state.lower()}",
            tenant=leased.tenant,
            id=leased.id,
            correlation_id=correlation,
            attempts=leased.attempts,
            error=failure.error,
        )
