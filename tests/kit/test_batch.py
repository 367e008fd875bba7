"""Group commit: one flush at a time, an outcome each, poison found by halving, collisions tried again, shutdown."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest

from hub.kit.batch import Batcher, Batchers, Closing
from hub.kit.db import Database, Unavailable
from hub.kit.errors import HubError


class Refused(HubError):
    """Refused: {n}"""


class Desk:
    """Doubles numbers; refuses and breaks on request; remembers the batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.poison: dict[int, BaseException] = {}
        self.refuse: set[int] = set()
        self.gate = asyncio.Event()
        self.gate.set()

    async def run(self, items: list[int]) -> Sequence[int | HubError]:
        self.batches.append(list(items))
        await self.gate.wait()
        for item in items:
            if item in self.poison:
                raise self.poison[item]
        return [Refused(n=i) if i in self.refuse else 2 * i for i in items]


async def together(batcher: Batcher[int, int], *items: int) -> list[int | BaseException]:
    return await asyncio.gather(*(batcher.submit(i) for i in items), return_exceptions=True)


async def test_a_lone_item_goes_at_once_and_what_waits_goes_together() -> None:
    desk = Desk()
    batcher = Batcher(desk.run)
    assert await batcher.submit(1) == 2
    desk.gate.clear()
    first = asyncio.create_task(batcher.submit(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rest = asyncio.create_task(together(batcher, 3, 4, 5))
    await asyncio.sleep(0)
    desk.gate.set()
    assert (await first, await rest) == (4, [6, 8, 10])
    assert desk.batches == [[1], [2], [3, 4, 5]]
    assert batcher.idle


async def test_those_who_were_answered_together_come_again_together() -> None:
    desk = Desk()
    batcher = Batcher(desk.run)
    desk.gate.clear()
    first = asyncio.create_task(batcher.submit(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rest = asyncio.create_task(together(batcher, 2, 3, 4))
    await asyncio.sleep(0)
    desk.gate.set()
    await asyncio.gather(first, rest)

    async def a_turn_later(item: int) -> int:
        await asyncio.sleep(0)
        return await batcher.submit(item)

    await asyncio.gather(batcher.submit(5), a_turn_later(6), a_turn_later(7))
    assert desk.batches == [[1], [2, 3, 4], [5, 6, 7]]
    assert await batcher.submit(8) == 16
    assert desk.batches[-1] == [8]


async def test_a_refused_item_fails_alone() -> None:
    desk = Desk()
    desk.refuse = {3}
    one, two, three, four = await together(Batcher(desk.run), 1, 2, 3, 4)
    assert (one, two, four) == (2, 4, 8)
    assert isinstance(three, Refused)
    assert len(desk.batches) == 1


async def test_poison_is_found_by_halving_and_its_neighbours_succeed() -> None:
    desk = Desk()
    desk.poison = {13: asyncpg.CheckViolationError("no"), 40: ValueError("bug")}
    outcomes = await together(Batcher(desk.run), *range(64))
    for n, outcome in enumerate(outcomes):
        if n == 13:
            assert isinstance(outcome, asyncpg.CheckViolationError)
        elif n == 40:
            assert isinstance(outcome, ValueError)
        else:
            assert outcome == 2 * n
    assert len(desk.batches) < 30


async def test_a_collision_is_tried_again_three_times() -> None:
    tries = 0

    async def run(items: list[int]) -> list[int]:
        nonlocal tries
        tries += 1
        if tries <= 3:
            raise asyncpg.DeadlockDetectedError
        return items

    assert await Batcher(run).submit(7) == 7
    assert tries == 4


async def test_a_collision_that_stays_reaches_the_caller() -> None:
    desk = Desk()
    desk.poison = {1: asyncpg.SerializationError("again")}
    with pytest.raises(asyncpg.SerializationError):
        await Batcher(desk.run).submit(1)
    assert len(desk.batches) == 4


async def test_a_lost_connection_is_not_tried_again() -> None:
    """The commit may have happened: only the caller's idempotency key may try it again."""
    desk = Desk()
    desk.poison = {2: asyncpg.ConnectionDoesNotExistError("gone")}
    outcomes = await together(Batcher(desk.run), 1, 2)
    assert [type(o) for o in outcomes] == [Unavailable, Unavailable]
    assert len(desk.batches) == 1


async def test_a_caller_that_goes_away_takes_nothing_along() -> None:
    desk = Desk()
    batcher = Batcher(desk.run)
    desk.gate.clear()
    leaver = asyncio.create_task(batcher.submit(1))
    stayer = asyncio.create_task(batcher.submit(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    leaver.cancel()
    desk.gate.set()
    assert await stayer == 4
    assert leaver.cancelled()
    assert desk.batches == [[1, 2]]


async def test_batches_have_limits() -> None:
    desk = Desk()
    batcher: Batcher[int, int] = Batcher(desk.run, most_items=3, most_bytes=100)
    desk.gate.clear()
    tasks = [asyncio.create_task(batcher.submit(n, size=size)) for n, size in enumerate([1, 1, 1, 1, 60, 60, 500, 1])]
    await asyncio.sleep(0)
    desk.gate.set()
    await asyncio.gather(*tasks)
    assert desk.batches == [[0, 1, 2], [3, 4], [5], [6], [7]]


async def test_closing_refuses_what_is_new_and_finishes_what_was_taken() -> None:
    desk = Desk()
    batchers: Batchers[str, int, int] = Batchers(lambda _, items: desk.run(items))
    desk.gate.clear()
    taken = [asyncio.create_task(batchers.submit("a", n)) for n in range(3)]
    await asyncio.sleep(0)
    closing = asyncio.create_task(batchers.close())
    await asyncio.sleep(0)
    with pytest.raises(Closing):
        await batchers.submit("a", 9)
    desk.gate.set()
    await closing
    assert [t.result() for t in taken] == [0, 2, 4]


async def test_keys_do_not_wait_for_each_other() -> None:
    gate = asyncio.Event()

    async def run(key: str, items: list[int]) -> list[int]:
        if key == "slow":
            await gate.wait()
        return items

    batchers: Batchers[str, int, int] = Batchers(run)
    slow = asyncio.create_task(batchers.submit("slow", 1))
    assert await batchers.submit("quick", 2) == 2
    gate.set()
    assert await slow == 1
    assert batchers._open == {}


async def test_on_a_database_neighbours_of_poison_are_committed(db: Database) -> None:
    async def run(items: list[str]) -> list[Any]:
        async with db.unit(tenant=1, actor="test") as tx:
            await tx.conn.execute(
                "INSERT INTO control_numbers (tenant_id, connection_id, ours, usage, level, next) "
                "SELECT 1, gen_random_uuid(), '', '', '', c::int FROM unnest($1::text[]) c",
                items,
            )
            return [int(i) for i in items]

    batcher = Batcher(run)
    items = [str(n) for n in range(1, 21)] + ["-1", "x"]
    outcomes = await asyncio.gather(*(batcher.submit(i) for i in items), return_exceptions=True)
    assert outcomes[:20] == list(range(1, 21))
    assert isinstance(outcomes[20], asyncpg.CheckViolationError)
    assert isinstance(outcomes[21], asyncpg.DataError)
    async with db.unit(tenant=1, actor="test") as tx:
        assert await tx.conn.fetchval("SELECT count(*) FROM control_numbers") == 20
