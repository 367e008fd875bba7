"""The door for messages from outside: what is not authentic leaves nothing but a count, what cannot be read is kept and shown."""

from __future__ import annotations

import base64
import hmac
import json
import random
import re
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any
from uuid import uuid4

import httpx
import pytest

from hub.cli.story.bodies import shopify_order
from hub.cli.story.script import Story
from hub.cli.story.seed import PLENTY
from hub.cli.story.stage import Stage
from hub.kit.webhooks import signed_headers

pytestmark = pytest.mark.slow


def order_body(stage: Stage, number: int) -> bytes:
    return json.dumps(
        shopify_order(number, [(PLENTY[0], 1, "10.00")], at=stage.hub.db.clock(), to="sao_paulo")
    ).encode()


def headers(stage: Stage, body: bytes, **more: str) -> dict[str, str]:
    digest = hmac.digest(stage.company.shopify_secret.encode(), body, sha256)
    return {
        "content-type": "application/json",
        "x-shopify-topic": "orders/create",
        "x-shopify-event-id": f"evt-{uuid4().hex}",
        "x-shopify-hmac-sha256": base64.b64encode(digest).decode(),
        **more,
    }


async def post(
    stage: Stage, body: bytes, head: dict[str, str], path: str = "/hooks/shopify/demo-shop"
) -> httpx.Response:
    return await stage.client.post(f"{stage.base_url}{path}", content=body, headers=head)


async def kept(stage: Stage) -> int:
    """Everything that a message leaves behind."""
    sql = "SELECT (SELECT count(*) FROM inbox) + (SELECT count(*) FROM inbox_done) + (SELECT count(*) FROM inbox_seen)"
    async with stage.hub.db.unit(tenant=stage.company.tenant, actor="test") as tx:
        found: int = await tx.conn.fetchval(sql)
    return found


async def refusals(stage: Stage, reason: str, adapter: str = "shopify") -> float:
    text = (await stage.client.get(stage.metrics_url)).text
    found = re.search(rf'hub_inbox_refused_total{{adapter="{adapter}",reason="{reason}"}} ([0-9.]+)', text)
    return float(found[1]) if found else 0.0


FORGERIES: dict[str, Any] = {
    "no signature": lambda b, h: (b, {k: v for k, v in h.items() if "hmac" not in k}),
    "an empty signature": lambda b, h: (b, {**h, "x-shopify-hmac-sha256": ""}),
    "of another body": lambda b, h: (b + b" ", h),
    "written anew": lambda b, h: (json.dumps(json.loads(b), indent=1).encode(), h),
    "keys in another order": lambda b, h: (json.dumps(json.loads(b), sort_keys=True).encode(), h),
    "hexadecimal": lambda b, h: (
        b,
        {**h, "x-shopify-hmac-sha256": base64.b64decode(h["x-shopify-hmac-sha256"]).hex()},
    ),
    "of another secret": lambda b, h: (
        b,
        {**h, "x-shopify-hmac-sha256": base64.b64encode(hmac.digest(b"other", b, sha256)).decode()},
    ),
    "of another shop": lambda b, h: (b, {**h, "x-shopify-shop-domain": "other.myshopify.com"}),
}


@pytest.mark.parametrize("how", FORGERIES)
async def test_what_is_not_authentic_is_401_and_leaves_only_a_count(stage: Stage, how: str) -> None:
    body = order_body(stage, 6000)
    before, counted = await kept(stage), await refusals(stage, "signature")
    forged, head = FORGERIES[how](body, headers(stage, body))
    answer = await post(stage, forged, head)
    assert answer.status_code == 401
    assert "Traceback" not in answer.text
    assert await kept(stage) == before
    assert await refusals(stage, "signature") == counted + 1


async def test_no_flipped_bit_goes_through(stage: Stage) -> None:
    body, chance = order_body(stage, 6001), random.Random(11)
    head, before = headers(stage, body), await kept(stage)
    for _ in range(60):
        place, bit = chance.randrange(len(body)), 1 << chance.randrange(8)
        flipped = bytes([*body[:place], body[place] ^ bit, *body[place + 1 :]])
        assert (await post(stage, flipped, head)).status_code == 401
    digest = base64.b64decode(head["x-shopify-hmac-sha256"])
    for place in range(len(digest)):
        wrong = base64.b64encode(bytes([*digest[:place], digest[place] ^ 1, *digest[place + 1 :]])).decode()
        assert (await post(stage, body, {**head, "x-shopify-hmac-sha256": wrong})).status_code == 401
    assert await kept(stage) == before


@pytest.mark.parametrize("path", ["/hooks/shopify/nobody", "/hooks/nothing/demo-shop", "/hooks/sefaz/cd-cajamar"])
async def test_an_unknown_account_is_404(stage: Stage, path: str) -> None:
    body = order_body(stage, 6002)
    before = await kept(stage)
    assert (await post(stage, body, headers(stage, body), path)).status_code == 404
    assert await kept(stage) == before


async def test_too_large_is_413_whether_said_or_found(stage: Stage) -> None:
    large = b"x" * (5 * 1024 * 1024 + 1)
    before = await kept(stage)
    assert (await post(stage, large, headers(stage, large))).status_code == 413

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 1 << 16):
            yield large[start : start + (1 << 16)]

    url = f"{stage.base_url}/hooks/shopify/demo-shop"
    async with httpx.AsyncClient(timeout=20) as client:
        answer = await client.post(url, content=pieces(), headers=headers(stage, large))
    assert answer.status_code == 413
    assert await kept(stage) == before


UNREADABLE = {
    "no JSON": b"\xff\xfe this is no JSON",
    "cut off": b'{"id": 1, "line_items": [',
    "a list": b"[1, 2, 3]",
    "empty": b"{}",
    "deep": b"[" * 5000 + b"]" * 5000,
    "wrong types": b'{"id": {}, "line_items": "many", "total_price": [], "created_at": 7}',
}


@pytest.mark.parametrize("what", UNREADABLE)
async def test_an_unreadable_body_is_200_kept_as_it_came_quarantined_and_shown(
    stage: Stage, story: Story, what: str
) -> None:
    body = UNREADABLE[what]
    event = f"evt-{uuid4().hex}"
    answer = await post(stage, body, headers(stage, body, **{"x-shopify-event-id": event}))
    assert answer.status_code == 200
    find = "SELECT message_id, state, body, last_error FROM inbox WHERE dedupe_key = $1"

    async def parked() -> bool:
        return bool((await row())["state"] == 3)

    async def row() -> Any:
        async with stage.hub.db.unit(tenant=stage.company.tenant, actor="test") as tx:
            return await tx.conn.fetchrow(find, event)

    await story._wait("the message is parked", parked)
    found = await row()
    assert found["body"] == body
    assert found["last_error"]
    query = """query ($id: ID!) { node(id: $id) { ... on InboundMessage { state lastError } }
      incidents(first: 100) { nodes { kind subjectId } } }"""
    shown = await story.ask(query, {"id": f"msg_{found['message_id'].hex}"})
    assert shown["node"]["state"] == "PARKED"
    assert f"msg_{found['message_id'].hex}" in [i["subjectId"] for i in shown["incidents"]["nodes"]]


async def test_a_message_that_comes_again_is_200_and_kept_once(stage: Stage) -> None:
    body = order_body(stage, 6003)
    head = headers(stage, body)
    assert [(await post(stage, body, head)).status_code for _ in range(5)] == [200] * 5
    sql = "SELECT count(*) FROM inbox_seen WHERE dedupe_key = $1"
    async with stage.hub.db.unit(tenant=stage.company.tenant, actor="test") as tx:
        assert await tx.conn.fetchval(sql, head["x-shopify-event-id"]) == 1


async def test_a_warehouse_message_from_the_past_or_unsigned_is_401(stage: Stage) -> None:
    body = b'{"type": "pick_order.picking", "pick_order": "ful_0"}'
    now = stage.hub.db.clock()
    path = "/hooks/wms/demo-wms"
    fresh = signed_headers(stage.company.wms_secret, "m1", body, now=now)
    old = signed_headers(stage.company.wms_secret, "m2", body, now=now.replace(year=now.year - 1))
    other = {**fresh, "webhook-id": "m3"}
    before = await kept(stage)
    for head in (old, other, {}):
        assert (await post(stage, body, head, path)).status_code == 401
    assert await kept(stage) == before
    assert (await post(stage, body, fresh, path)).status_code == 200


async def test_a_partner_needs_its_token(stage: Stage) -> None:
    path = "/hooks/x12/acme-retail"
    for head in ({}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {stage.company.edi_token}"}):
        assert (await post(stage, b"ISA*00*", head, path)).status_code == 401
