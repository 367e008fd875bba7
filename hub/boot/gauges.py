"""What is looked up now and then for the metrics of a process: pools, the ledger's horizon, the state of the business, the database."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg

from hub import access, outbox
from hub.boot import Hub
from hub.canon.states import OrderState as S
from hub.flows.expiry import certificates
from hub.kit import metrics
from hub.kit.db import Database
from hub.kit.settings import Settings

UNDER_WAY = [s.value for s in S if s not in (S.DELIVERED, S.COMPLETED, S.CANCELLED)]
HORIZON = "SELECT pg_snapshot_xmin(s)::text AS xmin, pg_snapshot_xmax(s)::text AS xmax FROM pg_current_snapshot() s"
ORDERS = "SELECT state AS name, count(*) AS n FROM orders WHERE state = ANY ($1::text[]) GROUP BY state"
INCIDENTS = "SELECT kind AS name, count(*) AS n FROM incidents WHERE state = ANY ($1::text[]) GROUP BY kind"
OPEN = ["OPEN", "ASSIGNED", "SNOOZED"]
DEAD = """SELECT coalesce(p.parent, s.relname) AS name, sum(s.n_dead_tup)::bigint AS n FROM pg_stat_user_tables s
LEFT JOIN (SELECT inhrelid, inhparent::regclass::text AS parent FROM pg_inherits) p ON p.inhrelid = s.relid GROUP BY 1"""
STANDBYS = (
    "SELECT application_name AS name, coalesce(extract(epoch FROM replay_lag), 0)::float8 AS n FROM pg_stat_replication"
)


class Process:
    """The gauges of one process: cheap, every few seconds."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._horizon: tuple[str, float] = ("", 0.0)
        self._started: datetime | None = None

    async def look(self) -> int:
        for name in ("app", "worker", "tail"):
            pool = getattr(self._db, name)
            metrics.POOL_IN_USE.labels(name).set(pool.get_size() - pool.get_idle_size())
        row: Any = await self._db.tail.fetchrow(HORIZON)
        if row["xmin"] == row["xmax"] or row["xmin"] != self._horizon[0]:
            self._horizon = (row["xmin"], time.monotonic())
        metrics.LEDGER_HORIZON.set(time.monotonic() - self._horizon[1])
        started: Any = await self._db.tail.fetchval("SELECT pg_postmaster_start_time()")
        if self._started not in (None, started):
            metrics.DB_RESTARTS.inc()
        self._started = started
        return 0


async def business(hub: Hub) -> int:
    """Orders under way, open incidents, destinations left alone, of all tenants together."""
    orders, incidents = Counter[str](), Counter[str]()
    for tenant in await access.tenants(hub.db):
        async with hub.db.unit(tenant=tenant.tenant_id, actor="system:gauges") as tx:
            orders.update({r["name"]: r["n"] for r in await tx.conn.fetch(ORDERS, UNDER_WAY)})
            incidents.update({r["name"]: r["n"] for r in await tx.conn.fetch(INCIDENTS, OPEN)})
    for state in UNDER_WAY:
        metrics.ORDERS.labels(state).set(orders[state])
    _renew(metrics.INCIDENTS, incidents.items())
    accounts = {c.connection_id.hex: c.adapter for c in await hub.directory.all()}
    shut = Counter(accounts.get(d.partition(":")[0], "other") for d in await outbox.open_destinations(hub.db))
    for name in hub.adapters:
        metrics.DESTINATION_OPEN.labels(name).set(shut[name])
    await _certificates(hub)
    return 0


async def _certificates(hub: Hub) -> None:
    """Days until the certificates of accounts end, the least of each; one that cannot be opened has none left."""
    found: dict[str, float] = {}
    for used in await certificates(hub.directory, {n: f.adapter for n, f in hub.adapters.items()}):
        left = (used.dated.ends - hub.db.clock()).total_seconds() / 86_400 if used.dated else 0
        found[used.connection.code] = min(left, found.get(used.connection.code, left))
    _renew(metrics.CERTIFICATE, found.items())


async def database(hub: Hub) -> int:
    """Dead rows, standbys and backups, seen as the owner."""
    conn: Any = await asyncpg.connect(hub.db.dsn, timeout=10)
    try:
        _renew(metrics.DEAD_TUPLES, [(r["name"], r["n"]) for r in await conn.fetch(DEAD)])
        _renew(metrics.REPLICATION_LAG, [(r["name"], r["n"]) for r in await conn.fetch(STANDBYS)])
    finally:
        await conn.close()
    await asyncio.to_thread(backups, hub.settings, hub.db.clock())
    return 0


def backups(settings: Settings, now: datetime) -> None:
    """Those of the embedded database; an external one is its provider's."""
    if settings.database_url is not None or not (settings.data / "backup").exists():
        return
    made = [p for p in (settings.data / "backup").glob("*") if p.is_dir() and not p.name.endswith(".new")]
    if made:
        newest: Path = max(made, key=lambda p: p.stat().st_mtime)
        metrics.BACKUP_AGE.labels("embedded").set(now.timestamp() - newest.stat().st_mtime)
        metrics.RESTORE_OK.labels("embedded").set((newest / "restored").exists())


def _renew(gauge: Any, values: Iterable[tuple[str, float]]) -> None:
    """What is gone must not stand there for ever."""
    gauge.clear()
    for name, value in values:
        gauge.labels(name).set(value)
