"""P1: capture through GraphQL, three lines, idempotency key; 32 clients and one."""

from __future__ import annotations

import secrets

from tests.bench import bodies
from tests.bench.ceilings import ceiling
from tests.bench.client import Load, Target, load
from tests.bench.line import line, measured
from tests.bench.stand import standing

SECONDS = 4.0


async def capture(target: Target, *, clients: int, seconds: float) -> Load:
    """Captures of fresh names."""
    run = secrets.token_hex(4)
    return await load(
        target,
        lambda n: bodies.capture_three(target, run, n),
        bodies.captured,
        clients=clients,
        seconds=seconds,
    )


async def main() -> None:
    async with standing() as stand:
        target = stand.graphql()

        async def run(n: int, clients: int) -> Load:
            return await capture(target, clients=clients, seconds=SECONDS if n else 2.0)

        most = await ceiling(stand, "capture", lambda t, n: bodies.capture_three(t, secrets.token_hex(4), n))
        many = await measured(lambda n: run(n, 32), stand.roots)
        there = await stand.orders()
        goal = ">= 1500/s, <= 0.9 ms CPU an order, p99 <= 60 ms"
        line(
            "P1",
            "capture through GraphQL, 3 lines, approved, routed, reserved, pick order owed",
            many,
            clients=32,
            orders=there,
            ceiling=most.rate,
            goal=goal,
            met=many.rate >= 1500 and many.cpu_ms <= 0.9 and many.p99 <= 60,
        )
        least = await ceiling(
            stand, "capture", lambda t, n: bodies.capture_three(t, secrets.token_hex(4), n), clients=1
        )
        alone = await measured(lambda n: run(n, 1), stand.roots)
        line(
            "P1",
            "the same, one client",
            alone,
            clients=1,
            orders=there,
            ceiling=least.rate,
            goal="p50 <= 2.5 ms",
            met=alone.p50 <= 2.5,
        )
