"""What the web room mounts: one ASGI application for `/graphql` over HTTP and WebSocket, and the routes of REST."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.routing import BaseRoute, Route, WebSocketRoute

from hub.ledger import Relayed
from schema.deps import SchemaDeps
from schema.desk import Desk
from schema.http import GraphQLEntry
from schema.live.socket import SocketEntry
from schema.live.subscribe import Live
from schema.rest.serve import rest_routes


class Edge:
    """The API of one process. As an ASGI application it answers any path as `/graphql`, which spares the router."""

    def __init__(self, deps: SchemaDeps) -> None:
        self.desk = Desk(deps)
        self.live = Live(self.desk)
        self.http = GraphQLEntry(self.desk, self.live)
        self.socket = SocketEntry(self.desk, self.live)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await (self.socket if scope["type"] == "websocket" else self.http)(scope, receive, send)

    def start(self, doorbell: asyncio.Event, relayed: Relayed | None = None) -> None:
        """Begin to follow the ledger; `doorbell` is set by the owner when facts may have been committed, or by `relayed`."""
        self.live.start(doorbell, relayed)

    async def stop(self) -> None:
        """End live streams and give the read connections back; the pools are their owner's to close, after this."""
        await self.live.stop()
        await self.desk.reads.pool.drain()


def routes(edge: Edge) -> list[BaseRoute]:
    """`/graphql` for both protocols, `/api/v1` for REST."""
    return [
        Route("/graphql", edge.http, include_in_schema=False),
        WebSocketRoute("/graphql", edge.socket),
        *rest_routes(edge.desk),
    ]
