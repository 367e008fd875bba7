"""A worker process: the three queues, partners' folders and servers, sweeps, monthly partitions."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import timedelta

from hub import inbox, outbox, timers
from hub.boot import Hub
from hub.boot.chores import every
from hub.boot.door import doors
from hub.boot.gauges import business, database
from hub.boot.names import name_segments
from hub.flows.clockwork import Clockwork
from hub.flows.expiry import Expiry
from hub.flows.fetch import Fetch
from hub.flows.folders import Folders
from hub.flows.parked import parked
from hub.flows.sweep import Sweep
from hub.kit.db import Tx
from hub.kit.lane import QueueWork
from hub.kit.lease import Settled, measure
from hub.kit.tasks import ended
from hub.kit.work import Worker
from hub.migrations import keep_partitions


def worker_of(hub: Hub) -> Worker:
    """The queues of one process with their handlers."""

    async def given_up(tx: Tx, settled: Sequence[Settled]) -> None:
        await parked(tx, settled, hub.data.deps)

    async def shut() -> Collection[str]:
        return await outbox.open_destinations(hub.db)

    async def probes() -> Sequence[tuple[int, str]]:
        return await outbox.probes(hub.db)

    return Worker(
        hub.db,
        [
            QueueWork(queue=inbox.QUEUE, handle=hub.intake.handle, parked=given_up),
            QueueWork(
                queue=outbox.QUEUE,
                handle=hub.deliver.handle,
                parked=given_up,
                batch=50,
                concurrency=32,
                each=2,
                skip=shut,
                probes=probes,
            ),
            QueueWork(queue=timers.QUEUE, handle=Clockwork(hub.reactor).handle, parked=given_up),
        ],
        bell=hub.bell,
    )


async def work(hub: Hub, *, stop: asyncio.Event, stable: timedelta = timedelta(seconds=5)) -> None:
    """Work until `stop` is set, then finish what is at hand. Where the settings say so, partners' folders have a door here."""
    async with doors(hub):
        await _work(hub, stop, stable)


async def _work(hub: Hub, stop: asyncio.Event, stable: timedelta) -> None:
    worker = worker_of(hub)
    plain = {name: f.adapter for name, f in hub.adapters.items()}
    folders = Folders(hub.db, hub.bell, hub.directory, plain, hub.data.deps.incidents, stable=stable)
    expiry = Expiry(hub.reactor, hub.directory, plain)
    fetch = Fetch(hub.db, hub.bell, hub.directory, plain, hub.guard.dial, hub.data.deps.incidents)
    sweep = Sweep(hub.db, hub.bell, hub.directory, plain, hub.post)
    chores = [
        asyncio.create_task(every(2, folders.look)),
        asyncio.create_task(every(30, sweep.look)),
        asyncio.create_task(every(5, lambda: _measure(hub))),
        asyncio.create_task(every(30, lambda: business(hub))),
        asyncio.create_task(every(60, lambda: database(hub))),
        asyncio.create_task(every(6 * 3600, lambda: _partitions(hub))),
        asyncio.create_task(every(5, fetch.look)),
        asyncio.create_task(every(6 * 3600, lambda: name_segments(hub.db))),
        asyncio.create_task(every(6 * 3600, expiry.look)),
    ]
    running = asyncio.create_task(worker.run())
    try:
        await stop.wait()
    finally:
        for chore in chores:
            chore.cancel()
        worker.stop()
        await running
        await ended(*chores)


async def _measure(hub: Hub) -> int:
    """Depth and age of the queues, for the metrics of this process."""
    for queue in (inbox.QUEUE, outbox.QUEUE, timers.QUEUE):
        await measure(hub.db, queue)
    return 0


async def _partitions(hub: Hub) -> int:
    await keep_partitions(hub.db.dsn, now=hub.db.clock())
    return 0
