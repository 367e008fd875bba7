"""What we owe: once per key, newest value wins, progress survives, a person may retry or ignore; tenants apart."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from hub import outbox
from hub.kit.clock import system_clock
from hub.kit.db import Database
from hub.kit.ids import new_id
from hub.kit.lease import Failure, Leased, LeaseLost, Settled, State, reap
from hub.kit.parked import Chosen, NothingChosen, ReasonRequired, TooManyIds
from hub.outbox import Attempt, Progress
from tests.queues import delivery, make_due, make_stale, owe, take, until_somebody_waits


async def rows(db: Database, table: str = "outbox") -> list[dict[str, Any]]:
    return [dict(r) for r in await db.worker.fetch(f"SELECT * FROM {table} ORDER BY seq")]  # noqa: S608 - named by the test


async def park(db: Database, leased: Leased, fingerprint: str = "f") -> Settled:
    async with db.unit(tenant=leased.tenant, actor="test") as tx:
        (settled,) = await outbox.settle(tx, [Failure(leased=leased, error="no", park=True, fingerprint=fingerprint)])
    return settled


async def test_a_key_is_owed_once(db: Database) -> None:
    one, twin, other, free = await owe(
        db, [delivery(dedupe_key="a"), delivery(dedupe_key="a"), delivery(dedupe_key="b"), delivery()]
    )
    assert (one.what, other.what, free.what) == ("NEW", "NEW", "NEW")
    assert twin.delivery_id == one.delivery_id
    (again,) = await owe(db, [delivery(dedupe_key="a")])
    assert (again.what, again.delivery_id) == ("DUPLICATE", one.delivery_id)
    assert len(await rows(db)) == 3


async def test_a_key_is_owed_once_under_a_race(db: Database) -> None:
    answers = await asyncio.gather(*(owe(db, [delivery(dedupe_key=f"k{n}") for n in range(20)]) for _ in range(12)))
    assert len(await rows(db)) == 20
    assert len({a.delivery_id for batch in answers for a in batch}) == 20
    assert sum(a.what == "NEW" for batch in answers for a in batch) == 20


async def test_rows_keep_the_order_in_which_they_were_owed(db: Database) -> None:
    await owe(db, [delivery(payload={"n": n}) for n in range(50)])
    assert [r["payload"]["n"] for r in await rows(db)] == list(range(50))


async def test_the_newest_value_takes_the_place_of_the_waiting_one(db: Database) -> None:
    (first,) = await owe(db, [delivery(latest_key="sku", payload={"on_hand": 1})])
    second = await owe(db, [delivery(latest_key="sku", payload={"on_hand": n}) for n in (2, 3)])
    assert {(o.what, o.delivery_id) for o in second} == {("REPLACED", first.delivery_id)}
    (row,) = await rows(db)
    assert row["payload"] == {"on_hand": 3}


async def test_a_value_that_is_on_its_way_is_followed_by_the_newest_one(db: Database) -> None:
    await owe(db, [delivery(latest_key="sku", payload={"on_hand": 1})])
    (going,) = await take(db)
    await owe(db, [delivery(latest_key="sku", payload={"on_hand": 2})])
    assert await take(db) == []  # one at a time
    async with db.unit(tenant=1, actor="test") as tx:
        await outbox.complete(tx, [going])
    (then,) = await take(db)
    assert then.row["payload"] == {"on_hand": 2}


@pytest.mark.parametrize("park_it", [True, False])
async def test_an_old_value_that_failed_is_dropped_for_the_newer_one(db: Database, park_it: bool) -> None:
    await owe(db, [delivery(latest_key="sku")])
    (going,) = await take(db)
    await owe(db, [delivery(latest_key="sku", payload={"on_hand": 2})])
    async with db.unit(tenant=1, actor="test") as tx:
        (settled,) = await outbox.settle(tx, [Failure(leased=going, error="503", park=park_it)])
    assert settled.state is State.SUPERSEDED
    assert [(r["outcome"], r["reason"]) for r in await rows(db, "outbox_done")] == [("SUPERSEDED", "503")]
    (then,) = await take(db)
    assert then.row["payload"] == {"on_hand": 2}


async def test_an_old_value_of_a_dead_worker_is_dropped_for_the_newer_one(db: Database) -> None:
    await owe(db, [delivery(latest_key="sku"), delivery()])
    going = await take(db)
    await owe(db, [delivery(latest_key="sku", payload={"on_hand": 2})])
    await make_stale(db, outbox.QUEUE)
    assert [i for _, i in await reap(db, outbox.QUEUE)] == [r.id for r in going if r.row["latest_key"] is None]
    assert sorted(r["payload"] == {"on_hand": 2} for r in await rows(db)) == [False, True]


async def test_a_parked_value_never_goes_out_after_a_newer_one(db: Database) -> None:
    await owe(db, [delivery(latest_key="sku")])
    (old,) = await take(db)
    await park(db, old)
    await owe(db, [delivery(latest_key="sku", payload={"on_hand": 2})])
    async with db.unit(tenant=1, actor="test") as tx:
        assert await outbox.retry(tx, Chosen(ids=[old.id])) == []
    assert [r["payload"] for r in await rows(db)] == [{"on_hand": 2}]


async def test_a_failing_value_races_with_its_successor(db: Database) -> None:
    """The successor commits between the first look of `settle` and its write: the second look steps aside."""
    await owe(db, [delivery(latest_key="sku")])
    (going,) = await take(db)
    async with db.unit(tenant=1, actor="test") as newer:
        await outbox.owe(newer, [delivery(latest_key="sku", payload={"on_hand": 2})])

        async def give_back() -> Settled:
            async with db.unit(tenant=1, actor="test") as tx:
                (settled,) = await outbox.settle(tx, [Failure(leased=going, error="503")])
                return settled

        waiting = asyncio.create_task(give_back())
        await until_somebody_waits(db)
    assert (await waiting).state is State.SUPERSEDED


async def test_progress_survives_and_keeps_the_first_bytes(db: Database) -> None:
    await owe(db, [delivery()])
    (row,) = await take(db)
    now = system_clock()
    async with db.unit(tenant=1, actor="test") as tx:
        await outbox.progress(tx, [Progress(leased=row, references={"a": "1"}, prepared=b"signed", sent_at=now)])
        await outbox.progress(tx, [Progress(leased=row, references={"b": "2"}, prepared=b"other")])
        await outbox.log_attempts(
            tx, [Attempt(delivery_id=row.id, at=now, call={"method": "POST"}, outcome="Done", status=200)]
        )
    await make_stale(db, outbox.QUEUE)
    await reap(db, outbox.QUEUE)
    (again,) = await take(db)
    seen = outbox.claimed(again)
    assert (seen.references, seen.prepared, seen.sent_at) == ({"a": "1", "b": "2"}, b"signed", now)
    async with db.unit(tenant=1, actor="test") as tx:
        with pytest.raises(LeaseLost):
            await outbox.progress(tx, [Progress(leased=row, references={"late": "1"})])
        assert await tx.conn.fetchval("SELECT call->>'method' FROM outbox_attempts") == "POST"


async def test_a_person_retries_or_ignores_what_is_parked(db: Database) -> None:
    await owe(db, [delivery(payload={"n": n}) for n in range(4)])
    for n, leased in enumerate(await take(db)):
        await park(db, leased, "even" if n % 2 == 0 else "odd")
    async with db.unit(tenant=1, actor="test") as tx:
        retried = await outbox.retry(tx, Chosen(fingerprint="even"))
        ignored = await outbox.ignore(tx, Chosen(fingerprint="odd"), "  sent by hand ")
        assert await outbox.retry(tx, Chosen(ids=[uuid4()])) == []
    assert [(c.row["payload"]["n"], c.ready) for c in retried] == [(0, True), (2, True)]
    assert [(c.row["payload"]["n"], c.ready) for c in ignored] == [(1, False), (3, False)]
    assert [(r["outcome"], r["reason"], r["last_error"]) for r in await rows(db, "outbox_done")] == [
        ("IGNORED", "sent by hand", "no")
    ] * 2
    assert [r.attempts for r in await take(db)] == [1, 1]


async def test_a_waiting_row_may_be_hurried_but_one_at_work_is_left_alone(db: Database) -> None:
    await owe(db, [delivery(), delivery()])
    busy, waits = await take(db)
    async with db.unit(tenant=1, actor="test") as tx:
        await outbox.settle(tx, [Failure(leased=waits, error="503")])
        changed = await outbox.retry(tx, Chosen(ids=[busy.id, waits.id]))
    assert [c.id for c in changed] == [waits.id]
    assert [r.id for r in await take(db)] == [waits.id]


async def test_choices_are_checked(db: Database) -> None:
    with pytest.raises(TooManyIds):
        Chosen(ids=[new_id() for _ in range(501)])
    for bad in ({}, {"ids": [new_id()], "fingerprint": "f"}):
        with pytest.raises(NothingChosen):
            Chosen(**bad)  # type: ignore[arg-type]
    async with db.unit(tenant=1, actor="test") as tx:
        with pytest.raises(ReasonRequired):
            await outbox.ignore(tx, Chosen(fingerprint="f"), " ")


async def test_another_tenant_reaches_nothing(db: Database) -> None:
    await owe(db, [delivery()], tenant=1)
    (row,) = await take(db)
    await park(db, row)
    async with db.unit(tenant=2, actor="test") as tx:
        assert await outbox.retry(tx, Chosen(ids=[row.id])) == []
        assert await outbox.ignore(tx, Chosen(fingerprint="f"), "why") == []
        assert await tx.conn.fetchval("SELECT count(*) FROM outbox") == 0
    async with db.app.acquire() as conn:
        assert await conn.fetchval("SELECT count(*) FROM outbox") == 0
    async with db.unit(tenant=2, actor="test") as tx:
        await tx.conn.execute("SELECT set_config('hub.tenant', '3', true)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await outbox.owe(tx, [delivery()])
        await tx.conn.execute("ROLLBACK; BEGIN")


async def test_keys_of_two_tenants_do_not_meet(db: Database) -> None:
    (a,) = await owe(db, [delivery(dedupe_key="k")], tenant=1)
    (b,) = await owe(db, [delivery(dedupe_key="k")], tenant=2)
    assert (a.what, b.what) == ("NEW", "NEW")
    await make_due(db, outbox.QUEUE)
    assert {r.tenant for r in await take(db)} == {1, 2}
