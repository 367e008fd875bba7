"""Notes that others issued to us: fetched with pauses by one poller, kept once, matched, answered."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from adapters.sefaz import ADAPTER
from adapters.sefaz.sample import BUYER, ISSUER_CNPJ
from adapters.sefaz.simulator import Fault, FaultKind, SefazSimulator
from adapters.sefaz.wire import SefazWire
from hub import connections, fiscal, inbox, outbox
from hub.boot import MAPPINGS
from hub.canon.commands import InvoiceReported
from hub.canon.incoming import IncomingNote
from hub.canon.invoice import InvoicePayment
from hub.canon.ports import Done
from hub.canon.taxids import key_digit
from hub.connections import Connection, Directory
from hub.fiscal.tables import fiscal_tables
from hub.flows import incoming
from hub.flows.deliver import Deliver
from hub.flows.incoming import Manifestation, manifest
from hub.flows.intake import Intake
from hub.flows.post import Post
from hub.flows.reactor import Deps, Reactor
from hub.flows.sweep import Sweep
from hub.incidents import Incidents, load_playbooks
from hub.kit.addresses import Guard
from hub.kit.clock import system_clock
from hub.kit.db import Database
from hub.kit.doorbell import Doorbell
from hub.kit.http import Transport
from hub.kit.ids import new_id
from hub.kit.lane import QueueWork
from hub.kit.vault import Vault
from hub.kit.work import Worker
from hub.ledger import Cause
from hub.routing import load_rules
from tests.adapters.sefaz.desk import Desk, account_of, authorize, fresh, news
from tests.fiscal.notes import LOCAL, request

RECEIVER = "12ABC34501DE35"
KEKS = {"a": bytes(32)}
NOT_PAID = InvoicePayment(medium="90", amount=Decimal(0))
FEED = "NFeDistribuicaoDFe"


@dataclass(slots=True)
class Place:
    """A company that receives notes. `now` is its clock."""

    db: Database
    sefaz: SefazSimulator
    desk: Desk
    connection: Connection
    sweep: Sweep
    worker: Worker
    reactor: Reactor

    async def sold_to_us(self, **changes: Any) -> str:
        buyer = replace(BUYER, tax_id=RECEIVER, taxpayer=False)
        outcome = await self.desk.deliver(authorize(fresh(buyer=buyer, **changes), self.desk.account), limit=99)
        assert isinstance(outcome, Done), outcome
        key = news(outcome).access_key
        assert key is not None
        return key

    async def look(self) -> int:
        fresh_ones = await self.sweep.look()
        await self.worker.run_until_idle()
        return fresh_ones

    async def hour_passes(self) -> None:
        self.sefaz.app.time.shift += timedelta(minutes=61)
        await self.rows("UPDATE connections SET sweep_after = sweep_after - interval '61 minutes'")

    async def rows(self, query: str, *args: Any) -> list[Any]:
        async with self.db.unit(tenant=1, actor="test") as tx:
            return list(await tx.conn.fetch(query, *args))

    async def note(self, key: str) -> Any:
        async with self.db.unit(tenant=1, actor="test") as tx:
            return (await fiscal.incoming(tx, [key]))[key]


@pytest.fixture
async def place(db: Database) -> AsyncIterator[Place]:
    sefaz = SefazSimulator(seed=2)
    sefaz.app.behavior = replace(sefaz.app.behavior, summaries=False)
    await sefaz.start()
    container, password = sefaz.client(RECEIVER)
    config = {"cnpj": RECEIVER, "uf": "SP", "environment": "2", "base_url": sefaz.base_url, "trust_pem": sefaz.ca_pem}
    vault = Vault(db, KEKS)
    async with db.unit(tenant=1, actor="test") as tx:
        connection = await connections.create(tx, "sefaz", "sp", "SEFAZ", config=config)
        await connections.create(tx, "sefaz", "sp2", "SEFAZ again", config=config)  # the same company: not asked twice
        for name, value in (("certificate", b64encode(container).decode()), ("certificate_password", password)):
            await connections.add_secret(tx, vault, connection.connection_id, name, value)
    deps = Deps(
        incidents=Incidents(load_playbooks(MAPPINGS / "playbooks")),
        rules=load_rules(MAPPINGS / "routing" / "default.yaml"),
        tables=fiscal_tables(),
        accepts={"sefaz": frozenset({"RegisterInvoiceEvent"})},
    )
    reactor, directory, wire = Reactor(db, deps, (incoming.FLOW,)), Directory(db, vault), SefazWire()
    adapters, post = {"sefaz": replace(ADAPTER, wire=wire)}, Post(Transport(Guard()))
    intake, deliver = Intake(reactor, directory, adapters, {}, post), Deliver(reactor, directory, adapters, post)
    works = [QueueWork(queue=inbox.QUEUE, handle=intake.handle), QueueWork(queue=outbox.QUEUE, handle=deliver.handle)]
    sweep = Sweep(db, Doorbell(db.dsn), directory, adapters, post)
    desk = Desk(account_of(sefaz, ISSUER_CNPJ))
    yield Place(db, sefaz, desk, connection, sweep, Worker(db, works), reactor)
    await desk.wire.aclose()
    await wire.aclose()
    await sefaz.stop()


async def test_a_note_to_us_is_kept_whole_and_once(place: Place) -> None:
    keys = [await place.sold_to_us() for _ in range(3)]
    assert await place.look() == 3
    for key in keys:
        row = await place.note(key)
        assert (row["whole"], row["status"], row["issuer_tax_id"]) == (True, "AUTHORIZED", ISSUER_CNPJ)
        assert row["note"]["items"][0]["sku"] == "EX-001"
        assert row["total"] == Decimal(row["note"]["total"])
    assert set(IncomingNote.__dataclass_fields__) >= set(row["note"])
    facts = await place.rows("SELECT 1 FROM business_events WHERE type = 'incoming_note.read'")
    assert len(facts) == 3


async def test_nobody_asks_again_within_the_hour_and_only_one_asks(place: Place) -> None:
    await place.sold_to_us()
    found = await asyncio.gather(*(place.look() for _ in range(4)))
    assert sum(found) == 1
    asked = place.sefaz.app.calls[FEED]
    await place.look()
    assert place.sefaz.app.calls[FEED] == asked == 1
    await place.hour_passes()
    await place.sold_to_us()
    assert await place.look() == 1
    assert place.sefaz.app.calls[FEED] == 2


async def test_asked_too_often_waits_an_hour(place: Place) -> None:
    place.sefaz.app.faults.add(Fault(kind=FaultKind.PACING, service=FEED, times=1))
    key = await place.sold_to_us()
    assert await place.look() == 0
    (row,) = await place.rows("SELECT sweep_after FROM connections WHERE code = 'sp'")
    assert row["sweep_after"] >= system_clock() + timedelta(minutes=59)
    await place.hour_passes()
    assert await place.look() == 1
    assert (await place.note(key))["whole"]


async def test_a_return_is_matched_to_the_note_that_it_names(place: Place) -> None:
    stem = f"352611{ISSUER_CNPJ}55001000000999148211907"
    ours = f"{stem}{key_digit(stem)}"
    document = await sold_by_us(place, ours)
    key = await place.sold_to_us(purpose=4, referenced_keys=(ours,), payments=(NOT_PAID,))
    await place.look()
    row = await place.note(key)
    assert row["referenced_keys"] == [ours]
    assert row["document_id"] == document
    assert row["note"]["purpose"] == 4
    order = new_id()
    async with place.reactor.unit(tenant=1, actor="test") as tx:
        await fiscal.match_incoming(tx, key, Cause(new_id(), None), purchase_order_id=order)
    assert (await place.note(key))["purchase_order_id"] == order


def said(key: str, stance: str, reason: str | None = None) -> Manifestation:
    return Manifestation(access_key=key, stance=stance, cause=Cause(new_id(), None), reason=reason)


async def sold_by_us(place: Place, key: str) -> Any:
    ask = fiscal.InvoiceAsk(
        request=replace(request(), buyer=LOCAL, issued_at=system_clock()),
        order_id=new_id(),
        fulfillment_id=new_id(),
        node_id=new_id(),
        connection_id=new_id(),
        cause=Cause(new_id(), None),
    )
    async with place.reactor.unit(tenant=1, actor="test") as tx:
        (numbered,) = await fiscal.request(tx, [ask], place.reactor.deps.tables)
        said = InvoiceReported(
            invoice_id=numbered.document_id.hex, status="AUTHORIZED", access_key=key, protocol="1" * 15
        )
        await fiscal.report(tx, [(said, ask.cause)])
    return numbered.document_id


async def test_what_we_say_of_a_note_is_registered_and_remembered(place: Place) -> None:
    key = await place.sold_to_us()
    await place.look()
    async with place.reactor.unit(tenant=1, actor="test") as tx:
        await manifest(tx, [said(key, "AWARE")])
        await manifest(tx, [said(key, "AWARE")])
    await place.worker.run_until_idle()
    assert (await place.note(key))["stance"] == "AWARE"
    async with place.reactor.unit(tenant=1, actor="test") as tx:
        await manifest(tx, [said(key, "NOT_DONE", "A mercadoria nunca chegou ao destino")])
    await place.worker.run_until_idle()
    assert (await place.note(key))["stance"] == "NOT_DONE"
    assert {e.event_type for e in place.sefaz.app.store.events.values()} == {"210210", "210240"}


async def test_a_summary_is_answered_and_then_the_whole_note_arrives(place: Place) -> None:
    place.sefaz.app.behavior = replace(place.sefaz.app.behavior, summaries=True)
    key = await place.sold_to_us()
    assert await place.look() == 1
    row = await place.note(key)
    assert (row["whole"], row["stance"], row["note"]) == (False, None, None)  # nobody said that it may be answered
    async with place.db.unit(tenant=1, actor="test") as tx:
        config = {**place.connection.config, "aware_of_summaries": True}
        await connections.set_config(tx, place.connection.connection_id, config)
    second = await place.sold_to_us()
    await place.hour_passes()
    assert await place.look() == 1
    row = await place.note(second)
    assert (row["whole"], row["stance"]) == (False, "AWARE")
    await place.hour_passes()
    assert await place.look() == 1
    row = await place.note(second)
    assert (row["whole"], row["stance"]) == (True, "AWARE")
    assert row["note"]["items"]
    assert {e.event_type for e in place.sefaz.app.store.events.values()} == {"210210"}


async def test_an_unknown_note_or_word_is_refused(place: Place) -> None:
    async with place.reactor.unit(tenant=1, actor="test") as tx:
        with pytest.raises(fiscal.UnknownIncomingNote):
            await manifest(tx, [said("3" * 44, "AWARE")])
        with pytest.raises(fiscal.UnknownStance):
            await manifest(tx, [said("3" * 44, "MAYBE")])


async def test_a_document_that_cannot_be_read_is_parked_and_its_neighbours_go_on(place: Place) -> None:
    place.sefaz.app.store.feeds.setdefault(RECEIVER, []).append(("procNFe_v4.00.xsd", "<nfeProc><broken"))
    key = await place.sold_to_us()
    assert await place.look() == 2
    assert (await place.note(key))["whole"]
    (parked,) = await place.rows("SELECT * FROM inbox WHERE state = 3")
    assert isinstance(parked["received_at"], datetime)
    (incident,) = await place.rows("SELECT * FROM incidents")
    assert incident["kind"] == "document_unreadable"
