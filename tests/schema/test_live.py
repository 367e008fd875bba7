"""Live answers over real sockets: each fact once, in order, resumed without gap or duplicate; slow readers sent away with a cursor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from hub.kit.ids import new_id
from schema.live.cursors import Place, read_place
from tests.schema.conftest import Site, fill_id

CHANGED = "subscription($after: String) { orderChanged(after: $after) { cursor factType at order { id number } } }"


async def fact(
    site: Site, *, tenant: int = 1, kind: str = "order", subject: Any = None, type_: str = "order.noted"
) -> Any:
    conn = await asyncpg.connect(site.dsn)
    try:
        event_id = new_id()
        await conn.execute(
            "INSERT INTO business_events (tenant_id, event_id, type, subject_kind, subject_id, subject_version, correlation_id, actor, at, data, hash)"
            " VALUES ($1, $2, $3, $4, $5, 1, $2, 'test', now(), '{}', '\\x00')",
            tenant,
            event_id,
            type_,
            kind,
            subject or fill_id("ord", tenant, 7),
        )
    finally:
        await conn.close()
    site.doorbell.set()
    return event_id


@asynccontextmanager
async def socket(
    site: Site, role: str = "OPERATOR", *, init: bool = True, **options: Any
) -> AsyncIterator[ClientConnection]:
    url = site.url.replace("http:", "ws:")
    async with connect(url, subprotocols=["graphql-transport-ws"], **options) as ws:  # type: ignore[list-item]
        if init:
            await ws.send(
                orjson.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {role}"}}).decode()
            )
            assert await said(ws) == {"type": "connection_ack"}
        yield ws


async def said(ws: ClientConnection) -> Any:
    """The next message that is no ping."""
    while True:
        message = orjson.loads(await asyncio.wait_for(ws.recv(), 10))
        if message["type"] != "ping":
            return message


async def ask(ws: ClientConnection, query: str, name: str = "1", **variables: Any) -> None:
    await ws.send(
        orjson.dumps({"id": name, "type": "subscribe", "payload": {"query": query, "variables": variables}}).decode()
    )


async def closed(ws: ClientConnection) -> tuple[int, str]:
    try:
        while True:
            await asyncio.wait_for(ws.recv(), 10)
    except ConnectionClosed as error:
        received = error.rcvd
    assert received is not None
    return received.code, received.reason


async def listening(site: Site, count: int = 1) -> None:
    """Wait until so many subscribers are registered."""
    streams = site.edge.live.streams
    async with asyncio.timeout(10):
        while sum(len(s.subscribers) for s in streams.streams.values()) < count:  # noqa: ASYNC110 - of another task
            await asyncio.sleep(0.01)


async def test_query_and_mutation_shaped_traffic_over_a_socket(site: Site) -> None:
    async with socket(site) as ws:
        await ws.send('{"type":"ping"}')
        assert (await said(ws))["type"] == "pong"
        await ask(ws, "{ me { role } }")
        assert (await said(ws))["payload"]["data"] == {"me": {"role": "OPERATOR"}}
        assert await said(ws) == {"id": "1", "type": "complete"}
        await ask(ws, "{ nothing }")
        answer = await said(ws)
        assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", "GRAPHQL_VALIDATION_FAILED")


async def test_a_change_arrives_and_the_cursor_resumes(site: Site) -> None:
    async with socket(site) as ws:
        await ask(ws, CHANGED)
        await listening(site)
        await fact(site)
        first = (await said(ws))["payload"]["data"]["orderChanged"]
        assert first["order"]["id"] == f"ord_{fill_id('ord', 1, 7).hex}"
        assert first["factType"] == "order.noted"
    await fact(site, type_="order.missed")
    await fact(site, tenant=2, subject=fill_id("ord", 2, 7))
    await fact(site, kind="thing")
    async with socket(site) as ws:
        await ask(ws, CHANGED, after=first["cursor"])
        second = (await said(ws))["payload"]["data"]["orderChanged"]
        assert second["factType"] == "order.missed"
        await fact(site, type_="order.live")
        assert (await said(ws))["payload"]["data"]["orderChanged"]["factType"] == "order.live"


async def test_many_resumes_give_each_fact_once_in_order(site: Site) -> None:
    total, after = 60, None
    seen: list[str] = []
    start = asyncio.Event()

    async def write() -> list[Any]:
        await start.wait()
        made = []
        for _ in range(total):
            made.append(await fact(site, type_="order.counted"))
            await asyncio.sleep(0.002)
        return made

    writing = asyncio.create_task(write())
    query = 'subscription($after: String) { businessEvents(types: ["order.counted"], after: $after) { id cursor } }'
    while len(seen) < total:
        async with socket(site) as ws:
            await ask(ws, query, after=after)
            await listening(site)
            start.set()
            for _ in range(min(7, total - len(seen))):
                event = (await said(ws))["payload"]["data"]["businessEvents"]
                after = event["cursor"]
                seen.append(event["id"])
    assert seen == [f"evt_{i.hex}" for i in await writing]


async def sse_events(
    site: Site, query: str, count: int, headers: dict[str, str] | None = None, **variables: Any
) -> list[dict[str, str]]:
    shown = {"accept": "text/event-stream", "authorization": "Bearer OPERATOR", **(headers or {})}
    found: list[dict[str, str]] = []
    async with (
        httpx.AsyncClient(timeout=10) as client,
        client.stream("POST", site.url, json={"query": query, "variables": variables}, headers=shown) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/event-stream"
        block: dict[str, str] = {}
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if line:
                block[name] = value
                continue
            found += [block] if "event" in block else []
            block = {}
            if len(found) >= count:
                break
    return found


async def test_sse_with_last_event_id(site: Site) -> None:
    async def later() -> None:
        await listening(site)
        await fact(site, type_="order.one")
        await fact(site, type_="order.two")

    task = asyncio.create_task(later())
    (one,) = await sse_events(site, CHANGED, 1)
    await task
    assert orjson.loads(one["data"])["data"]["orderChanged"]["factType"] == "order.one"
    assert orjson.loads(one["data"])["data"]["orderChanged"]["cursor"] == one["id"]
    (two,) = await sse_events(site, CHANGED, 1, {"last-event-id": one["id"]}, after="ignored, the header is newer")
    assert orjson.loads(two["data"])["data"]["orderChanged"]["factType"] == "order.two"


async def test_multipart_for_apollo(site: Site) -> None:
    shown = {"accept": "multipart/mixed;subscriptionSpec=1.0, application/json", "authorization": "Bearer OPERATOR"}
    async with (
        httpx.AsyncClient(timeout=10) as client,
        client.stream("POST", site.url, json={"query": CHANGED}, headers=shown) as answer,
    ):
        assert "subscriptionSpec=1.0" in answer.headers["content-type"]
        await listening(site)
        await fact(site, type_="order.parted")
        text = b""
        async for part in answer.aiter_raw():
            text += part
            if b"order.parted" in text:
                break
    assert b"\r\n--graphql\r\ncontent-type: application/json\r\n\r\n{}" in text
    assert b'{"payload":{"data":{"orderChanged"' in text


async def test_filters_of_a_subscription(site: Site) -> None:
    other = f"ord_{fill_id('ord', 1, 8).hex}"
    async with socket(site) as ws:
        await ask(ws, f'subscription {{ orderChanged(orderId: "{other}") {{ order {{ id }} }} }}', "a")
        await ask(ws, 'subscription { orderChanged(channel: "nowhere") { order { id } } }', "b")
        await ask(
            ws,
            "subscription { orderChanged(states: [DRAFT, APPROVED, PICKING, PACKED, DISPATCHED, IN_TRANSIT, DELIVERED, COMPLETED, CANCELLED]) { order { id } } }",
            "c",
        )
        await listening(site, 3)
        await fact(site)
        await fact(site, subject=fill_id("ord", 1, 8))
        got = [await said(ws) for _ in range(3)]
        assert sorted(m["id"] for m in got) == ["a", "c", "c"]


async def test_stock_changes_come_from_movements(site: Site) -> None:
    async with socket(site) as ws:
        await ask(
            ws,
            'subscription { inventoryChanged(skus: ["SKU-002", "SKU-003"]) { cursor factType level { sku available } } }',
        )
        await listening(site)
        conn = await asyncpg.connect(site.dsn)
        async with conn.transaction():
            event = new_id()
            for sku in ("SKU-002", "SKU-003", "SKU-004"):
                await conn.execute(
                    "INSERT INTO stock_movements SELECT 1, gen_random_uuid(), now(), node_id, sku, condition, 1, 0, 'COUNT', NULL, $1 FROM stock WHERE tenant_id = 1 AND sku = $2 AND node_id = $3",
                    event,
                    sku,
                    fill_id("loc", 1, 1),
                )
            await conn.execute(
                "INSERT INTO business_events (tenant_id, event_id, type, subject_kind, subject_id, subject_version, correlation_id, actor, at, data, hash)"
                " VALUES (1, $1, 'stock.counted', 'node', $1, 1, $1, 'test', now(), '{}', '\\x00')",
                event,
            )
        await conn.close()
        site.doorbell.set()
        got = [(await said(ws))["payload"]["data"]["inventoryChanged"] for _ in range(2)]
        assert sorted(g["level"]["sku"] for g in got) == ["SKU-002", "SKU-003"]
    async with socket(site) as ws:  # between two events of one fact
        await ask(
            ws,
            'subscription($a: String) { inventoryChanged(skus: ["SKU-002", "SKU-003"], after: $a) { cursor level { sku } } }',
            a=got[0]["cursor"],
        )
        assert (await said(ws))["payload"]["data"]["inventoryChanged"]["level"]["sku"] == got[1]["level"]["sku"]


async def test_incidents_and_queues(site: Site) -> None:
    async with socket(site) as ws:
        await ask(
            ws, "subscription { incidents(severities: [LOW, MEDIUM, HIGH, CRITICAL]) { incident { kind } } }", "i"
        )
        await ask(
            ws, "subscription { queueChanged(states: [PARKED]) { factType delivery { state } message { state } } }", "q"
        )
        await listening(site, 2)
        await fact(site, kind="incident", subject=fill_id("inc", 1, 3), type_="incident.opened")
        assert (await said(ws))["payload"]["data"]["incidents"]["incident"]["kind"] in ("late", "unmapped")
        await fact(site, kind="delivery", subject=fill_id("dlv", 1, 1), type_="delivery.leased")
        await fact(site, kind="delivery", subject=fill_id("dlv", 1, 2), type_="delivery.parked")
        await fact(site, kind="message", subject=fill_id("msg", 1, 2), type_="message.parked")
        first, second = [(await said(ws))["payload"]["data"]["queueChanged"] for _ in range(2)]
        assert first == {"factType": "delivery.parked", "delivery": {"state": "PARKED"}, "message": None}
        assert second == {"factType": "message.parked", "delivery": None, "message": {"state": "PARKED"}}


async def test_rules_of_the_socket(site: Site) -> None:
    async with socket(site, init=False) as ws:
        await ask(ws, "{ me { role } }")
        assert (await closed(ws))[0] == 4401
    async with socket(site, init=False) as ws:
        await ws.send('{"type":"connection_init","payload":{"authorization":"Bearer NOBODY"}}')
        assert (await closed(ws))[0] == 4403
    async with socket(site) as ws:
        await ws.send('{"type":"connection_init"}')
        assert (await closed(ws))[0] == 4429
    async with socket(site) as ws:
        await ask(ws, CHANGED)
        await ask(ws, CHANGED)
        assert (await closed(ws))[0] == 4409
    async with socket(site) as ws:
        await ws.send("no json")
        assert (await closed(ws))[0] == 4400
    async with socket(site) as ws:
        await ws.send('{"type":"' + "x" * 70_000 + '"}')
        assert (await closed(ws))[0] == 1009
    async with socket(site) as ws:
        for n in range(21):
            await ask(ws, CHANGED, str(n))
        answer = await said(ws)
        assert (answer["id"], answer["payload"][0]["extensions"]["code"]) == ("20", "LIMIT_EXCEEDED")
    with pytest.raises(InvalidStatus):
        async with socket(site, origin="https://evil.example"):
            pass
    async with socket(site, origin="https://friend.example") as ws:
        await ws.send('{"type":"ping"}')
        assert (await said(ws))["type"] == "pong"
    async with connect(site.url.replace("http:", "ws:")) as ws:
        assert (await closed(ws))[0] == 4406


async def test_bad_and_expired_cursors(site: Site) -> None:
    async with socket(site) as ws:
        await ask(ws, CHANGED, after="zzz")
        assert (await said(ws))["payload"][0]["extensions"]["code"] == "BAD_CURSOR"
        await ask(ws, CHANGED, after=Place(1, 3).text("1"))
        assert (await said(ws))["payload"][0]["extensions"]["code"] == "CURSOR_EXPIRED"


async def test_a_cursor_of_another_epoch_goes_on_by_position(site: Site) -> None:
    await fact(site, type_="order.restored")
    events = '{ events(first: 100, where: {types: ["order.restored"]}) { nodes { cursor } } }'
    here = (await site.post(events)).json()["data"]["events"]["nodes"][-1]["cursor"]
    place = read_place(here, "1")
    async with socket(site) as ws:
        await ask(ws, CHANGED, after=Place(place.xid + 10**9, place.position - 1).text("0"))
        assert (await said(ws))["payload"]["data"]["orderChanged"]["factType"] == "order.restored"


async def test_a_reader_that_stops_is_sent_away_with_a_cursor(site: Site) -> None:
    async with socket(site) as ws:
        await ask(ws, CHANGED)
        await listening(site)
        stream = next(iter(site.edge.live.streams.streams.values()))
        (subscriber,) = stream.subscribers
        subscriber.end(slow=True)
        code, reason = await closed(ws)
        assert code == 4490
        assert read_place(reason.rpartition(" ")[2], "1")


async def test_a_refused_stream_leaves_no_subscriber(site: Site) -> None:
    for accept in ("application/json", "*/*"):
        assert (await site.post(CHANGED, headers={"accept": accept})).status_code == 406
    assert not site.edge.live.streams.streams


async def test_nothing_is_left_behind(site: Site) -> None:
    before = len(asyncio.all_tasks())
    for _ in range(40):
        async with socket(site) as ws:
            await ask(ws, CHANGED)
            ws.transport.abort()
    async with asyncio.timeout(10):
        while site.edge.live.streams.streams or len(asyncio.all_tasks()) > before + 2:  # noqa: ASYNC110 - of other tasks
            await asyncio.sleep(0.05)
    assert not site.edge.live.streams.streams


@pytest.mark.parametrize("cursor", ["", "MS4x", "MS4xLjEuMS4x" * 9, "é", "MS45OTk5OTk5OTk5OTk5OTk5OTk5OS4x"])
def test_malformed_cursors_are_refused(cursor: str) -> None:
    from schema.errors import BadCursor

    with pytest.raises(BadCursor):
        read_place(cursor, "1")


def test_a_place_survives_its_cursor() -> None:
    for place in (Place(5, 7), Place(5, 7, 2), Place(0, 0)):
        assert read_place(place.text("1"), "1") == place
    assert read_place(Place(5, 7).text("2"), "1") == Place(-1, 7)
