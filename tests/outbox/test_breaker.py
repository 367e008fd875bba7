"""Five failures in a row open a destination, one probe at a time is let through, success closes it, tenants apart."""

from __future__ import annotations

from datetime import timedelta

from hub import outbox
from hub.kit.clock import system_clock
from hub.kit.db import Database
from hub.outbox import Report
from tests.queues import delivery, owe, take


async def told(db: Database, *oks: bool, destination: str = "wms:out", tenant: int = 1) -> bool:
    """Whether the breaker is open after these outcomes."""
    found = {}
    for ok in oks:
        async with db.unit(tenant=tenant, actor="test") as tx:
            found = await outbox.report(tx, [Report(destination=destination, ok=ok)])
    return destination in found


async def pause(db: Database) -> timedelta:
    until = await db.worker.fetchval("SELECT open_until FROM destination_state")
    assert until is not None
    return timedelta(seconds=round((until - system_clock()).total_seconds()))


async def end_pause(db: Database) -> None:
    await db.worker.execute("UPDATE destination_state SET open_until = now() - interval '1 s'")


async def test_five_failures_in_a_row_open_it(db: Database) -> None:
    assert not await told(db, False, False, False, False, True, False, False, False, False)
    assert await outbox.open_destinations(db) == []
    assert await told(db, False)
    assert await outbox.open_destinations(db) == ["wms:out"]
    assert await pause(db) == timedelta(seconds=30)


async def test_a_batch_of_failures_counts_each(db: Database) -> None:
    async with db.unit(tenant=1, actor="test") as tx:
        found = await outbox.report(tx, [Report(destination="a", ok=False)] * 5 + [Report(destination="b", ok=True)])
    assert set(found) == {"a"}


async def test_late_failures_while_it_is_open_do_not_lengthen_the_pause(db: Database) -> None:
    await told(db, *[False] * 9)
    assert await pause(db) == timedelta(seconds=30)


async def test_one_probe_is_let_through_and_decides(db: Database) -> None:
    await owe(db, [delivery(), delivery()])
    await told(db, *[False] * 5)
    assert await outbox.probes(db) == []
    await end_pause(db)
    assert await outbox.probes(db) == [(1, "wms:out")]
    assert await outbox.probes(db) == []
    assert len(await take(db, limit=1, only="wms:out")) == 1
    assert await told(db, False)
    assert await pause(db) == timedelta(seconds=60)
    await end_pause(db)
    await outbox.probes(db)
    assert not await told(db, True)
    assert await outbox.open_destinations(db) == []


async def test_the_pause_doubles_to_ten_minutes(db: Database) -> None:
    await owe(db, [delivery()])
    await told(db, *[False] * 5)
    seen = []
    for _ in range(6):
        await end_pause(db)
        assert await outbox.probes(db) == [(1, "wms:out")]
        await told(db, False)
        seen.append((await pause(db)).total_seconds())
    assert seen == [60, 120, 240, 480, 600, 600]


async def test_a_destination_with_nothing_to_send_is_not_probed(db: Database) -> None:
    await told(db, *[False] * 5)
    await end_pause(db)
    assert await outbox.probes(db) == []


async def test_tenants_have_breakers_of_their_own(db: Database) -> None:
    await told(db, *[False] * 4, tenant=1)
    assert not await told(db, False, tenant=2)
    assert await told(db, False, tenant=1)
