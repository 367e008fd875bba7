"""Many at once, and everything twice: 160 buyers for 100 units over HTTP, webhooks in every order and five times each, poison among neighbours."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import random
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import permutations
from typing import Any
from uuid import uuid4

import httpx
import pytest

from hub import inventory
from hub.cli.story.bodies import shopify_order
from hub.cli.story.script import Story
from hub.cli.story.seed import GONE, HOT, PLENTY
from hub.cli.story.stage import Stage
from hub.ledger import Cause
from tests.journeys.trace import trace

pytestmark = pytest.mark.slow
BUYERS, UNITS = 160, 100
CAPTURE = """mutation ($i: CaptureOrderInput!, $k: String!) { captureOrder(input: $i) @idempotent(key: $k) {
  order { id } userErrors { code } replayed } }"""
RESERVE = """mutation ($i: ReserveStockInput!, $k: String!) { reserveStock(input: $i) @idempotent(key: $k) {
  reservation { id } userErrors { code } replayed } }"""


def bought(n: int) -> dict[str, Any]:
    return {
        "channel": "api",
        "externalId": f"crowd-{n}",
        "currencyCode": "BRL",
        "lines": [{"sku": HOT, "quantity": "1", "unitPrice": "10.00"}],
        "shipTo": {
            "street": "Avenida Paulista",
            "number": "1000",
            "city": "São Paulo",
            "region": "SP",
            "postcode": "01310-100",
            "countryCode": "BR",
        },
        "customer": {"name": f"Buyer {n}", "taxId": "52998224725"},
        "paymentState": "PAID",
    }


async def at_once(stage: Stage, query: str, given: list[dict[str, Any]]) -> list[Any]:
    """Every request on a connection of its own, all in flight together."""
    head = {"Authorization": f"Bearer {stage.company.api_key}"}
    limits = httpx.Limits(max_connections=len(given))
    async with httpx.AsyncClient(timeout=120, limits=limits, headers=head) as client:
        asked = (client.post(stage.urls["graphql"], json={"query": query, "variables": v}) for v in given)
        found = [a.json() for a in await asyncio.gather(*asked)]
    assert [f["errors"] for f in found if "errors" in f] == []
    return [f["data"] for f in found]


async def stock(stage: Stage, sku: str) -> tuple[int, int]:
    """(on hand, reserved) over all nodes."""
    async with stage.hub.db.unit(tenant=stage.company.tenant, actor="test") as tx:
        [row] = await tx.conn.fetch("SELECT sum(on_hand) AS h, sum(reserved) AS r FROM stock WHERE sku = $1", sku)
    return int(row["h"]), int(row["r"])


async def test_160_buyers_capture_100_units_and_exactly_100_get_one(stage: Stage, story: Story) -> None:
    """Each sends its request twice at once, as impatient clients do: the key makes one of the two."""
    given = [{"i": bought(n), "k": f"key-{n}"} for n in range(BUYERS) for _ in range(2)]
    answers = [a["captureOrder"] for a in await at_once(stage, CAPTURE, given)]
    assert [a["userErrors"] for a in answers if a["userErrors"]] == []
    assert len({a["order"]["id"] for a in answers}) == BUYERS
    assert sum(a["replayed"] for a in answers) == BUYERS
    async with stage.hub.db.unit(tenant=stage.company.tenant, actor="test") as tx:
        rows = await tx.conn.fetch(
            "SELECT l.reserved, o.open_holds FROM orders o JOIN order_lines l USING (tenant_id, order_id) WHERE o.external_id LIKE 'crowd-%'"
        )
        owed = await tx.conn.fetchval("SELECT count(*) FROM fulfillment_lines WHERE sku = $1", HOT)
    assert Counter((int(r["reserved"]), r["open_holds"]) for r in rows) == {(1, 0): UNITS, (0, 1): BUYERS - UNITS}
    assert await stock(stage, HOT) == (UNITS, UNITS)
    assert owed == UNITS


async def test_160_carts_reserve_100_units_and_exactly_100_get_one(stage: Stage, story: Story) -> None:
    change = inventory.Adjustment(node_id=stage.company.nodes["CD-CAJAMAR"], sku=GONE, delta=Decimal(UNITS))
    async with stage.hub.reactor.unit(tenant=stage.company.tenant, actor="test") as tx:
        await inventory.adjust(tx, [change], "test", Cause(tx.correlation_id, None))
    carts = [
        {"i": {"reference": f"cart-{n}", "lines": [{"sku": GONE, "quantity": "1"}]}, "k": f"cart-{n}"}
        for n in range(BUYERS)
    ]
    answers = [a["reserveStock"] for a in await at_once(stage, RESERVE, carts)]
    got = [a for a in answers if a["reservation"]]
    assert len(got) == UNITS
    assert Counter(e["code"] for a in answers for e in a["userErrors"]).total() == BUYERS - UNITS
    assert await stock(stage, GONE) == (UNITS, UNITS)


# ------------------------------------------------------------------ everything twice, in any order
def told(stage: Stage, number: int) -> dict[str, tuple[str, bytes, str]]:
    """What a channel says of one order in its life: (topic, body, event id) by name. Revisions count up."""
    at = stage.hub.db.clock() - timedelta(hours=1)
    made = shopify_order(number, [(PLENTY[7], 2, "20.00")], at=at, to="sao_paulo")
    updated = {**made, "updated_at": (at + timedelta(minutes=1)).isoformat(), "note": "ring twice"}
    over = (at + timedelta(minutes=2)).isoformat()
    cancelled = {**updated, "updated_at": over, "cancelled_at": over, "cancel_reason": "customer"}
    topics = {"orders/create": made, "orders/updated": updated, "orders/cancelled": cancelled}
    return {t: (t, json.dumps(b).encode(), f"evt-{uuid4().hex}") for t, b in topics.items()}


async def say(stage: Stage, said: tuple[str, bytes, str]) -> int:
    topic, body, event = said
    digest = base64.b64encode(hmac.digest(stage.company.shopify_secret.encode(), body, sha256)).decode()
    head = {"x-shopify-topic": topic, "x-shopify-hmac-sha256": digest, "x-shopify-event-id": event}
    answer = await stage.client.post(stage.urls["shopify_hook"], content=body, headers=head)
    return answer.status_code


async def looked_at(stage: Stage) -> bool:
    """Everything that came is done, or was put off because it speaks of an order that is not there yet."""
    waiting = "SELECT EXISTS (SELECT 1 FROM inbox WHERE state = 1 OR (state = 0 AND run_at <= now()))"
    return not await stage.hub.db.worker.fetchval(waiting)


async def settled(stage: Stage, story: Story) -> None:
    """Until the inbox is empty; what was put off because it came too early is not waited for but made due."""
    left = "SELECT count(*) FROM inbox WHERE state < 3"

    async def empty() -> bool:
        await stage.hub.db.worker.execute("UPDATE inbox SET run_at = now() WHERE state = 0 AND run_at > now()")
        return not await stage.hub.db.worker.fetchval(left)

    await story._wait("the inbox is empty", empty)


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=lambda p: "".join("CUX"[i] for i in p))
async def test_webhooks_in_any_order_five_times_each_end_alike(
    stage: Stage, story: Story, order: tuple[int, ...]
) -> None:
    """C: created, U: updated, X: cancelled."""
    number = 8000 + list(permutations(range(3))).index(order)
    said = list(told(stage, number).values())
    for place in order:
        assert [await say(stage, said[place]) for _ in range(5)] == [200] * 5
        await story._wait("it was looked at", lambda: looked_at(stage))
    await settled(stage, story)
    await story.until(f"#{number}", "CANCELLED")
    found = await trace(stage, f"#{number}")
    assert len(found.of("order.placed")) == 1
    assert len(found.of("order.cancelled")) == 1
    revisions = Counter(
        f["data"]["revision"] for f in found.facts if "revision" in f["data"] and f["type"] != "order.cancel_asked"
    )
    assert set(revisions.values()) == {1}
    assert (await stock(stage, PLENTY[7]))[1] == 0


async def test_a_refund_before_its_order_waits_and_is_applied_once(stage: Stage, story: Story) -> None:
    number = 8090
    said = told(stage, number)
    made = said["orders/create"]
    order = json.loads(made[1])
    paid_back = {"kind": "refund", "status": "success", "amount": "40.00", "currency": order["currency"]}
    refund = {
        "id": 77,
        "order_id": order["id"],
        "created_at": order["created_at"],
        "refund_line_items": [],
        "transactions": [paid_back],
    }
    early = ("refunds/create", json.dumps(refund).encode(), f"evt-{uuid4().hex}")
    assert [await say(stage, early) for _ in range(3)] == [200] * 3
    await story._wait("it was looked at", lambda: looked_at(stage))
    waiting = "SELECT count(*) FROM inbox WHERE state = 0 AND topic = 'refunds/create'"
    assert await stage.hub.db.worker.fetchval(waiting) == 1
    assert await say(stage, made) == 200
    await settled(stage, story)
    found = await trace(stage, f"#{number}")
    assert [(f["data"]["refund"], f["data"]["amount"]) for f in found.of("order.refund_recorded")] == [("77", "40.00")]
    assert await say(stage, said["orders/cancelled"]) == 200  # the goods are free again for the tests after this one
    await settled(stage, story)
    await story.until(f"#{number}", "CANCELLED")


async def test_webhooks_all_at_once_and_shuffled_end_alike(stage: Stage, story: Story) -> None:
    chance = random.Random(5)
    every = [s for n in range(8100, 8120) for s in told(stage, n).values() for _ in range(5)]
    chance.shuffle(every)
    assert set(await asyncio.gather(*(say(stage, s) for s in every))) == {200}
    await settled(stage, story)
    for n in range(8100, 8120):
        await story.until(f"#{n}", "CANCELLED")
        found = await trace(stage, f"#{n}")
        assert (len(found.of("order.placed")), len(found.of("order.cancelled"))) == (1, 1)
    assert (await stock(stage, PLENTY[7]))[1] == 0


async def test_poison_parks_and_its_neighbours_go_through(stage: Stage, story: Story) -> None:
    good = [told(stage, n)["orders/create"] for n in range(8200, 8210)]
    topic, body, event = told(stage, 8299)["orders/create"]
    poison = (topic, body.replace(b'"total_price": "', b'"total_price": "9e9'), event)
    assert {*await asyncio.gather(*(say(stage, s) for s in [*good[:5], poison, *good[5:]]))} == {200}
    for n in range(8200, 8210):
        await story.until(f"#{n}", "APPROVED")
    await settled(stage, story)
    async with stage.hub.db.unit(tenant=stage.company.tenant, actor="test") as tx:
        [row] = await tx.conn.fetch("SELECT state, last_error FROM inbox WHERE dedupe_key = $1", event)
    assert row["state"] == 3
    assert row["last_error"]
    assert await story.order("#8299") is None
