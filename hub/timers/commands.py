"""Changes of the timers, inside the caller's transaction: set, cancel, complete, retry, ignore."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.kit import lease, parked
from hub.kit.db import Tx
from hub.kit.ids import new_id
from hub.kit.lease import Leased
from hub.kit.parked import Changed, Chosen
from hub.kit.sqlfile import statements
from hub.kit.telemetry import traceparent
from hub.timers.store import QUEUE

SQL = statements(__file__, "timers.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Look at the subject again `at` that time (in the past: at once). With a `dedupe_key` there is one of its kind; setting it again moves it."""

    kind: str
    subject_kind: str
    subject_id: UUID
    at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)
    dedupe_key: str | None = None
    correlation_id: UUID | None = None  # None: the unit's
    causation_id: UUID | None = None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A leased timer. `due_at`: the time asked for, however late it is now."""

    leased: Leased
    timer_id: UUID
    kind: str
    subject_kind: str
    subject_id: UUID
    due_at: datetime
    payload: Mapping[str, Any]
    dedupe_key: str | None
    correlation_id: UUID
    causation_id: UUID | None
    traceparent: str | None


def fired(leased: Leased) -> Fired:
    row = leased.row
    return Fired(
        leased=leased,
        timer_id=leased.id,
        kind=row["kind"],
        subject_kind=row["subject_kind"],
        subject_id=row["subject_id"],
        due_at=row["due_at"],
        payload=row["payload"],
        dedupe_key=row["dedupe_key"],
        correlation_id=row["correlation_id"],
        causation_id=row["causation_id"],
        traceparent=row["traceparent"],
    )


async def set_timers(tx: Tx, timers: Sequence[Timer]) -> int:
    """Set them; the last one of a (kind, dedupe key) counts. Returns how many stand. A timer that is firing at this moment is
    moved too: its handler gets `LeaseLost`. A handler that sets its own timer again completes it first.
    """
    wanted: dict[Any, tuple[UUID, Timer]] = {}
    for each in timers:
        id_ = new_id()
        wanted[(each.kind, each.dedupe_key) if each.dedupe_key is not None else (each.kind, id_.hex)] = (id_, each)
    if not wanted:
        return 0
    rows = [
        (
            id_,
            t.kind,
            t.subject_kind,
            t.subject_id,
            dict(t.payload),
            t.dedupe_key,
            t.at,
            t.correlation_id or tx.correlation_id,
            t.causation_id,
            t.traceparent or traceparent(t.correlation_id or tx.correlation_id),
        )
        for id_, t in (wanted[k] for k in sorted(wanted))
    ]
    columns = [list(c) for c in zip(*rows, strict=True)]
    return len(await tx.conn.fetch(SQL["set_timers"], tx.tenant, tx.now, *columns))


async def cancel(tx: Tx, subjects: Sequence[UUID], *, kinds: Sequence[str] | None = None) -> int:
    """Remove the subjects' waiting and parked timers, of these kinds or all. Returns how many; what fires just now is not stopped."""
    if not subjects:
        return 0
    return len(await tx.conn.fetch(SQL["cancel"], tx.tenant, list(subjects), list(kinds) if kinds else None))


async def complete(tx: Tx, rows: Sequence[Leased]) -> None:
    """Archive fired timers, with how late they were. Comes first in a handler's unit. Raises `LeaseLost`."""
    await lease.complete(tx.conn, QUEUE, rows, "FIRED")


async def retry(tx: Tx, chosen: Chosen) -> list[Changed]:
    return await parked.retry(tx, QUEUE, chosen)


async def ignore(tx: Tx, chosen: Chosen, reason: str) -> list[Changed]:
    return await parked.ignore(tx, QUEUE, chosen, reason)
