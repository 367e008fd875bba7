"""A migrated database with two tenants' rows, the contract, and a read pool on it."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import orjson
import pytest
import uvicorn
from starlette.applications import Starlette

from hub.kit.db import open_pool
from hub.migrations import migrate
from schema.app import Edge, routes
from schema.contract import contract
from schema.deps import SchemaDeps, Settings
from schema.plan.pool import ReadPool, open_read_pool
from schema.plan.run import Reads
from schema.principal import Principal
from schema.roles import ROLES
from tests.database import Server
from tests.schema.fakes import FakeCommands

OPERATOR = Principal(tenant=1, actor="test", role="OPERATOR", cost_bucket=0)


@pytest.fixture(scope="session")
async def filled(database_server: Server) -> AsyncIterator[str]:
    """The DSN of a database of this worker, dropped afterwards."""
    name = f"hub_schema_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    admin = await asyncpg.connect(database_server.owner_dsn)
    await admin.execute(f'CREATE DATABASE "{name}"')
    dsn = database_server.dsn(database=name)
    try:
        await migrate(dsn)
        conn = await asyncpg.connect(dsn)
        await conn.execute((Path(__file__).parent / "fill.sql").read_text(encoding="utf-8"))
        await conn.execute("ANALYZE")  # or plans would depend on when autovacuum comes by
        await conn.close()
        yield dsn
    finally:
        await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await admin.close()


async def authenticate(authorization: str) -> Principal | None:
    """`Bearer <role>[-<tenant>]`; POOR is an operator with a small bucket."""
    role, _, tenant = authorization.removeprefix("Bearer ").partition("-")
    number = int(tenant or 1)
    if role == "POOR":
        return Principal(tenant=number, actor="poor", role="OPERATOR", cost_bucket=3_000)
    if role not in ROLES:
        return None
    own = {"channel": "shopify", "order_id": fill_id("ord", number, 7), "connection_id": fill_id("con", number, 1)}
    return Principal(tenant=number, actor=f"key-{role}", role=role, cost_bucket=20_000, **own)  # type: ignore[arg-type]


def fill_id(kind: str, tenant: int, number: int) -> UUID:
    """The id that fill.sql gives."""
    return UUID(hashlib.md5(f"{kind}{tenant}-{number}".encode()).hexdigest())  # noqa: S324 - as the fixture's SQL


@dataclass
class Site:
    """A running server of the API and its doors."""

    url: str
    edge: Edge
    commands: FakeCommands
    doorbell: asyncio.Event
    dsn: str

    async def send(self, body: Any, *, role: str = "OPERATOR", headers: dict[str, str] | None = None) -> httpx.Response:
        return await self.raw(orjson.dumps(body), role=role, headers=headers)

    async def raw(
        self, body: bytes, *, role: str = "OPERATOR", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        shown = {"content-type": "application/json", "authorization": f"Bearer {role}", **(headers or {})}
        async with httpx.AsyncClient(timeout=20) as client:
            return await client.post(self.url, content=body, headers=shown)

    async def post(
        self, query: str, *, role: str = "OPERATOR", headers: dict[str, str] | None = None, **variables: Any
    ) -> httpx.Response:
        return await self.send({"query": query, "variables": variables}, role=role, headers=headers)


@pytest.fixture(scope="session")
async def site(filled: str) -> AsyncIterator[Site]:
    """The API on a real socket, with short heartbeats."""
    read_pool = await open_read_pool(filled, size=4)
    tail_pool = await open_pool(filled, "hub_tail", size=2)
    commands, doorbell = FakeCommands(), asyncio.Event()
    settings = Settings(heartbeat=0.2, multipart_heartbeat=0.2, poll=0.1, origins=frozenset({"https://friend.example"}))
    deps = SchemaDeps(
        read_pool=read_pool, tail_pool=tail_pool, authenticate=authenticate, commands=commands, settings=settings
    )
    edge = Edge(deps)
    edge.start(doorbell)
    app = Starlette(routes=routes(edge))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", ws="websockets-sansio", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Site(f"http://127.0.0.1:{port}/graphql", edge, commands, doorbell, filled)
    await edge.stop()
    server.should_exit = True
    await task
    await read_pool.close()
    await tail_pool.close()


@pytest.fixture(scope="session")
async def reads(filled: str) -> AsyncIterator[Reads]:
    pool = await open_read_pool(filled, size=3)
    made = ReadPool(pool)
    yield Reads(contract(), made)
    await made.drain()
    await pool.close()


def roles(ids: dict[str, list[str]]) -> list[Principal]:
    """One principal of each role, with ids of its own."""
    own = {"tenant": 1, "actor": "test", "cost_bucket": 0}
    return [
        Principal(role="STOREFRONT", channel="shopify", **own),  # type: ignore[arg-type]
        Principal(role="PORTAL", order_id=UUID(ids["ord"][3][4:]), **own),  # type: ignore[arg-type]
        Principal(role="PARTNER", connection_id=UUID(ids["con"][0][4:]), **own),  # type: ignore[arg-type]
        Principal(role="ANALYST", **own),  # type: ignore[arg-type]
        Principal(role="ADMIN", **own),  # type: ignore[arg-type]
    ]
