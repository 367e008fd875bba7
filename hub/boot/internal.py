"""The internal port of a process, web or worker: metrics and health. Never public: it has no keys."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import structlog
from starlette.applications import Starlette
from starlette.routing import Route

from hub.boot import Hub
from hub.boot.chores import every
from hub.boot.gauges import Process
from hub.kit.serve import quiet, served
from hub.kit.tasks import ended
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
        with closing(listener):
            async with served(quiet(app, ws="none"), listener, at_once=True):
                yield listener.getsockname()[1]
    finally:
        await ended(looking)
