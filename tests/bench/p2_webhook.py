"""P2: signed webhooks to the durable inbox, answered; alone, and 200 notices a second with a worker that has more than it can do."""

from __future__ import annotations

import itertools
import secrets

from tests.bench import bodies
from tests.bench.ceilings import ceiling
from tests.bench.client import Load, Target, load, steady
from tests.bench.line import line, measured
from tests.bench.stand import Stand, standing

SECONDS = 3.0


async def main() -> None:
    async with standing() as stand:
        target = Target(f"{stand.base}/hooks/shopify/demo-shop", {})
        numbers = itertools.count(1_000_000)
        made = [bodies.notice(target.url, stand.company.shopify_secret, next(numbers)) for _ in range(400)]
        body = made[0].partition(b"\r\n\r\n")[2]

        async def run(n: int) -> Load:
            fresh = [
                bodies.notice(target.url, stand.company.shopify_secret, next(numbers))
                for _ in range(60_000 if n else 12_000)
            ]
            return await load(
                target, lambda k: fresh[k], lambda s, _b: s == 200, clients=64, seconds=SECONDS if n else 1.0
            )

        most = await ceiling(stand, "keep", lambda t, _n: t.request(body), clients=64)
        found = await measured(run, stand.roots)
        line(
            "P2",
            "signed webhook to durable inbox, answered",
            found,
            clients=64,
            orders=0,
            ceiling=most.rate,
            goal=">= 5000/s a process, p99 < 50 ms",
            met=found.rate >= 5000 and found.p99 < 50,
            body_bytes=len(body),
        )
        await _under_load(stand, target)


async def _under_load(stand: Stand, target: Target) -> None:
    """The inbox is full from the runs before; the worker is never done."""
    first = 90_000_000 + secrets.randbelow(1_000_000)
    await stand.work()
    worst: list[float] = []

    async def run(n: int) -> Load:
        done = await steady(
            target,
            lambda k: bodies.notice(target.url, stand.company.shopify_secret, first + n * 100_000 + k),
            lambda s, _b: s == 200,
            rate=200,
            seconds=4,
        )
        worst.append(done.times[-1])
        return done

    found = await measured(run, stand.roots)
    line(
        "P2",
        "200 notices a second with the worker saturated",
        found,
        clients=64,
        orders=await stand.orders(),
        ceiling=None,
        goal="never above 500 ms",
        met=max(worst[1:]) <= 500,
        worst_ms=round(max(worst[1:]), 1),
    )
