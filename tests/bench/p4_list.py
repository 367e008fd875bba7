"""P4: a list of 50 orders with lines, addresses and fulfillments. P5: one order by its id."""

from __future__ import annotations

import secrets

from tests.bench import bodies
from tests.bench.ceilings import ceiling
from tests.bench.client import Load, load
from tests.bench.line import line, measured
from tests.bench.p1_capture import capture
from tests.bench.stand import Stand, standing

SECONDS = 3.0


async def filled(stand: Stand) -> list[str]:
    """Public ids of some orders; captures a few where there are none."""
    target = stand.graphql()
    if await stand.orders() < 200:
        await capture(target, clients=16, seconds=2.0)
    wire = await target.connect()
    _, body = await wire.ask(bodies.query(target, "{ orders(first: 100) { nodes { id } } }", {}))
    wire.close()
    return [part[:36].decode() for part in body.split(b'"id":"')[1:]]


async def page(stand: Stand) -> None:
    """The list."""
    target = stand.graphql()
    request = bodies.query(target, bodies.PAGE, {"first": 50})

    async def run(n: int) -> Load:
        return await load(target, lambda _k: request, bodies.answered, clients=8, seconds=SECONDS if n else 1.0)

    most = await ceiling(stand, "page", lambda t, _n: t.request(b"{}"), clients=8)
    found = await measured(run, stand.roots)
    line(
        "P4",
        "list of 50 orders with lines, addresses, fulfillments",
        found,
        clients=8,
        orders=await stand.orders(),
        ceiling=most.rate,
        goal=">= 1400/s, <= 0.9 ms CPU",
        met=found.rate >= 1400 and found.cpu_ms <= 0.9,
    )


async def one(stand: Stand, ids: list[str]) -> None:
    """By id, another one each time."""
    target = stand.graphql()
    requests = [bodies.query(target, bodies.ONE, {"id": i}) for i in ids]
    start = secrets.randbelow(len(ids))

    async def run(n: int) -> Load:
        return await load(
            target,
            lambda k: requests[(start + k) % len(requests)],
            bodies.answered,
            clients=32,
            seconds=SECONDS if n else 1.0,
        )

    most = await ceiling(
        stand, "one", lambda t, n: t.request(b'{"variables":{"id":"%b"}}' % ids[n % len(ids)].encode())
    )
    found = await measured(run, stand.roots)
    line(
        "P5",
        "one order by id with lines, address, fulfillments",
        found,
        clients=32,
        orders=await stand.orders(),
        ceiling=most.rate,
        goal=">= 5000/s, <= 0.3 ms CPU",
        met=found.rate >= 5000 and found.cpu_ms <= 0.3,
    )


async def main() -> None:
    async with standing() as stand:
        await filled(stand)
        await page(stand)
