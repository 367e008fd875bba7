"""The commit-safe reader: 32 writers that sleep before they commit, and a reader that must see each fact once."""

from __future__ import annotations

import asyncio
import random
from uuid import UUID

import asyncpg

from hub import ledger
from hub.kit.db import Database
from hub.kit.ids import new_id
from hub.ledger import Cause, Cursor
from schema.live.cursors import Place
from schema.live.ledger import Ledger
from tests.queues import until_somebody_waits

WRITERS, UNITS = 32, 6


async def write(db: Database, subject: UUID, *, tenant: int = 1, pause: float = 0, count: int = 1) -> list[UUID]:
    """Facts of one subject in one unit; their positions are taken before the pause, the commit comes after it."""
    async with db.unit(tenant=tenant, actor="test") as tx:
        facts = [
            ledger.fact(tx, "order.noted", "order", subject, {"n": n}, Cause(tx.correlation_id, None))
            for n in range(count)
        ]
        ledger.append(tx, facts)
        for hook in tx.before_commit:
            await hook(tx)
        tx.before_commit.clear()
        await asyncio.sleep(pause)
    return [f.event_id for f in facts]


async def read_on(db: Database, cursor: Cursor, limit: int) -> tuple[list[UUID], Cursor]:
    async with db.tail.acquire() as conn:
        rows = await ledger.tail(conn, cursor, limit)
    for row in rows:
        cursor = Cursor(cursor.epoch, int(row["xid"]), row["position"])
    return [r["event_id"] for r in rows], cursor


async def patiently(db: Database, start: Cursor) -> list[UUID]:
    """What is to come, once no transaction of another database of this server holds the horizon back."""
    async with asyncio.timeout(30):
        while not (found := (await read_on(db, start, 100))[0]):  # noqa: ASYNC110 - the horizon has no bell
            await asyncio.sleep(0.02)
    return found


async def test_max_of_position_would_lose_what_32_writers_commit_out_of_order(dsn: str) -> None:
    """Beside the reader, its naive twin that remembers the highest position: it must lose something, or the test proves nothing."""
    db = await Database(dsn, app_size=WRITERS).open()
    try:
        chance = random.Random(7)
        done = asyncio.Event()
        seen: list[UUID] = []
        naive: set[UUID] = set()

        async def writer() -> list[UUID]:
            found = []
            for _ in range(UNITS):
                found += await write(db, new_id(), pause=chance.uniform(0, 0.05), count=chance.randint(1, 3))
            return found

        async def reader() -> None:
            cursor, highest = Cursor(1, 0, 0), 0
            while True:
                last = done.is_set()
                some, cursor = await read_on(db, cursor, chance.randint(1, 20))
                seen.extend(some)
                rows = await db.tail.fetch(
                    "SELECT position, event_id FROM business_events WHERE position > $1", highest
                )
                naive.update(r["event_id"] for r in rows)
                highest = max([highest, *(r["position"] for r in rows)])
                if last and len(seen) >= len(written):  # other databases of the server hold the horizon back too
                    return
                await asyncio.sleep(0.002)

        written: list[UUID] = []
        reading = asyncio.create_task(reader())
        written += [i for found in await asyncio.gather(*(writer() for _ in range(WRITERS))) for i in found]
        done.set()
        await asyncio.wait_for(reading, 60)
        assert len(seen) == len(set(seen))
        assert set(seen) == set(written)
        assert naive < set(written)
    finally:
        await db.close()


async def test_a_fact_of_an_open_transaction_holds_back_what_came_later(db: Database) -> None:
    first, second = new_id(), new_id()
    holding = asyncio.create_task(write(db, first, pause=0.4))
    while not await db.worker.fetchval(OPEN):  # noqa: ASYNC110 - the condition is in the database
        await asyncio.sleep(0.01)
    later = await write(db, second)
    early, cursor = await read_on(db, Cursor(1, 0, 0), 100)
    assert early == []
    held = await holding
    assert await patiently(db, cursor) == held + later


OPEN = """SELECT EXISTS (SELECT 1 FROM pg_stat_activity
WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid())"""


async def test_who_begins_at_the_horizon_sees_only_what_is_to_come(db: Database) -> None:
    past = await write(db, new_id())
    assert await patiently(db, Cursor(1, 0, 0)) == past
    async with db.tail.acquire() as conn:
        start = await ledger.horizon(conn)
    new = await write(db, new_id())
    assert await patiently(db, start) == new


async def test_versions_of_a_subject_count_up_without_gap_also_when_writers_race(db: Database) -> None:
    subject = new_id()
    await write(db, subject)
    await asyncio.gather(*(write(db, subject, count=2, pause=0.001) for _ in range(16)))
    rows = await db.tail.fetch(
        "SELECT subject_version FROM business_events WHERE subject_id = $1 ORDER BY position", subject
    )
    assert [r["subject_version"] for r in rows] == list(range(1, 34))


async def test_a_subject_taken_for_new_that_is_not_is_refused(db: Database) -> None:
    """Whoever says that a subject is born here must be right: the second one is undone, never mixed in."""
    subject = new_id()

    async def born(pause: float) -> str:
        try:
            async with db.unit(tenant=1, actor="test") as tx:
                tx.born.add(subject)
                said = ledger.fact(tx, "order.placed", "order", subject, {}, Cause(tx.correlation_id, None))
                ledger.append(tx, [said])
                for hook in tx.before_commit:
                    await hook(tx)
                tx.before_commit.clear()
                await asyncio.sleep(pause)
        except ledger.ChainBroken:
            return "refused"
        return "written"

    first = asyncio.create_task(born(0.3))
    await asyncio.sleep(0.1)
    second = asyncio.create_task(born(0))
    await until_somebody_waits(db)
    assert sorted(await asyncio.gather(first, second)) == ["refused", "written"]
    assert await db.tail.fetchval("SELECT count(*) FROM business_events WHERE subject_id = $1", subject) == 1


async def test_the_reader_counts_transactions_and_does_not_spell_them(db: Database, dsn: str) -> None:
    """As text 1000 comes before 999: a page that ends there would skip everything up to 999."""
    conn = await asyncpg.connect(dsn)
    try:
        wanted = [new_id() for _ in range(6)]
        for xid, event_id in zip(("9", "10", "99", "100", "101", "102"), wanted, strict=True):
            await conn.execute(
                "INSERT INTO business_events (tenant_id, xid, event_id, type, subject_kind, subject_id, subject_version,"
                " correlation_id, actor, at, data, hash)"
                " VALUES (1, $1::text::xid8, $2, 'order.noted', 'order', $2, 1, $2, 'test', now(), '{}', '\\x00')",
                xid,
                event_id,
            )
    finally:
        await conn.close()
    seen: list[UUID] = []
    cursor = Cursor(1, 0, 0)
    while some := await read_on(db, cursor, 2):
        if not some[0]:
            break
        seen, cursor = seen + some[0], some[1]
    assert seen == wanted
    live = Ledger(db.tail, "1")
    assert [f.event_id for f in await live.after(Place(0, 0))] == wanted
    assert [f.event_id for f in await live.replay(1, Place(10, 2))] == wanted[2:]
    assert await live.end() == Place(102, 6)
