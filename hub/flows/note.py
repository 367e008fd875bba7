"""What a note is written from: the order, the node's establishment, the catalog, the packed quantities and the channel's account."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import catalog, connections, fiscal, fulfillment, network, orders
from hub.canon.invoice import InvoicePackage, InvoiceParty
from hub.flows.joint import join
from hub.flows.municipality import municipality_code
from hub.flows.reactor import Deps
from hub.kit.db import Tx
from hub.kit.money import split
from hub.ledger import Cause

ZERO = Decimal(0)
NFCE = 65
NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Note:
    """A request for one fulfillment, not yet planned or numbered. `node`: its code."""

    ask: fiscal.InvoiceAsk
    order_id: UUID
    fulfillment_id: UUID
    node: str


async def notes_for(tx: Tx, asked: Mapping[UUID, Cause], deps: Deps, *, model: int = 55) -> list[Note]:
    """A request for each of these fulfillments, from what stands now and in the mode in which its account issues notes; one for all
    that stand on one note.
    """
    groups = await join(tx, asked)
    rows, shares = await fulfillment.lock(tx, asked), await fulfillment.lines(tx, asked)
    order_ids = {r["order_id"] for r in rows.values()}
    heads, lines = await orders.heads(tx, order_ids), await orders.lines(tx, order_ids)
    products = await catalog.find(tx, {x["sku"] for found in shares.values() for x in found})
    places = await network.load(tx)
    accounts = {c.connection_id: c.config for c in await connections.of_tenant(tx)}
    signers = {i: places.nodes[r["node_id"]].fiscal_connection_id or NOBODY for i, r in rows.items()}
    modes = await fiscal.stands(tx, sorted(set(signers.values())))
    requests: dict[UUID, fiscal.InvoiceRequest] = {}
    for fulfillment_id, row in rows.items():
        head, node = heads[row["order_id"]], places.nodes[row["node_id"]]
        own = {x["line_id"]: x for x in lines[row["order_id"]]}
        writer = _Writer(head, node, row, accounts, deps)
        stand = modes.get((signers[fulfillment_id], model), fiscal.NORMAL)
        request = writer.request(tx, shares[fulfillment_id], own, products, model)
        requests[fulfillment_id] = in_mode(request, stand, tx.now, deps)
    return [
        Note(
            fiscal.InvoiceAsk(
                request=_together([requests[i] for i in group]),
                order_id=rows[bearer]["order_id"],
                fulfillment_id=bearer,
                node_id=rows[bearer]["node_id"],
                connection_id=signers[bearer],
                cause=asked[bearer],
            ),
            order_id=rows[bearer]["order_id"],
            fulfillment_id=bearer,
            node=places.nodes[rows[bearer]["node_id"]].code,
        )
        for bearer, group in groups.items()
    ]


def _together(requests: Sequence[fiscal.InvoiceRequest]) -> fiscal.InvoiceRequest:
    """One note for all: its lines name their orders, freight is summed, every order's payment has its weight."""
    first = requests[0]
    if len(requests) == 1:
        return first
    counts = [p for r in requests for p in r.packages]
    weights = [p.gross_weight_kg for p in counts if p.gross_weight_kg is not None]
    packages = (
        (replace(counts[0], quantity=sum(p.quantity or 0 for p in counts), gross_weight_kg=sum(weights, ZERO)),)
        if counts
        else ()
    )
    return replace(
        first,
        lines=tuple(replace(x, external_id=f"{r.order}/{x.external_id}") for r in requests for x in r.lines),
        freight=sum((r.freight for r in requests), ZERO),
        payments=tuple(p for r in requests for p in r.payments),
        packages=packages,
        notes=f"Pedidos {', '.join(r.order for r in requests)}",
    )


def establishment(node: network.Node) -> InvoiceParty:
    """A node as a party of a note: issuer, or who gets what another one sends."""
    a = node.address
    return InvoiceParty(
        name=node.legal_name or node.name,
        tax_id=node.tax_id,
        state_registration=node.state_registration,
        street=a.street or "",
        number=a.number or "S/N",
        district=a.district or "",
        municipality_code=a.municipality_code or "",
        city=a.city or "",
        region=a.region or "",
        postal_code=a.postal_code or "",
        phone=a.phone,
        trade_name=node.name,
        tax_regime=node.tax_regime or 3,
        taxpayer=True,
    )


def of_product(line: fiscal.RequestLine, product: catalog.Product | None) -> fiscal.RequestLine:
    """The line with what the catalog says of its goods; without a product it stays incomplete, and the request's checks say so."""
    if product is None:
        return line
    return replace(
        line,
        title=product.title,
        ncm=product.ncm,
        cest=product.cest,
        origin=None if product.origin is None else str(product.origin),
        gtin=product.gtin,
        unit=product.unit,
        own_make=product.own_make,
    )


def in_mode(request: fiscal.InvoiceRequest, stand: fiscal.Stand, now: datetime, deps: Deps) -> fiscal.InvoiceRequest:
    """The request as the mode wants it: tpEmis, dhCont, xJust."""
    if stand.mode is fiscal.Mode.NORMAL:
        return request
    emission = fiscal.emission_type(
        stand, region=request.issuer.region, model=request.model, day=now.date(), tables=deps.tables
    )
    return replace(request, emission_type=emission, contingency_at=stand.since, contingency_reason=stand.reason)


class _Writer:
    def __init__(
        self, head: Any, node: network.Node, row: Any, accounts: Mapping[UUID, Mapping[str, Any]], deps: Deps
    ) -> None:
        self.head, self.node, self.row, self.deps = head, node, row, deps
        self.channel = accounts.get(head["connection_id"], {}) if head["connection_id"] else {}
        self.authority = accounts.get(node.fiscal_connection_id, {}) if node.fiscal_connection_id else {}

    def request(
        self,
        tx: Tx,
        shares: list[Any],
        own: Mapping[UUID, Any],
        products: Mapping[str, catalog.Product],
        model: int,
    ) -> fiscal.InvoiceRequest:
        share = self._share(shares, own)
        dispatch = self.row["dispatch"] or {}
        till = model == NFCE
        return fiscal.InvoiceRequest(
            invoice_id="",
            order=self.head["number"],
            issuer=establishment(self.node),
            buyer=self._walked_in() if till else self._buyer(),
            lines=tuple(self._line(x, own[x["line_id"]], products.get(x["sku"])) for x in shares if x["packed"] > 0),
            issued_at=tx.now,
            environment=int(self.authority.get("environment", 2)),
            series=self.node.fiscal_series or 1,
            number=1,
            random_code="",
            model=model,
            channel="counter" if till else str(self.channel.get("sales_channel", "shop")),
            freight=(self.head["shipping_total"] * share).quantize(Decimal("0.01")),
            payments=self._payments(),
            intermediary_tax_id=self.channel.get("intermediary_tax_id"),
            intermediary_account=self.channel.get("intermediary_account"),
            carrier_name=None if till else dispatch.get("carrier"),
            packages=() if till else _packages(dispatch),
            notes=f"Pedido {self.head['number']}",
        )

    def _payments(self) -> tuple[fiscal.RequestPayment, ...]:
        """As the till said, else as the channel's account is paid."""
        said = json.loads(self.head["references"].get("payments") or "[]")
        account = (str(self.channel.get("payment_medium", "")), self.head["total"])
        return tuple(
            fiscal.RequestPayment(
                medium=medium, amount=Decimal(amount), description=self.channel.get("payment_description")
            )
            for medium, amount in (said or [account])
        )

    def _share(self, shares: list[Any], own: Mapping[UUID, Any]) -> Decimal:
        """This fulfillment's part of the order's value: its part of the freight."""
        whole = sum(
            (x["unit_price"] * (x["ordered"] - x["cancelled"]) for x in own.values() if x["kind"] != "KIT"), ZERO
        )
        here = sum((own[x["line_id"]]["unit_price"] * x["packed"] for x in shares), ZERO)
        return here / whole if whole else Decimal(1)

    def _line(self, share: Any, line: Any, product: catalog.Product | None) -> fiscal.RequestLine:
        quantity = share["packed"]
        rest = line["ordered"] - quantity
        discount = split(line["discount"], [quantity, rest])[0] if rest > 0 else line["discount"]
        asked = fiscal.RequestLine(
            external_id=str(line["line_no"]),
            sku=line["sku"],
            title=line["title"],
            quantity=quantity,
            unit_price=line["unit_price"],
            discount=discount,
            order_reference=self.head["number"][:15],
            order_item=str(line["line_no"]),
        )
        return of_product(asked, product)

    def _walked_in(self) -> InvoiceParty | None:
        """Who bought over the counter: named where a tax id was given, else nobody."""
        h = self.head
        tax_id = h["customer_tax_id"] or h["ship_tax_id"]
        if not tax_id:
            return None
        name = h["customer_name"] or h["ship_name"] or "Consumidor"
        return InvoiceParty(
            name=name,
            tax_id=tax_id,
            state_registration=None,
            street="",
            number="",
            district="",
            municipality_code="",
            city="",
            region="",
            postal_code="",
        )

    def _buyer(self) -> InvoiceParty:
        h = self.head
        code = h["ship_municipality_code"] or municipality_code(
            self.deps.tables, h["placed_at"].date(), h["ship_region"], h["ship_city"]
        )
        return InvoiceParty(
            name=h["ship_company"] or h["customer_name"] or h["ship_name"] or "",
            tax_id=h["customer_tax_id"] or h["ship_tax_id"],
            state_registration=None,
            street=h["ship_street"],
            number=h["ship_number"] or "S/N",
            complement=h["ship_complement"],
            district=h["ship_district"] or "",
            municipality_code=code or "",
            city=h["ship_city"],
            region=h["ship_region"],
            postal_code=h["ship_postal_code"].replace("-", ""),
            country=h["ship_country"],
            phone=h["ship_phone"],
        )


def _packages(dispatch: Mapping[str, Any]) -> tuple[InvoicePackage, ...]:
    found = dispatch.get("packages") or ()
    grams = sum(int(p.get("weight_g") or 0) for p in found)
    if not found:
        return ()
    return (
        InvoicePackage(
            quantity=len(found), kind="VOLUME", gross_weight_kg=(Decimal(grams) / 1000).quantize(Decimal("0.001"))
        ),
    )
