"""The breaker of each destination: five failures in a row open it for 30 s, doubling to 10 min; half-open lets one through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.kit.db import Database, Tx
from hub.kit.sqlfile import statements

SQL = statements(__file__, "outbox.sql")
PROBE = timedelta(seconds=30)  # a probe that says nothing within this time is taken for dead


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a destination behaved in one call. An answer that rejects is `ok`: the destination works."""

    destination: str
    ok: bool


async def report(tx: Tx, reports: Sequence[Report]) -> dict[str, datetime]:
    """Count them; returns the destinations whose breaker is now open, and until when. One success closes."""
    if not reports:
        return {}
    failed = Counter(r.destination for r in reports if not r.ok)
    well = {r.destination for r in reports if r.ok}
    names = sorted(failed.keys() | well)
    rows = await tx.conn.fetch(SQL["report"], tx.tenant, names, [n in well for n in names], [failed[n] for n in names])
    return {r["destination"]: r["open_until"] for r in rows if r["open_until"] is not None}


async def open_destinations(db: Database) -> list[str]:
    """What ordinary claims leave alone, of all tenants."""
    return [r["destination"] for r in await db.worker.fetch(SQL["open_destinations"])]


async def probes(db: Database) -> list[tuple[int, str]]:
    """(tenant, destination) whose pause is over and which this process alone may try now, with one delivery."""
    return [(r["tenant_id"], r["destination"]) for r in await db.worker.fetch(SQL["probes"], PROBE)]
