"""The door of the catalog: products, kits, parties."""

from hub.catalog.commands import put_customers, put_kits, put_products
from hub.catalog.lookup import find, kits, skus_of_gtins
from hub.catalog.model import Product, party_id

__all__ = ["Product", "find", "kits", "party_id", "put_customers", "put_kits", "put_products", "skus_of_gtins"]
