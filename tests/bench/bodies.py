"""What the load client sends: captures over GraphQL, signed Shopify notices, reads."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from zlib import crc32

import orjson

from hub.cli.story.bodies import shopify_order
from tests.bench.client import Target
from tests.bench.stand import skus

CAPTURE = """mutation Capture($input: CaptureOrderInput!) {
  captureOrder(input: $input) { order { id number state } userErrors { code message } replayed }
}"""
PAGE = """query Page($first: Int!) {
  orders(first: $first) {
    edges { cursor node {
      id number channel externalId state placedAt paymentState total { amount currencyCode }
      shipTo { name street number city region postcode countryCode }
      lines { id sku title ordered reserved shipped unitPrice { amount currencyCode } total { amount currencyCode } }
      fulfillments { id state method location { code name } }
    } }
    pageInfo { hasNextPage endCursor }
  }
}"""
ONE = """query One($id: ID!) {
  order(id: $id) {
    id number channel externalId state version placedAt paymentState total { amount currencyCode }
    shipTo { name street number city region postcode countryCode }
    lines { id sku title ordered reserved shipped unitPrice { amount currencyCode } total { amount currencyCode } }
    fulfillments { id state method location { code name } }
  }
}"""
RESERVE = """mutation Reserve($input: ReserveStockInput!) {
  reserveStock(input: $input) { reservation { id } userErrors { code message } replayed }
}"""
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def cpf(name: str) -> str:
    """A well-formed CPF of this name: every buyer is another customer, or the rules against fraud would hold them."""
    digits = [int(d) for d in f"{crc32(name.encode()) % 10**9:09d}"]
    for _ in range(2):
        rest = sum(d * w for d, w in zip(digits, range(len(digits) + 1, 1, -1), strict=True)) % 11
        digits.append(0 if rest < 2 else 11 - rest)
    return "".join(map(str, digits))


def capture_input(name: str, wanted: list[tuple[str, int]]) -> dict[str, Any]:
    """`wanted`: (SKU, quantity) of each line."""
    return {
        "channel": "api",
        "externalId": name,
        "currencyCode": "BRL",
        "paymentState": "PAID",
        "lines": [
            {"lineNo": n, "sku": sku, "quantity": str(quantity), "unitPrice": "49.90"}
            for n, (sku, quantity) in enumerate(wanted, 1)
        ],
        "shipTo": {
            "name": "Ana Reis",
            "street": "Avenida Paulista",
            "number": "1000",
            "city": "São Paulo",
            "region": "SP",
            "postcode": "01310-100",
            "countryCode": "BR",
        },
        "customer": {"name": "Ana Reis", "email": f"{name}@example.com", "taxId": cpf(name)},
        "shipping": "15.00",
    }


def capture(target: Target, name: str, wanted: list[tuple[str, int]]) -> bytes:
    """One capture with its idempotency key."""
    body = {"query": CAPTURE, "variables": {"input": capture_input(name, wanted)}}
    return target.request(orjson.dumps(body), f"Idempotency-Key: {name}\r\n")


def capture_three(target: Target, run: str, number: int) -> bytes:
    return capture(target, f"{run}-{number}", [(sku, 1 + k) for k, sku in enumerate(skus(number))])


def captured(status: int, body: bytes) -> bool:
    """An order came back that nothing holds, and no error of any kind."""
    return status == 200 and b'"state":"APPROVED"' in body and b'"userErrors":[]' in body and b'"errors"' not in body


def query(target: Target, text: str, variables: dict[str, Any]) -> bytes:
    return target.request(orjson.dumps({"query": text, "variables": variables}))


def answered(status: int, body: bytes) -> bool:
    return status == 200 and b'"errors"' not in body


def notice(url: str, secret: str, number: int) -> bytes:
    """A signed orders/create of three lines, as Shopify posts it."""
    lines = [(sku, 1 + k, "49.90") for k, sku in enumerate(skus(number))]
    order = shopify_order(number, lines, at=NOW, to="sao_paulo")
    order["note_attributes"][0]["value"] = cpf(str(number))
    body = orjson.dumps(order)
    signature = base64.b64encode(hmac.digest(secret.encode(), body, sha256)).decode()
    target = Target(
        url,
        {
            "Content-Type": "application/json",
            "X-Shopify-Topic": "orders/create",
            "X-Shopify-Shop-Domain": "demo-shop.myshopify.com",
        },
    )
    return target.request(
        body,
        f"X-Shopify-Hmac-Sha256: {signature}\r\nX-Shopify-Event-Id: e-{number}\r\nX-Shopify-Webhook-Id: w-{number}\r\n",
    )
