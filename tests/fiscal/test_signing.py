"""Notes that are claimed together are signed together: one thread, one unit, and a bad one is refused alone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from asyncpg.connection import LoggedQuery

from hub import fiscal
from hub.canon.commands import InvoiceReported
from hub.flows.reactor import Reactor
from hub.kit.db import Database, Tx
from hub.kit.ids import new_id
from hub.ledger import Cause
from tests.fiscal.field import Field, opened_field

SIGNED_AT_ONCE = 12


class Died(Exception):
    """The process ended before its commit."""


@dataclass(slots=True)
class Seen:
    """One unit: its statements and how often it told which fact."""

    statements: list[str] = field(default_factory=list)
    facts: Counter[str] = field(default_factory=Counter)


class Watched(Reactor):
    """Notes what its units do. `dies`: the unit of the signing ends before its commit; `dies_after`: nothing is done behind it."""

    seen: list[Seen]
    dies: bool = False
    dies_after: bool = False

    @asynccontextmanager
    async def unit(self, **given: Any) -> AsyncIterator[Tx]:
        seen = Seen()
        if self.dies_after and self.signings():
            raise Died
        async with super().unit(**given) as tx:
            with tx.conn.query_logger(lambda query: _note(seen, query)):
                yield tx
                await self.react(tx)
                for hook in tx.before_commit:
                    await hook(tx)
                seen.facts.update(f.type for f in tx.facts)
            tx.before_commit.clear()
            if self.dies and "invoice.signed" in seen.facts:
                raise Died
        self.seen.append(seen)

    def signings(self) -> list[Seen]:
        return [s for s in self.seen if "invoice.signed" in s.facts]


def _note(seen: Seen, query: LoggedQuery) -> None:
    seen.statements.append(query.query)


@pytest.fixture
async def place(db: Database) -> AsyncIterator[Field]:
    async with opened_field(db) as made:
        yield made


def watched(place: Field) -> Watched:
    reactor = Watched(place.db, place.deps, ())
    reactor.seen = []
    place.reactor = reactor
    return reactor


async def spoil(place: Field, number: int) -> None:
    """The stored invoice of that number gets a GTIN whose check digit is wrong."""
    query = """UPDATE outbox SET payload = jsonb_set(payload, '{invoice,items,0,gtin}', '"7891234000012"')
               WHERE payload->'invoice'->>'number' = 'NUMBER' RETURNING 1""".replace("NUMBER", str(number))
    assert len(await place.rows(query)) == 1


async def test_statements_of_a_signing_do_not_grow_with_its_notes(place: Field) -> None:
    found = {}
    for many in (1, 2, SIGNED_AT_ONCE):
        reactor = watched(place)
        await place.ask(many)
        await place.worker().run_until_idle()
        [signing] = reactor.signings()
        assert signing.facts == {"invoice.signed": many}
        found[many] = signing.statements
    assert found[1] == found[2] == found[SIGNED_AT_ONCE]
    assert await place.states() == {"AUTHORIZED": 3 + SIGNED_AT_ONCE}


async def test_a_bad_note_is_refused_alone_and_its_neighbours_leave(place: Field) -> None:
    reactor = watched(place)
    await place.ask(5)
    await spoil(place, 3)
    await place.worker().run_until_idle()
    rows = await place.rows("SELECT number, state, authority_message FROM fiscal_documents ORDER BY number")
    assert [r["state"] for r in rows] == ["AUTHORIZED", "AUTHORIZED", "REJECTED", "AUTHORIZED", "AUTHORIZED"]
    assert "items[0].gtin" in rows[2]["authority_message"]
    assert [s.facts["invoice.signed"] for s in reactor.signings()] == [4]
    assert len(place.sefaz.app.store.notes) == 4


async def test_a_note_given_up_while_it_is_signed_leaves_its_neighbours_signed(place: Field) -> None:
    """The room moves a note between the claim and the storing of its bytes."""
    await place.ask(4)
    [given_up] = await place.rows("SELECT fiscal_document_id FROM fiscal_documents WHERE number = 2")
    said = InvoiceReported(invoice_id=given_up["fiscal_document_id"].hex, status="VOID_PENDING")
    place.adapter = replace(place.adapter, prepare=_while(place, said))
    await place.worker().run_until_idle()
    rows = await place.rows("SELECT state, signed_xml IS NOT NULL AS signed FROM fiscal_documents ORDER BY number")
    assert [(r["state"], r["signed"]) for r in rows] == [
        ("AUTHORIZED", True),
        ("VOID_PENDING", False),
        ("AUTHORIZED", True),
        ("AUTHORIZED", True),
    ]
    assert len(place.sefaz.app.store.notes) == 3
    assert await place.rows("SELECT 1 FROM outbox") == []


def _while(place: Field, said: InvoiceReported) -> Any:
    """`prepare` of the adapter, during which the room is told that."""
    loop, prepare = asyncio.get_running_loop(), place.adapter.prepare
    assert prepare is not None

    async def tell() -> None:
        async with place.db.unit(tenant=1, actor="test") as tx:
            await fiscal.report(tx, [(said, Cause(new_id(), None))])

    def both(asked: Any) -> Any:
        asyncio.run_coroutine_threadsafe(tell(), loop).result(10)
        return prepare(asked)

    return both


async def test_a_death_before_the_commit_leaves_nothing_half_done(place: Field) -> None:
    reactor = watched(place)
    reactor.dies = True
    await place.ask(3)
    await place.worker().run_until_idle()
    assert await place.rows("SELECT 1 FROM outbox WHERE prepared IS NOT NULL") == []
    assert await place.states() == {"PENDING": 3}
    assert place.sefaz.app.calls == {}
    watched(place)
    await place.time_passes()
    await place.worker().run_until_idle()
    assert await place.states() == {"AUTHORIZED": 3}


async def test_bytes_that_are_stored_are_sent_as_they_are(place: Field) -> None:
    """A worker dies between the storing and the first send: the next one signs nothing again."""
    await place.ask(2)
    await _sign_and_die(place)
    stored = {r["prepared"] for r in await place.rows("SELECT prepared FROM outbox")}
    reactor = watched(place)
    await place.time_passes()
    await place.worker().run_until_idle()
    assert reactor.signings() == []
    assert {note.xml.encode() for note in place.sefaz.app.store.notes.values()} == stored


async def _sign_and_die(place: Field) -> None:
    reactor = watched(place)
    reactor.dies_after = True
    await place.worker().run_until_idle()
    assert [s.facts["invoice.signed"] for s in reactor.signings()] == [2]
    assert await place.states() == {"SIGNED": 2}
    assert place.sefaz.app.calls == {}
