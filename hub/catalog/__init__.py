"""The door of the catalog: products, kits, parties."""

from hub.catalog.commands import put_customers, put_kits, put_products
from hub.catalog.lookup import emails, find, kits, skus_of_gtins
from hub.catalog.model import Product, party_id
from hub.catalog.terms import BadPrices, PriceList, Terms, prices, put_price_list, put_terms, terms

__all__ = [
    "BadPrices",
    "PriceList",
    "Product",
    "Terms",
    "emails",
    "find",
    "kits",
    "party_id",
    "prices",
    "put_customers",
    "put_kits",
    "put_price_list",
    "put_products",
    "put_terms",
    "skus_of_gtins",
    "terms",
]
