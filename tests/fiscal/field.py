"""Where notes leave by the hundred: the real outbox and its worker over a simulated authority; no order room, no flows."""

from __future__ import annotations

import asyncio
import os
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from typing import Any

from adapters.sefaz import ADAPTER
from adapters.sefaz.simulator import SefazSimulator
from adapters.sefaz.wire import SefazWire
from hub import connections, fiscal, outbox
from hub.boot import MAPPINGS, TREE
from hub.canon.ports import Adapter
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
from hub.kit.lease import Leased
from hub.kit.vault import Vault
from hub.kit.work import Worker
from hub.ledger import Cause
from hub.routing import load_rules
from tests.fiscal.notes import LOCAL, request
from tests.queues import make_due

CNPJ = "11222333000181"
KEKS = {"a": os.urandom(32)}


@dataclass(slots=True)
class Field:
    """`reactor`: what the units of the delivering run in; None: a plain one."""

    db: Database
    sefaz: SefazSimulator
    connection: Connection
    deps: Deps
    transport: Transport
    adapter: Adapter
    at_work: set[asyncio.Task[Any]] = dataclass_field(default_factory=set)
    reactor: Reactor | None = None

    def worker(self) -> Worker:
        reactor = self.reactor or Reactor(self.db, self.deps, ())
        directory = Directory(self.db, Vault(self.db, KEKS))
        deliver = Deliver(reactor, directory, {"sefaz": self.adapter}, Post(self.transport))

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


@asynccontextmanager
async def opened_field(db: Database) -> AsyncIterator[Field]:
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
    yield Field(db, sefaz, connection, deps, Transport(Guard()), replace(ADAPTER, wire=wire))
    await wire.aclose()
    await sefaz.stop()
