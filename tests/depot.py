"""A small Brazilian tenant for tests of stock and routing: three warehouses, a reactor with given rules, drafts and buyers."""

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
from hub.canon.order import Address, Customer, DraftLine, OrderDraft, Totals
from hub.canon.states import NodeKind, PaymentState
from hub.fiscal import load_tables, tables_folder
from hub.flows import FLOWS, Deps, Incoming, Reactor, capture
from hub.incidents import Incidents, load_playbooks
from hub.kit.db import Database, Tx
from hub.kit.ids import new_id
from hub.ledger import Cause, Fact
from hub.routing import Rules, load_rules, parse_rules

MAPPINGS = Path(hub.__file__).parent.parent / "mappings"
START = datetime(2026, 3, 2, 13, tzinfo=UTC)  # a Monday, 10:00 in São Paulo
NODES = {"CAJ": ("SP", "Cajamar"), "EXT": ("MG", "Extrema"), "RIO": ("RJ", "Rio de Janeiro")}
SKUS = ("A", "B", "C", "D")
PLAIN = """
rules: plain
currency: BRL
filters: [{id: active}, {id: avoid}, {id: pickup}, {id: country}, {id: lane}, {id: stock}]
score: {cost: "1", split: "9"}
fallback: partial
"""


@dataclass(slots=True, kw_only=True)
class Depot:
    """`nodes`: code -> id. `facts`: those of the last unit."""

    db: Database
    reactor: Reactor
    nodes: Mapping[str, UUID]
    wms: UUID
    shop: UUID
    now: datetime = START
    facts: list[Fact] = field(default_factory=list)

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Tx]:
        """A unit whose facts are answered; a second later than the last one."""
        self.now += timedelta(seconds=1)
        async with self.reactor.unit(tenant=1, actor="test", now=self.now) as tx:
            yield tx
        self.facts = list(tx.facts)

    async def order(self, *drafts: OrderDraft) -> list[UUID]:
        async with self.unit() as tx:
            outcomes = await capture(tx, [self.incoming(d) for d in drafts], self.reactor.deps)
        return [o.captured.order_id for o in outcomes if o.captured]

    def incoming(self, draft: OrderDraft) -> Incoming:
        return Incoming(draft=draft, channel="shop", cause=Cause(new_id(), None), connection_id=self.shop)

    async def stock(self, levels: Mapping[tuple[str, str], int]) -> None:
        """Add units to (node, SKU)."""
        changes = [inventory.Adjustment(node_id=self.nodes[n], sku=s, delta=Decimal(q)) for (n, s), q in levels.items()]
        async with self.unit() as tx:
            await inventory.adjust(tx, changes, "test", Cause(tx.correlation_id, None))

    async def rows(self, sql: str, *given: Any) -> list[Any]:
        async with self.db.unit(tenant=1, actor="test", now=self.now) as tx:
            return list(await tx.conn.fetch(sql, *given))

    async def level(self, node: str, sku: str) -> tuple[Any, Any]:
        """(on hand, reserved)"""
        sql = "SELECT on_hand, reserved FROM stock WHERE node_id = $1 AND sku = $2 AND condition = 'NEW'"
        [row] = await self.rows(sql, self.nodes[node], sku)
        return row["on_hand"], row["reserved"]

    async def sent_from(self, order_id: UUID) -> dict[str, dict[str, Decimal]]:
        """Node code -> SKU -> units planned there and not cancelled."""
        codes = {i: c for c, i in self.nodes.items()}
        found: dict[str, dict[str, Decimal]] = {}
        for r in await self.rows(
            "SELECT f.node_id, l.sku, l.assigned FROM fulfillments f JOIN fulfillment_lines l USING (fulfillment_id)"
            " WHERE f.order_id = $1 AND f.state <> 'CANCELLED'",
            order_id,
        ):
            per = found.setdefault(codes[r["node_id"]], {})
            per[r["sku"]] = per.get(r["sku"], Decimal(0)) + r["assigned"]
        return found

    def draft(self, external_id: str, units: Mapping[str, int], *, region: str = "SP", **given: Any) -> OrderDraft:
        """A paid order of SKU -> units at ten each."""
        lines = tuple(
            DraftLine(external_id=str(n), sku=sku, quantity=Decimal(q), unit_price=Decimal(10))
            for n, (sku, q) in enumerate(units.items(), 1)
        )
        goods = sum((x.quantity * x.unit_price for x in lines), Decimal(0))
        plain = OrderDraft(
            external_id=external_id,
            revision="1",
            placed_at=START,
            currency="BRL",
            lines=lines,
            totals=Totals(goods=goods, discount=Decimal(0), shipping=Decimal(0), total=goods, tax_included=True),
            payment_state=PaymentState.PAID,
            customer=Customer(name="Ana", email="ana@example.com"),
            ship_to=Address(country="BR", street="Rua A", number="1", city="X", region=region, postal_code="01310-100"),
        )
        return replace(plain, **given)


def deps(rules: Rules | None = None, shadow: Rules | None = None, **given: Any) -> Deps:
    plain = Deps(
        incidents=Incidents(load_playbooks(MAPPINGS / "playbooks")),
        rules=rules or parse_rules("plain.yaml", PLAIN),
        tables=load_tables(tables_folder()),
        accepts={},
    )
    return replace(plain, shadow_rules=shadow, **given)


def default_rules() -> Rules:
    return load_rules(MAPPINGS / "routing" / "default.yaml")


async def new_depot(
    db: Database,
    *,
    rules: Rules | None = None,
    shadow: Rules | None = None,
    kinds: Mapping[str, NodeKind] | None = None,
    skus: Sequence[str] = SKUS,
    **given: Any,
) -> Depot:
    """Tenant 1 with CAJ (lane cost 20), EXT (25), RIO (30), 2 days to anywhere in Brazil; no stock yet."""
    nodes = {code: new_id() for code in NODES}
    wms, shop = new_id(), new_id()
    depot = Depot(db=db, reactor=Reactor(db, deps(rules, shadow, **given), FLOWS), nodes=nodes, wms=wms, shop=shop)
    async with depot.unit() as tx:
        await tx.conn.execute("INSERT INTO tenants (tenant_id, code, name) VALUES (1, 'demo', 'Demo')")
        for code, adapter, connection in (("wms", "fake-wms", wms), ("shop", "fake", shop)):
            sql = "INSERT INTO connections (connection_id, adapter, code, label) VALUES ($1, $2, $3, $3)"
            await tx.conn.execute(sql, connection, adapter, code)
        for n, (code, (region, city)) in enumerate(NODES.items()):
            kind = (kinds or {}).get(code, NodeKind.WAREHOUSE)
            await network.put_node(tx, _node(nodes[code], code, region, city, kind, wms))
            await network.put_lanes(tx, [lane(nodes[code], 20 + 5 * n)])
        products = [
            catalog.Product(product_id=new_id(), sku=s, title=s, ncm="61091000", origin=0, weight_g=300) for s in skus
        ]
        await catalog.put_products(tx, products)
    return depot


def _node(node_id: UUID, code: str, region: str, city: str, kind: NodeKind, wms: UUID) -> network.Node:
    return network.Node(
        node_id=node_id,
        code=code,
        name=city,
        kind=kind,
        timezone="America/Sao_Paulo",
        cut_off=time(16),
        address=Address(country="BR", street="Rua", city=city, region=region, postal_code="07750-000"),
        tax_id="11222333000181",
        wms_connection_id=wms,
    )


def lane(node_id: UUID, cost: int, *, service: str = "PAC", days: int = 2, **given: Any) -> network.Lane:
    plain = network.Lane(
        node_id=node_id,
        carrier="Correios",
        service=service,
        country="BR",
        region="",
        cost=Decimal(cost),
        cost_per_kg=Decimal(0),
        currency="BRL",
        days=days,
        co2e_g=100,
    )
    return replace(plain, **given)
