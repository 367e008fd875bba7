"""Timers fire when due, late ones once; setting again moves, cancelling removes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from hub import timers
from hub.kit.clock import system_clock
from hub.kit.db import Database
from hub.kit.ids import new_id
from hub.kit.lease import LeaseLost, Place, due
from hub.timers import Timer
from tests.queues import take

SUBJECT = new_id()


def timer(at: datetime, **given: Any) -> Timer:
    plain: dict[str, Any] = {"kind": "hold.deadline", "subject_kind": "order", "subject_id": SUBJECT, "at": at}
    return Timer(**{**plain, **given})


async def put(db: Database, *given: Timer, tenant: int = 1) -> int:
    async with db.unit(tenant=tenant, actor="test") as tx:
        return await timers.set_timers(tx, given)


async def test_only_what_is_due_fires_and_a_late_one_fires_once(db: Database) -> None:
    now = system_clock()
    late = now - timedelta(days=2)
    assert await put(db, timer(late, payload={"n": 1}), timer(now + timedelta(hours=1))) == 2
    (row,) = await take(db, timers.QUEUE)
    seen = timers.fired(row)
    assert (seen.due_at, seen.payload, seen.subject_id) == (late, {"n": 1}, SUBJECT)
    async with db.unit(tenant=1, actor="test") as tx:
        await timers.complete(tx, [row])
    assert await take(db, timers.QUEUE) == []
    kept = await db.worker.fetchrow("SELECT outcome, late_ms FROM timers_done")
    assert kept is not None
    assert kept["outcome"] == "FIRED"
    assert kept["late_ms"] >= 2 * 86_400_000


async def test_a_tenant_with_nothing_due_is_not_visited(db: Database) -> None:
    await put(db, timer(system_clock() + timedelta(hours=1)), tenant=1)
    await put(db, timer(system_clock() - timedelta(hours=1)), tenant=2)
    assert await due(db, timers.QUEUE) == [Place(tenant=2)]


async def test_setting_again_moves_it(db: Database) -> None:
    now = system_clock()
    await put(db, timer(now - timedelta(hours=1), dedupe_key="k"))
    await put(db, timer(now - timedelta(hours=2), dedupe_key="k"), timer(now + timedelta(hours=1), dedupe_key="k"))
    assert await take(db, timers.QUEUE) == []
    assert await db.worker.fetchval("SELECT count(*) FROM timers") == 1


async def test_moving_one_that_fires_takes_its_lease_away(db: Database) -> None:
    now = system_clock()
    await put(db, timer(now - timedelta(hours=1), dedupe_key="k"))
    (row,) = await take(db, timers.QUEUE)
    await put(db, timer(now - timedelta(minutes=1), dedupe_key="k"))
    with pytest.raises(LeaseLost):
        async with db.unit(tenant=1, actor="test") as tx:
            await timers.complete(tx, [row])
    assert len(await take(db, timers.QUEUE)) == 1


async def test_a_handler_sets_its_own_timer_again(db: Database) -> None:
    now = system_clock()
    await put(db, timer(now - timedelta(hours=1), dedupe_key="k"))
    (row,) = await take(db, timers.QUEUE)
    async with db.unit(tenant=1, actor="test") as tx:
        await timers.complete(tx, [row])
        await timers.set_timers(tx, [timer(now - timedelta(minutes=1), dedupe_key="k")])
    (again,) = await take(db, timers.QUEUE)
    assert again.id != row.id


async def test_cancelling_removes_what_waits_and_leaves_what_fires(db: Database) -> None:
    now = system_clock()
    other = new_id()
    await put(db, timer(now - timedelta(hours=1)))
    await take(db, timers.QUEUE)
    await put(db, timer(now, kind="a"), timer(now, kind="b"), timer(now, subject_id=other))
    async with db.unit(tenant=2, actor="test") as tx:
        assert await timers.cancel(tx, [SUBJECT]) == 0
    async with db.unit(tenant=1, actor="test") as tx:
        assert await timers.cancel(tx, [SUBJECT], kinds=["a"]) == 1
        assert await timers.cancel(tx, [SUBJECT]) == 1
    assert await db.worker.fetchval("SELECT count(*) FROM timers") == 2
