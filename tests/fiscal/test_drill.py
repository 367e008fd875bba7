"""The drill: many notes through the real outbox to an authority that loses answers, is slow and closes, while a worker dies."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from itertools import pairwise
from uuid import UUID

import pytest

from adapters.sefaz.simulator import Fault, FaultKind, SefazSimulator
from adapters.sefaz.simulator.profiles import PROFILES
from hub import connections, fiscal, outbox
from hub.fiscal.model import FACTS, LIFE, FiscalState
from hub.kit.db import Database
from hub.kit.lease import TRIES
from tests.fiscal.field import Field, opened_field
from tests.queues import make_stale
from tests.waiting import until

MANY = int(os.environ.get("HUB_DRILL", "200"))
SEND = "NFeAutorizacao4"
LOSSES = (FaultKind.ANSWER_LOST, FaultKind.CUT_INSIDE, FaultKind.HTML, FaultKind.TRUNCATED, FaultKind.OTHER_NOTE)


@pytest.fixture
async def field(db: Database) -> AsyncIterator[Field]:
    async with opened_field(db) as made:
        yield made


def misbehave(sefaz: SefazSimulator) -> None:
    """One call in ten is processed without an answer that can be read; others are slow, cut off before, or stopped."""
    for kind in LOSSES:
        sefaz.app.faults.add(Fault(kind=kind, rate=0.1 / len(LOSSES)))
    sefaz.app.faults.add(Fault(kind=FaultKind.CUT_BEFORE, rate=0.03))
    sefaz.app.faults.add(Fault(kind=FaultKind.HTTP_500, rate=0.03))
    sefaz.app.faults.add(Fault(kind=FaultKind.STOPPED, rate=0.02))
    sefaz.app.faults.add(Fault(kind=FaultKind.TWICE, service=SEND, rate=0.02))
    sefaz.app.faults.add(Fault(kind=FaultKind.DELAY, rate=0.05, seconds=0.05))


async def die_in_the_middle(field: Field, answered: int) -> None:
    """A worker that ends while calls are on their way: no completion, leases left behind."""
    running = asyncio.create_task(field.worker().run_until_idle())
    await until(lambda: field.sefaz.app.calls.get(SEND, 0) >= answered or running.done(), seconds=120)
    running.cancel()
    dying = list(field.at_work)
    for task in dying:
        task.cancel()
    await asyncio.gather(running, *dying, return_exceptions=True)
    gc.collect()  # sockets that were in their handshake have nobody to close them
    await make_stale(field.db, outbox.QUEUE)


@pytest.mark.slow
@pytest.mark.timeout(180 + MANY // 2)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a worker that dies closes nothing
async def test_none_is_lost_none_is_twice_and_every_note_comes_to_an_end(field: Field) -> None:
    await field.ask(MANY)
    misbehave(field.sefaz)
    await die_in_the_middle(field, min(MANY // 4, 500))
    rounds = 0
    while (await field.states()).keys() - {"AUTHORIZED"} and rounds < 60:
        rounds += 1
        closed = rounds in {2, 3, 5}
        field.sefaz.app.behavior = PROFILES["STOPPED" if closed else "SP"]
        await field.time_passes()
        await field.worker().run_until_idle()
    assert await field.states() == {"AUTHORIZED": MANY}
    await check(field)


async def check(field: Field) -> None:
    rows = await field.rows("SELECT * FROM fiscal_documents ORDER BY number")
    there = field.sefaz.app.store.notes
    assert [r["number"] for r in rows] == list(range(1, MANY + 1))  # no gap
    assert {r["access_key"] for r in rows} == set(there)  # none lost, none that we do not know
    assert len({r["fulfillment_id"] for r in rows}) == MANY  # one a fulfillment
    for row in rows:
        note = there[row["access_key"]]
        assert row["protocol"] == note.protocol
        assert row["signed_xml"].decode() == note.xml  # what was sent is what is stored
    assert await field.rows("SELECT 1 FROM outbox") == []
    facts = await field.rows(
        "SELECT subject_id, count(*) FILTER (WHERE type = 'invoice.authorized') AS n FROM business_events "
        "WHERE subject_kind = 'fiscal_document' GROUP BY subject_id"
    )
    assert {r["n"] for r in facts} == {1}
    await no_move_outside_the_table(field)
    async with field.db.unit(tenant=1, actor="test") as tx:
        [account] = await fiscal.accounts(tx)
    assert (account.taken, account.used, account.open, account.missing) == (MANY, MANY, 0, ())


async def no_move_outside_the_table(field: Field) -> None:
    """The facts of each note, in their order, are moves of its life."""
    state_of = {fact: state for state, fact in FACTS.items()}
    lives: dict[UUID, list[FiscalState]] = {}
    for row in await field.rows(
        "SELECT subject_id, type FROM business_events WHERE subject_kind = 'fiscal_document' ORDER BY subject_id, position"
    ):
        lives.setdefault(row["subject_id"], []).append(state_of[row["type"]])
    for life in lives.values():
        assert life[0] is FiscalState.PENDING
        assert all(b in LIFE[a] for a, b in pairwise(life)), life


async def test_a_closed_authority_costs_no_tries(field: Field) -> None:
    await field.ask(1)
    field.sefaz.app.behavior = PROFILES["STOPPED"]
    for _ in range(TRIES + 3):
        await field.time_passes()
        await field.worker().run_until_idle()
    (owed,) = await field.rows("SELECT state, attempts FROM outbox")
    assert (owed["state"], owed["attempts"]) == (0, 0)
    field.sefaz.app.behavior = PROFILES["SP"]
    await field.time_passes()
    await field.worker().run_until_idle()
    assert await field.states() == {"AUTHORIZED": 1}


async def test_a_note_that_our_own_checks_refuse_is_rejected_and_never_sent(field: Field) -> None:
    async with field.db.unit(tenant=1, actor="test") as tx:
        config = {**field.connection.config, "environment": "1"}
        await connections.set_config(tx, field.connection.connection_id, config)
    await field.ask(1)
    await field.worker().run_until_idle()
    (note,) = await field.rows("SELECT * FROM fiscal_documents")
    assert note["state"] == "REJECTED"
    assert "environment" in note["authority_message"]
    assert field.sefaz.app.calls == {}
