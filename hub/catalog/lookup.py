"""Find products by SKU or GTIN, what a kit consists of, where a party is written to."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from hub.catalog.commands import PRODUCTS, SQL
from hub.catalog.model import Product
from hub.kit.db import Tx


async def find(tx: Tx, skus: Iterable[str]) -> dict[str, Product]:
    """The known ones of these SKUs; each is read once a unit."""
    wanted = set(skus)
    kept: dict[str, Product | None] = tx.remembered.setdefault(PRODUCTS, {})
    if missing := sorted(wanted - kept.keys()):
        kept |= dict.fromkeys(missing)
        rows = await tx.conn.fetch(SQL["by_sku"], missing)
        kept |= {r["sku"]: Product(**dict(r.items())) for r in rows}
    return {sku: product for sku in wanted if (product := kept[sku]) is not None}


async def skus_of_gtins(tx: Tx, gtins: Iterable[str]) -> dict[str, str]:
    """GTIN -> SKU of the known ones."""
    rows = await tx.conn.fetch(SQL["by_gtin"], sorted(set(gtins)))
    return {r["gtin"]: r["sku"] for r in rows}


async def kits(tx: Tx, skus: Iterable[str]) -> dict[str, dict[str, Decimal]]:
    """Kit SKU -> component SKU -> quantity per kit, for those that are kits."""
    found: dict[str, dict[str, Decimal]] = {}
    for r in await tx.conn.fetch(SQL["kits"], sorted(set(skus))):
        found.setdefault(r["kit_sku"], {})[r["sku"]] = r["quantity"]
    return found


async def emails(tx: Tx, parties: Iterable[UUID]) -> dict[UUID, str]:
    """Party -> address of e-mail, of those that have one."""
    return {r["party_id"]: r["email"] for r in await tx.conn.fetch(SQL["emails"], sorted(set(parties)))}
