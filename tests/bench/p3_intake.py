"""P3: from the inbox to "pick order owed", Shopify orders of three lines, one worker, as fast as it can."""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
import signal
import time
from collections.abc import Iterator

import asyncpg

from tests.bench import bodies
from tests.bench.ceilings import ceiling
from tests.bench.client import Failed, Load, Target, load
from tests.bench.line import line, measured
from tests.bench.stand import Stand, standing

WAITING, LONGEST = 1000, 60  # messages of one run, seconds
OWED = "SELECT count(*) FROM outbox WHERE kind = 'RequestPick'"


async def drained(stand: Stand, numbers: Iterator[int], conn: asyncpg.Connection[asyncpg.Record]) -> Load:
    """Fill the inbox while the worker is stopped, let it go on, wait for the last pick order."""
    target = Target(f"{stand.base}/hooks/shopify/demo-shop", {})
    before = int(await conn.fetchval(OWED))
    made = [bodies.notice(target.url, stand.company.shopify_secret, next(numbers)) for _ in range(WAITING)]
    os.kill(stand.workers[0], signal.SIGSTOP)
    await load(target, lambda n: made[n], lambda s, _b: s == 200, clients=32, seconds=60, most=WAITING)
    began = time.perf_counter()
    os.kill(stand.workers[0], signal.SIGCONT)
    while int(await conn.fetchval(OWED)) - before < WAITING:
        if time.perf_counter() - began > LONGEST:
            raise Failed("the worker does not come to an end")
        await asyncio.sleep(0.02)
    seconds = time.perf_counter() - began
    return Load(WAITING, seconds, [seconds * 1000 / WAITING])


async def main() -> None:
    async with standing() as stand:
        most = await ceiling(stand, "capture", lambda t, n: bodies.capture_three(t, secrets.token_hex(4), n))
        await stand.work()
        numbers = itertools.count(7_000_000)
        conn = await asyncpg.connect(stand.dsn)
        try:
            found = await measured(lambda _n: drained(stand, numbers, conn), stand.roots)
        finally:
            await conn.close()
        line(
            "P3",
            "inbox to pick order owed, Shopify orders of 3 lines, one worker; CPU with that of their webhooks",
            found,
            clients=1,
            orders=await stand.orders(),
            ceiling=most.rate,
            goal=">= 2000 orders/s",
            met=found.rate >= 2000,
        )
