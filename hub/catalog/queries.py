"""What may be read of products, kits and parties."""

from __future__ import annotations

import sqlalchemy as sa

from hub.catalog.store import kit_components, parties, products
from hub.kit.views import publish

p = products.c
v_product = publish(
    "v_product",
    sa.select(
        *(p[n] for n in ("product_id", "sku", "title", "gtin", "ncm", "origin", "weight_g", "length_mm", "width_mm")),
        p.height_mm,
    ),
)

k = kit_components.c
v_kit_component = publish("v_kit_component", sa.select(k.kit_sku, k.sku, k.quantity))

c = parties.c
v_party = publish("v_party", sa.select(*(c[n] for n in ("party_id", "kind", "name", "email", "phone", "tax_id"))))
