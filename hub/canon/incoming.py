"""A note that somebody else issued to us, in our words. Official tags in comments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingItem:
    """det. Amounts as written by the issuer."""

    number: int  # nItem
    sku: str  # cProd, the issuer's
    title: str  # xProd
    quantity: Decimal  # qCom
    unit: str  # uCom
    unit_price: Decimal  # vUnCom
    total: Decimal  # vProd
    gtin: str | None = None  # cEAN
    ncm: str | None = None
    cfop: str | None = None
    order_reference: str | None = None  # xPed
    order_item: str | None = None  # nItemPed


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingNote:
    """`purpose` finNFe: 4 is a return. `referenced_keys`: notes that it returns, corrects or completes."""

    access_key: str
    model: int
    series: int
    number: int
    issued_at: datetime
    purpose: int
    outgoing: bool  # tpNF, as the issuer sees it
    operation: str  # natOp
    issuer_tax_id: str
    issuer_name: str
    recipient_tax_id: str | None
    total: Decimal  # vNF
    items: tuple[IncomingItem, ...]
    protocol: str | None = None
    authority_code: str | None = None  # cStat
    referenced_keys: tuple[str, ...] = ()
    order_reference: str | None = None  # compra/xPed
