"""What a note is written from: the order, the node's establishment, the catalog, the packed quantities and the channel's account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import catalog, connections, fiscal, fulfillment, network, orders
from hub.canon.invoice import InvoicePackage, InvoiceParty
from hub.flows.municipality import municipality_code
from hub.flows.reactor import Deps
from hub.kit.db import Tx
from hub.kit.money import split
from hub.ledger import Cause

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Note:
    """A request for one fulfillment, not yet planned or numbered."""

    ask: fiscal.InvoiceAsk


async def notes_for(tx: Tx, asked: Mapping[UUID, Cause], deps: Deps) -> list[Note]:
    """A request for each of these fulfillments, from what stands now."""
    rows, shares = await fulfillment.lock(tx, asked), await fulfillment.lines(tx, asked)
    order_ids = {r["order_id"] for r in rows.values()}
    heads, lines = await orders.heads(tx, order_ids), await orders.lines(tx, order_ids)
    products = await catalog.find(tx, {x["sku"] for found in shares.values() for x in found})
    places = await network.load(tx)
    accounts = {c.connection_id: c.config for c in await connections.of_tenant(tx)}
    found = []
    for fulfillment_id, row in rows.items():
        head, node = heads[row["order_id"]], places.nodes[row["node_id"]]
        own = {x["line_id"]: x for x in lines[row["order_id"]]}
        writer = _Writer(head, node, row, accounts, deps)
        request = writer.request(tx, shares[fulfillment_id], own, products)
        found.append(
            Note(
                fiscal.InvoiceAsk(
                    request=request,
                    order_id=row["order_id"],
                    fulfillment_id=fulfillment_id,
                    node_id=row["node_id"],
                    connection_id=node.fiscal_connection_id or UUID(int=0),
                    cause=asked[fulfillment_id],
                )
            )
        )
    return found


class _Writer:
    def __init__(
        self, head: Any, node: network.Node, row: Any, accounts: Mapping[UUID, Mapping[str, Any]], deps: Deps
    ) -> None:
        self.head, self.node, self.row, self.deps = head, node, row, deps
        self.channel = accounts.get(head["connection_id"], {}) if head["connection_id"] else {}
        self.authority = accounts.get(node.fiscal_connection_id, {}) if node.fiscal_connection_id else {}

    def request(
        self, tx: Tx, shares: list[Any], own: Mapping[UUID, Any], products: Mapping[str, catalog.Product]
    ) -> fiscal.InvoiceRequest:
        share = self._share(shares, own)
        dispatch = self.row["dispatch"] or {}
        return fiscal.InvoiceRequest(
            invoice_id="",
            order=self.head["number"],
            issuer=self._issuer(),
            buyer=self._buyer(),
            lines=tuple(self._line(x, own[x["line_id"]], products.get(x["sku"])) for x in shares if x["packed"] > 0),
            issued_at=tx.now,
            environment=int(self.authority.get("environment", 2)),
            series=self.node.fiscal_series or 1,
            number=1,
            random_code="",
            channel=str(self.channel.get("sales_channel", "shop")),
            freight=(self.head["shipping_total"] * share).quantize(Decimal("0.01")),
            payments=(
                fiscal.RequestPayment(
                    medium=str(self.channel.get("payment_medium", "")),
                    amount=self.head["total"],
                    description=self.channel.get("payment_description"),
                ),
            ),
            intermediary_tax_id=self.channel.get("intermediary_tax_id"),
            intermediary_account=self.channel.get("intermediary_account"),
            carrier_name=dispatch.get("carrier"),
            packages=_packages(dispatch),
            notes=f"Pedido {self.head['number']}",
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
        return fiscal.RequestLine(
            external_id=str(line["line_no"]),
            sku=line["sku"],
            title=product.title if product else line["title"],
            quantity=quantity,
            unit_price=line["unit_price"],
            discount=discount,
            ncm=product.ncm if product else None,
            cest=product.cest if product else None,
            origin=str(product.origin) if product and product.origin is not None else None,
            gtin=product.gtin if product else None,
            unit=product.unit if product else None,
            own_make=product.own_make if product else False,
            order_reference=self.head["number"][:15],
            order_item=str(line["line_no"]),
        )

    def _issuer(self) -> InvoiceParty:
        n, a = self.node, self.node.address
        return InvoiceParty(
            name=n.legal_name or n.name,
            tax_id=n.tax_id,
            state_registration=n.state_registration,
            street=a.street or "",
            number=a.number or "S/N",
            district=a.district or "",
            municipality_code=a.municipality_code or "",
            city=a.city or "",
            region=a.region or "",
            postal_code=a.postal_code or "",
            phone=a.phone,
            trade_name=n.name,
            tax_regime=n.tax_regime or 3,
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
