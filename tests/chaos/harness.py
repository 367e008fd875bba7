"""Kills web, worker and PostgreSQL in turn while buyers buy, then compares what was acknowledged with what is there."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx

from hub import ledger
from hub.cli.story.seed import PLENTY
from hub.cli.story.stage import Stage, free_port, staged
from hub.kit.db import Database
from hub.kit.embedded import Embedded, scratch_data_dir
from hub.kit.ids import read_id
from hub.kit.tasks import ended
from hub.migrations import migrate
from tests.processes import running

BUYERS = 8
PATIENCE = 120.0  # seconds for what is owed to be done after the last kill
PAUSE = (0.5, 2.0)  # seconds between two kills
TARGETS = ("worker", "web", "postgres")
CAPTURE = """mutation ($i: CaptureOrderInput!, $k: String!) { captureOrder(input: $i) @idempotent(key: $k) {
  order { id } userErrors { code } } }"""
AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What the checker found. `lost`: acknowledged, not there. `doubled`: orders with more than one of what there must be one."""

    kills: dict[str, int]
    acknowledged: int
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    unfinished: int = 0
    stock_differs: int = 0
    chains_broken: int = 0
    refused: int = 0

    @property
    def ok(self) -> bool:
        wrong = (self.lost, self.doubled, self.unfinished, self.stock_differs, self.chains_broken, self.refused)
        return self.acknowledged > 0 and not any(wrong)


class Mortal:
    """A hub process that is started anew whenever it ends."""

    def __init__(self, stage: Stage, *words: str) -> None:
        self._stage, self._words = stage, words
        self._process: asyncio.subprocess.Process | None = None
        self._task = asyncio.create_task(self._live())

    async def _live(self) -> None:
        while True:
            async with running(self._stage, *self._words) as process:
                self._process = process
                await process.wait()
                self._process = None

    def kill(self) -> bool:
        """False: it is between two lives."""
        if self._process is None or self._process.returncode is not None:
            return False
        self._process.kill()
        return True

    async def close(self) -> None:
        await ended(self._task)


@dataclass(slots=True)
class Buyers:
    """Clients that insist: the same key until there is an answer. `acknowledged`: key -> order id."""

    url: str
    key: str
    rng: random.Random
    acknowledged: dict[str, str] = field(default_factory=dict)
    refused: int = 0
    closing: bool = False

    async def buy(self, name: int) -> None:
        async with httpx.AsyncClient(timeout=5, headers={"Authorization": f"Bearer {self.key}"}) as client:
            count = 0
            while not self.closing:
                count += 1
                await self._insist(client, f"chaos-{name}-{count}")
                await asyncio.sleep(self.rng.uniform(0.02, 0.1))

    async def _insist(self, client: httpx.AsyncClient, key: str) -> None:
        body = {"query": CAPTURE, "variables": {"i": self._order(key), "k": key}}
        while not self.closing:
            with suppress(httpx.HTTPError):
                answer = await client.post(self.url, json=body)
                if answer.status_code == 200 and "errors" not in answer.json():
                    done = answer.json()["data"]["captureOrder"]
                    self.refused += bool(done["userErrors"])
                    if done["order"]:
                        self.acknowledged[key] = done["order"]["id"]
                    return
            await asyncio.sleep(0.1)

    def _order(self, key: str) -> dict[str, Any]:
        address = {"street": "Rua da Assembleia", "number": "10", "city": "Rio de Janeiro", "region": "RJ"}
        return {
            "channel": "api",
            "externalId": key,
            "currencyCode": "BRL",
            "lines": [{"sku": self.rng.choice(PLENTY), "quantity": "1", "unitPrice": "10.00"}],
            "shipTo": {**address, "postcode": "20011-001", "countryCode": "BR"},
            "customer": {"name": "Ana Reis", "taxId": "52998224725"},
            "paymentState": "PAID",
        }


async def chaos(kills: int, seed: int) -> Verdict:
    """So many kills under load, then rest, then the checks."""
    rng = random.Random(seed)
    async with _house() as (embedded, stage):
        port = free_port()
        mortals = {"worker": Mortal(stage, "work"), "web": Mortal(stage, "serve", "--port", str(port))}
        try:
            await _until_ready(port)
            buyers = Buyers(f"http://127.0.0.1:{port}/graphql", stage.company.api_key, rng)
            buying = [asyncio.create_task(buyers.buy(n)) for n in range(BUYERS)]
            done = await _kill(embedded, mortals, port, kills, rng)
            await _until_ready(port)
            buyers.closing = True
            await asyncio.gather(*buying)
            unfinished = await _rest(embedded.owner_dsn)
        finally:
            for mortal in mortals.values():
                await mortal.close()
        verdict = Verdict(kills=done, acknowledged=len(buyers.acknowledged), refused=buyers.refused)
        verdict.unfinished = unfinished
        await _check(embedded.owner_dsn, stage, buyers.acknowledged, verdict)
        return verdict


@asynccontextmanager
async def _house() -> AsyncIterator[tuple[Embedded, Stage]]:
    """A database of its own, which comes back when it is killed, and the stage upon it."""
    data = scratch_data_dir("hub-chaos")
    try:
        async with Embedded(data, lasting=False) as embedded:
            await migrate(embedded.owner_dsn)
            async with staged(dsn=embedded.owner_dsn, worker=False) as stage:
                yield embedded, stage
    finally:
        shutil.rmtree(data, ignore_errors=True)


async def _kill(
    embedded: Embedded, mortals: dict[str, Mortal], port: int, kills: int, rng: random.Random
) -> dict[str, int]:
    """Each target in its turn, when the web process serves again."""
    done = dict.fromkeys(TARGETS, 0)
    while sum(done.values()) < kills:
        await _until_ready(port)
        await asyncio.sleep(rng.uniform(*PAUSE))
        target = TARGETS[sum(done.values()) % len(TARGETS)]
        if target == "postgres":
            if not embedded.serving:
                continue
            os.kill(embedded.pid, signal.SIGKILL)
        elif not mortals[target].kill():
            continue
        done[target] += 1
    return done


async def _until_ready(port: int) -> None:
    async with asyncio.timeout(PATIENCE), httpx.AsyncClient(timeout=2) as client:
        while True:
            with suppress(httpx.HTTPError):
                if (await client.get(f"http://127.0.0.1:{port}/health/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.1)


LEFT = "SELECT (SELECT count(*) FROM inbox) + (SELECT count(*) FROM outbox)"


async def _rest(dsn: str) -> int:
    """Rows that are still owed when the patience is over; what waits for its back-off is made due."""
    loop = asyncio.get_running_loop()
    end, left = loop.time() + PATIENCE, -1
    while loop.time() < end:
        with suppress(*AWAY):
            conn = await asyncpg.connect(dsn)
            try:
                await conn.execute("UPDATE outbox SET run_at = now() WHERE state = 0 AND run_at > now()")
                await conn.execute("UPDATE destination_state SET open_until = now() WHERE open_until > now()")
                left = await conn.fetchval(LEFT)
            finally:
                await conn.close()
            if left == 0:
                return 0
        await asyncio.sleep(0.5)
    return left


DOUBLED = """SELECT o.external_id FROM orders o
WHERE (SELECT count(*) FROM business_events e WHERE e.subject_id = o.order_id AND e.type = 'order.placed') <> 1
   OR (SELECT count(*) FROM fulfillments f WHERE f.order_id = o.order_id) <> 1
   OR (SELECT sum(l.reserved) FROM order_lines l WHERE l.order_id = o.order_id) <> 1"""
DIFFERS = """SELECT count(*) FROM (SELECT node_id, sku, sum(reserved) AS n FROM stock GROUP BY 1, 2) s
FULL JOIN (SELECT f.node_id, l.sku, sum(l.assigned) AS n FROM fulfillment_lines l JOIN fulfillments f USING (tenant_id, fulfillment_id)
  GROUP BY 1, 2) f USING (node_id, sku)
WHERE coalesce(s.n, 0) <> coalesce(f.n, 0)"""


async def _check(dsn: str, stage: Stage, acknowledged: dict[str, str], verdict: Verdict) -> None:
    conn = await asyncpg.connect(dsn)
    try:
        there = {r["external_id"]: r["order_id"] for r in await conn.fetch("SELECT external_id, order_id FROM orders")}
        verdict.lost = [k for k, i in acknowledged.items() if there.get(k) != read_id("ord", i)]
        verdict.doubled = [r["external_id"] for r in await conn.fetch(DOUBLED)]
        verdict.stock_differs = await conn.fetchval(DIFFERS)
    finally:
        await conn.close()
    asked = [w.request["order"] for w in stage.wms.work.values()]
    verdict.doubled += sorted({n for n in asked if asked.count(n) > 1})
    db = await Database(dsn, app_size=2).open()
    try:
        async with db.unit(tenant=stage.company.tenant, actor="chaos") as tx:
            verdict.chains_broken = len((await ledger.verify(tx))[1])
    finally:
        await db.close()
