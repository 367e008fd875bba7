"""A small tenant to live in: three nodes, a handful of SKUs, a reactor with the real rules. Portugal for plain dispatch, Brazil for the gate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import hub
from hub import catalog, inventory, network
from hub.canon.commands import FulfillmentReported, InwardCommand, ReportedLine, ReportedPackage
from hub.canon.order import Address, Customer, DraftLine, OrderDraft, Totals
from hub.canon.states import NodeKind, PaymentState
from hub.fiscal import load_tables, tables_folder
from hub.flows import FLOWS, CaptureOutcome, Deps, Incoming, Reactor, capture
from hub.flows.apply import apply
from hub.flows.source import Source
from hub.incidents import Incidents, load_playbooks
from hub.kit.db import Database, Tx
from hub.kit.errors import HubError
from hub.kit.ids import new_id, public_id
from hub.ledger import Cause, Fact
from hub.routing import load_rules

MAPPINGS = Path(hub.__file__).parent.parent / "mappings"
START = datetime(2026, 11, 16, 12, tzinfo=UTC)  # a Monday
SKUS = tuple(f"SKU-{n}" for n in range(1, 7))
PLACES: Mapping[str, Mapping[str, tuple[str, str, NodeKind]]] = {
    "PT": {
        "LIS": ("11", "Lisboa", NodeKind.WAREHOUSE),
        "OPO": ("13", "Porto", NodeKind.WAREHOUSE),
        "FAO": ("08", "Faro", NodeKind.STORE),
    },
    "BR": {
        "CAJ": ("SP", "Cajamar", NodeKind.WAREHOUSE),
        "EXT": ("MG", "Extrema", NodeKind.WAREHOUSE),
        "RIO": ("RJ", "Rio de Janeiro", NodeKind.STORE),
    },
}


@dataclass(slots=True, kw_only=True)
class World:
    """`nodes`: code -> id. `facts`: those of the last unit. `now` moves a second with each unit."""

    db: Database
    reactor: Reactor
    nodes: Mapping[str, UUID]
    wms: UUID
    country: str
    now: datetime = START
    facts: list[Fact] = field(default_factory=list)

    @property
    def deps(self) -> Deps:
        return self.reactor.deps

    @asynccontextmanager
    async def unit(self, actor: str = "test") -> AsyncIterator[Tx]:
        """A unit whose facts are answered; what it wrote is in `facts` afterwards."""
        self.now += timedelta(seconds=1)
        async with self.reactor.unit(tenant=1, actor=actor, now=self.now) as tx:
            yield tx
        self.facts = list(tx.facts)

    async def capture(self, *drafts: OrderDraft, channel: str = "shop") -> list[CaptureOutcome]:
        async with self.unit() as tx:
            return await capture(tx, [self.incoming(d, channel) for d in drafts], self.deps)

    def incoming(self, draft: OrderDraft, channel: str = "shop") -> Incoming:
        return Incoming(draft=draft, channel=channel, cause=Cause(new_id(), None))

    async def place(self, draft: OrderDraft, channel: str = "shop") -> UUID:
        """The id of the order that this draft became."""
        [outcome] = await self.capture(draft, channel=channel)
        assert outcome.captured is not None, outcome.faults
        return outcome.captured.order_id

    async def tell(self, *commands: InwardCommand, channel: str = "shop", attempts: int = 1) -> list[HubError | None]:
        """Inward commands in one unit; the outcome of each."""
        source = Source(
            message_id=new_id(), connection_id=self.wms, channel=channel, cause=Cause(new_id(), None), attempts=attempts
        )
        async with self.unit() as tx:
            return await apply(tx, [(c, source) for c in commands], self.deps)

    async def report(
        self,
        fulfillment_id: UUID,
        status: str,
        *,
        lines: Sequence[ReportedLine] = (),
        packages: Sequence[ReportedPackage] = (),
        sequence: int | None = None,
        reason: str | None = None,
    ) -> HubError | None:
        said = FulfillmentReported(
            pick_order=public_id("ful", fulfillment_id),
            status=status,
            lines=tuple(lines),
            packages=tuple(packages),
            sequence=sequence,
            reason=reason,
        )
        return (await self.tell(said))[0]

    async def ship(self, fulfillment_id: UUID, tracking: str) -> None:
        """Pick, pack and dispatch all of it."""
        assert await self.report(fulfillment_id, "PACKED") is None
        package = ReportedPackage(carrier="CTT", tracking=tracking)
        assert await self.report(fulfillment_id, "DISPATCHED", packages=[package]) is None

    async def adjust(self, node: str, sku: str, delta: int | Decimal) -> None:
        change = inventory.Adjustment(node_id=self.nodes[node], sku=sku, delta=Decimal(delta))
        async with self.unit() as tx:
            await inventory.adjust(tx, [change], "test", Cause(tx.correlation_id, None))

    async def rows(self, sql: str, *given: Any) -> list[Any]:
        async with self.db.unit(tenant=1, actor="test", now=self.now) as tx:
            return list(await tx.conn.fetch(sql, *given))

    async def order(self, order_id: UUID) -> Any:
        [row] = await self.rows("SELECT * FROM orders WHERE order_id = $1", order_id)
        return row

    async def lines(self, order_id: UUID) -> list[Any]:
        return await self.rows("SELECT * FROM order_lines WHERE order_id = $1 ORDER BY line_no", order_id)

    async def fulfillments(self, order_id: UUID, *states: str) -> list[Any]:
        """Those of an order in position order, in one of these states or in any."""
        found = await self.rows("SELECT * FROM fulfillments WHERE order_id = $1 ORDER BY position", order_id)
        return [r for r in found if not states or r["state"] in states]

    async def holds(self, order_id: UUID) -> list[str]:
        sql = "SELECT kind FROM order_holds WHERE order_id = $1 AND released_at IS NULL ORDER BY kind"
        return [r["kind"] for r in await self.rows(sql, order_id)]

    async def incidents(self, order_id: UUID) -> list[str]:
        """Kinds of its open incidents."""
        sql = "SELECT kind FROM incidents WHERE order_id = $1 AND state <> 'RESOLVED' ORDER BY kind"
        return [r["kind"] for r in await self.rows(sql, order_id)]

    async def owed(self, kind: str) -> list[Any]:
        """Payloads that the outside is owed, oldest first."""
        return [r["payload"] for r in await self.rows("SELECT payload FROM outbox WHERE kind = $1 ORDER BY seq", kind)]

    async def stock(self, node: str, sku: str) -> tuple[Decimal, Decimal]:
        """(on hand, reserved)"""
        sql = "SELECT on_hand, reserved FROM stock WHERE node_id = $1 AND sku = $2 AND condition = 'NEW'"
        [row] = await self.rows(sql, self.nodes[node], sku)
        return row["on_hand"], row["reserved"]

    def address(self) -> Address:
        if self.country == "BR":
            return Address(
                country="BR", street="Rua A", number="1", city="São Paulo", region="SP", postal_code="01310-100"
            )
        return Address(country="PT", street="Rua A 1", city="Lisboa", region="11", postal_code="1000-001")

    def draft(self, external_id: str, *units: tuple[str, int], revision: str = "1", **given: Any) -> OrderDraft:
        """A paid order of (SKU, units) at ten each; line ids count from 1."""
        lines = tuple(
            DraftLine(external_id=str(n), sku=sku, quantity=Decimal(q), unit_price=Decimal(10))
            for n, (sku, q) in enumerate(units or (("SKU-1", 1),), 1)
        )
        goods = sum((x.quantity * x.unit_price for x in lines), Decimal(0))
        plain = OrderDraft(
            external_id=external_id,
            revision=revision,
            placed_at=START,
            currency="BRL" if self.country == "BR" else "EUR",
            lines=lines,
            totals=Totals(goods=goods, discount=Decimal(0), shipping=Decimal(5), total=goods + 5, tax_included=True),
            payment_state=PaymentState.PAID,
            customer=Customer(name="Ana", email="ana@example.com", tax_id="52998224725"),
            ship_to=self.address(),
        )
        return replace(plain, **given)


async def new_world(
    db: Database, *, country: str = "PT", stock: Mapping[tuple[str, str], int] | None = None, units: int = 100
) -> World:
    """A seeded tenant 1: `units` of every SKU at each warehouse, none in the store, unless `stock` says (node, SKU) -> units."""
    deps = Deps(
        incidents=Incidents(load_playbooks(MAPPINGS / "playbooks")),
        rules=load_rules(MAPPINGS / "routing" / "default.yaml"),
        tables=load_tables(tables_folder()),
        accepts={"fake": frozenset({"ConfirmShipment", "CancelOrder", "CancelLines"})},
    )
    wms, nodes = new_id(), {code: new_id() for code in PLACES[country]}
    world = World(db=db, reactor=Reactor(db, deps, FLOWS), nodes=nodes, wms=wms, country=country)
    levels = stock or {
        (code, sku): units for code, p in PLACES[country].items() if p[2] is not NodeKind.STORE for sku in SKUS
    }
    async with world.unit("seed") as tx:
        await tx.conn.execute("INSERT INTO tenants (tenant_id, code, name) VALUES (1, 'demo', 'Demo')")
        for code, adapter, connection in (("wms", "fake-wms", wms), ("shop", "fake", new_id())):
            await tx.conn.execute(
                "INSERT INTO connections (connection_id, adapter, code, label) VALUES ($1, $2, $3, $3)",
                connection,
                adapter,
                code,
            )
        for code, (region, city, kind) in PLACES[country].items():
            await network.put_node(tx, _node(nodes[code], code, kind, country, region, city, wms))
            await network.put_lanes(tx, [_lane(nodes[code], country, len(code) + ord(code[0]))])
        await catalog.put_products(
            tx,
            [
                catalog.Product(product_id=new_id(), sku=s, title=s, ncm="61091000", origin=0, weight_g=300)
                for s in SKUS
            ],
        )
        changes = [inventory.Adjustment(node_id=nodes[n], sku=s, delta=Decimal(q)) for (n, s), q in levels.items() if q]
        await inventory.adjust(tx, changes, "seed", Cause(tx.correlation_id, None))
    return world


def _node(node_id: UUID, code: str, kind: NodeKind, country: str, region: str, city: str, wms: UUID) -> network.Node:
    return network.Node(
        node_id=node_id,
        code=code,
        name=city,
        kind=kind,
        timezone="UTC",
        cut_off=time(16),
        work_days=(1, 2, 3, 4, 5, 6),
        address=Address(country=country, street="Rua", city=city, region=region, postal_code="07750-000"),
        tax_id="11222333000181",
        wms_connection_id=None if kind is NodeKind.STORE else wms,
    )


def _lane(node_id: UUID, country: str, cost: int) -> network.Lane:
    return network.Lane(
        node_id=node_id,
        carrier="CTT",
        service="STD",
        country=country,
        region="",
        cost=Decimal(cost),
        cost_per_kg=Decimal(1),
        currency="BRL" if country == "BR" else "EUR",
        days=2,
        co2e_g=100,
    )
