"""An ASGI application served inside this process, beside whatever else it does."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn


@asynccontextmanager
async def served(
    config: uvicorn.Config, *sockets: socket.socket, at_once: bool = False
) -> AsyncIterator[asyncio.Task[None]]:
    """Serve while the block runs, on `sockets` or the address of `config`; yields its task once it listens, or has failed to. Signals stay
    with the process. At the end what is being answered is finished; `at_once`: cut off.
    """
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve(list(sockets) or None))  # noqa: SLF001 - `serve` would take the signals of the process
    while not server.started and not running.done():  # noqa: ASYNC110 - the server has no event to wait for
        await asyncio.sleep(0.01)
    try:
        yield running
    finally:
        server.should_exit, server.force_exit = True, at_once
        await running


def quiet(app: Any, **more: Any) -> uvicorn.Config:
    """For ports of our own: nothing is logged."""
    return uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", loop="none", **more)
