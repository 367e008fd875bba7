"""The order that readers see: facts of one subject in the order of its versions, also when their transactions overlapped the other way round."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import asyncpg

from hub import ledger
from hub.kit.db import Database, Tx
from hub.kit.ids import new_id
from hub.ledger import Cause, Cursor


async def note(tx: Tx, subject: UUID) -> None:
    """Write one fact of the subject now, before the unit ends."""
    ledger.append(tx, [ledger.fact(tx, "order.noted", "order", subject, {}, Cause(tx.correlation_id, None))])
    for hook in tx.before_commit:
        await hook(tx)
    tx.before_commit.clear()
    tx.facts.clear()


async def settled(db: Database, wanted: int) -> list[Any]:
    """So many facts as the reader gives them, once nothing holds the horizon back."""
    async with asyncio.timeout(30):
        while True:
            async with db.tail.acquire() as conn:
                rows = await ledger.tail(conn, Cursor(1, 0, 0))
            if len(rows) >= wanted:
                return rows
            await asyncio.sleep(0.02)


async def test_a_transaction_that_began_earlier_and_wrote_later_stands_later(db: Database) -> None:
    subject, first = new_id(), new_id()
    async with db.unit(tenant=1, actor="old") as old:
        await note(old, first)  # takes the lower transaction number
        async with db.unit(tenant=1, actor="young") as young:
            await note(young, subject)
        await note(old, subject)  # version 2, in the older transaction
    rows = await settled(db, 3)
    mine = [(r["subject_version"], r["actor"]) for r in rows if r["subject_id"] == subject]
    assert mine == [(1, "young"), (2, "old")]
    own = await raw(db)
    assert own["old"] < own["young"], "the transactions did not overlap the wrong way round"


async def raw(db: Database) -> dict[str, int]:
    """The number that each writer's transaction really had: its rows carry it in xmin."""
    conn: Any = await asyncpg.connect(db.dsn)
    try:
        rows = await conn.fetch("SELECT actor, min(xmin::text::bigint) AS xid FROM business_events GROUP BY actor")
    finally:
        await conn.close()
    return {r["actor"]: r["xid"] for r in rows}


async def test_writers_of_shared_subjects_are_read_in_version_order_once_each(dsn: str) -> None:
    db = await Database(dsn, app_size=8).open()
    subjects = sorted(new_id() for _ in range(4))
    seen: list[tuple[UUID, int]] = []
    done, total = asyncio.Event(), 2 * 8 * 12 + len(subjects)

    async def writer(number: int) -> None:
        for n in range(12):
            async with db.unit(tenant=1, actor="test") as tx:
                await note(tx, new_id())
                await asyncio.sleep(0.001 * ((number * 7 + n) % 5))
                await note(tx, subjects[(number + n) % 4])

    async def reader() -> None:
        cursor = Cursor(1, 0, 0)
        while True:
            last = done.is_set()
            async with db.tail.acquire() as conn:
                rows = await ledger.tail(conn, cursor, 7)
            for row in rows:
                cursor = Cursor(1, int(row["xid"]), row["position"])
                seen.append((row["subject_id"], row["subject_version"]))
            if last and len(seen) >= total:
                return
            await asyncio.sleep(0)

    try:
        async with asyncio.timeout(90):
            for (
                subject
            ) in subjects:  # two first facts of one subject at once: one of both units would have to be tried again
                async with db.unit(tenant=1, actor="test") as tx:
                    await note(tx, subject)
            reading = asyncio.create_task(reader())
            await asyncio.gather(*(writer(n) for n in range(8)))
            done.set()
            await reading
        assert len(set(seen)) == len(seen) == total
        for subject in subjects:
            assert [v for s, v in seen if s == subject] == list(range(1, 26))
    finally:
        await db.close()
