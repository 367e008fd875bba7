"""100 units and 160 buyers: exactly 100 are sold, from one process or two, and also when one of them is killed in the middle."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from hub import inventory, ledger
from hub.kit.db import Database
from tests.depot import Depot, new_depot
from tests.inventory.buyers import buy

ROOT = Path(__file__).resolve().parents[2]
UNITS, BUYERS = 100, 160


async def check_sold(depot: Depot) -> None:
    """Every unit is promised once, everybody else waits, and the books agree."""
    assert await depot.level("CAJ", "A") == (UNITS, UNITS)
    [[sold]] = await depot.rows("SELECT sum(assigned)::int FROM fulfillment_lines")
    [[orders]] = await depot.rows("SELECT count(*)::int FROM orders")
    [[waiting]] = await depot.rows("SELECT count(*)::int FROM order_holds WHERE kind = 'STOCK' AND released_at IS NULL")
    assert (sold, orders, waiting) == (UNITS, BUYERS, BUYERS - UNITS)
    [[reserved]] = await depot.rows("SELECT sum(reserved)::int FROM order_lines")
    assert reserved == UNITS
    async with depot.db.unit(tenant=1, actor="test") as tx:
        assert await inventory.faults(tx) == []
        assert (await ledger.verify(tx))[1] == []


async def test_many_pools_of_one_process(db: Database) -> None:
    depot = await new_depot(db)
    await depot.stock({("CAJ", "A"): UNITS})
    async with AsyncExitStack() as stack:
        pools = [await Database(db.dsn, app_size=3).open() for _ in range(3)]
        for pool in pools:
            stack.push_async_callback(pool.close)
        await asyncio.gather(*(buy(pool, range(n, BUYERS, 3)) for n, pool in enumerate(pools)))
    await check_sold(depot)


async def test_buyers_in_batches_compete_with_single_ones(db: Database) -> None:
    depot = await new_depot(db)
    await depot.stock({("CAJ", "A"): UNITS})

    async def batch() -> None:
        async with depot.reactor.unit(tenant=1, actor="batch", now=depot.now) as tx:
            from hub.flows import capture

            drafts = [depot.incoming(depot.draft(f"batch-{n}", {"A": 1})) for n in range(80)]
            await capture(tx, drafts, depot.reactor.deps)

    await asyncio.gather(batch(), buy(db, range(80)))
    await check_sold(depot)


@pytest.mark.slow
async def test_two_processes_one_killed_in_the_middle(db: Database) -> None:
    depot = await new_depot(db)
    await depot.stock({("CAJ", "A"): UNITS})
    victim, mate = await _start(db.dsn, 0, 80), await _start(db.dsn, 80, 80)
    assert victim.stdout is not None
    for _ in range(20):
        assert await victim.stdout.readline()
    os.kill(victim.pid, signal.SIGKILL)
    assert await victim.wait() == -signal.SIGKILL
    assert await mate.wait() == 0
    [[before]] = await depot.rows("SELECT count(*)::int FROM orders")
    assert 100 <= before < BUYERS
    again = await _start(db.dsn, 0, 80)  # the same buyers come again: those that were served are not served twice
    assert await again.wait() == 0
    await check_sold(depot)


async def _start(dsn: str, first: int, count: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.inventory.buyers",
        dsn,
        str(first),
        str(count),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
