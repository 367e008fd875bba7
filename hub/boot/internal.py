"""The internal port of a process, web or worker: metrics and health. Never public: it has no keys."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from hub.boot import Hub
from hub.boot.chores import every
from hub.boot.gauges import Process
from hub.web.health import Health

log = structlog.get_logger()


@asynccontextmanager
async def internal(hub: Hub, *, host: str, port: int) -> AsyncIterator[int | None]:
    """Serve while the block runs; yields the port. Port 0 takes a free one. None: somebody has the port already, which is said and lived with."""
    health = Health(hub.db)
    app = Starlette(
        routes=[
            Route("/metrics", health.metrics),
            Route("/health/live", health.live),
            Route("/health/ready", health.ready),
        ]
    )
    looking = asyncio.create_task(every(5, Process(hub.db).look))
    try:
        try:
            listener = socket.create_server((host, port), reuse_port=False)
        except OSError as error:
            log.warning("The internal port is taken: no metrics of this process.", port=port, reason=error.strerror)
            yield None
            return
        async with _served(app, listener):
            yield listener.getsockname()[1]
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


@asynccontextmanager
async def _served(app: Starlette, listener: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", loop="none", ws="none")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve([listener]))  # noqa: SLF001 - `serve` would take the signals of the process
    while not server.started and not running.done():  # noqa: ASYNC110 - the server has no event to wait for
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = server.force_exit = True
        await running
        listener.close()
