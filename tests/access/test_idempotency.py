"""One key, one effect: replays, reuse, races, refusals, batches."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from hub import access
from hub.access import Answer, Ask, Fresh, IdempotencyInProgress, IdempotencyKeyReused, Stored, Twin, input_hash
from hub.kit.clock import system_clock
from hub.kit.db import Database, Tx

CAPTURE = "captureOrder"


def ask(key: str = "k", given: Any = 1, *, actor: str = "key:a", command: str = CAPTURE) -> Ask:
    return Ask(actor=actor, key=key, command=command, input_hash=input_hash(command, given))


async def effect(tx: Tx) -> None:
    """Something that would show if it happened twice."""
    await tx.conn.execute(
        "INSERT INTO foreign_refs (tenant_id, subject_id, connection_id, name, value) "
        "VALUES ($1, gen_random_uuid(), gen_random_uuid(), 'effect', '')",
        tx.tenant,
    )


async def effects(db: Database) -> int:
    async with db.unit(tenant=1, actor="test") as tx:
        return int(await tx.conn.fetchval("SELECT count(*) FROM foreign_refs"))


async def run(db: Database, key: str, given: Any = 1) -> tuple[Any, bool]:
    """(outcome, replayed) of a command with an idempotency key."""
    async with db.unit(tenant=1, actor="test") as tx:
        found = await access.replay(tx, "key:a", key, CAPTURE, input_hash(CAPTURE, given))
        if found:
            return found.outcome, True
        await effect(tx)
        outcome = {"id": str(tx.correlation_id), "lines": [1, 2]}
        await access.keep(tx, [Answer(actor="key:a", key=key, outcome=outcome)])
        return outcome, False


async def test_a_hundred_at_once_have_one_effect(db: Database) -> None:
    answers = await asyncio.gather(*(run(db, "k") for _ in range(100)))
    assert await effects(db) == 1
    assert sum(not replayed for _, replayed in answers) == 1
    assert len({str(outcome) for outcome, _ in answers}) == 1


async def test_the_same_key_with_another_input_is_refused(db: Database) -> None:
    await run(db, "k", 1)
    with pytest.raises(IdempotencyKeyReused):
        await run(db, "k", 2)
    assert (await run(db, "k", 1))[1]
    assert await effects(db) == 1


async def test_a_failed_effect_leaves_the_key_free(db: Database) -> None:
    async def failing() -> None:
        async with db.unit(tenant=1, actor="test") as tx:
            assert await access.replay(tx, "key:a", "k", CAPTURE, input_hash(CAPTURE, 1)) is None
            await effect(tx)
            raise RuntimeError("gone")

    with pytest.raises(RuntimeError, match="gone"):
        await failing()
    assert (await run(db, "k"))[1] is False
    assert await effects(db) == 1


async def test_refused_input_stores_nothing(db: Database) -> None:
    async with db.unit(tenant=1, actor="test") as tx:
        assert await access.replay_all(tx, [ask()]) == [Fresh()]
        await access.drop(tx, [("key:a", "k")])
    assert (await run(db, "k", "corrected"))[1] is False


async def test_a_batch_knows_each_of_its_items(db: Database) -> None:
    await run(db, "old", 1)
    async with db.unit(tenant=1, actor="test") as tx:
        found = await access.replay_all(
            tx, [ask("old"), ask("new"), ask("old", 2), ask("new"), ask("new", 2), ask("new", actor="key:b")]
        )
    assert isinstance(found[0], Stored)
    assert found[1] == Fresh()
    assert isinstance(found[2], IdempotencyKeyReused)
    assert found[3] == Twin(of=1)
    assert isinstance(found[4], IdempotencyKeyReused)
    assert found[5] == Fresh()


async def test_outcomes_of_every_shape_come_back(db: Database) -> None:
    shapes: list[Any] = [{"a": [1, {"b": None}]}, [[1], [2, 3]], [], "text", 7, None, True]
    async with db.unit(tenant=1, actor="test") as tx:
        await access.replay_all(tx, [ask(str(n)) for n in range(len(shapes))])
        await access.keep(tx, [Answer(actor="key:a", key=str(n), outcome=s) for n, s in enumerate(shapes)])
    async with db.unit(tenant=1, actor="test") as tx:
        found = await access.replay_all(tx, [ask(str(n)) for n in range(len(shapes))])
    assert [f.outcome for f in found if isinstance(f, Stored)] == shapes


async def test_two_batches_in_opposite_order_wait_for_each_other(db: Database) -> None:
    async def batch(keys: list[str]) -> int:
        async with db.unit(tenant=1, actor="test") as tx:
            found = await access.replay_all(tx, [ask(k) for k in keys])
            await access.keep(tx, [Answer(actor="key:a", key=k, outcome=1) for k in keys])
            return sum(isinstance(f, Fresh) for f in found)

    keys = [f"k{n:02}" for n in range(30)]
    fresh = await asyncio.gather(*(batch(keys if n % 2 else keys[::-1]) for n in range(12)))
    assert sum(fresh) == 30


async def test_waiting_has_an_end(db: Database) -> None:
    async with db.unit(tenant=1, actor="test") as tx, db.unit(tenant=1, actor="test") as other:
        await access.replay_all(tx, [ask()])
        await other.conn.execute("SET LOCAL lock_timeout = '50ms'")
        with pytest.raises(IdempotencyInProgress):
            await access.replay_all(other, [ask()])


async def test_tenants_and_actors_have_keys_of_their_own(db: Database) -> None:
    await run(db, "k")
    async with db.unit(tenant=2, actor="test") as tx:
        assert await access.replay_all(tx, [ask(given="other")]) == [Fresh()]


async def test_old_answers_are_forgotten(db: Database) -> None:
    await run(db, "k")
    async with db.unit(tenant=1, actor="test") as tx:
        assert await access.forget_answers(tx, system_clock() - timedelta(days=30)) == 0
        assert await access.forget_answers(tx, system_clock() + timedelta(days=1)) == 1


def test_the_hash_is_of_what_is_meant() -> None:
    assert input_hash("a", {"x": 1, "y": Decimal("2.50")}) == input_hash("a", {"y": Decimal("2.50"), "x": 1})
    assert input_hash("a", {"x": 1}) != input_hash("b", {"x": 1})
    assert input_hash("a", {"x": 1}) != input_hash("a", {"x": "1"})
