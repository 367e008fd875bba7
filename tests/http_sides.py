"""A small HTTP server that does what a test says, and a guarded transport to it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import uvicorn
from starlette.applications import Starlette

from hub.kit.addresses import Guard
from hub.kit.http import Transport

Serve = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
SHORT = timedelta(seconds=10)


@asynccontextmanager
async def server(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on a port of its own that hands each request's head and body to `serve`."""

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0
            )
            await serve(head + await reader.readexactly(length), writer)
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    running = await asyncio.start_server(client, "127.0.0.1", 0, ssl=tls)
    try:
        yield running.sockets[0].getsockname()[1]
    finally:
        running.close()


def answer(body: bytes = b"ok", *headers: str, status: str = "200 OK") -> Serve:
    async def serve(_request: bytes, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close", *headers]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()

    return serve


@asynccontextmanager
async def transport(*allow: str, **given: object) -> AsyncIterator[Transport]:
    made = Transport(Guard(allow, **given))  # type: ignore[arg-type]
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def exempt(serve: Serve) -> AsyncIterator[tuple[Transport, str]]:
    async with server(serve) as port, transport(f"127.0.0.1:{port}") as made:
        yield made, f"http://127.0.0.1:{port}"


@asynccontextmanager
async def listening(app: Starlette) -> AsyncIterator[int]:
    """That application behind a socket; gives the port."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    running = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - the server has no event to wait for
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running
