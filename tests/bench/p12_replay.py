"""P12: the projections of a million facts from the ledger alone, and whether they are what the tables say."""

from __future__ import annotations

import os
import shutil
import time

import asyncpg

from hub import access
from hub.flows.replay import differences, replay
from hub.kit.db import Database
from hub.kit.embedded import Embedded, scratch_data_dir
from hub.kit.log import configure_logging
from hub.migrations import migrate
from tests.bench.generate import fill
from tests.bench.line import Figures, line
from tests.bench.proc import cpu_seconds, rss_mib

ORDERS = 61_000  # about 16.4 facts each
GOAL = "1 million facts < 5 min, equal to the live state"


async def main() -> None:
    configure_logging(level="error", style="auto")
    data = scratch_data_dir("hub-bench")
    try:
        async with Embedded(data) as embedded:
            await migrate(embedded.owner_dsn)
            postgres = int(next(data.glob("pg*/postmaster.pid")).read_text(encoding="ascii").split()[0])
            await measured(embedded.owner_dsn, postgres)
    finally:
        shutil.rmtree(data, ignore_errors=True)


async def measured(dsn: str, postgres: int) -> None:
    db = await Database(dsn).open()
    try:
        tenant = (await access.create_tenant(db, "replayed", "Replayed")).tenant_id
        await fill(dsn, tenant, ORDERS)
        roots = [os.getpid(), postgres]
        async with db.unit(tenant=tenant, actor="bench") as tx:
            before, began = cpu_seconds(roots), time.perf_counter()
            told = await replay(tx)
            seconds, cpu = time.perf_counter() - began, cpu_seconds(roots) - before
            apart = await differences(tx, told)
    finally:
        await db.close()
    minutes = 1_000_000 / told.facts * seconds / 60
    found = Figures(told.facts / seconds, 0, 0, 0, cpu * 1000 / told.facts, rss_mib([os.getpid()]))
    line(
        "P12",
        "replay of all projections from the ledger, compared with the tables",
        found,
        clients=1,
        orders=ORDERS,
        ceiling=await scan(dsn),
        goal=GOAL,
        met=minutes < 5 and not apart,
        facts=told.facts,
        minutes_per_million=round(minutes, 2),
        differences=len(apart),
    )


async def scan(dsn: str) -> float:
    """Facts a second that can be read at all: the same columns, nothing done with them."""
    conn = await asyncpg.connect(dsn)
    try:
        began, count = time.perf_counter(), 0
        async with conn.transaction():
            async for _ in conn.cursor(
                "SELECT position, type, subject_id, data FROM business_events ORDER BY position", prefetch=5_000
            ):
                count += 1
        return count / (time.perf_counter() - began)
    finally:
        await conn.close()
