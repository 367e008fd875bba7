"""Messages are kept once, before they are understood; a person may correct, retry or ignore them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from hub import inbox
from hub.canon.ports import Envelope
from hub.inbox import Arrival, Park, Received
from hub.kit.clock import system_clock
from hub.kit.db import Database
from hub.kit.ids import new_id
from hub.kit.lease import State
from hub.kit.parked import Chosen
from tests.queues import take

SHOP, OTHER = UUID(int=1), UUID(int=2)


def envelope(key: str = "e1", **given: Any) -> Envelope:
    plain: dict[str, Any] = {"dedupe_key": key, "topic": "orders/create", "body": b"{}", "complete": True}
    return Envelope(**{**plain, **given})


async def receive(db: Database, *envelopes: Envelope, connection: UUID = SHOP, tenant: int = 1) -> list[Received]:
    async with db.unit(tenant=tenant, actor="test") as tx:
        return await inbox.receive(tx, connection, envelopes)


async def count(db: Database, table: str = "inbox") -> int:
    found = await db.worker.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - named by the test
    return int(found)


async def test_a_message_comes_back_as_it_was_received(db: Database) -> None:
    given = envelope(body=b"\x00\xff", headers={"x-a": "1"}, external_id="42", revision="7", media_type="text/csv")
    (received,) = await receive(db, given)
    (leased,) = await take(db, inbox.QUEUE)
    seen = inbox.message(leased)
    assert seen.envelope == given
    assert (seen.message_id, seen.connection_id) == (received.message_id, SHOP)
    assert seen.correlation_id == received.message_id


async def test_a_child_belongs_to_its_parents_conversation(db: Database) -> None:
    talk, parent = new_id(), new_id()
    async with db.unit(tenant=1, actor="test") as tx:
        await inbox.receive(tx, SHOP, [envelope()], correlation_id=talk, causation_id=parent)
    (leased,) = await take(db, inbox.QUEUE)
    seen = inbox.message(leased)
    assert (seen.correlation_id, seen.causation_id) == (talk, parent)


async def test_a_duplicate_answers_the_first_message_also_within_one_batch(db: Database) -> None:
    a, b, twin = await receive(db, envelope("a"), envelope("b"), envelope("a"))
    assert (a.new, b.new, twin.new) == (True, True, False)
    assert twin.message_id == a.message_id
    again, c = await receive(db, envelope("a"), envelope("c"))
    assert (again.new, again.message_id, c.new) == (False, a.message_id, True)
    assert await count(db) == 3


async def test_a_thousand_deliveries_of_one_event_make_one_message(db: Database) -> None:
    answers = await asyncio.gather(*(receive(db, envelope("one"), envelope(f"own{n}")) for n in range(300)))
    assert await count(db) == 301
    assert len({a[0].message_id for a in answers}) == 1
    assert sum(a[0].new for a in answers) == 1


async def test_batches_in_opposite_order_wait_for_each_other(db: Database) -> None:
    keys = [envelope(f"k{n:02}") for n in range(40)]
    await asyncio.gather(*(receive(db, *(keys if n % 2 else reversed(keys))) for n in range(20)))
    assert await count(db) == 40


async def test_a_duplicate_of_a_message_that_is_being_archived_is_refused(db: Database) -> None:
    (first,) = await receive(db, envelope())
    rows = await take(db, inbox.QUEUE)
    async with db.unit(tenant=1, actor="test") as tx:
        await inbox.complete(tx, rows)
        late = asyncio.create_task(receive(db, envelope()))
        await asyncio.sleep(0.01)
    (answer,) = await late
    assert (answer.new, answer.message_id) == (False, first.message_id)
    assert (await count(db), await count(db, "inbox_done")) == (0, 1)


async def test_connections_and_tenants_have_keys_of_their_own(db: Database) -> None:
    assert (await receive(db, envelope()))[0].new
    assert (await receive(db, envelope(), connection=OTHER))[0].new
    assert (await receive(db, envelope(), tenant=2))[0].new
    async with db.unit(tenant=2, actor="test") as tx:
        assert await tx.conn.fetchval("SELECT count(*) FROM inbox") == 1
        assert await tx.conn.fetchval("SELECT count(*) FROM inbox_seen") == 1


async def test_arrivals_of_many_connections_go_in_one_statement(db: Database) -> None:
    async with db.unit(tenant=1, actor="test") as tx:
        answers = await inbox.receive_all(
            tx, [Arrival(connection_id=c, envelope=envelope()) for c in (OTHER, SHOP, OTHER)]
        )
    assert [a.new for a in answers] == [True, True, False]


async def test_a_parked_message_keeps_its_problems_and_is_read_anew_with_a_corrected_body(db: Database) -> None:
    await receive(db, envelope(body=b"bad"))
    (leased,) = await take(db, inbox.QUEUE)
    problem = {"code": "MISSING", "at": "lines[0].sku", "message": "a line needs a SKU"}
    async with db.unit(tenant=1, actor="test") as tx:
        (settled,) = await inbox.park(
            tx, [Park(leased=leased, error="1 problem", fingerprint="shopify|MISSING", problems=[problem])]
        )
    assert settled.state is State.PARKED
    assert await db.worker.fetchval("SELECT problems FROM inbox") == [problem]
    async with db.unit(tenant=1, actor="test") as tx:
        (changed,) = await inbox.retry(tx, Chosen(ids=[leased.id]), body=b"good")
    assert changed.ready
    (again,) = await take(db, inbox.QUEUE)
    seen = inbox.message(again)
    assert (seen.envelope.body, seen.original, seen.leased.attempts) == (b"good", b"bad", 1)


async def test_a_message_may_be_put_off(db: Database) -> None:
    await receive(db, envelope())
    (leased,) = await take(db, inbox.QUEUE)
    async with db.unit(tenant=1, actor="test") as tx:
        (settled,) = await inbox.park(
            tx, [Park(leased=leased, error="waits", fingerprint="f", after=timedelta(hours=1))]
        )
    assert settled.state is State.READY
    assert settled.run_at is not None
    assert settled.run_at > system_clock() + timedelta(minutes=50)


async def test_a_body_replaces_one_parked_message_only(db: Database) -> None:
    await receive(db, envelope())
    (leased,) = await take(db, inbox.QUEUE)
    async with db.unit(tenant=1, actor="test") as tx:
        with pytest.raises(inbox.commands.OneBodyOneMessage):
            await inbox.retry(tx, Chosen(fingerprint="f"), body=b"x")
        with pytest.raises(inbox.commands.MessageNotParked):
            await inbox.retry(tx, Chosen(ids=[leased.id]), body=b"x")


async def test_old_keys_are_forgotten_unless_their_message_is_at_work(db: Database) -> None:
    await receive(db, envelope("done"))
    rows = await take(db, inbox.QUEUE)
    async with db.unit(tenant=1, actor="test") as tx:
        await inbox.complete(tx, rows)
    await receive(db, envelope("waits"))
    async with db.unit(tenant=1, actor="test") as tx:
        assert await inbox.forget_seen(tx, system_clock() - timedelta(days=30)) == 0
        assert await inbox.forget_seen(tx, system_clock() + timedelta(days=1)) == 1
    assert (await receive(db, envelope("done")))[0].new
    assert not (await receive(db, envelope("waits")))[0].new
