"""P8: one fact to a thousand subscribers: from the commit to each client, deliveries a second, and what ten thousand sockets hold."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any
from uuid import UUID

from hub import ledger
from hub.kit.db import Database
from hub.kit.doorbell import Doorbell
from hub.ledger import Cause
from tests.bench.client import Load
from tests.bench.line import Figures, line
from tests.bench.p1_capture import capture
from tests.bench.proc import cpu_seconds, rss_mib
from tests.bench.sockets import Subscriber, subscribed
from tests.bench.stand import Stand, standing

QUERY = "subscription { orderChanged { cursor factType at order { id number state } } }"
SINGLE, BURST, MANY = 30, 40, 10_000
GOAL = "p99 <= 100 ms; >= 20000 deliveries/s a process; commit to client p50 <= 10 ms"


class Facts:
    """Writes facts about one order and rings, as a command would."""

    def __init__(self, db: Database, bell: Doorbell, tenant: int, order: UUID) -> None:
        self._db, self._bell, self._tenant, self._order = db, bell, tenant, order

    async def write(self, count: int = 1) -> float:
        """The moment of the commit."""
        async with self._db.unit(tenant=self._tenant, actor="bench") as tx:
            cause = Cause(tx.correlation_id, None)
            ledger.append(tx, [ledger.fact(tx, "order.noted", "order", self._order, {}, cause) for _ in range(count)])
        committed = time.perf_counter()
        self._bell.ring("ledger")
        return committed


class Arrivals:
    def __init__(self) -> None:
        self.times: list[float] = []
        self._wanted, self._reached = 0, asyncio.Event()

    def seen(self, now: float) -> None:
        self.times.append(now)
        if len(self.times) >= self._wanted:
            self._reached.set()

    async def all(self, count: int, seconds: float = 60) -> list[float]:
        """The next `count` arrivals."""
        self._wanted = count
        if len(self.times) < count:
            self._reached.clear()
            await asyncio.wait_for(self._reached.wait(), seconds)
        found, self.times = self.times, []
        return found


async def listening(facts: Facts, arrivals: Arrivals, clients: int) -> None:
    """Until a fact reaches all of them: a subscription is not confirmed by itself."""
    for _ in range(30):
        arrivals.times = []
        await facts.write()
        with suppress(TimeoutError):
            await arrivals.all(clients, 10)
            return
    raise TimeoutError(f"of {clients} subscribers only {len(arrivals.times)} answer")


async def one_fact(stand: Stand, facts: Facts, arrivals: Arrivals, clients: int) -> None:
    await listening(facts, arrivals, clients)
    took: list[float] = []
    before = cpu_seconds(stand.roots)
    began = time.perf_counter()
    for _ in range(SINGLE):
        committed = await facts.write()
        took += [(t - committed) * 1000 for t in await arrivals.all(clients)]
        await asyncio.sleep(0.05)
    load = Load(len(took), time.perf_counter() - began, sorted(took))
    shown(stand, "one fact to 1,000 subscribers, commit to client", clients, load, cpu_seconds(stand.roots) - before)


async def burst(stand: Stand, facts: Facts, arrivals: Arrivals, clients: int) -> None:
    """The median of three."""
    runs = []
    for _ in range(3):
        before, began = cpu_seconds(stand.roots), time.perf_counter()
        committed = await facts.write(BURST)
        arrived = await arrivals.all(clients * BURST)
        seconds, cpu = time.perf_counter() - began, cpu_seconds(stand.roots) - before
        runs.append((seconds, sorted((t - committed) * 1000 for t in arrived), cpu))
    seconds, took, cpu = sorted(runs, key=lambda r: r[0])[1]
    shown(stand, f"{BURST} facts at once to 1,000 subscribers", clients, Load(len(took), seconds, took), cpu)


def shown(stand: Stand, what: str, clients: int, load: Load, cpu_s: float) -> None:
    cpu = cpu_s * 1000 / load.done
    found = Figures(load.rate, load.at(0.5), load.at(0.95), load.at(0.99), cpu, rss_mib(stand.roots[:1]))
    single = what.startswith("one")
    met = load.at(0.99) <= 100 and load.at(0.5) <= 10 if single else load.rate >= 20_000
    line("P8", what, found, clients=clients, orders=0, ceiling=None, goal=GOAL, met=met)


async def many(stand: Stand, arrivals: Arrivals, facts: Facts, before: float) -> None:
    """Ten thousand sockets on one process: what each holds, and one fact to all of them."""
    sockets = await subscribed(stand.base, stand.company.api_key, QUERY, MANY, arrivals.seen)
    await listening(facts, arrivals, MANY)
    held = (rss_mib(stand.roots[:1]) - before) * 1024 / MANY
    began, cpu = time.perf_counter(), cpu_seconds(stand.roots)
    committed = await facts.write()
    took = [(t - committed) * 1000 for t in await arrivals.all(MANY)]
    load = Load(len(took), time.perf_counter() - began, sorted(took))
    cpu = (cpu_seconds(stand.roots) - cpu) * 1000 / len(took)
    found = Figures(load.rate, load.at(0.5), load.at(0.95), load.at(0.99), cpu, rss_mib(stand.roots[:1]))
    what = "one fact to 10,000 subscribers on one process; what each holds"
    line(
        "P8",
        what,
        found,
        clients=MANY,
        orders=0,
        ceiling=None,
        goal="<= 64 KiB each",
        met=held <= 64,
        kib_each=round(held, 1),
    )
    closed(sockets)


def closed(sockets: list[Subscriber]) -> None:
    for socket in sockets:
        socket.close()


async def first_order(stand: Stand) -> UUID:
    await capture(stand.graphql(), clients=1, seconds=0.5)
    db: Any = await Database(stand.dsn).open()
    try:
        async with db.unit(tenant=stand.company.tenant, actor="bench") as tx:
            found: UUID = await tx.conn.fetchval("SELECT order_id FROM orders LIMIT 1")
    finally:
        await db.close()
    return found


async def main() -> None:
    async with standing() as stand:
        order = await first_order(stand)
        db, bell = await Database(stand.dsn).open(), await Doorbell(stand.dsn).open()
        await bell.connected()
        facts, arrivals = Facts(db, bell, stand.company.tenant, order), Arrivals()
        before = rss_mib(stand.roots[:1])
        try:
            sockets = await subscribed(stand.base, stand.company.api_key, QUERY, 1_000, arrivals.seen)
            await one_fact(stand, facts, arrivals, 1_000)
            await burst(stand, facts, arrivals, 1_000)
            closed(sockets)
            await asyncio.sleep(2)
            await many(stand, arrivals, facts, before)
        finally:
            await bell.close()
            await db.close()
