"""The lease machinery on the outbox: no row twice, order within a key, fencing, takeover, back-off, parking."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from hub import outbox
from hub.kit.db import Database
from hub.kit.lease import (
    TRIES,
    Failure,
    Leased,
    LeaseLost,
    Place,
    Settled,
    State,
    backoff,
    complete,
    fair,
    heartbeat,
    measure,
    reap,
    settle,
)
from hub.kit.metrics import REGISTRY, Kinds
from tests.queues import delivery, make_due, make_stale, owe, take

Q = outbox.QUEUE


async def done(db: Database, rows: list[Leased]) -> None:
    async with db.unit(tenant=rows[0].tenant, actor="test") as tx:
        await complete(tx.conn, Q, rows)


async def failed(db: Database, *failures: Failure) -> list[Settled]:
    async with db.unit(tenant=failures[0].leased.tenant, actor="test") as tx:
        return await settle(tx.conn, Q, failures)


async def live(db: Database) -> list[dict[str, Any]]:
    return [dict(r) for r in await db.worker.fetch("SELECT * FROM outbox ORDER BY seq")]


async def archived(db: Database) -> list[dict[str, Any]]:
    return [dict(r) for r in await db.worker.fetch("SELECT * FROM outbox_done ORDER BY seq")]


async def test_forty_claimers_take_no_row_twice(db: Database) -> None:
    for tenant in (1, 2, 3):
        await owe(db, [delivery() for _ in range(200)], tenant=tenant)
    taken: Counter[Any] = Counter()

    async def claimer() -> None:
        while rows := await take(db, limit=7):
            taken.update(r.id for r in rows)

    await asyncio.gather(*(claimer() for _ in range(40)))
    assert len(taken) == 600
    assert set(taken.values()) == {1}


async def test_order_within_a_key_and_freedom_between_keys(db: Database) -> None:
    await owe(db, [delivery(ordering_key=f"k{n % 3}", payload={"n": n}) for n in range(12)])
    seen: dict[str, list[int]] = {}

    async def claimer() -> None:
        while True:
            rows = await take(db, limit=4)
            if not rows:
                if not await live(db):
                    return
                await asyncio.sleep(0.002)
                continue
            for r in rows:
                seen.setdefault(r.row["ordering_key"], []).append(r.row["payload"]["n"])
            await asyncio.sleep(0.002)
            await done(db, rows)

    await asyncio.gather(*(claimer() for _ in range(5)))
    assert seen == {"k0": [0, 3, 6, 9], "k1": [1, 4, 7, 10], "k2": [2, 5, 8, 11]}


@pytest.mark.parametrize(("strict", "follows"), [(False, 1), (True, 0)])
async def test_a_parked_row_holds_back_what_follows_only_if_strict(db: Database, strict: bool, follows: int) -> None:
    await owe(db, [delivery(ordering_key="k", strict=strict), delivery(ordering_key="k", strict=strict)])
    (first,) = await take(db)
    (settled,) = await failed(db, Failure(leased=first, error="no", park=True))
    assert settled.state is State.PARKED
    assert len(await take(db)) == follows


async def test_an_old_owner_completes_nothing_after_the_reaper(db: Database) -> None:
    await owe(db, [delivery(), delivery()])
    old = await take(db)
    await make_stale(db, Q)
    assert {i for _, i in await reap(db, Q)} == {r.id for r in old}
    new = await take(db)
    assert [r.attempts for r in new] == [2, 2]
    with pytest.raises(LeaseLost):
        await done(db, old)
    with pytest.raises(LeaseLost):
        await failed(db, Failure(leased=old[0], error="late"))
    assert await archived(db) == []
    await done(db, new)
    assert [r["outcome"] for r in await archived(db)] == ["DONE", "DONE"]
    assert await live(db) == []


async def test_one_lost_row_undoes_the_whole_completion(db: Database) -> None:
    await owe(db, [delivery(), delivery()])
    rows = await take(db)
    await db.worker.execute("UPDATE outbox SET owner = $1 WHERE delivery_id = $2", uuid4(), rows[0].id)
    with pytest.raises(LeaseLost):
        await done(db, rows)
    assert len(await live(db)) == 2


async def test_a_heartbeat_prolongs_what_is_held_and_names_nothing_else(db: Database) -> None:
    await owe(db, [delivery(), delivery()])
    owner = uuid4()
    mine, other = await take(db, limit=1, owner=owner), await take(db, limit=1)
    await make_stale(db, Q)
    held = await heartbeat(db, Q, owner, [mine[0].id, other[0].id])
    assert held == {mine[0].id}
    assert {i for _, i in await reap(db, Q)} == {other[0].id}


async def test_a_heartbeat_does_not_wait_for_the_completion_of_its_own_rows(db: Database) -> None:
    await owe(db, [delivery()])
    owner = uuid4()
    rows = await take(db, owner=owner)
    async with db.unit(tenant=1, actor="test") as tx:
        await complete(tx.conn, Q, rows)
        held = await asyncio.wait_for(heartbeat(db, Q, owner, [rows[0].id]), 5)
        await make_due(db, Q)
        assert held == {rows[0].id}
        assert await reap(db, Q) == []


async def test_a_failed_row_waits_and_is_parked_after_the_eighth_try(db: Database) -> None:
    await owe(db, [delivery()])
    for attempt in range(1, TRIES + 1):
        (row,) = await take(db)
        assert row.attempts == attempt
        (settled,) = await failed(db, Failure(leased=row, error=f"try {attempt}", fingerprint="f", status=503))
        assert settled.state is (State.PARKED if attempt == TRIES else State.READY)
        assert await take(db) == []
        await make_due(db, Q)
    (left,) = await live(db)
    assert (left["state"], left["last_error"], left["fingerprint"], left["last_status"]) == (3, "try 8", "f", 503)


async def test_what_was_not_tried_does_not_count(db: Database) -> None:
    await owe(db, [delivery()])
    for _ in range(TRIES + 2):
        (row,) = await take(db)
        (settled,) = await failed(db, Failure(leased=row, untried=True))
        assert settled.state is State.READY
    assert (await live(db))[0]["attempts"] == 0


async def test_the_other_sides_word_wins_when_later(db: Database) -> None:
    await owe(db, [delivery(), delivery()])
    rows = await take(db)
    soon, late = await failed(db, Failure(leased=rows[0]), Failure(leased=rows[1], after=timedelta(hours=2)))
    assert soon.run_at is not None
    assert late.run_at is not None
    assert late.run_at - soon.run_at > timedelta(hours=1)


def test_the_back_off_doubles_to_a_quarter_of_an_hour() -> None:
    assert [backoff(n, 1.0).total_seconds() for n in range(1, 9)] == [15, 30, 60, 120, 240, 480, 900, 900]
    assert backoff(1, 0.5).total_seconds() == 7.5
    assert backoff(1000, 1.5).total_seconds() == 1350


async def test_each_tenant_gets_its_share(db: Database) -> None:
    await owe(db, [delivery() for _ in range(500)], tenant=1)
    await owe(db, [delivery() for _ in range(5)], tenant=2)
    await owe(db, [delivery() for _ in range(5)], tenant=3)
    assert Counter(r.tenant for r in await take(db, limit=15)) == {1: 5, 2: 5, 3: 5}


async def test_within_a_tenant_each_destination_gets_its_turn(db: Database) -> None:
    await owe(db, [delivery("slow") for _ in range(200)])
    await owe(db, [delivery("a"), delivery("b"), delivery("b")])
    rows = await take(db, limit=8)
    assert Counter(r.row["destination"] for r in rows) == {"a": 1, "b": 2, "slow": 5}


async def test_destinations_of_one_tenant_do_not_outweigh_another_tenant(db: Database) -> None:
    await owe(db, [delivery(f"d{n}") for n in range(50)], tenant=1)
    await owe(db, [delivery() for _ in range(50)], tenant=2)
    assert Counter(r.tenant for r in await take(db, limit=10)) == {1: 5, 2: 5}


def test_tenants_take_turns() -> None:
    one, two, three = (Place(tenant=n) for n in (1, 2, 3))
    assert fair([one, two, three], 1) == [two, three, one]
    assert fair([one, two, three], 3) == [one, two, three]


async def test_destinations_can_be_left_alone_or_chosen(db: Database) -> None:
    await owe(db, [delivery("a"), delivery("b"), delivery("c")])
    assert [r.row["destination"] for r in await take(db, skip=["a", "b"])] == ["c"]
    assert [r.row["destination"] for r in await take(db, only="b")] == ["b"]


async def test_a_tenant_sees_and_completes_only_its_own(db: Database) -> None:
    await owe(db, [delivery()], tenant=1)
    rows = await take(db)
    async with db.unit(tenant=2, actor="test") as tx:
        assert await tx.conn.fetch("SELECT * FROM outbox") == []
        with pytest.raises(LeaseLost):
            await complete(tx.conn, Q, rows)
    assert len(await live(db)) == 1


PICKS = {"queue": "outbox", "kind": "RequestPick"}


async def test_the_gauges_say_what_waits(db: Database) -> None:
    await owe(db, [delivery() for _ in range(5)])
    first, second = await take(db, limit=2)
    await failed(db, Failure(leased=first, park=True))
    await make_due(db, Q)
    await measure(db, Q)

    def rows(state: str) -> float | None:
        return REGISTRY.get_sample_value("hub_queue_rows", {**PICKS, "state": state})

    assert (rows("ready"), rows("leased"), rows("parked")) == (3, 1, 1)
    oldest = REGISTRY.get_sample_value("hub_queue_oldest_ready_seconds", PICKS)
    assert oldest is not None
    assert oldest >= 1
    await done(db, [second])
    assert (REGISTRY.get_sample_value("hub_queue_done_total", PICKS) or 0) >= 1
    async with db.unit(tenant=1, actor="test") as tx:
        await tx.conn.execute("DELETE FROM outbox")
    await measure(db, Q)
    assert (rows("ready"), rows("leased"), rows("parked")) == (0, 0, 0)


def test_labels_are_bounded_whatever_the_other_side_calls_its_messages() -> None:
    kinds = Kinds()
    assert {kinds.label("inbox", f"topic/{n}") for n in range(200)} == {*(f"topic/{n}" for n in range(100)), "other"}
    assert kinds.label("outbox", "RequestPick") == "RequestPick"
