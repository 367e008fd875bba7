"""A shop, an order and an account for the tests of the Shopify adapter; all invented here."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import httpx
from graphql import GraphQLSchema, build_client_schema

from adapters.shopify import ADAPTER
from adapters.shopify.shop import Shop
from adapters.shopify.simulator import Simulator
from hub.canon.ports import Account, Call, Request, Response
from hub.mapping import Mappings, load_all
from tests.shared import ROOT, shared_path

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TOKEN = "shpat_test_token"
SECRET = "test client secret"
DOMAIN = "acme.myshopify.com"

ORDER: dict[str, Any] = {
    "id": 7001,
    "name": "#1001",
    "test": False,
    "currency": "BRL",
    "presentment_currency": "BRL",
    "processed_at": "2026-11-20T08:59:00-03:00",
    "created_at": "2026-11-20T08:59:00-03:00",
    "updated_at": "2026-11-20T08:59:30-03:00",
    "cancelled_at": None,
    "financial_status": "paid",
    "taxes_included": True,
    "tags": "vip, first",
    "email": "bia@example.com",
    "customer": {"id": 31, "first_name": "Bia", "last_name": "Souza", "email": "bia@example.com"},
    "shipping_address": {
        "name": "Bia Souza",
        "address1": "Rua das Flores, 100",
        "address2": "Ap 12",
        "city": "Curitiba",
        "province_code": "PR",
        "zip": "80000-000",
        "country_code": "BR",
    },
    "total_price": "210.00",
    "total_tax": "0.00",
    "line_items": [
        {"id": 1, "variant_id": 11, "sku": "MUG", "title": "Mug", "quantity": 4, "price": "40.00", "tax_lines": []},
        {"id": 2, "variant_id": 12, "sku": "", "title": "Bag", "quantity": 1, "price": "30.00", "tax_lines": []},
    ],
    "shipping_lines": [{"price": "20.00", "discount_allocations": []}],
}


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def order(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(ORDER), **changes}


@lru_cache(maxsize=1)
def mappings() -> Mappings:
    return load_all(ROOT / "mappings")


@lru_cache(maxsize=1)
def _schema(path: str) -> GraphQLSchema:
    with gzip.open(path) as file:
        return build_client_schema(json.load(file)["data"], assume_valid=True)


def schema() -> GraphQLSchema:
    """The published contract; skips the test where it is absent."""
    return _schema(str(shared_path("contracts/shopify/admin_2026-10.json.gz")))


def account(references: Mapping[str, str] | None = None, **config: Any) -> Account:
    return Account(
        connection_id="con_1",
        code="shop",
        config={"shop": DOMAIN, "locations": {"CWB": "1"}, **config},
        secrets={"client_secret": (SECRET,), "access_token": (TOKEN,)},
        references=dict(references or {}),
        now=NOW,
        delivery="dlv_1",
    )


def simulator(schema: GraphQLSchema | None = None) -> Simulator:
    return Simulator(Shop(domain=DOMAIN, access_token=TOKEN, client_secret=SECRET, clock=Clock()), schema)


class Http:
    """The hub's client, as little of it as an adapter can notice."""

    def __init__(self, sim: Simulator, acting: Account) -> None:
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(sim.app()), base_url=f"https://{DOMAIN}")
        self.account = acting

    async def send(self, call: Call) -> Response:
        assert ADAPTER.authorize is not None
        headers = {**call.headers, **ADAPTER.authorize(call, self.account), "Content-Type": call.media_type}
        answer = await self.client.request(call.method, call.path, content=call.body, headers=headers)
        return Response(status=answer.status_code, headers=dict(answer.headers), body=answer.content)


def request(headers: Mapping[str, str], body: bytes) -> Request:
    lower = {name.lower(): value for name, value in headers.items()}
    return Request(method="POST", path="/hooks/shopify/shop", query={}, headers=lower, body=body)
