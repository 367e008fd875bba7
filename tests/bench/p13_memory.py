"""P13: what one process holds: fresh, after captures and lists, with a thousand sockets."""

from __future__ import annotations

import asyncio

from tests.bench import bodies
from tests.bench.client import load
from tests.bench.line import Figures, line
from tests.bench.p1_capture import capture
from tests.bench.p8_live import QUERY, closed
from tests.bench.proc import rss_mib
from tests.bench.sockets import subscribed
from tests.bench.stand import Stand, standing

GOAL = "<= 100 MiB a process after the runs, <= 150 MiB with 1,000 sockets"


def said(stand: Stand, what: str, pid: int, most: float, clients: int = 0) -> None:
    held = rss_mib([pid])
    found = Figures(0, 0, 0, 0, 0, held)
    line("P13", what, found, clients=clients, orders=0, ceiling=None, goal=GOAL, met=held <= most)


async def main() -> None:
    async with standing() as stand:
        await stand.work()
        await asyncio.sleep(3)
        web, worker = stand.web[0][0], stand.workers[0]
        said(stand, "web process, fresh", web, 100)
        said(stand, "worker, fresh", worker, 100)
        target = stand.graphql()
        await capture(target, clients=16, seconds=4.0)
        page = bodies.query(target, bodies.PAGE, {"first": 50})
        await load(target, lambda _n: page, bodies.answered, clients=8, seconds=3.0)
        await asyncio.sleep(2)
        said(stand, "web process after captures and lists", web, 100)
        said(stand, "worker after its queues", worker, 100)
        sockets = await subscribed(stand.base, stand.company.api_key, QUERY, 1_000, lambda _t: None)
        await asyncio.sleep(2)
        said(stand, "web process with 1,000 sockets", web, 150, clients=1_000)
        closed(sockets)
