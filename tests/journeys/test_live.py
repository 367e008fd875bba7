"""Journey (d): who comes with a cursor gets what it missed and then what happens, each fact once, over WebSocket and over SSE."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest
from websockets.asyncio.client import connect

from hub.cli.story.script import Story
from hub.cli.story.stage import Stage
from hub.kit.ids import public_id
from tests.journeys.test_journeys import placed

pytestmark = pytest.mark.slow
EVENTS = "subscription($after: String) { businessEvents(after: $after) { cursor id } }"


async def facts(stage: Stage) -> list[str]:
    """Ids of all facts so far, in ledger order: by transaction, then by position."""
    rows = await stage.hub.db.tail.fetch("SELECT event_id FROM business_events ORDER BY xid, position")
    return [public_id("evt", r["event_id"]) for r in rows]


async def over_socket(stage: Stage, after: str | None) -> AsyncIterator[Any]:
    async with connect(stage.urls["ws"], subprotocols=["graphql-transport-ws"]) as ws:  # type: ignore[list-item]
        init = {"type": "connection_init", "payload": {"authorization": f"Bearer {stage.company.api_key}"}}
        await ws.send(orjson.dumps(init).decode())
        ask = {"id": "1", "type": "subscribe", "payload": {"query": EVENTS, "variables": {"after": after}}}
        async for raw in ws:
            said = orjson.loads(raw)
            if said["type"] == "connection_ack":
                await ws.send(orjson.dumps(ask).decode())
            elif said["type"] == "next":
                yield said["payload"]["data"]["businessEvents"]


async def over_sse(stage: Stage, after: str | None) -> AsyncIterator[Any]:
    headers = {"Authorization": f"Bearer {stage.company.api_key}", "Accept": "text/event-stream"}
    body = {"query": EVENTS, "variables": {"after": after}}
    async with (
        httpx.AsyncClient(timeout=30) as client,
        client.stream("POST", f"{stage.base_url}/graphql", json=body, headers=headers) as answer,
    ):
        async for line in answer.aiter_lines():
            if line.startswith("data:") and (text := line[5:].strip()):
                yield orjson.loads(text)["data"]["businessEvents"]


WAYS = {"websocket": over_socket, "sse": over_sse}


@asynccontextmanager
async def listening(stage: Stage, way: str, after: str | None) -> AsyncIterator[list[Any]]:
    """What came so far, growing while the block runs."""
    heard: list[Any] = []

    async def listen() -> None:
        async with aclosing(WAYS[way](stage, after)) as stream:  # type: ignore[type-var]
            async for event in stream:
                heard.append(event)  # noqa: PERF401 - the list is looked at while it grows

    task = asyncio.create_task(listen())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def settled(stage: Stage, story: Story, heard: list[Any], first: int) -> list[str]:
    """Wait until the stream has caught up with a ledger at rest; the ids of its facts from `first` on."""

    async def quiet() -> bool:
        before = len(await facts(stage))
        await asyncio.sleep(0.5)
        return len(await facts(stage)) == before and len(heard) >= before - first

    await story._wait("the stream has caught up", quiet)
    return (await facts(stage))[first:]


@pytest.mark.parametrize("way", WAYS)
async def test_d_replay_then_live_without_gap_or_duplicate(stage: Stage, story: Story, way: str) -> None:
    base = {"websocket": 4000, "sse": 4100}[way]
    start = len(await facts(stage))
    async with listening(stage, way, None) as heard:
        await asyncio.sleep(1)
        number = await placed(story, base + 1)
        wanted = await settled(stage, story, heard, start)
    assert [e["id"] for e in heard] == wanted
    cursor = heard[len(heard) // 2]["cursor"]
    first = start + len(heard) // 2 + 1
    await story._advance(number, until="picked")  # missed: nobody listens
    async with listening(stage, way, cursor) as again:
        await placed(story, base + 2)
        await story._advance(number, until="packed")
        await story.until(number, "PACKED")
        wanted = await settled(stage, story, again, first)
    assert [e["id"] for e in again] == wanted
    assert len({e["cursor"] for e in again}) == len(again)
