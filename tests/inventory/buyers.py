"""Buyers of one unit each, many at once, in a process that a test may kill: `python -m tests.inventory.buyers DSN FIRST COUNT`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import asyncpg

from hub.flows import FLOWS, Reactor, capture
from hub.kit.db import Database
from tests.depot import Depot, deps

ATONCE = 8


async def buy(db: Database, numbers: Sequence[int], *, tell: bool = False) -> None:
    """An order of one unit of A for each number, in a unit of its own; tried again when the connection or a lock is lost."""
    async with db.unit(tenant=1, actor="buyer") as tx:
        shop = await tx.conn.fetchval("SELECT connection_id FROM connections WHERE code = 'shop'")
    depot = Depot(db=db, reactor=Reactor(db, deps(), FLOWS), nodes={}, wms=shop, shop=shop)
    gate = asyncio.Semaphore(ATONCE)

    async def one(number: int) -> None:
        draft = depot.draft(f"buyer-{number}", {"A": 1})
        async with gate:
            for attempt in range(5):
                try:
                    async with depot.reactor.unit(tenant=1, actor="buyer", now=datetime.now(UTC)) as tx:
                        await capture(tx, [depot.incoming(draft)], depot.reactor.deps)
                except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
                    if attempt == 4:
                        raise
                else:
                    break
        if tell:
            print(number, flush=True)  # noqa: T201 - the parent counts the lines

    await asyncio.gather(*(one(n) for n in numbers))


async def _main(dsn: str, first: int, count: int) -> None:
    db = await Database(dsn).open()
    try:
        await buy(db, range(first, first + count), tell=True)
    finally:
        await db.close()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
