"""Whether this process lives and is ready, and its metrics."""

from __future__ import annotations

import asyncio

import asyncpg
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hub.kit import metrics
from hub.kit.db import Database


class Health:
    """`draining` is set at shutdown: load balancers stop sending before sockets close."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.draining = False

    async def live(self, _request: Request) -> Response:
        return JSONResponse({"live": True})

    async def ready(self, _request: Request) -> Response:
        if self.draining or not await self._answers():
            return JSONResponse({"ready": False}, 503, headers={"Retry-After": "5"})
        return JSONResponse({"ready": True})

    async def metrics(self, _request: Request) -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(2):
                return bool(await self._db.worker.fetchval("SELECT true"))
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
