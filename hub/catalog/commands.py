"""Keep products and parties. Set-wise, inside the caller's unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from hub.canon.order import Customer
from hub.catalog.model import Product, party_id
from hub.kit.db import Tx
from hub.kit.sqlfile import statements

SQL = statements(__file__, "catalog.sql")
PRODUCTS = "catalog.products"  # what a unit remembers of them

_FIELDS = [
    "product_id",
    "sku",
    "title",
    "gtin",
    "ncm",
    "cest",
    "origin",
    "unit",
    "weight_g",
    "length_mm",
    "width_mm",
    "height_mm",
    "hazmat",
    "own_make",
]


async def put_products(tx: Tx, products: Sequence[Product]) -> None:
    """Insert or replace by SKU; the id of a known SKU stays."""
    columns = [[getattr(p, name) for p in products] for name in _FIELDS]
    await tx.conn.execute(SQL["put_products"], *columns, tx.now)
    tx.remembered.pop(PRODUCTS, None)


async def put_kits(tx: Tx, kits: Mapping[str, Mapping[str, Decimal]]) -> None:
    """Kit SKU -> component SKU -> quantity per kit; replaces the components of these kits."""
    rows = [(kit, sku, n) for kit, parts in kits.items() for sku, n in parts.items()]
    await tx.conn.execute(SQL["drop_kits"], list(kits))
    await tx.conn.execute(SQL["put_kits"], [r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])


async def put_customers(tx: Tx, channel: str, customers: Iterable[Customer]) -> dict[Customer, UUID]:
    """The party of each customer, made where it is new. A customer without anything that identifies it has none."""
    found = {c: party_id(tx.tenant, channel, who) for c in customers if (who := _identity(c))}
    by_id = {i: c for c, i in found.items()}
    if by_id:
        ids = sorted(by_id)
        columns = [
            [getattr(by_id[i], name) for i in ids]
            for name in ("external_id", "name", "email", "phone", "tax_id", "company")
        ]
        await tx.conn.execute(SQL["put_customers"], ids, *columns, tx.now)
    return found


def _identity(customer: Customer) -> str | None:
    return customer.external_id or customer.tax_id or (customer.email or "").lower() or customer.name
