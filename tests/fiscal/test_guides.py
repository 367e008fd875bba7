"""From an authorized note to payment data on the order: rules read once a day, the guide by those rules, strict UFs, refusals."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from adapters.gnre import ADAPTER
from adapters.gnre.simulator import Fault, FaultKind, GnreSimulator
from adapters.gnre.wire import GnreWire
from hub import connections, fiscal, outbox
from hub.boot import MAPPINGS
from hub.canon.commands import InvoiceReported
from hub.canon.invoice import InvoiceParty
from hub.canon.taxids import key_digit
from hub.connections import Directory
from hub.fiscal.tables import fiscal_tables
from hub.flows import guides
from hub.flows.deliver import Deliver
from hub.flows.post import Post
from hub.flows.reactor import Deps, Reactor
from hub.incidents import Incidents, load_playbooks
from hub.kit.addresses import Guard
from hub.kit.clock import system_clock
from hub.kit.db import Database
from hub.kit.http import Transport
from hub.kit.ids import new_id
from hub.kit.lane import QueueWork
from hub.kit.vault import Vault
from hub.kit.work import Worker
from hub.ledger import Cause
from hub.routing import load_rules
from tests.fiscal.notes import CONSUMER, LOCAL, request
from tests.queues import make_due

CNPJ = "11222333000181"
KEKS = {"a": bytes(32)}


def key_of(number: int) -> str:
    body = f"352611{CNPJ}55001{number:09d}148211907"
    return f"{body}{key_digit(body)}"


@dataclass(slots=True)
class Place:
    """A company with a connection to the portal."""

    db: Database
    portal: GnreSimulator
    reactor: Reactor
    deliver: Deliver
    connection_id: UUID

    async def sell(self, buyer: InvoiceParty, *, ship_to: InvoiceParty | None = None) -> UUID:
        """A note to that buyer, authorized. Its id."""
        ask = fiscal.InvoiceAsk(
            request=replace(request(), buyer=buyer, ship_to=ship_to, issued_at=system_clock()),
            order_id=new_id(),
            fulfillment_id=new_id(),
            node_id=new_id(),
            connection_id=new_id(),
            cause=Cause(new_id(), None),
        )
        async with self.reactor.unit(tenant=1, actor="test") as tx:
            (numbered,) = await fiscal.request(tx, [ask], self.reactor.deps.tables)
            said = InvoiceReported(
                invoice_id=numbered.document_id.hex,
                status="AUTHORIZED",
                access_key=key_of(numbered.number),
                protocol="135260000000001",
            )
            await fiscal.report(tx, [(said, ask.cause)])
        return numbered.document_id

    async def work(self, rounds: int = 6) -> None:
        """The outbox is emptied while time passes."""
        for _ in range(rounds):
            await Worker(self.db, [QueueWork(queue=outbox.QUEUE, handle=self.deliver.handle)]).run_until_idle()
            await make_due(self.db, outbox.QUEUE)

    async def rows(self, query: str, *args: Any) -> list[Any]:
        async with self.db.unit(tenant=1, actor="test") as tx:
            return list(await tx.conn.fetch(query, *args))

    async def guides(self, document: UUID) -> list[Any]:
        return await self.rows("SELECT * FROM gnre_guides WHERE fiscal_document_id = $1 ORDER BY revenue", document)

    async def configure(self, **changes: Any) -> None:
        async with self.db.unit(tenant=1, actor="test") as tx:
            (found,) = await connections.of_tenant(tx, adapter="gnre")
            await connections.set_config(tx, self.connection_id, {**found.config, **changes})


@pytest.fixture(scope="module")
async def portal() -> AsyncIterator[GnreSimulator]:
    simulator = GnreSimulator(seed=3)
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
async def place(db: Database, portal: GnreSimulator) -> AsyncIterator[Place]:
    portal.app.faults.clear()
    portal.app.guides.clear()
    portal.app.calls.clear()
    container, password = portal.client(CNPJ)
    config = {
        "cnpj": CNPJ,
        "environment": "2",
        "base_url": portal.base_url,
        "trust_pem": portal.ca_pem,
        "payment_days": 1,
    }
    vault = Vault(db, KEKS)
    async with db.unit(tenant=1, actor="test") as tx:
        connection = await connections.create(tx, "gnre", "gnre", "GNRE", config=config)
        for name, value in (("certificate", b64encode(container).decode()), ("certificate_password", password)):
            await connections.add_secret(tx, vault, connection.connection_id, name, value)
    deps = Deps(
        incidents=Incidents(load_playbooks(MAPPINGS / "playbooks")),
        rules=load_rules(MAPPINGS / "routing" / "default.yaml"),
        tables=fiscal_tables(),
        accepts={"gnre": frozenset({"IssueGnreGuide", "ReadGnreRules"})},
    )
    reactor = Reactor(db, deps, (guides.FLOW,))
    wire = GnreWire()
    directory = Directory(db, vault)
    deliver = Deliver(reactor, directory, {"gnre": replace(ADAPTER, wire=wire)}, Post(Transport(Guard())))
    yield Place(db, portal, reactor, deliver, connection.connection_id)
    await wire.aclose()


def to(region: str, municipality: str) -> InvoiceParty:
    return replace(CONSUMER, region=region, municipality_code=municipality)


ALAGOAS, BAHIA, SAO_PAULO = to("AL", "2704302"), to("BA", "2927408"), LOCAL


async def test_an_authorized_note_gets_its_guide_with_payment_data(place: Place) -> None:
    document = await place.sell(CONSUMER)
    (waiting,) = await place.guides(document)
    assert (waiting["state"], waiting["region"], waiting["revenue"]) == ("WAITING", "MG", "100102")
    await place.work()
    (guide,) = await place.guides(document)
    assert guide["state"] == "ISSUED"
    assert len(guide["line"]) == 48
    assert len(guide["barcode"]) == 44
    assert guide["pix"]
    assert guide["total"] == guide["principal"] == Decimal("6.00")
    assert guide["pay_by"] >= date.today() - timedelta(days=1)  # noqa: DTZ011 - a day more or less
    assert await place.rows("SELECT 1 FROM outbox") == []
    both = "SELECT g.guide, d.invoice FROM gnre_guides g JOIN fiscal_documents d USING (tenant_id, fiscal_document_id)"
    (row,) = await place.rows(
        both
    )  # by the issuer's clock: in the evening of the last day it is not the next month yet
    assert row["guide"]["items"][0]["month"] == row["invoice"]["issued_at"][:10]


async def test_a_sale_inside_the_uf_or_to_a_registered_one_owes_none(place: Place) -> None:
    await place.configure(registrations={"AL": "240000048"})
    for buyer in (SAO_PAULO, ALAGOAS):
        assert await place.guides(await place.sell(buyer)) == []


async def test_rules_are_asked_for_once_and_kept(place: Place) -> None:
    for _ in range(3):
        await place.sell(CONSUMER)
    await place.work()
    await place.sell(CONSUMER)
    await place.work()
    assert place.portal.app.calls["GnreConfigUF"] == 1
    states = await place.rows("SELECT state, count(*) AS n FROM gnre_guides GROUP BY state")
    assert {r["state"]: r["n"] for r in states} == {"ISSUED": 4}
    assert len(place.portal.app.guides) == 4


async def test_rules_of_yesterday_are_read_again(place: Place) -> None:
    await place.sell(CONSUMER)
    await place.work()
    await place.rows("UPDATE gnre_rules SET read_at = read_at - interval '25 hours'")
    await place.sell(CONSUMER)
    await place.work()
    assert place.portal.app.calls["GnreConfigUF"] == 2


async def test_what_the_uf_wants_and_nobody_set_is_an_incident_that_names_it(place: Place) -> None:
    document = await place.sell(BAHIA)
    await place.work()
    (guide,) = await place.guides(document)
    assert guide["state"] == "REJECTED"
    (incident,) = await place.rows("SELECT * FROM incidents WHERE kind = 'guide_refused'")
    assert "the detail of the revenue" in incident["summary"]
    assert place.portal.app.guides == []
    await place.configure(details={"BA:100102": "000052"})
    (again,) = await place.guides(await place.sell(BAHIA))
    await place.work()
    (again,) = await place.guides(again["fiscal_document_id"])
    assert again["state"] == "ISSUED"


async def test_lost_answers_make_no_second_guide(place: Place) -> None:
    place.portal.app.faults.append(Fault(kind=FaultKind.ANSWER_LOST, service="GnreLoteRecepcao", times=3))
    documents = [await place.sell(CONSUMER) for _ in range(5)]
    await place.work(12)
    for document in documents:
        (guide,) = await place.guides(document)
        assert guide["state"] == "ISSUED"
    assert len(place.portal.app.guides) == 5


async def test_a_poverty_fund_that_stands_alone_has_a_guide_of_its_own(place: Place) -> None:
    document = await place.sell(ALAGOAS)
    await place.work()
    tax, fund = await place.guides(document)
    assert [(g["revenue"], g["state"], g["fcp"]) for g in (tax, fund)] == [
        ("100102", "ISSUED", 0),
        ("100129", "ISSUED", 0),
    ]
    assert fund["principal"] > 0


async def test_goods_to_a_strict_uf_wait_for_the_payment(place: Place) -> None:
    await place.configure(guide_before_dispatch=["MG"])
    document = await place.sell(CONSUMER)
    await place.work()
    (guide,) = await place.guides(document)
    async with place.reactor.unit(tenant=1, actor="test") as tx:
        assert await fiscal.withheld(tx, [guide["fulfillment_id"]]) == {guide["fulfillment_id"]}
        await fiscal.pay_guide(tx, guide["gnre_guide_id"], tx.now.date(), Cause(new_id(), None))
        assert await fiscal.withheld(tx, [guide["fulfillment_id"]]) == set()
    (guide,) = await place.guides(document)
    assert guide["state"] == "PAID"


async def test_a_uf_with_a_document_of_its_own_is_told_to_somebody(place: Place) -> None:
    document = await place.sell(to("ES", "3205309"))
    (guide,) = await place.guides(document)
    assert (guide["state"], guide["region"], guide["guide"]) == ("OWN", "ES", None)
    (incident,) = await place.rows("SELECT * FROM incidents WHERE kind = 'guide_by_own_document'")
    assert incident["summary"].startswith("ES collects")
    await place.work()
    assert not place.portal.app.calls
    async with place.reactor.unit(tenant=1, actor="test") as tx:
        await fiscal.pay_guide(tx, guide["gnre_guide_id"], tx.now.date(), Cause(new_id(), None))
    (incident,) = await place.rows("SELECT * FROM incidents WHERE kind = 'guide_by_own_document'")
    assert incident["state"] == "RESOLVED"


async def test_goods_to_a_strict_uf_wait_for_its_own_document_too(place: Place) -> None:
    await place.configure(guide_before_dispatch=["ES"])
    document = await place.sell(to("ES", "3205309"))
    (guide,) = await place.guides(document)
    async with place.reactor.unit(tenant=1, actor="test") as tx:
        assert await fiscal.withheld(tx, [guide["fulfillment_id"]]) == {guide["fulfillment_id"]}
        await fiscal.pay_guide(tx, guide["gnre_guide_id"], tx.now.date(), Cause(new_id(), None))
        assert await fiscal.withheld(tx, [guide["fulfillment_id"]]) == set()


async def test_the_uf_where_the_goods_enter_is_paid(place: Place) -> None:
    """A buyer in SP sends a gift to BA: the tax is due there (LC 87/1996 art. 11 §7)."""
    document = await place.sell(LOCAL, ship_to=BAHIA)
    (guide,) = await place.guides(document)
    assert guide["region"] == "BA"
