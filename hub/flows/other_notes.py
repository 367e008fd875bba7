"""Notes that no dispatch asks for: the return of goods sold (ours, an entry, because a consumer issues none), transfers between own
establishments, remittances.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from hub import catalog, connections, fiscal, network
from hub.canon.invoice import Invoice, InvoiceItem, InvoiceParty
from hub.canon.invoice_json import invoice_from_json
from hub.flows.gate import owe_notes
from hub.flows.note import NOBODY, establishment, in_mode, of_product
from hub.flows.reactor import Deps
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.money import split
from hub.ledger import Cause

OWN_MAKE = frozenset({"101", "107", "401"})  # CFOP without its first digit: what the issuer made itself
ST_PAID = frozenset({"60", "500"})  # CST, CSOSN: the tax was paid before
MIRRORED = frozenset({"icms"})  # taxes whose rate a return repeats; the others are of its own day
FREIGHT_BY_SENDER = 0


class OverReturned(HubError):
    """So many units of {sku} were not sold with this note, or came back already: {left} are left."""

    code: ClassVar[str] = "OVER_RETURNED"


class NothingToNote(HubError):
    """A note needs at least one line with a quantity above zero."""

    code: ClassVar[str] = "NOTHING_TO_NOTE"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnAsk:
    """Goods of an authorized note that came back. `units`: SKU -> quantity; empty: all that is left of it."""

    document_id: UUID
    cause: Cause
    units: Mapping[str, Decimal]
    notes: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteLine:
    sku: str
    quantity: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteAsk:
    """Goods that leave a node without being sold. `operation`: a word of the table `operations`; `to`: who gets them."""

    operation: str
    node_id: UUID
    to: InvoiceParty
    lines: tuple[NoteLine, ...]
    cause: Cause
    referenced_keys: tuple[str, ...] = ()
    notes: str | None = None


async def return_note(tx: Tx, ask: ReturnAsk, deps: Deps) -> UUID:
    """Issue the return note of a sale. Raises `UnknownDocument`, `NotAuthorizedYet`, `OverReturned`, `Incomplete`; nothing is numbered then."""
    row = (await fiscal.notes(tx, [ask.document_id])).get(ask.document_id)
    if row is None:
        raise fiscal.UnknownDocument(document_id=ask.document_id)
    if row["state"] != "AUTHORIZED":
        raise fiscal.NotAuthorizedYet(state=row["state"])
    sold = invoice_from_json(row["invoice"])
    back = await fiscal.returned(tx, ask.document_id)
    units = ask.units or {i.sku: Decimal(0) for i in sold.items}
    lines = _back(sold.items, back, units, everything=not ask.units)
    request = fiscal.InvoiceRequest(
        invoice_id="",
        order=f"{sold.series}/{sold.number}",
        issuer=sold.issuer,
        buyer=_who_returns(sold),
        lines=lines,
        issued_at=tx.now,
        environment=sold.environment,
        series=sold.series,
        number=1,
        random_code="",
        operation="sale_return",
        channel="none",
        freight_mode=9,
        referenced_keys=(row["access_key"],),
        notes=ask.notes,
    )
    return await _issued(
        tx,
        fiscal.InvoiceAsk(
            request=request,
            order_id=row["order_id"],
            fulfillment_id=None,
            node_id=row["node_id"],
            connection_id=row["connection_id"],
            cause=ask.cause,
            refers_to_id=ask.document_id,
        ),
        deps,
    )


def _back(
    items: Sequence[InvoiceItem], back: Mapping[str, Decimal], units: Mapping[str, Decimal], *, everything: bool
) -> tuple[fiscal.RequestLine, ...]:
    """Lines as they were sold, with the quantities that come back."""
    lines: list[fiscal.RequestLine] = []
    for sku, wanted in units.items():
        mine = [i for i in items if i.sku == sku]
        left = sum((i.quantity for i in mine), Decimal(0)) - back.get(sku, Decimal(0))
        rest = left if everything else wanted
        if rest > left or rest < 0 or not mine:
            raise OverReturned(sku=sku, left=f"{left.normalize():f}")
        for item in mine:
            n = min(rest, item.quantity)
            rest -= n
            if n > 0:
                lines.append(_mirrored(item, n))
    if not lines:
        raise NothingToNote
    return tuple(lines)


def _mirrored(item: InvoiceItem, quantity: Decimal) -> fiscal.RequestLine:
    left = item.quantity - quantity
    discount = split(item.discount, [quantity, left])[0] if left > 0 else item.discount
    return fiscal.RequestLine(
        external_id=str(item.number),
        sku=item.sku,
        title=item.title,
        quantity=quantity,
        unit_price=item.unit_price,
        discount=discount,
        ncm=item.ncm,
        cest=item.cest,
        origin=item.origin,
        gtin=item.gtin,
        unit=item.unit,
        own_make=item.cfop[1:] in OWN_MAKE,
        st="paid" if item.icms_cst in ST_PAID else "none",
        rates={t.tax: t.rate for t in item.taxes if t.tax in MIRRORED},
        reductions={t.tax: t.reduction for t in item.taxes if t.tax in MIRRORED and t.reduction},
    )


def _who_returns(sold: Invoice) -> InvoiceParty | None:
    """The buyer of the sale. Who bought at the till gave no address: the goods come back where they were sold."""
    buyer = sold.buyer
    if buyer is None or buyer.street:
        return buyer
    shop = sold.issuer
    return replace(
        buyer,
        street=shop.street,
        number=shop.number,
        district=shop.district,
        municipality_code=shop.municipality_code,
        city=shop.city,
        region=shop.region,
        postal_code=shop.postal_code,
    )


# ------------------------------------------------------------------ transfers, remittances
async def other_note(tx: Tx, ask: NoteAsk, deps: Deps) -> UUID:
    """Issue a note for goods that leave without a sale. Raises `Incomplete` with everything that lacks."""
    places = await network.load(tx)
    node = places.nodes[ask.node_id]
    accounts = {c.connection_id: c.config for c in await connections.of_tenant(tx)}
    account = accounts.get(node.fiscal_connection_id, {}) if node.fiscal_connection_id else {}
    products = await catalog.find(tx, {x.sku for x in ask.lines})
    request = fiscal.InvoiceRequest(
        invoice_id="",
        order=f"{ask.operation} {node.code}",
        issuer=establishment(node),
        buyer=ask.to,
        lines=tuple(_line(n, x, products.get(x.sku)) for n, x in enumerate(ask.lines, 1) if x.quantity > 0),
        issued_at=tx.now,
        environment=int(account.get("environment", 2)),
        series=node.fiscal_series or 1,
        number=1,
        random_code="",
        operation=ask.operation,
        channel="none",
        freight_mode=FREIGHT_BY_SENDER,
        referenced_keys=ask.referenced_keys,
        notes=ask.notes,
    )
    if not request.lines:
        raise NothingToNote
    return await _issued(
        tx,
        fiscal.InvoiceAsk(
            request=request,
            order_id=None,
            fulfillment_id=None,
            node_id=ask.node_id,
            connection_id=node.fiscal_connection_id or NOBODY,
            cause=ask.cause,
        ),
        deps,
    )


def _line(number: int, line: NoteLine, product: catalog.Product | None) -> fiscal.RequestLine:
    asked = fiscal.RequestLine(
        external_id=str(number), sku=line.sku, title="", quantity=line.quantity, unit_price=line.unit_price
    )
    return of_product(asked, product)


async def _issued(tx: Tx, ask: fiscal.InvoiceAsk, deps: Deps) -> UUID:
    stands = await fiscal.stands(tx, [ask.connection_id])
    stand = stands.get((ask.connection_id, ask.request.model), fiscal.NORMAL)
    ask = replace(ask, request=in_mode(ask.request, stand, tx.now, deps))
    numbered = await fiscal.request(tx, [ask], deps.tables)
    await owe_notes(tx, numbered)
    return numbered[0].document_id
