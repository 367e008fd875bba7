"""The web process: hooks, GraphQL, REST and health in one application, served until it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from hub import ledger
from hub.access import NotAuthenticated
from hub.boot import Hub, check_partner, check_x12, x12_guide
from hub.flows.receive import Receiver
from hub.flows.reread import Rereader
from hub.kit.serve import served
from hub.web.as2 import as2_routes
from hub.web.boundary import App, Boundary, Receive, Scope, Send
from hub.web.commands import Desk, HubCommands
from hub.web.health import Health
from hub.web.hooks import Hooks
from hub.web.papers import Papers
from hub.web.selftest import AccountOf, selftest_routes
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
    rereader = Rereader(hub.reactor, hub.directory, {n: f.adapter for n, f in hub.adapters.items()})

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
        commands=HubCommands(desk, hub.directory, hub.vault, rereader, check_partner),
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
    async with AsyncExitStack() as stack:
        edge = await stack.enter_async_context(edge_of(hub))
        hooks = Hooks(hub.db, hub.bell, hub.directory, {n: f.adapter for n, f in hub.adapters.items()})
        health = Health(hub.db)
        receiver = Receiver(hub.reactor, hub.directory, {n: f.adapter for n, f in hub.adapters.items()})
        as2 = as2_routes(receiver, hub.bell)
        papers = Papers(hub.db, hub.keys, hub.paper)
        rung = asyncio.Event()
        following = await stack.enter_async_context(_followed(hub, rung))
        edge.start(rung, following)
        try:
            yield Boundary(_dispatch(edge, _routed(edge, hooks, health, papers, as2, _accounts(hub)))), health
        finally:
            await edge.stop()
            await hooks.close()


def _dispatch(edge: Edge, routed: App) -> App:
    """The busiest path spares the router."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (edge if scope.get("path") == "/graphql" else routed)(scope, receive, send)

    return app


def _accounts(hub: Hub) -> AccountOf:
    """A partner's key -> the config of its own account, and of no other; None: the key is not a partner's."""

    async def account_of(token: str) -> Mapping[str, Any] | None:
        who = await hub.keys.prove(token)
        if who.connection_id is None:
            return None
        connection, _ = await hub.directory.of(who.connection_id)
        return connection.config if (connection.adapter, connection.tenant) == ("x12", who.tenant) else None

    return account_of


def _routed(edge: Edge, hooks: Hooks, health: Health, papers: Papers, as2: Sequence[Route], accounts: AccountOf) -> App:
    return Starlette(
        routes=[
            Route("/hooks/{adapter}/{account}", hooks.receive, methods=["POST"]),
            *as2,
            *selftest_routes(check_x12, x12_guide, accounts),
            Route("/health/live", health.live),
            Route("/health/ready", health.ready),
            *papers.routes,
            *routes(edge),
        ]
    )


@asynccontextmanager
async def _followed(hub: Hub, rung: asyncio.Event) -> AsyncIterator[ledger.Relayed | None]:
    """What wakes live streams: the relay's notices where there is a broker, else other processes' rings."""
    if (url := hub.settings.broker) is not None:
        async with ledger.receiving(url, rung, stream=hub.settings.nats_stream) as relayed:
            yield relayed
        return
    following = asyncio.create_task(_follow(hub, rung))
    try:
        yield None
    finally:
        following.cancel()


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
            ws_per_message_deflate=False,  # a window held for each socket, for messages of 1 KiB
        )
        async with served(config) as running:
            if ready is not None:
                ready.set()
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
            health.draining = True
            stopping.cancel()
