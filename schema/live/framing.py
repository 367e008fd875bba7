"""How events leave over HTTP: SSE (graphql-sse, distinct connections; LF framing, because urql splits on two line feeds) and multipart (Apollo)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

import orjson

from hub.kit.errors import HubError
from hub.kit.tasks import ended
from schema.live.subscribe import Closing, Event, Events, SlowConsumer
from schema.responses import error_of

PART = b"\r\n--graphql\r\ncontent-type: application/json\r\n\r\n"


async def single(payload: bytes) -> AsyncGenerator[Event, None]:
    """One answer as a stream: clients that take nothing but events ask so for everything."""
    yield Event(None, payload)


async def beating(events: Any, seconds: float) -> AsyncGenerator[Any, None]:
    """Events, and None when nothing came for a while."""
    following: asyncio.Task[Any] | None = None
    try:
        while True:
            following = following or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait({following}, timeout=seconds)
            if not done:
                yield None
                continue
            task, following = following, None
            try:
                item = task.result()
            except StopAsyncIteration:
                return
            yield item
    finally:
        if following is not None:
            with suppress(StopAsyncIteration, HubError):
                await ended(following)
        await events.aclose()


def failure(error: HubError) -> bytes:
    """The last payload of a stream that ends by an error."""
    shown = error_of(error)
    if isinstance(error, SlowConsumer):
        shown["extensions"]["resumeAfter"] = error.after
    return orjson.dumps({"errors": [shown]})


async def sse(events: AsyncGenerator[Event, None] | Events, heartbeat: float) -> AsyncGenerator[bytes, None]:
    try:
        async for event in beating(events, heartbeat):
            if event is None:
                yield b": ping\n\n"
            else:
                mark = b"id: " + event.cursor.encode() + b"\n" if event.cursor else b""
                yield b"event: next\n" + mark + b"data: " + event.payload + b"\n\n"
    except Closing:
        return
    except HubError as error:
        yield b"event: next\ndata: " + failure(error) + b"\n\n"
    yield b"event: complete\ndata:\n\n"


async def multipart(events: AsyncGenerator[Event, None] | Events, heartbeat: float) -> AsyncGenerator[bytes, None]:
    yield PART + b"{}"
    try:
        async for event in beating(events, heartbeat):
            yield PART + (b"{}" if event is None else b'{"payload":' + event.payload + b"}")
    except Closing:
        return
    except HubError as error:
        yield PART + b'{"payload":' + failure(error) + b"}"
    yield b"\r\n--graphql--\r\n"
