"""A Brazilian company with its flows, its worker and a simulated authority over real sockets: orders go in, notes come out."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

from adapters.sefaz import ADAPTER
from adapters.sefaz.simulator import SefazSimulator
from adapters.sefaz.simulator.app import SimulatedTime
from adapters.sefaz.wire import SefazWire
from hub import catalog, connections, network, outbox, timers
from hub.canon.order import Address, OrderDraft
from hub.canon.ports import Adapter
from hub.canon.states import NodeKind
from hub.connections import Directory
from hub.flows import FLOWS, Deps, Incoming, Reactor
from hub.flows.clockwork import Clockwork
from hub.flows.deliver import Deliver
from hub.flows.post import Post
from hub.incidents import Incidents, load_playbooks
from hub.kit.addresses import Guard
from hub.kit.db import Database, Tx
from hub.kit.http import Transport
from hub.kit.ids import new_id
from hub.kit.lane import QueueWork
from hub.kit.vault import Vault
from hub.kit.work import Worker
from hub.network import Node
from hub.routing import load_rules
from tests.fiscal.notes import TABLES
from tests.queues import make_due
from tests.world import MAPPINGS, World

CNPJ, BRANCH = "11222333000181", "11222333000262"
KEKS = {"a": os.urandom(32)}
PLACES: Mapping[str, tuple[str, str, NodeKind, str, str, str, str]] = {
    "CAJ": (CNPJ, "110042490114", NodeKind.WAREHOUSE, "SP", "Cajamar", "3509205", "07750020"),
    "LOJ": (BRANCH, "110042490114", NodeKind.STORE, "SP", "Campinas", "3509502", "13010000"),
}
HOME = Address(
    country="BR",
    street="Rua Dois",
    number="10",
    district="Centro",
    city="Campinas",
    region="SP",
    postal_code="13010-000",
    municipality_code="3509502",
)


@dataclass(slots=True, kw_only=True)
class Office(World):
    """A world whose notes are really sent. `accounts`: node -> its connection to the authority. `time`: the hub's clock; the authority has its own."""

    time: SimulatedTime
    sefaz: SefazSimulator
    accounts: Mapping[str, UUID]
    directory: Directory
    worker: Worker

    def address(self) -> Address:
        return HOME

    def incoming(self, draft: OrderDraft, channel: str = "shop") -> Incoming:
        return replace(World.incoming(self, draft, channel), connection_id=self.wms)

    @asynccontextmanager
    async def unit(self, actor: str = "test") -> AsyncIterator[Tx]:
        self.now = self.time()
        async with self.reactor.unit(tenant=1, actor=actor, now=self.now) as tx:
            yield tx
        self.facts = list(tx.facts)

    async def work(self, *, later: timedelta | None = None) -> None:
        """Everything that is due, until nothing is. `later`: pauses, breakers and timers up to then are over."""
        if later is not None:
            self.time.shift += later
            self.sefaz.app.time.shift += later
            self.now = self.time()
            await self.rows("UPDATE destination_state SET open_until = NULL")
            await make_due(self.db, outbox.QUEUE)
            await self.rows("UPDATE timers SET run_at = now() WHERE run_at <= $1", self.now)
        await self.worker.run_until_idle()

    async def packed(self, number: str = "A1", *, units: int = 1, **draft: Any) -> tuple[UUID, UUID]:
        """(order, its one fulfillment), packed."""
        order_id = await self.place(self.draft(number, ("SKU-1", units), **draft))
        [row] = await self.fulfillments(order_id)
        assert await self.report(row["fulfillment_id"], "PACKED") is None
        return order_id, row["fulfillment_id"]

    async def leave(self, fulfillment_id: UUID) -> None:
        """Ask for dispatch; nothing is sent yet."""
        assert await self.report(fulfillment_id, "DISPATCHED") is None

    async def notes(self, fulfillment_id: UUID | None = None) -> list[Any]:
        """Documents, oldest first."""
        sql = "SELECT * FROM fiscal_documents WHERE $1::uuid IS NULL OR fulfillment_id = $1 ORDER BY created_at, number"
        return await self.rows(sql, fulfillment_id)

    async def state(self, fulfillment_id: UUID) -> str:
        [row] = await self.rows("SELECT state FROM fulfillments WHERE fulfillment_id = $1", fulfillment_id)
        return str(row["state"])

    async def open_incidents(self) -> list[str]:
        rows = await self.rows("SELECT kind FROM incidents WHERE state <> 'RESOLVED' ORDER BY kind")
        return [r["kind"] for r in rows]

    async def told(self, type_: str) -> list[Any]:
        """Data of the facts of a type, oldest first."""
        rows = await self.rows("SELECT data FROM business_events WHERE type = $1 ORDER BY position", type_)
        return [r["data"] for r in rows]


@asynccontextmanager
async def opened(
    db: Database,
    *,
    skus: Sequence[str] = ("SKU-1", "SKU-2"),
    others: Mapping[str, tuple[Adapter, frozenset[str]]] = MappingProxyType({}),
    **config: Any,
) -> AsyncIterator[Office]:
    """A warehouse and a store in SP, each with its account; `config` is added to both accounts. `others`: adapters beside the
    authority's, with the commands that they take.
    """
    sefaz = SefazSimulator(seed=5)
    await sefaz.start()
    transport, wire = Transport(Guard()), SefazWire()
    deps = Deps(
        incidents=Incidents(load_playbooks(MAPPINGS / "playbooks")),
        rules=load_rules(MAPPINGS / "routing" / "default.yaml"),
        tables=TABLES,
        accepts={"sefaz": frozenset({"AuthorizeInvoice"}), **{name: takes for name, (_, takes) in others.items()}},
    )
    time = SimulatedTime()
    db.clock = time
    reactor = Reactor(db, deps, FLOWS)
    directory = Directory(db, Vault(db, KEKS))
    adapters = {"sefaz": replace(ADAPTER, wire=wire), **{name: adapter for name, (adapter, _) in others.items()}}
    deliver = Deliver(reactor, directory, adapters, Post(transport))

    async def shut() -> list[str]:
        return await outbox.open_destinations(db)

    worker = Worker(
        db,
        [
            QueueWork(queue=outbox.QUEUE, handle=deliver.handle, batch=50, skip=shut),
            QueueWork(queue=timers.QUEUE, handle=Clockwork(reactor).handle),
        ],
    )
    office = Office(
        db=db,
        reactor=reactor,
        nodes={code: new_id() for code in PLACES},
        wms=new_id(),
        country="BR",
        now=time(),
        time=time,
        sefaz=sefaz,
        accounts={},
        directory=directory,
        worker=worker,
    )
    office.accounts = await _furnish(office, config, skus)
    yield office
    await wire.aclose()
    await transport.close()
    await sefaz.stop()


async def _furnish(office: Office, config: Mapping[str, Any], skus: Sequence[str]) -> dict[str, UUID]:
    accounts: dict[str, UUID] = {}
    vault = Vault(office.db, KEKS)
    async with office.unit("seed") as tx:
        await tx.conn.execute("INSERT INTO tenants (tenant_id, code, name) VALUES (1, 'demo', 'Demo')")
        await tx.conn.execute(
            "INSERT INTO connections (connection_id, adapter, code, label, config) VALUES ($1, 'fake', 'shop', 'shop', $2)",
            office.wms,
            {"sales_channel": "shop", "payment_medium": "pix"},
        )
        for code, (cnpj, _, _, uf, *_) in PLACES.items():
            made = await connections.create(
                tx,
                "sefaz",
                code.lower(),
                f"SEFAZ {code}",
                config={
                    "cnpj": cnpj,
                    "uf": uf,
                    "environment": "2",
                    "base_url": office.sefaz.base_url,
                    "trust_pem": office.sefaz.ca_pem,
                    **config,
                },
            )
            accounts[code] = made.connection_id
            container, password = office.sefaz.client(cnpj)
            secrets = {"certificate": b64encode(container).decode(), "certificate_password": password}
            for name, value in secrets.items():
                await connections.add_secret(tx, vault, made.connection_id, name, value)
        for code in PLACES:
            await network.put_node(tx, _node(office.nodes[code], code, accounts[code]))
            await network.put_lanes(tx, [_lane(office.nodes[code])])
        await catalog.put_products(tx, [product(s) for s in skus])
    for sku in skus:
        await office.adjust("CAJ", sku, 100)
        await office.adjust("LOJ", sku, 10)
    return accounts


def product(sku: str, **changes: Any) -> catalog.Product:
    good = catalog.Product(product_id=new_id(), sku=sku, title=sku, ncm="61091000", origin=0, weight_g=300)
    return replace(good, **changes)


def _node(node_id: UUID, code: str, account: UUID) -> Node:
    cnpj, registration, kind, uf, city, municipality, cep = PLACES[code]
    address = Address(
        country="BR",
        street="Rua Um",
        number="1",
        district="Centro",
        city=city,
        region=uf,
        postal_code=cep,
        municipality_code=municipality,
    )
    return Node(
        node_id=node_id,
        code=code,
        name=city,
        kind=kind,
        address=address,
        timezone="America/Sao_Paulo",
        work_days=(1, 2, 3, 4, 5, 6, 7),
        legal_name="Loja Exemplo Ltda",
        tax_id=cnpj,
        state_registration=registration,
        tax_regime=3,
        fiscal_series=1,
        fiscal_connection_id=account,
    )


def _lane(node_id: UUID) -> network.Lane:
    return network.Lane(
        node_id=node_id,
        carrier="CORREIOS",
        service="PAC",
        country="BR",
        region="",
        cost=Decimal(10),
        cost_per_kg=Decimal(1),
        currency="BRL",
        days=3,
        co2e_g=100,
    )
