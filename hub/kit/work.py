"""The worker: claims rows of the queues fairly over the tenants, hands them to their handlers in batches, keeps their leases alive,
finds the poison in a batch that fails, takes over from the dead, and drains on shutdown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog

from hub.kit.db import Database
from hub.kit.doorbell import Doorbell
from hub.kit.ids import new_id
from hub.kit.lane import Lane, QueueWork
from hub.kit.lease import LEASE, measure, reap
from hub.kit.tasks import ended

log = structlog.get_logger(__name__)

Chore = Callable[[], Awaitable[None]]
REAP_EVERY = 2.0  # seconds
MEASURE_EVERY = 15.0  # seconds
DRAIN = 20.0  # seconds that handlers get to finish


class Worker:
    """Everything that one process does for the queues. `run` until `stop`; or `run_until_idle` for a story with an end."""

    def __init__(
        self,
        db: Database,
        works: Sequence[QueueWork],
        *,
        bell: Doorbell | None = None,
        lease: timedelta = LEASE,
        reap_every: float = REAP_EVERY,
        drain: float = DRAIN,
    ) -> None:
        self.owner = new_id()
        self._db = db
        self._bell = bell or Doorbell(db.dsn)
        self._lease = lease
        self._reap_every = reap_every
        self._drain = drain
        self._stopping = asyncio.Event()
        self._lanes = [Lane(db, w, owner=self.owner, bell=self._bell, lease=lease) for w in works]

    async def run(self) -> None:
        """Work until `stop`; then finish what is at hand within the drain time and give back the rest untried."""
        lanes = [asyncio.create_task(lane.run()) for lane in self._lanes]
        chores = [asyncio.create_task(self._every(seconds, what)) for seconds, what in self._chores()]
        try:
            await self._stopping.wait()
        finally:
            await asyncio.gather(*(lane.drain(self._drain) for lane in self._lanes))
            await asyncio.gather(*lanes)
            await asyncio.gather(*(lane.drain(0) for lane in self._lanes))  # what a last turn had claimed meanwhile
            await ended(*chores)

    def stop(self) -> None:
        """Claim nothing more. `run` returns when all is finished or given back."""
        self._stopping.set()

    async def run_until_idle(self) -> int:
        """Work until nothing is due: rows that wait for a back-off or a later time are left. Returns how many were handled."""
        beat = asyncio.create_task(self._every(self._lease.total_seconds() / 3, self._beat))
        handled = 0
        try:
            while True:
                await self._reap()
                found = 0
                for lane in self._lanes:
                    found += await lane.turn()
                await asyncio.gather(*(lane.finished() for lane in self._lanes))
                handled += found
                if not found:
                    return handled
        finally:
            await ended(beat)

    def _chores(self) -> list[tuple[float, Chore]]:
        beat = self._lease.total_seconds() / 3
        return [(beat, self._beat), (self._reap_every, self._reap), (MEASURE_EVERY, self._measure)]

    async def _every(self, seconds: float, what: Chore) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await what()
            except Exception as error:  # noqa: BLE001 - the worker outlives whatever a round of it meets
                log.warning("A round of the worker failed.", error=str(error))

    async def _beat(self) -> None:
        for lane in self._lanes:
            await lane.beat()

    async def _reap(self) -> None:
        for lane in self._lanes:
            if taken := await reap(self._db, lane.work.queue):
                log.warning("Rows of a dead or stalled worker were taken over.", queue=lane.name, rows=len(taken))
                lane.poke()
                self._bell.ring(lane.name)

    async def _measure(self) -> None:
        for lane in self._lanes:
            await measure(self._db, lane.work.queue)
