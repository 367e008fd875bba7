"""Subscribers of two web processes while sockets, web processes and the database are killed: each gets each fact once, in the ledger's order.

HUB_SOAK_SECONDS sets how long facts are written (8 in the suite); HUB_NATS_URL in the environment runs it through the broker.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from hub import ledger
from hub.kit.db import Database, Unavailable
from hub.kit.embedded import scratch_data_dir
from hub.kit.errors import HubError
from hub.kit.ids import new_id
from hub.ledger import Cause
from tests.bench.stand import Stand, free_port, listening, standing

SECONDS = float(os.environ.get("HUB_SOAK_SECONDS", "8"))
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    Unavailable,
    ledger.ChainBroken,
)
CUT = (OSError, TimeoutError, EOFError, WebSocketException, httpx.HTTPError, HubError)
QUERY = 'subscription($after: String) { businessEvents(types: ["order.soaked"], after: $after) { id cursor } }'

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class Writer:
    """Facts of few subjects from overlapping units; what the database did not confirm may have come or not: the ledger decides."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.subjects = [new_id() for _ in range(3)]
        self.done = asyncio.Event()

    async def run(self) -> None:
        end = time.monotonic() + SECONDS
        await asyncio.gather(*(self._one(n, end) for n in range(4)))
        self.done.set()

    async def _one(self, number: int, end: float) -> None:
        chance = random.Random(number)
        while time.monotonic() < end:
            with suppress(*AWAY):
                db = await Database(self.stand.dsn, app_size=2).open()
                try:
                    while time.monotonic() < end:
                        await self.write(db, chance)
                finally:
                    await db.close()
            await asyncio.sleep(0.1)

    async def write(self, db: Database, chance: random.Random) -> None:
        async with db.unit(tenant=self.stand.company.tenant, actor="soak") as tx:
            cause = Cause(tx.correlation_id, None)
            await tx.conn.fetchval("SELECT pg_current_xact_id()")  # the number is taken now, the facts come later
            await asyncio.sleep(chance.uniform(0, 0.03))
            for subject in chance.sample(self.subjects, 2):
                ledger.append(tx, [ledger.fact(tx, "order.soaked", "order", subject, {}, cause)])
        await asyncio.sleep(chance.uniform(0, 0.03))


class Client:
    """Reads until told to stop; whatever cuts it off, it goes on elsewhere with its last cursor."""

    def __init__(self, stand: Stand, ports: list[int], number: int, after: str) -> None:
        self.stand, self.ports, self.number, self.after = stand, ports, number, after
        self.seen: list[str] = []
        self.cuts = 0
        self.socket: Any = None

    async def run(self) -> None:
        while True:
            port = self.ports[(self.number + self.cuts) % len(self.ports)]
            with suppress(*CUT):
                await (self._sse(port) if self.number % 3 == 2 else self._websocket(port))
            self.cuts += 1
            await asyncio.sleep(0.1)

    def _took(self, payload: Any) -> None:
        event = payload["data"]["businessEvents"]
        self.seen.append(event["id"])
        self.after = event["cursor"]

    async def _websocket(self, port: int) -> None:
        url = f"ws://127.0.0.1:{port}/graphql"
        async with connect(url, subprotocols=["graphql-transport-ws"], open_timeout=5) as ws:  # type: ignore[list-item]
            self.socket = ws
            await ws.send(_text({"type": "connection_init", "payload": {"authorization": self._proof()}}))
            payload = {"query": QUERY, "variables": {"after": self.after}}
            await ws.send(_text({"id": "1", "type": "subscribe", "payload": payload}))
            async for raw in ws:
                message = orjson.loads(raw)
                if message["type"] == "next":
                    self._took(message["payload"])
                elif message["type"] in ("error", "complete"):
                    return

    async def _sse(self, port: int) -> None:
        headers = {"accept": "text/event-stream", "authorization": self._proof(), "last-event-id": self.after}
        async with (
            httpx.AsyncClient(timeout=httpx.Timeout(5, read=30)) as client,
            client.stream("POST", f"http://127.0.0.1:{port}/graphql", json={"query": QUERY}, headers=headers) as answer,
        ):
            async for line in answer.aiter_lines():
                if line.startswith("data: {"):
                    payload = orjson.loads(line[6:])
                    if "errors" in payload:
                        return
                    self._took(payload)

    def _proof(self) -> str:
        return f"Bearer {self.stand.company.api_key}"


def _text(message: Any) -> str:
    return orjson.dumps(message).decode()


async def serve(stand: Stand, port: int) -> asyncio.subprocess.Process:
    """A web process that listens; one that finds the database away at its start ends, and is started again, as a supervisor would."""
    while True:
        process = await stand.start("-m", "hub", "serve", "--port", str(port))
        ready, ended = asyncio.create_task(listening(port)), asyncio.create_task(process.wait())
        await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if not ready.done():
            ready.cancel()
            continue
        ready.result()
        return process


async def chaos(
    stand: Stand,
    data: Path,
    ports: list[int],
    web: list[asyncio.subprocess.Process],
    clients: list[Client],
    stop: asyncio.Event,
) -> None:
    """One kind of death after the other, each at least once, until told to stop."""
    chance = random.Random(5)
    while True:
        for client in chance.sample(clients, 3):
            if client.socket is not None:
                client.socket.transport.abort()
        await asyncio.sleep(1)
        victim = chance.randrange(len(web))
        web[victim].kill()
        await web[victim].wait()
        web[victim] = await serve(stand, ports[victim])
        postmaster = int(next(data.glob("pg*/postmaster.pid")).read_text(encoding="ascii").split()[0])
        os.kill(postmaster, signal.SIGKILL)
        if stop.is_set():
            return
        await asyncio.sleep(2)


async def first_cursor(stand: Stand, port: int) -> str:
    """The cursor of a fact before all others, so that none can be missed by coming late."""
    db = await Database(stand.dsn).open()
    try:
        async with db.unit(tenant=stand.company.tenant, actor="soak") as tx:
            cause = Cause(tx.correlation_id, None)
            ledger.append(tx, [ledger.fact(tx, "order.marked", "order", new_id(), {}, cause)])
    finally:
        await db.close()
    async with httpx.AsyncClient() as client:
        answer = await client.post(
            f"http://127.0.0.1:{port}/graphql",
            json={"query": '{ events(first: 1, where: {types: ["order.marked"]}) { nodes { cursor } } }'},
            headers={"authorization": f"Bearer {stand.company.api_key}"},
        )
    cursor: str = answer.json()["data"]["events"]["nodes"][0]["cursor"]
    return cursor


async def everything(stand: Stand) -> list[tuple[str, UUID, int]]:
    """(public id, subject, version) of what was committed, in the ledger's order."""
    while True:
        with suppress(*AWAY):
            conn: Any = await asyncpg.connect(stand.dsn)
            try:
                rows = await conn.fetch(
                    "SELECT event_id, subject_id, subject_version FROM business_events e WHERE type = 'order.soaked' ORDER BY e.xid, position"
                )
            finally:
                await conn.close()
            return [(f"evt_{r['event_id'].hex}", r["subject_id"], r["subject_version"]) for r in rows]
        await asyncio.sleep(0.2)


async def test_each_fact_once_and_in_order_while_everything_is_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = scratch_data_dir("hub-soak")
    monkeypatch.setenv("BENCH_KEEP", str(data))
    try:
        wanted, clients, subjects = await soaked(data)
    finally:
        shutil.rmtree(data, ignore_errors=True)
    assert len(wanted) > 20
    assert sum(c.cuts for c in clients) > 0
    for client in clients:
        assert client.seen == [i for i, _, _ in wanted]
    for subject in subjects:
        versions = [v for _, s, v in wanted if s == subject]
        assert versions == list(range(1, len(versions) + 1))


async def soaked(data: Path) -> tuple[list[tuple[str, UUID, int]], list[Client], list[UUID]]:
    """(what was committed, the clients with what they saw, the subjects)."""
    async with standing(web=0) as stand:
        ports = [free_port(), free_port()]
        web = [await serve(stand, p) for p in ports]
        if "HUB_NATS_URL" in os.environ:
            await stand.start("-m", "hub", "relay")
        after = await first_cursor(stand, ports[0])
        clients = [Client(stand, ports, n, after) for n in range(6)]
        reading = [asyncio.create_task(c.run()) for c in clients]
        writer = Writer(stand)
        stop = asyncio.Event()
        killing = asyncio.create_task(chaos(stand, data, ports, web, clients, stop))
        try:
            await writer.run()
            stop.set()
            await killing
            wanted = await everything(stand)
            async with asyncio.timeout(180):
                while any(len(c.seen) < len(wanted) for c in clients):  # noqa: ASYNC110 - of other tasks
                    await asyncio.sleep(0.2)
        finally:
            for task in (killing, *reading):
                task.cancel()
            await asyncio.gather(killing, *reading, return_exceptions=True)
    return wanted, clients, writer.subjects
