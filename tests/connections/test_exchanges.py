"""The register of exchanges: duplicates, resumed files, acks of what we sent, overdue ones."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from hub import connections
from hub.connections import Exchange, ExchangeSet, ExchangeUnknown
from hub.kit.clock import system_clock
from hub.kit.db import Database
from hub.kit.ids import new_id

PARTNER = UUID(int=5)


def exchange(control: str = "1", content: bytes = b"a", **given: Any) -> Exchange:
    plain: dict[str, Any] = {
        "connection_id": PARTNER,
        "direction": "IN",
        "sender": "ZZ/THEM",
        "receiver": "ZZ/US",
        "usage": "P",
        "control": control,
        "content_sha256": content.ljust(32),
    }
    return Exchange(**{**plain, **given})


def one_set(exchange_id: UUID, control: str, **given: Any) -> ExchangeSet:
    plain: dict[str, Any] = {
        "exchange_id": exchange_id,
        "group_control": "11",
        "set_control": control,
        "set_id": "850",
        "version": "004010",
        "verdict": "accepted",
    }
    return ExchangeSet(**{**plain, **given})


async def arrive(db: Database, given: Exchange, ack: bytes | None = None) -> list[connections.Duplicate]:
    async with db.unit(tenant=1, actor="test") as tx:
        found = await connections.duplicates(tx, given)
        if not found:
            await connections.register(tx, [given])
            if ack:
                await connections.keep_ack(tx, given.exchange_id, ack)
    return found


async def test_duplicates_are_known_by_number_and_content(db: Database) -> None:
    assert await arrive(db, exchange("1", b"a"), ack=b"997") == []
    (same,) = await arrive(db, exchange("1", b"a"))
    assert (same.same_control, same.same_content, same.ack) == (True, True, b"997")
    (other,) = await arrive(db, exchange("1", b"b"))
    assert (other.same_control, other.same_content) == (True, False)
    (again,) = await arrive(db, exchange("2", b"a"))
    assert (again.same_control, again.same_content) == (False, True)
    assert await arrive(db, exchange("1", b"c", usage="T")) == []
    assert await arrive(db, exchange("1", b"d", sender="ZZ/OTHER")) == []


async def test_one_of_two_at_once_is_the_duplicate(db: Database) -> None:
    found = await asyncio.gather(*(arrive(db, exchange()) for _ in range(8)))
    assert sorted(len(f) for f in found) == [0, 1, 1, 1, 1, 1, 1, 1]


async def test_a_number_may_come_again_after_the_window(db: Database) -> None:
    async with db.unit(tenant=1, actor="test", now=system_clock() - timedelta(days=91)) as tx:
        await connections.register(tx, [exchange()])
    assert await arrive(db, exchange()) == []


async def test_a_resumed_file_registers_each_set_once(db: Database) -> None:
    given = exchange(errors=[{"code": "x"}])
    await arrive(db, given)
    problems = [{"code": "a"}, {"code": "b"}]
    async with db.unit(tenant=1, actor="test") as tx:
        first = [one_set(given.exchange_id, c, errors=problems, document={"lines": [1]}) for c in ("1", "2", "1")]
        assert await connections.add_sets(tx, first) == [True, True, False]
        assert await connections.add_sets(tx, [one_set(given.exchange_id, c) for c in ("2", "3")]) == [False, True]
        await connections.set_verdict(tx, given.exchange_id, "accepted", [{"code": "y"}])
        assert await tx.conn.fetchval("SELECT errors FROM exchange_sets WHERE set_control = '2'") == problems
        assert await tx.conn.fetchval("SELECT errors FROM exchanges") == [{"code": "y"}]
        with pytest.raises(ExchangeUnknown):
            await connections.set_verdict(tx, new_id(), "accepted")
        with pytest.raises(ExchangeUnknown):
            await connections.keep_ack(tx, new_id(), b"")


async def send(db: Database, *controls: str, due: timedelta = timedelta(hours=1), control: str = "1") -> UUID:
    given = exchange(control, direction="OUT", ack_state="waiting", ack_due=system_clock() + due)
    async with db.unit(tenant=1, actor="test") as tx:
        await connections.register(tx, [given])
        sets = [one_set(given.exchange_id, c, ack_state="waiting", set_id="856", number=f"n{c}") for c in controls]
        await connections.add_sets(tx, sets)
    return given.exchange_id


async def state(db: Database) -> str:
    async with db.unit(tenant=1, actor="test") as tx:
        return str(await tx.conn.fetchval("SELECT ack_state FROM exchanges ORDER BY at DESC LIMIT 1"))


async def test_an_answer_moves_the_sets_that_it_names(db: Database) -> None:
    sent = await send(db, "1", "2")
    async with db.unit(tenant=1, actor="test") as tx:
        (first,) = await connections.acked(tx, PARTNER, {"1": "accepted"}, group="11")
    assert (first.exchange_id, first.number, first.old, first.new, first.changed) == (
        sent,
        "n1",
        "waiting",
        "accepted",
        True,
    )
    assert await state(db) == "waiting"
    async with db.unit(tenant=1, actor="test") as tx:
        both = await connections.acked(tx, PARTNER, {"*": "rejected"}, group="11")
    assert [(s.set_control, s.changed, s.contradicts) for s in both] == [("1", False, True), ("2", True, False)]
    assert await state(db) == "rejected"


async def test_a_rejected_interchange_rejects_all_its_sets(db: Database) -> None:
    await send(db, "1", "2", control="77")
    async with db.unit(tenant=1, actor="test") as tx:
        assert await connections.acked(tx, PARTNER, {"*": "rejected"}, interchange="78") == []
        moved = await connections.acked(tx, PARTNER, {"*": "rejected"}, interchange="77")
        assert await connections.acked(tx, PARTNER, {"9": "accepted"}, group="11") == []
    assert [s.changed for s in moved] == [True, True]


async def test_what_is_not_answered_in_time_is_overdue_and_may_still_be_accepted(db: Database) -> None:
    await send(db, "1", due=timedelta(seconds=-1))
    async with db.unit(tenant=1, actor="test") as tx:
        (late,) = await connections.overdue(tx)
        assert await connections.overdue(tx) == []
    assert (late.set_control, late.old, late.new) == ("1", "waiting", "overdue")
    async with db.unit(tenant=1, actor="test") as tx:
        (then,) = await connections.acked(tx, PARTNER, {"1": "accepted_with_errors"}, group="11")
    assert then.changed
    assert await state(db) == "accepted_with_errors"
