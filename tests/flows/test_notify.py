"""An authorized note is told to its buyer once, with XML and DANFE, over a real mail server; where nobody asked for it, not at all."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from adapters.mail import ADAPTER
from adapters.mail.simulator import MailSimulator
from adapters.sefaz import ADAPTER as SEFAZ
from hub import connections, outbox
from hub.canon.order import Customer
from hub.canon.ports import Adapter
from hub.canon.trialcerts import make_root
from hub.connections import Directory
from hub.fiscal.export import CLOCK
from hub.flows import notify
from hub.flows.deliver import Deliver
from hub.flows.paper import Paper
from hub.flows.post import Post
from hub.flows.reactor import Reactor
from hub.kit.addresses import Guard
from hub.kit.clock import system_clock
from hub.kit.db import Database
from hub.kit.http import Transport
from hub.kit.lane import QueueWork
from hub.kit.mtls import show
from hub.kit.vault import Vault
from hub.kit.work import Worker
from tests.fiscal.test_export import note
from tests.queues import make_due
from tests.world import World, new_world

DAY = datetime(2026, 11, 10, 12, tzinfo=CLOCK)
KEKS = {"a": bytes(32)}


class Here:
    """Notes were issued through a connection to the authority."""

    async def of(self, _connection_id: UUID) -> tuple[Any, None]:
        return SimpleNamespace(adapter="sefaz"), None


@dataclass(slots=True)
class Shop:
    db: Database
    world: World
    server: MailSimulator
    reactor: Reactor
    deliver: Deliver
    connection_id: UUID

    async def sell(self, name: str, **given: Any) -> UUID:
        order: UUID = await self.world.place(self.world.draft(name, **given))
        await note(self.reactor, DAY, order_id=order)
        return order

    async def work(self) -> None:
        work = QueueWork(queue=outbox.QUEUE, handle=self.deliver.handle)
        await Worker(self.db, [work]).run_until_idle()
        await make_due(self.db, outbox.QUEUE)

    async def notices(self) -> list[Any]:
        return await self.world.rows("SELECT * FROM notices ORDER BY created_at")

    async def configure(self, **changes: Any) -> None:
        async with self.db.unit(tenant=1, actor="test") as tx:
            (found,) = await connections.of_tenant(tx, adapter="mail")
            await connections.set_config(tx, self.connection_id, {**found.config, **changes})


@pytest.fixture
async def shop(db: Database) -> AsyncIterator[Shop]:
    root = make_root(system_clock(), name="AC do correio")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    show(context, root.issue_server("127.0.0.1", now=system_clock()))
    server = MailSimulator(context=context, users={"hub": "secret"})
    await server.start()
    world = await new_world(db)
    config = {
        "host": "127.0.0.1",
        "port": server.port,
        "trust_pem": root.pem.decode(),
        "sender": "loja@example.com.br",
        "sender_name": "Loja Exemplo",
        "user": "hub",
        "invoices": True,
    }
    vault = Vault(db, KEKS)
    async with db.unit(tenant=1, actor="test") as tx:
        connection = await connections.create(tx, "mail", "mail", "Mail", config=config)
        await connections.add_secret(tx, vault, connection.connection_id, "password", "secret")
    adapters: Mapping[str, Adapter] = {"mail": ADAPTER, "sefaz": SEFAZ}
    reactor = Reactor(db, replace(world.deps, accepts={"mail": frozenset({"SendNotice"})}), (notify.FLOW,))
    paper = Paper(Here(), adapters)  # type: ignore[arg-type]
    transport = Transport(Guard())
    deliver = Deliver(reactor, Directory(db, vault), adapters, Post(transport), paper)
    yield Shop(db, world, server, reactor, deliver, connection.connection_id)
    paper.close()
    await transport.close()
    await server.stop()


async def test_the_buyer_gets_the_note_with_its_files(shop: Shop) -> None:
    pytest.importorskip("brazilfiscalreport")
    order = await shop.sell("O-1")
    assert shop.server.mails == []  # nothing leaves in the transaction
    await shop.work()
    (mail,) = shop.server.mails
    assert mail.recipient == "ana@example.com"
    number = (await shop.world.order(order))["number"]
    assert mail.message["Subject"] == f"Nota fiscal 1 do seu pedido {number}"
    xml, pdf = mail.message.iter_attachments()
    assert (xml.get_content_type(), pdf.get_content_type()) == ("application/xml", "application/pdf")
    assert xml.get_payload(decode=True).startswith(b"<nfeProc ")  # type: ignore[union-attr]
    assert pdf.get_payload(decode=True).startswith(b"%PDF-")  # type: ignore[union-attr]
    (row,) = await shop.notices()
    assert (row["state"], row["order_id"], row["recipient"]) == ("SENT", order, "ana@example.com")
    facts = await shop.world.rows("SELECT type FROM business_events WHERE type LIKE 'notice.%' ORDER BY position")
    assert [f["type"] for f in facts] == ["notice.owed", "notice.sent"]
    assert await shop.world.rows("SELECT 1 FROM outbox WHERE kind = 'SendNotice'") == []


async def test_nobody_is_told_who_gave_no_address_or_where_nobody_asked_for_it(shop: Shop) -> None:
    await shop.sell("O-1", customer=Customer(name="Rui", tax_id="52998224725"))
    await shop.configure(invoices=False)
    await shop.sell("O-2")
    await shop.work()
    assert (shop.server.mails, await shop.notices()) == ([], [])


async def test_a_refused_address_is_said_and_becomes_an_incident(shop: Shop) -> None:
    pytest.importorskip("brazilfiscalreport")
    shop.server.refused["ana@example.com"] = 550
    await shop.sell("O-1")
    await shop.work()
    (row,) = await shop.notices()
    assert (row["state"], row["message"], row["sent_at"]) == ("REFUSED", "550 no such mailbox", None)
    (incident,) = await shop.world.rows("SELECT kind FROM incidents")
    assert incident["kind"] == "delivery_parked"
