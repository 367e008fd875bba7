"""The drill: many notes through the real outbox to an authority that loses answers, is slow and closes, while a worker dies."""

from __future__ import annotations

import asyncio
import gc
import os
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from typing import Any

import pytest

from adapters.sefaz import ADAPTER
from adapters.sefaz.simulator import Fault, FaultKind, SefazSimulator
from adapters.sefaz.simulator.profiles import PROFILES
from adapters.sefaz.wire import SefazWire
from hub import connections, fiscal, outbox
from hub.boot import MAPPINGS, TREE
from hub.connections import Connection, Directory
from hub.fiscal.tables import fiscal_tables
from hub.flows.deliver import Deliver
from hub.flows.gate import delivery
from hub.flows.post import Post
from hub.flows.reactor import Deps, Reactor
from hub.incidents import Incidents, load_playbooks
from hub.kit.addresses import Guard
from hub.kit.clock import system_clock
from hub.kit.db import Database
from hub.kit.http import Transport
from hub.kit.ids import new_id
from hub.kit.lane import QueueWork
from hub.kit.lease import TRIES, Leased
from hub.kit.vault import Vault
from hub.kit.work import Worker
from hub.ledger import Cause
from hub.routing import load_rules
from tests.fiscal.notes import LOCAL, request
from tests.queues import make_due, make_stale
from tests.waiting import until

MANY = int(os.environ.get("HUB_DRILL", "200"))
CNPJ = "11222333000181"
KEKS = {"a": os.urandom(32)}
SEND = "NFeAutorizacao4"
LOSSES = (FaultKind.ANSWER_LOST, FaultKind.CUT_INSIDE, FaultKind.HTML, FaultKind.TRUNCATED, FaultKind.OTHER_NOTE)


@dataclass(slots=True)
class Field:
    """Where the drill takes place."""

    db: Database
    sefaz: SefazSimulator
    connection: Connection
    deps: Deps
    transport: Transport
    wire: SefazWire
    at_work: set[asyncio.Task[Any]] = dataclass_field(default_factory=set)

    def worker(self) -> Worker:
        reactor = Reactor(self.db, self.deps, ())
        directory = Directory(self.db, Vault(self.db, KEKS))
        deliver = Deliver(reactor, directory, {"sefaz": replace(ADAPTER, wire=self.wire)}, Post(self.transport))

        async def handle(rows: list[Leased]) -> None:
            task = asyncio.ensure_future(deliver.handle(rows))
            self.at_work.add(task)
            task.add_done_callback(self.at_work.discard)
            await task

        return Worker(self.db, [QueueWork(queue=outbox.QUEUE, handle=handle, batch=50, skip=self._shut)])

    async def _shut(self) -> list[str]:
        return await outbox.open_destinations(self.db)

    async def ask(self, many: int) -> None:
        """Notes are requested in batches, as dispatches come in."""
        for start in range(0, many, 50):
            async with self.db.unit(tenant=1, actor="test") as tx:
                asks = [self._ask(tx.correlation_id) for _ in range(min(50, many - start))]
                numbered = await fiscal.request(tx, asks, self.deps.tables)
                await outbox.owe(tx, [delivery(n) for n in numbered])

    def _ask(self, correlation: Any) -> fiscal.InvoiceAsk:
        return fiscal.InvoiceAsk(
            request=replace(request(), buyer=LOCAL, issued_at=system_clock()),
            order_id=new_id(),
            fulfillment_id=new_id(),
            node_id=new_id(),
            connection_id=self.connection.connection_id,
            cause=Cause(correlation, None),
        )

    async def time_passes(self) -> None:
        """Pauses of rows and of the breaker are over."""
        await make_due(self.db, outbox.QUEUE)
        await self.rows("UPDATE destination_state SET open_until = NULL")

    async def rows(self, query: str) -> list[Any]:
        async with self.db.unit(tenant=1, actor="test") as tx:
            return list(await tx.conn.fetch(query))

    async def states(self) -> Counter[str]:
        rows = await self.rows("SELECT state, count(*) AS n FROM fiscal_documents GROUP BY state")
        return Counter({r["state"]: r["n"] for r in rows})


@pytest.fixture
async def field(db: Database) -> AsyncIterator[Field]:
    sefaz = SefazSimulator(seed=11)
    await sefaz.start()
    container, password = sefaz.client(CNPJ)
    config = {"cnpj": CNPJ, "uf": "SP", "environment": "2", "base_url": sefaz.base_url, "trust_pem": sefaz.ca_pem}
    async with db.unit(tenant=1, actor="test") as tx:
        connection = await connections.create(tx, "sefaz", "sp", "SEFAZ SP", config=config)
        vault = Vault(db, KEKS)
        secrets = {"certificate": b64encode(container).decode(), "certificate_password": password}
        for name, value in secrets.items():
            await connections.add_secret(tx, vault, connection.connection_id, name, value)
    deps = Deps(
        incidents=Incidents(load_playbooks(MAPPINGS / "playbooks")),
        rules=load_rules(TREE / "mappings" / "routing" / "default.yaml"),
        tables=fiscal_tables(),
        accepts={"sefaz": frozenset({"AuthorizeInvoice"})},
    )
    wire = SefazWire()
    yield Field(db, sefaz, connection, deps, Transport(Guard()), wire)
    await wire.aclose()
    await sefaz.stop()


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
    async with field.db.unit(tenant=1, actor="test") as tx:
        [account] = await fiscal.accounts(tx)
    assert (account.taken, account.used, account.open, account.missing) == (MANY, MANY, 0, ())


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
