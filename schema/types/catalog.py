"""Products, kits, parties."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.catalog.queries import v_kit_component, v_party, v_product
from schema.plan.bind import By, Filter, Page, bound, embed, key, many
from schema.plan.fields import listing, single
from schema.plan.scalars import Quantity
from schema.types import ownership
from schema.types.enums import PartyKind
from schema.types.parts import SIZE, UNSET, Dimensions, Node, TextFilter

if TYPE_CHECKING:
    from schema.types.inventory import StockLevel


@bound(v_kit_component, area="catalog")
@strawberry.type
class KitComponent:
    sku: str
    quantity: Quantity


@bound(v_product, area="catalog", key="product_id", prefix="prd")
@strawberry.type
class Product(Node):
    id: strawberry.ID = key("product_id")
    sku: str
    title: str
    gtin: str | None
    ncm: str | None
    origin: int | None
    size: Dimensions = embed(**SIZE)
    stock: list[Annotated[StockLevel, strawberry.lazy("schema.types.inventory")]] = many(
        "sku", "location_id", here="sku"
    )
    kit: list[KitComponent] = many("kit_sku", "sku", here="sku")


@bound(v_party, area="personal", key="party_id", prefix="pty", rows=ownership.by_customer)
@strawberry.type
class Party(Node):
    id: strawberry.ID = key("party_id")
    name: str
    email: str | None
    phone: str | None
    tax_id: str | None
    kind: PartyKind


@strawberry.input
class ProductWhere:
    sku: TextFilter | None = UNSET
    gtin: TextFilter | None = UNSET


PRODUCTS = Page({"SKU": "sku"}, {"sku": Filter("sku"), "gtin": Filter("gtin")}, descending=False)

ROOTS = {
    "products": listing(Product, PRODUCTS, where=ProductWhere),
    "product": single(Product, By({"id": "product_id", "sku": "sku"}), id=strawberry.ID | None, sku=str | None),
}
