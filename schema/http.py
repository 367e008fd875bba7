"""The POST entry of the API as a plain ASGI application: limits, who asks, transport, status. Queries leave as the bytes that PostgreSQL made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import graphql as g

from hub.kit.errors import HubError
from schema.desk import Desk
from schema.errors import BadRequest, NotAcceptable
from schema.live.framing import multipart, single, sse
from schema.live.subscribe import Event, Events, Live
from schema.plan.run import Asked
from schema.requests import MAX_BODY, read_json
from schema.responses import JSON, media_of, offers, refusal

Receive = Any
Send = Any
Headers = dict[bytes, bytes]
SSE, MULTIPART = "text/event-stream", "multipart/mixed"
SEND_SECONDS = 30  # a client that takes nothing for so long is gone
STREAM_HEADERS = [(b"cache-control", b"no-cache, no-transform"), (b"x-accel-buffering", b"no")]


class TooLarge(HubError):
    """The body is larger than 1 MiB."""

    code = "BAD_REQUEST"


async def read_body(receive: Receive, headers: Headers) -> bytes:
    """The whole body, or `TooLarge`."""
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > MAX_BODY:
        raise TooLarge
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest(reason="the client went away")
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY:
            raise TooLarge
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts) if len(parts) > 1 else part


async def respond(send: Send, status: int, media: str, body: bytes, headers: dict[str, str] | None = None) -> None:
    shown = [(b"content-type", media.encode() + b"; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    shown += [(k.encode(), v.encode()) for k, v in (headers or {}).items()]
    await send({"type": "http.response.start", "status": status, "headers": shown})
    await send({"type": "http.response.body", "body": body})


class GraphQLEntry:
    """`/graphql` over HTTP. The WebSocket side is `schema.live.socket`."""

    def __init__(self, desk: Desk, live: Live) -> None:
        self.desk, self.live = desk, live

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        headers: Headers = dict(scope["headers"])
        accept = offers(headers.get(b"accept", b"").decode("latin-1"))
        media = media_of(accept) or JSON
        if scope["method"] != "POST":
            await respond(send, 405, JSON, b'{"errors":[{"message":"POST only."}]}', {"allow": "POST"})
            return
        try:
            _check_type(headers)
            me = await self.desk.who(headers.get(b"authorization", b"").decode("latin-1"))
            body = await read_body(receive, headers)
            asked = self.desk.asked(me, read_json(body))
            await self._answer(asked, headers, accept, media, receive, send)
        except TooLarge as error:
            await respond(send, 413, media, refusal(error, media)[1])
        except Exception as error:  # noqa: BLE001 - the web boundary: everything becomes an answer
            status, answer, more = refusal(error, media)
            await respond(send, status, media, answer, more)

    async def _answer(
        self, asked: Asked, headers: Headers, accept: list[str], media: str, receive: Receive, send: Send
    ) -> None:
        if asked.operation.operation is g.OperationType.SUBSCRIPTION:
            if SSE not in accept and MULTIPART not in accept:
                raise NotAcceptable
            last = headers.get(b"last-event-id", b"").decode("latin-1") or None
            events = await self.live.subscribe(asked, "sse" if SSE in accept else "multipart", last)
            await self._stream(events, accept, receive, send)
            return
        if media_of(accept) is None and SSE not in accept:
            raise NotAcceptable
        key = headers.get(b"idempotency-key")
        status, answer = await self.desk.answer(asked, key.decode("latin-1") if key is not None else None, media)
        if media_of(accept) is None:
            await self._stream(single(answer), [SSE], receive, send)
            return
        await respond(send, status, media, answer)

    async def _stream(
        self, events: AsyncGenerator[Event, None] | Events, accept: list[str], receive: Receive, send: Send
    ) -> None:
        settings = self.desk.deps.settings
        if SSE in accept:
            media, frames = SSE.encode(), sse(events, settings.heartbeat)
        else:
            media, frames = (
                b'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
                multipart(events, settings.multipart_heartbeat),
            )
        left = asyncio.create_task(_gone(receive))
        try:
            head = [(b"content-type", media), *STREAM_HEADERS]
            await send({"type": "http.response.start", "status": 200, "headers": head})
            async with aclosing(until(frames, left)) as sent:
                async for frame in sent:
                    async with asyncio.timeout(SEND_SECONDS):
                        await send({"type": "http.response.body", "body": frame, "more_body": True})
            if not left.done():
                await send({"type": "http.response.body", "body": b""})
        except (OSError, TimeoutError):
            return
        finally:
            left.cancel()
            await frames.aclose()
            await events.aclose()


def _check_type(headers: Headers) -> None:
    if not headers.get(b"content-type", b"").startswith(b"application/json"):
        raise BadRequest(reason="the content type must be application/json")


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def until(frames: AsyncGenerator[bytes, None], left: asyncio.Task[None]) -> AsyncGenerator[bytes, None]:
    """Frames until the client goes away."""
    following: asyncio.Task[bytes] | None = None
    try:
        while True:
            following = asyncio.ensure_future(anext(frames))
            await asyncio.wait({following, left}, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                return
            try:
                yield following.result()
            except StopAsyncIteration:
                return
    finally:
        if following is not None and not following.done():
            following.cancel()
            await asyncio.wait({following})
