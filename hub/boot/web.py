"""The web process: hooks, GraphQL, REST and health in one application, served until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from hub.access import NotAuthenticated
from hub.boot import Hub, check_x12
from hub.flows.paper import Paper
from hub.web.boundary import App, Boundary, Receive, Scope, Send
from hub.web.commands import Desk, HubCommands
from hub.web.health import Health
from hub.web.hooks import Hooks
from hub.web.papers import Papers
from hub.web.selftest import selftest_routes
from schema.app import Edge, routes
from schema.deps import SchemaDeps
from schema.plan.pool import open_read_pool
from schema.principal import Principal

DRAIN = 25  # seconds


@asynccontextmanager
async def edge_of(hub: Hub) -> AsyncIterator[Edge]:
    """The API of this process with its write path and its own pool of reads."""
    read = await open_read_pool(hub.db.dsn, size=4)
    desk = Desk(hub.reactor, hub.bell)

    async def authenticate(header: str) -> Principal | None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            p = await hub.keys.prove(token.strip())
        except NotAuthenticated:
            return None
        return Principal(
            tenant=p.tenant,
            actor=p.actor,
            role=p.role,
            scopes=p.scopes,
            channel=p.channel,
            connection_id=p.connection_id,
            cost_bucket=p.cost_bucket,
        )

    deps = SchemaDeps(
        read_pool=read,
        tail_pool=hub.db.tail,
        authenticate=authenticate,
        commands=HubCommands(desk, hub.directory),
        clock=hub.db.clock,
    )
    try:
        yield Edge(deps)
    finally:
        await desk.close()
        await read.close()


@asynccontextmanager
async def application(hub: Hub) -> AsyncIterator[tuple[App, Health]]:
    """The ASGI application over an open hub."""
    async with edge_of(hub) as edge:
        hooks = Hooks(hub.db, hub.bell, hub.directory, {n: f.adapter for n, f in hub.adapters.items()})
        health = Health(hub.db)
        paper = Paper(hub.directory, {n: f.adapter for n, f in hub.adapters.items()})
        papers = Papers(hub.db, hub.keys, paper)
        rung = asyncio.Event()
        edge.start(rung)
        following = asyncio.create_task(_follow(hub, rung))
        try:
            yield Boundary(_dispatch(edge, _routed(edge, hooks, health, papers))), health
        finally:
            following.cancel()
            await edge.stop()
            paper.close()
            await hooks.close()


def _dispatch(edge: Edge, routed: App) -> App:
    """The busiest path spares the router."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (edge if scope.get("path") == "/graphql" else routed)(scope, receive, send)

    return app


def _routed(edge: Edge, hooks: Hooks, health: Health, papers: Papers) -> App:
    return Starlette(
        routes=[
            Route("/hooks/{adapter}/{account}", hooks.receive, methods=["POST"]),
            *selftest_routes(check_x12),
            Route("/health/live", health.live),
            Route("/health/ready", health.ready),
            Route("/metrics", health.metrics),
            *papers.routes,
            *routes(edge),
        ]
    )


async def _follow(hub: Hub, rung: asyncio.Event) -> None:
    """Other processes' rings wake this one's live streams."""
    with hub.bell.listener("ledger") as heard:
        while True:
            await heard.wait()
            rung.set()


async def serving(hub: Hub, *, host: str, port: int, stop: asyncio.Event, ready: asyncio.Event | None = None) -> None:
    """Serve until `stop`; then answer 503 on readiness, finish what is at hand, close sockets."""
    async with application(hub) as (app, health):
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            loop="none",
            http="httptools",
            ws="websockets-sansio",
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=DRAIN,
            ws_max_size=64 * 1024,
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server._serve())  # noqa: SLF001 - `serve` would take the signals of the process
        while not server.started and not running.done():  # noqa: ASYNC110 - the server has no event to wait for
            await asyncio.sleep(0.01)
        if ready is not None:
            ready.set()
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
        health.draining = True
        server.should_exit = True
        stopping.cancel()
        await running
