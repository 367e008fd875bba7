"""Reads the ledger in the order in which facts became visible for good: rows whose transaction is older than every open one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.kit.db import Pool
from schema.errors import CursorExpired
from schema.live.cursors import ALL, Place

BATCH = 500
# `e.xid` everywhere: a bare one in ORDER BY would be the column of text, in which 1000 comes before 999
_COLUMNS = """SELECT tenant_id, e.xid::text AS xid, position, event_id, type, subject_kind, subject_id, correlation_id, at
FROM business_events e"""
_SETTLED = "e.xid < pg_snapshot_xmin(pg_current_snapshot())"

TAIL = (
    f"{_COLUMNS} WHERE (e.xid, position) > ($1::text::xid8, $2) AND {_SETTLED} ORDER BY e.xid, position LIMIT {BATCH}"
)
REPLAY = f"""{_COLUMNS} WHERE tenant_id = $3 AND (e.xid, position) > ($1::text::xid8, $2) AND {_SETTLED}
ORDER BY e.xid, position LIMIT {BATCH}"""
BY_POSITION = f"""{_COLUMNS} WHERE tenant_id = $2 AND position > $1 AND {_SETTLED} ORDER BY e.xid, position"""
END = f"SELECT e.xid::text AS xid, position FROM business_events e WHERE {_SETTLED} ORDER BY e.xid DESC, position DESC LIMIT 1"  # noqa: S608 - constants of this module
OLDEST = "SELECT e.xid::text AS xid, position FROM business_events e ORDER BY e.xid, position LIMIT 1"
THERE = "SELECT 1 FROM business_events WHERE xid = $1::text::xid8 AND position = $2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    tenant: int
    place: Place
    event_id: UUID
    type: str
    subject_kind: str
    subject_id: UUID
    correlation_id: UUID
    at: datetime


def fact_of(row: Any) -> Fact:
    """From a row of the ledger, or from the relay's notice of it."""
    return Fact(
        tenant=row["tenant_id"],
        place=Place(int(row["xid"]), row["position"]),
        event_id=row["event_id"],
        type=row["type"],
        subject_kind=row["subject_kind"],
        subject_id=row["subject_id"],
        correlation_id=row["correlation_id"],
        at=row["at"],
    )


class Ledger:
    """`pool` may read the facts of all tenants."""

    def __init__(self, pool: Pool, epoch: str) -> None:
        self.pool, self.epoch = pool, epoch

    async def end(self) -> Place:
        """The newest place that no open transaction can still precede."""
        row = await self.pool.fetchrow(END)
        return Place(int(row["xid"]), row["position"]) if row else Place(0, 0)

    async def after(self, place: Place) -> list[Fact]:
        """The next facts of all tenants."""
        return [fact_of(r) for r in await self.pool.fetch(TAIL, str(place.xid), place.position)]

    async def replay(self, tenant: int, place: Place) -> list[Fact]:
        """The next facts of one tenant. A fact of which a part was delivered comes again."""
        if place.xid < 0:
            return [fact_of(r) for r in await self.pool.fetch(BY_POSITION, place.position, tenant)]
        position = place.position if place.done == ALL else place.position - 1
        return [fact_of(r) for r in await self.pool.fetch(REPLAY, str(place.xid), position, tenant)]

    async def check(self, place: Place) -> None:
        """`CursorExpired` when facts after the cursor may have left the online partitions."""
        if place.position == 0 or place.xid < 0:
            return
        row = await self.pool.fetchrow(OLDEST)
        oldest = Place(int(row["xid"]), row["position"]) if row else None
        if oldest is None or oldest <= Place(place.xid, place.position):
            return
        if not await self.pool.fetchval(THERE, str(place.xid), place.position):
            raise CursorExpired(oldest=oldest.text(self.epoch))
