"""The worker: everything handled once, poison parked alone, takeover, drain, fairness, probes; a worker killed with SIGKILL."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from hub import outbox
from hub.kit.db import Database, Tx
from hub.kit.doorbell import Doorbell
from hub.kit.lane import QueueWork, next_size
from hub.kit.lease import Leased, LeaseLost, Settled, complete, reap
from hub.kit.work import Worker
from hub.outbox import Report
from tests.queues import delivery, make_due, make_stale, owe, take
from tests.waiting import until

Q = outbox.QUEUE
ROOT = Path(__file__).resolve().parents[2]


async def finish(db: Database, rows: list[Leased]) -> None:
    async with db.unit(tenant=rows[0].tenant, actor="test") as tx:
        await complete(tx.conn, Q, rows)


def work(handle: Callable[[list[Leased]], Awaitable[None]], **given: Any) -> QueueWork:
    return QueueWork(queue=Q, handle=handle, **given)


async def count(db: Database, table: str, where: str = "true") -> int:
    return int(await db.worker.fetchval(f"SELECT count(*) FROM {table} WHERE {where}"))  # noqa: S608 - written in tests


async def test_everything_is_handled_once_by_three_workers(db: Database) -> None:
    for tenant in (1, 2, 3):
        await owe(db, [delivery(ordering_key=f"k{n % 20}" if n % 2 else None) for n in range(200)], tenant=tenant)
    seen: Counter[UUID] = Counter()

    async def handle(rows: list[Leased]) -> None:
        assert len({r.tenant for r in rows}) == 1
        await finish(db, rows)
        seen.update(r.id for r in rows)

    workers = [Worker(db, [work(handle)]) for _ in range(3)]
    running = [asyncio.create_task(w.run()) for w in workers]
    await until(lambda: len(seen) == 600)
    for worker in workers:
        worker.stop()
    await asyncio.gather(*running)
    assert set(seen.values()) == {1}
    assert (await count(db, "outbox"), await count(db, "outbox_done")) == (0, 600)


async def test_poison_is_parked_alone_and_told(db: Database) -> None:
    await owe(db, [delivery(payload={"n": n}) for n in range(60)])
    told: list[Settled] = []

    async def handle(rows: list[Leased]) -> None:
        async with db.unit(tenant=1, actor="test") as tx:
            await complete(tx.conn, Q, rows)
            await tx.conn.fetch("SELECT 1 / (x - 13) FROM unnest($1::int[]) x", [r.row["payload"]["n"] for r in rows])

    async def parked(tx: Tx, settled: Sequence[Settled]) -> None:
        told.extend(settled)

    worker = Worker(db, [work(handle, parked=parked)])
    await worker.run_until_idle()
    assert (await count(db, "outbox"), await count(db, "outbox_done")) == (1, 59)
    for _ in range(7):
        assert told == []
        await make_due(db, Q)
        assert await worker.run_until_idle() == 1
    (settled,) = told
    assert settled.leased.row["payload"] == {"n": 13}
    assert settled.failure.error == "DivisionByZeroError: division by zero"
    assert await count(db, "outbox", "state = 3 AND attempts = 8 AND last_error LIKE 'Division%'") == 1


async def test_what_a_handler_had_finished_before_it_failed_is_not_handed_to_it_again(db: Database) -> None:
    await owe(db, [delivery(payload={"n": n}) for n in range(10)])
    seen: Counter[int] = Counter()

    async def handle(rows: list[Leased]) -> None:
        for row in rows:
            n = row.row["payload"]["n"]
            seen[n] += 1
            if n == 6:
                raise ValueError(n)
            await finish(db, [row])

    await Worker(db, [work(handle)]).run_until_idle()
    assert {n: times for n, times in seen.items() if n != 6} == dict.fromkeys([*range(6), *range(7, 10)], 1)
    assert await count(db, "outbox") == 1


async def test_a_collision_is_tried_again_before_anything_is_split(db: Database) -> None:
    await owe(db, [delivery() for _ in range(4)])
    sizes: list[int] = []

    async def handle(rows: list[Leased]) -> None:
        sizes.append(len(rows))
        if len(sizes) < 3:
            raise asyncpg.DeadlockDetectedError
        await finish(db, rows)

    await Worker(db, [work(handle)]).run_until_idle()
    assert sizes == [4, 4, 4]


async def test_a_row_that_kills_its_worker_each_time_is_parked_before_the_ninth(db: Database) -> None:
    await owe(db, [delivery()])
    for _ in range(8):
        assert len(await take(db)) == 1
        await make_stale(db, Q)
        await reap(db, Q)
    handled: list[Leased] = []
    told: list[Settled] = []

    async def handle(rows: list[Leased]) -> None:
        handled.extend(rows)

    async def parked(tx: Tx, settled: Sequence[Settled]) -> None:
        told.extend(settled)

    await Worker(db, [work(handle, parked=parked)]).run_until_idle()
    assert handled == []
    assert [s.failure.error for s in told] == ["worker died or stalled"]
    assert await count(db, "outbox", "state = 3") == 1


async def test_slow_handlers_keep_their_leases(db: Database) -> None:
    await owe(db, [delivery() for _ in range(3)])
    handled: list[Leased] = []
    finished = 0

    async def handle(rows: list[Leased]) -> None:
        nonlocal finished
        handled.extend(rows)
        await asyncio.sleep(1.2)
        await finish(db, rows)
        finished += len(rows)

    lease = timedelta(seconds=0.4)
    workers = [Worker(db, [work(handle)], lease=lease, reap_every=0.1) for _ in range(2)]
    running = [asyncio.create_task(w.run()) for w in workers]
    await until(lambda: finished == 3)
    for worker in workers:
        worker.stop()
    await asyncio.gather(*running)
    assert len(handled) == 3


async def test_a_handler_whose_rows_were_taken_away_is_cancelled(db: Database) -> None:
    await owe(db, [delivery()])
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def handle(rows: list[Leased]) -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    worker = Worker(db, [work(handle)], lease=timedelta(seconds=0.6))
    running = asyncio.create_task(worker.run())
    await started.wait()
    await db.worker.execute("UPDATE outbox SET owner = gen_random_uuid(), lease_until = now() + interval '1 h'")
    await asyncio.wait_for(cancelled.wait(), 20)
    worker.stop()
    await running
    assert await count(db, "outbox", "state = 1") == 1


async def test_stopping_finishes_what_is_quick_and_gives_back_the_rest_untried(db: Database) -> None:
    await owe(db, [delivery("quick"), delivery("slow", kind="slow")])
    started = asyncio.Event()

    async def handle(rows: list[Leased]) -> None:
        if any(r.row["destination"] == "slow" for r in rows) and len(rows) == 1:
            started.set()
            await asyncio.sleep(60)
        if len(rows) > 1:
            raise ValueError
        await finish(db, rows)

    worker = Worker(db, [work(handle)], drain=0.1)
    running = asyncio.create_task(worker.run())
    await started.wait()
    worker.stop()
    await running
    assert await count(db, "outbox_done", "destination = 'quick'") == 1
    assert await count(db, "outbox", "state = 0 AND attempts = 0 AND destination = 'slow'") == 1
    await owe(db, [delivery()])
    assert await count(db, "outbox", "state = 1") == 0


async def test_a_tenant_with_a_flood_does_not_starve_the_others(db: Database) -> None:
    await owe(db, [delivery() for _ in range(1500)], tenant=1)
    await owe(db, [delivery() for _ in range(3)], tenant=2)
    order: list[int] = []

    async def handle(rows: list[Leased]) -> None:
        order.extend(r.tenant for r in rows)
        await finish(db, rows)

    await Worker(db, [work(handle, concurrency=1)]).run_until_idle()
    assert len(order) == 1503
    assert max(i for i, tenant in enumerate(order) if tenant == 2) < 100


async def test_a_slow_destination_holds_no_slot_that_another_needs(db: Database) -> None:
    """It has far more to send than all slots could hold; what is quick goes out all the same, before any of it is answered."""
    await owe(db, [delivery("slow") for _ in range(40)])
    answered, gone = asyncio.Event(), list[str]()

    async def handle(rows: list[Leased]) -> None:
        (destination,) = {r.row["destination"] for r in rows}
        if destination == "slow":
            await answered.wait()
        gone.extend(destination for _ in rows)
        await finish(db, rows)
        if gone.count("quick") == 30:
            answered.set()

    worker = Worker(db, [work(handle, batch=5, concurrency=4, each=2)])
    running = asyncio.create_task(worker.run())
    for _ in range(30):
        await owe(db, [delivery("quick")])
        await asyncio.sleep(0)
    await asyncio.wait_for(answered.wait(), 60)
    assert "slow" not in gone[:30]
    worker.stop()
    await running


async def test_an_open_destination_gets_one_probe(db: Database) -> None:
    await owe(db, [delivery("a") for _ in range(5)])
    async with db.unit(tenant=1, actor="test") as tx:
        await outbox.report(tx, [Report(destination="a", ok=False)] * 5)
    seen: list[int] = []

    async def handle(rows: list[Leased]) -> None:
        seen.append(len(rows))
        async with db.unit(tenant=1, actor="test") as tx:
            await complete(tx.conn, Q, rows)
            await outbox.report(tx, [Report(destination="a", ok=True)])

    async def skip() -> list[str]:
        return await outbox.open_destinations(db)

    async def probes() -> list[tuple[int, str]]:
        return await outbox.probes(db)

    worker = Worker(db, [work(handle, skip=skip, probes=probes)])
    assert await worker.run_until_idle() == 0
    await db.worker.execute("UPDATE destination_state SET open_until = now()")
    assert await worker.run_until_idle() == 5
    assert seen == [1, 4]


async def test_a_ring_wakes_a_worker_of_another_process(db: Database) -> None:
    done = asyncio.Event()

    async def handle(rows: list[Leased]) -> None:
        await finish(db, rows)
        done.set()

    here, there = await Doorbell(db.dsn).open(), await Doorbell(db.dsn).open()
    worker = Worker(db, [work(handle)], bell=there)
    running = asyncio.create_task(worker.run())
    try:
        await there.connected()
        await here.connected()
        await owe(db, [delivery()])
        here.ring("outbox")
        await asyncio.wait_for(done.wait(), 20)
    finally:
        worker.stop()
        await running
        await here.close()
        await there.close()
    assert await count(db, "outbox") == 0


def test_batches_grow_while_quick_and_shrink_when_slow() -> None:
    assert next_size(50, rows=50, seconds=0.1, most=200) == 100
    assert next_size(150, rows=150, seconds=0.1, most=200) == 200
    assert next_size(50, rows=10, seconds=0.1, most=200) == 50
    assert next_size(50, rows=50, seconds=0.5, most=200) == 50
    assert next_size(50, rows=50, seconds=1.5, most=200) == 25
    assert next_size(1, rows=1, seconds=9.0, most=200) == 1


CHILD = """
import asyncio, sys
from hub import outbox
from hub.kit.db import Database
from hub.kit.lane import QueueWork
from hub.kit.lease import complete
from hub.kit.work import Worker

async def main():
    db = await Database(sys.argv[1]).open()
    async def handle(rows):
        async with db.unit(tenant=rows[0].tenant, actor="child") as tx:
            await complete(tx.conn, outbox.QUEUE, rows)
            print("holding", flush=True)
            await asyncio.sleep(60)
    await Worker(db, [QueueWork(queue=outbox.QUEUE, handle=handle)]).run()

asyncio.run(main())
"""


async def test_a_killed_workers_rows_are_taken_over(db: Database) -> None:
    """SIGKILL in the middle of an uncommitted completion: the effect is gone, the row is done by another one, once."""
    await owe(db, [delivery() for _ in range(3)])
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, db.dsn, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        assert await asyncio.wait_for(child.stdout.readline(), 30) == b"holding\n"
        os.kill(child.pid, signal.SIGKILL)
        await child.wait()
    finally:
        if child.returncode is None:
            child.kill()
    await make_stale(db, Q)  # waits until the server has noticed the dead client and rolled back
    handled: list[Leased] = []

    async def handle(rows: list[Leased]) -> None:
        handled.extend(rows)
        await finish(db, rows)

    worker = Worker(db, [work(handle)])
    await worker._reap()
    await worker.run_until_idle()
    assert [r.attempts for r in handled] == [2, 2, 2]
    assert (await count(db, "outbox"), await count(db, "outbox_done")) == (0, 3)


async def test_losing_a_single_row_is_no_failure_of_it(db: Database) -> None:
    await owe(db, [delivery()])

    async def handle(rows: list[Leased]) -> None:
        raise LeaseLost(lost=1)

    await Worker(db, [work(handle)]).run_until_idle()
    assert await count(db, "outbox", "state = 1 AND last_error IS NULL") == 1
