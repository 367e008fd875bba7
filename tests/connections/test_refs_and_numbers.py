"""Foreign ids are learnt and read set-wise; control numbers have no gap, whatever happens to those who take them."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from hub import connections
from hub.connections import BadControlNumber, ForeignRef
from hub.connections.numbers import LAST
from hub.kit.db import Database
from hub.kit.ids import new_id

PARTNER = UUID(int=5)


async def test_what_was_learnt_last_stands(db: Database) -> None:
    a, b = new_id(), new_id()

    def ref(subject: UUID, name: str, value: str) -> ForeignRef:
        return ForeignRef(subject_id=subject, connection_id=PARTNER, name=name, value=value)

    async with db.unit(tenant=1, actor="test") as tx:
        await connections.learn(tx, [ref(a, "order", "1"), ref(b, "order", "2"), ref(a, "order", "3")])
        await connections.learn(tx, [ref(b, "shipment", "9"), ref(b, "order", "2")])
        assert await connections.read(tx, PARTNER, [a, b, new_id()]) == {
            a: {"order": "3"},
            b: {"order": "2", "shipment": "9"},
        }
        assert await connections.read(tx, new_id(), [a]) == {}
        assert await connections.find(tx, PARTNER, "order", ["2", "3", "4"]) == {"2": b, "3": a}
    async with db.unit(tenant=2, actor="test") as tx:
        assert await connections.read(tx, PARTNER, [a]) == {}


async def take(db: Database, n: int = 1, *, tenant: int = 1, usage: str = "P", fail: bool = False) -> tuple[int, ...]:
    async with db.unit(tenant=tenant, actor="test") as tx:
        taken = await connections.take(tx, PARTNER, "US", usage, "isa", n)  # type: ignore[arg-type]
        if fail:
            raise RuntimeError
    return taken.numbers


async def test_a_thousand_at_once_leave_no_gap(db: Database) -> None:
    async def one(n: int) -> tuple[int, ...]:
        try:
            return await take(db, 1 + n % 3, fail=n % 7 == 0)
        except RuntimeError:
            return ()

    taken = [number for numbers in await asyncio.gather(*(one(n) for n in range(1000))) for number in numbers]
    assert sorted(taken) == list(range(1, len(taken) + 1))
    assert len(taken) > 1000


async def test_after_the_last_comes_one(db: Database) -> None:
    async with db.unit(tenant=1, actor="test") as tx:
        await connections.set_next(tx, PARTNER, "US", "P", "isa", LAST - 1)
        first = await connections.take(tx, PARTNER, "US", "P", "isa")
        second = await connections.take(tx, PARTNER, "US", "P", "isa", 3)
        third = await connections.take(tx, PARTNER, "US", "P", "isa")
    assert (first.numbers, first.wrapped) == ((LAST - 1,), False)
    assert (second.numbers, second.wrapped) == ((LAST, 1, 2), True)
    assert (third.numbers, third.wrapped) == ((3,), False)


async def test_test_and_production_and_tenants_count_apart(db: Database) -> None:
    assert await take(db, 2) == (1, 2)
    assert await take(db, usage="T") == (1,)
    assert await take(db, tenant=2) == (1,)
    assert await take(db) == (3,)


@pytest.mark.parametrize("number", [0, -1, LAST + 1])
async def test_impossible_numbers_are_refused(db: Database, number: int) -> None:
    async with db.unit(tenant=1, actor="test") as tx:
        with pytest.raises(BadControlNumber):
            await connections.set_next(tx, PARTNER, "US", "P", "isa", number)
        with pytest.raises(BadControlNumber):
            await connections.take(tx, PARTNER, "US", "P", "isa", number)
