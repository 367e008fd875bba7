"""What is sold and with whom: products with what fiscal documents need, kits, parties."""

from __future__ import annotations

import sqlalchemy as sa

from hub.kit.tables import Amount, Key, Quantity, Time, Uuid, belongs, col, index, must, one_of, table

products = table(
    "products",
    col("product_id", Uuid),
    col("sku", Key),
    col("title"),
    col("gtin", Key, null=True),
    col("ncm", Key, null=True),
    col("cest", Key, null=True),
    col("origin", sa.SmallInteger, null=True),  # orig 0-8
    col("unit", default="'UN'"),
    col("weight_g", sa.Integer, null=True),
    col("length_mm", sa.Integer, null=True),
    col("width_mm", sa.Integer, null=True),
    col("height_mm", sa.Integer, null=True),
    col("hazmat", sa.Boolean, default="false"),
    col("own_make", sa.Boolean, default="false"),
    col("updated_at", Time, default="now()"),
    must("ncm_form", "ncm ~ '^[0-9]{8}$'", why="an NCM has eight digits"),
    must("origin_known", "origin BETWEEN 0 AND 8", why="orig of the NF-e layout"),
    index("products_sku_key", "sku", unique=True),
    index("products_gtin", "gtin", where="gtin IS NOT NULL"),
    key="product_id",
)

kit_components = table(
    "kit_components",
    col("kit_sku", Key),
    col("sku", Key),
    col("quantity", Quantity),
    must("quantity_positive", "quantity > 0", why="a component of zero pieces is none"),
    must("not_itself", "kit_sku <> sku", why="a kit cannot contain itself"),
    key=("kit_sku", "sku"),
)

parties = table(
    "parties",
    col("party_id", Uuid),
    col("kind", Key),
    col("connection_id", Uuid, null=True),
    col("external_id", Key, null=True),
    col("name"),
    col("email", null=True),
    col("phone", null=True),
    col("tax_id", Key, null=True),
    col("company", null=True),
    col("state_registration", null=True),
    col("updated_at", Time, default="now()"),
    one_of("kind", ("CUSTOMER", "SUPPLIER", "CARRIER")),
    index("parties_tax_id", "tax_id", where="tax_id IS NOT NULL"),
    key="party_id",
)

price_lists = table(
    "price_lists",
    col("code", Key),
    col("currency", sa.CHAR(3)),
    col("valid_from", Time, null=True),
    col("valid_until", Time, null=True),
    col("updated_at", Time, default="now()"),
    key="code",
)

price_list_items = table(
    "price_list_items",
    col("code", Key),
    col("sku", Key),
    col("min_quantity", Quantity),  # the tier begins here
    col("unit_price", Amount),
    must("tier_positive", "min_quantity > 0 AND unit_price >= 0", why="a tier begins above nothing and costs no less"),
    belongs("code", "price_lists", "code"),
    key=("code", "sku", "min_quantity"),
)

party_terms = table(
    "party_terms",
    col("party_id", Uuid),
    col("price_list", Key, null=True),
    col("credit_limit", Amount),
    col("currency", sa.CHAR(3)),
    col("days", sa.SmallInteger),  # until an invoice is due
    col("updated_at", Time, default="now()"),
    must("limit_not_negative", "credit_limit >= 0 AND days >= 0", why="terms are a trust, not a debt"),
    belongs("party_id", "parties", "party_id"),
    key="party_id",
)
