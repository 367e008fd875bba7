"""Inventory: what is available of one SKU at every node, the newest movements of a SKU, and one level adjusted by hand."""

from __future__ import annotations

import secrets

import orjson

from hub.cli.story.seed import PLENTY
from hub.kit.ids import public_id
from tests.bench import bodies
from tests.bench.client import Load, load
from tests.bench.line import line, measured
from tests.bench.stand import Stand, standing

SECONDS = 2.0
LEVELS = """query Levels($sku: String!) {
  stockLevels(first: 50, where: {sku: {eq: $sku}}) { nodes { location { code } onHand reserved safety available } }
}"""
MOVEMENTS = """query Movements($sku: String!) {
  stockMovements(first: 50, where: {sku: {eq: $sku}}) { nodes { at location { code } onHandDelta reservedDelta cause } }
}"""
ADJUST = """mutation Adjust($input: AdjustStockInput!) {
  adjustStock(input: $input) { levels { id onHand } userErrors { code message } replayed }
}"""


def adjusted(status: int, body: bytes) -> bool:
    return bodies.answered(status, body) and b'"userErrors":[]' in body


async def read(stand: Stand, what: str, query: str) -> None:
    target = stand.graphql()
    requests = [bodies.query(target, query, {"sku": sku}) for sku in PLENTY]

    async def run(n: int) -> Load:
        seconds = SECONDS if n else 1.0
        return await load(target, lambda k: requests[k % len(requests)], bodies.answered, clients=32, seconds=seconds)

    found = await measured(run, stand.roots)
    line("STOCK", what, found, clients=32, orders=await stand.orders(), ceiling=None, goal="-", met=True)


async def adjust(stand: Stand) -> None:
    target = stand.graphql()
    places = [public_id("loc", node) for node in stand.company.nodes.values()]

    async def run(n: int) -> Load:
        name = secrets.token_hex(4)

        def request(k: int) -> bytes:
            sku, place = PLENTY[k % len(PLENTY)], places[k // len(PLENTY) % len(places)]
            given = {"reason": "found", "changes": [{"locationId": place, "sku": sku, "delta": "1"}]}
            body = orjson.dumps({"query": ADJUST, "variables": {"input": given}})
            return target.request(body, f"Idempotency-Key: {name}-{k}\r\n")

        return await load(target, request, adjusted, clients=32, seconds=SECONDS if n else 1.0)

    found = await measured(run, stand.roots)
    what = "one level adjusted: movement, fact, level"
    line("STOCK", what, found, clients=32, orders=await stand.orders(), ceiling=None, goal="-", met=True)


async def main() -> None:
    async with standing() as stand:
        await read(stand, "what is available of a SKU at every node", LEVELS)
        await read(stand, "the newest 50 movements of a SKU", MOVEMENTS)
        await adjust(stand)
