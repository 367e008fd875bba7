"""The one machinery behind the three queues `inbox`, `outbox` and `timers`: claim, complete, settle, heartbeat, reap.
Claims run across tenants on the worker pool; completion runs in the transaction of its effect and is fenced by the owner.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

import asyncpg
import sqlalchemy as sa

from hub.kit import metrics
from hub.kit.db import Connection, Database
from hub.kit.errors import HubError
from hub.kit.sqlfile import statements

LEASE = timedelta(seconds=10)
TRIES = 8
NAMES = ("inbox", "outbox", "timers")  # closed: a queue's name is never data


class LeaseLost(HubError):
    """Another worker has taken over {lost} of these rows; this unit must not commit."""

    code: ClassVar[str] = "LEASE_LOST"


class State(StrEnum):
    READY = "READY"
    LEASED = "LEASED"
    PARKED = "PARKED"
    SUPERSEDED = "SUPERSEDED"  # a newer one of the same latest_key waits: this one was moved to done instead


_STATES = {0: State.READY, 1: State.LEASED, 3: State.PARKED, None: State.SUPERSEDED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One of the three tables with its statements."""

    name: str
    id: str  # the name of its id column
    ordered: bool  # has destinations and ordering keys
    sql: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where rows wait: a tenant's queue, or in the outbox one destination of a tenant."""

    tenant: int
    destination: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """A row that this process may work on until its lease ends. `attempts` counts this one; `row` has every column."""

    queue: str
    tenant: int
    id: UUID
    attempts: int
    row: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """What sort of work it is, for the metrics: a message's topic, a delivery's command, a timer's kind."""
        return str(self.row["topic" if self.queue == "inbox" else "kind"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How one row goes back. `after`: the other side's word, wins over the back-off when later. `park`: at once, for a person.
    `untried`: no call was made (breaker, rate limit, shutdown), so it does not count as a try.
    """

    leased: Leased
    error: str | None = None
    after: timedelta = timedelta()
    park: bool = False
    untried: bool = False
    fingerprint: str | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of a failed row: READY again at `run_at`, PARKED, or SUPERSEDED by a newer one."""

    failure: Failure
    state: State
    run_at: datetime | None

    @property
    def leased(self) -> Leased:
        return self.failure.leased


def queue(live: sa.Table, done: sa.Table) -> Queue:
    """The queue of a table and its archive: the columns that both have are moved."""
    if live.name not in NAMES:
        raise ValueError(live.name)
    id_ = next(c.name for c in live.primary_key.columns if c.name != "tenant_id")
    columns = ", ".join(f'"{c.name}"' for c in live.columns if c.name in done.c)  # one is called "references"
    ordered = "destination" in live.c
    late = "late_ms" in done.c
    same = "n.tenant_id = d.tenant_id AND n.destination = d.destination AND n.latest_key = d.latest_key"
    parts = {
        "queue": live.name,
        "id": id_,
        "kind": "topic" if live.name == "inbox" else "kind",
        "columns": columns,
        "extra": ", late_ms" if late else "",
        "extra_value": ", (1000 * EXTRACT(EPOCH FROM now() - due_at))::bigint" if late else "",
        "status": ", last_status = COALESCE(d.status, q.last_status)" if ordered else "",
        "latest": ", q.destination, q.latest_key" if ordered else "",
        "successor": f"EXISTS (SELECT FROM {live.name} n WHERE {same} AND n.state = 0)" if ordered else "false",
        "later_twin": f"EXISTS (SELECT FROM d n WHERE {same} AND n.seq > d.seq)" if ordered else "false",
        "alone": _ALONE if "external_id" in live.c else "",
    }
    found = statements(__file__, "lease.sql")
    sql = {name: _filled(found[name], parts) for name in ("complete", "settle", "heartbeat", "reap", "measure")}
    for name in ("due", "claim"):
        sql[name] = _filled(found[f"{name}_ordered" if ordered else name], parts)
    for name in ("retry", "ignore"):
        sql[f"{name}_ids"] = _filled(found[name], {**parts, "pick": f"q.{id_} = ANY ($2::uuid[])"})
        sql[f"{name}_alike"] = _filled(found[name], {**parts, "pick": "q.state = 3 AND q.fingerprint = $2::text"})
    return Queue(name=live.name, id=id_, ordered=ordered, sql=sql)


# While a message about something is at work, a later one about the same thing waits: two batches side by side would take
# the second report of a pick order for one from the future. Several that are due together go together.
_ALONE = """
      AND (o.external_id IS NULL OR NOT EXISTS (
        SELECT FROM inbox p
        WHERE p.tenant_id = o.tenant_id AND p.connection_id = o.connection_id AND p.external_id = o.external_id
          AND p.seq < o.seq AND p.state = 1))"""


def _filled(text: str, parts: Mapping[str, str]) -> str:
    for name, value in parts.items():
        text = text.replace("{" + name + "}", value)
    return text


async def due(db: Database, queue: Queue) -> list[Place]:
    """Where something is due now, by tenant and destination."""
    rows = await db.worker.fetch(queue.sql["due"])
    return [Place(tenant=r["tenant_id"], destination=r["destination"]) for r in rows]


async def claim(
    db: Database, queue: Queue, owner: UUID, places: Sequence[Place], limit: int, *, lease: timedelta = LEASE
) -> list[Leased]:
    """Up to `limit` rows, an equal share of each tenant, in the order in which the places are given."""
    if not places:
        return []
    share = -(-limit // len({p.tenant for p in places}))
    tenants, destinations = [p.tenant for p in places], [p.destination for p in places]
    rows = await db.worker.fetch(queue.sql["claim"], owner, lease, tenants, share, limit, destinations)
    rows.sort(key=lambda r: (r["run_at"], r["seq"]))
    return [
        Leased(queue=queue.name, tenant=r["tenant_id"], id=r[queue.id], attempts=r["attempts"], row=dict(r.items()))
        for r in rows
    ]


async def complete(
    conn: Connection, queue: Queue, rows: Sequence[Leased], outcomes: Sequence[str] | str = "DONE"
) -> None:
    """Move the rows to the archive, in the transaction of their effect. `LeaseLost`: somebody else has them now; roll back."""
    if not rows:
        return
    words = [outcomes] * len(rows) if isinstance(outcomes, str) else list(outcomes)
    tenants, ids = [r.tenant for r in rows], [r.id for r in rows]
    gone = await conn.fetch(queue.sql["complete"], owner_of(rows), tenants, ids, words)
    if len(gone) < len(rows):
        raise LeaseLost(lost=len(rows) - len(gone))
    metrics.KINDS.count(metrics.QUEUE_DONE, queue.name, [r.kind for r in rows])


def owner_of(rows: Sequence[Leased]) -> UUID:
    """The one owner of rows that one worker claimed."""
    (owner,) = {r.row["owner"] for r in rows}
    assert isinstance(owner, UUID)  # noqa: S101 - narrows what the driver gives
    return owner


def backoff(attempts: int, jitter: float) -> timedelta:
    """`min(15 min, 15 s * 2^(attempts-1))`, times the jitter of 0.5 to 1.5: eight tries in about 32 minutes."""
    return min(timedelta(minutes=15), timedelta(seconds=15 << max(0, min(attempts, 20) - 1))) * jitter


async def settle(conn: Connection, queue: Queue, failures: Sequence[Failure]) -> list[Settled]:
    """Give failed rows back: later by the back-off, parked after the eighth try or at once. `LeaseLost` as in `complete`."""
    if not failures:
        return []
    parks = [not f.untried and (f.park or f.leased.attempts >= TRIES) for f in failures]
    delays = [_delay(f, park=p) for f, p in zip(failures, parks, strict=True)]
    rows = [f.leased for f in failures]
    given = (
        owner_of(rows),
        [r.tenant for r in rows],
        [r.id for r in rows],
        delays,
        parks,
        [f.untried for f in failures],
        [f.error for f in failures],
        [f.fingerprint for f in failures],
        [f.status for f in failures],
    )
    moved = {r["id"]: r for r in await _guarded(conn, queue, failures, given)}
    if len(moved) < len(rows):
        raise LeaseLost(lost=len(rows) - len(moved))
    metrics.KINDS.count(
        metrics.QUEUE_PARKED, queue.name, [r.kind for r, parked in zip(rows, parks, strict=True) if parked]
    )
    return [
        Settled(failure=f, state=_STATES[moved[f.leased.id]["state"]], run_at=moved[f.leased.id]["run_at"])
        for f in failures
    ]


def _delay(failure: Failure, *, park: bool) -> timedelta:
    if park:
        return timedelta()
    if failure.untried:
        return failure.after
    return max(failure.after, backoff(failure.leased.attempts, random.uniform(0.5, 1.5)))


async def _guarded(
    conn: Connection, queue: Queue, failures: Sequence[Failure], given: tuple[Any, ...]
) -> list[asyncpg.Record]:
    """A newer value may be written while an old one returns to READY; the second look sees it and steps aside."""
    if not any(f.leased.row.get("latest_key") for f in failures) or not conn.is_in_transaction():
        return await conn.fetch(queue.sql["settle"], *given)
    await conn.execute("SAVEPOINT settle")
    try:
        return await conn.fetch(queue.sql["settle"], *given)
    except asyncpg.UniqueViolationError:
        await conn.execute("ROLLBACK TO SAVEPOINT settle")
        return await conn.fetch(queue.sql["settle"], *given)


async def heartbeat(
    db: Database, queue: Queue, owner: UUID, ids: Collection[UUID], *, lease: timedelta = LEASE
) -> set[UUID]:
    """Prolong; returns the ids that are still held. The others are lost, or completed since."""
    if not ids:
        return set()
    return {r["id"] for r in await db.worker.fetch(queue.sql["heartbeat"], owner, lease, list(ids))}


async def reap(db: Database, queue: Queue, *, limit: int = 500) -> list[tuple[int, UUID]]:
    """Give back what dead or stalled workers held: (tenant, id). Their attempts stay counted; the worker that claims one past
    its tries parks it, together with the fact of it.
    """
    try:
        rows = await db.worker.fetch(queue.sql["reap"], limit)
    except asyncpg.UniqueViolationError:  # a newer value was written at this moment: the next round sees it
        return []
    metrics.KINDS.count(metrics.QUEUE_REAPED, queue.name, [r["kind"] for r in rows])
    return [(r["tenant_id"], r["id"]) for r in rows]


async def measure(db: Database, queue: Queue) -> None:
    """Set the gauges of this queue by kind: rows by state, of all tenants, and the age of the oldest one that is due."""
    found = {metrics.KINDS.label(queue.name, r["kind"]): r for r in await db.worker.fetch(queue.sql["measure"])}
    for kind in metrics.KINDS.of(queue.name) | found.keys():
        row = found.get(kind, _NONE)
        for state in ("ready", "leased", "parked"):
            metrics.QUEUE_ROWS.labels(queue.name, kind, state).set(row[state])
        metrics.QUEUE_OLDEST.labels(queue.name, kind).set(row["oldest"])


_NONE: Mapping[str, float] = {"ready": 0, "leased": 0, "parked": 0, "oldest": 0}


def fair(places: Sequence[Place], last: int) -> list[Place]:
    """In their turn: those of the tenants after the one served last come first."""
    return [p for p in places if p.tenant > last] + [p for p in places if p.tenant <= last]


def by_tenant(rows: Iterable[Leased]) -> dict[int, list[Leased]]:
    found: dict[int, list[Leased]] = {}
    for row in rows:
        found.setdefault(row.tenant, []).append(row)
    return found


def by_place(rows: Iterable[Leased]) -> dict[Place, list[Leased]]:
    found: dict[Place, list[Leased]] = {}
    for row in rows:
        place = Place(tenant=row.tenant, destination=row.row.get("destination") or "")
        found.setdefault(place, []).append(row)
    return found
