"""Changes of the outbox, inside the caller's transaction: owe, progress, complete, settle, retry, ignore. Facts are the caller's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from hub.kit import lease, parked
from hub.kit.db import Tx
from hub.kit.ids import new_id
from hub.kit.lease import Failure, Leased, LeaseLost, Settled
from hub.kit.parked import Changed, Chosen
from hub.kit.sqlfile import statements
from hub.kit.telemetry import traceparent
from hub.outbox.store import QUEUE, outbox, outbox_done

_COLUMNS = ", ".join(f'"{c.name}"' for c in outbox.columns if c.name in outbox_done.c)
SQL = {k: v.replace("{columns}", _COLUMNS) for k, v in statements(__file__, "outbox.sql").items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Something owed to a destination (connection id in hex + ":" + port). `dedupe_key`: owed once while it is at work.
    `latest_key`: only the newest value counts, it overtakes one that waits; one at a time, in order. Never both keys.
    `strict`: while it is parked, what follows in its ordering key waits.
    """

    destination: str
    kind: str
    subject_kind: str
    subject_id: UUID
    payload: Mapping[str, Any]
    causation_id: UUID
    ordering_key: str | None = None
    strict: bool = False
    dedupe_key: str | None = None
    latest_key: str | None = None
    run_at: datetime | None = None  # None: at once
    correlation_id: UUID | None = None  # None: the unit's
    traceparent: str | None = None
    delivery_id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """DUPLICATE and REPLACED name the delivery that stood there before."""

    delivery_id: UUID
    what: Literal["NEW", "DUPLICATE", "REPLACED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A leased delivery."""

    leased: Leased
    delivery_id: UUID
    destination: str
    kind: str
    subject_kind: str
    subject_id: UUID
    payload: Mapping[str, Any]
    references: Mapping[str, str]
    prepared: bytes | None
    sent_at: datetime | None
    ordering_key: str | None
    attempts: int
    correlation_id: UUID
    causation_id: UUID
    traceparent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What must outlive a crash in the middle of a delivery. `prepared` and `sent_at` keep their first value."""

    leased: Leased
    references: Mapping[str, str] = field(default_factory=dict)
    prepared: bytes | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One call that was made. `call`: method, path, operation; never a header with a secret."""

    delivery_id: UUID
    at: datetime
    call: Mapping[str, Any]
    outcome: str
    status: int | None = None
    note: str | None = None
    answer: bytes | None = None


def claimed(leased: Leased) -> Claimed:
    row = leased.row
    names = ("destination", "kind", "subject_kind", "subject_id", "payload", "references", "prepared", "sent_at")
    more = ("ordering_key", "correlation_id", "causation_id", "traceparent")
    return Claimed(
        leased=leased, delivery_id=leased.id, attempts=leased.attempts, **{n: row[n] for n in (*names, *more)}
    )


async def owe(tx: Tx, deliveries: Sequence[Delivery]) -> list[Owed]:
    """Write what is owed; answers stand in the given order. Of several values of one `latest_key` the last one counts."""
    plain = [d for d in deliveries if d.latest_key is None]
    newest = {(d.destination, d.latest_key): d for d in deliveries if d.latest_key is not None}
    answers = await _owe_plain(tx, plain) | await _owe_latest(tx, [newest[k] for k in sorted(newest)])
    return [answers[_key(d)] for d in deliveries]


def _key(d: Delivery) -> tuple[str, str, str]:
    if d.latest_key is not None:
        return "latest", d.destination, d.latest_key
    return ("once", d.destination, d.dedupe_key) if d.dedupe_key is not None else ("each", "", d.delivery_id.hex)


def _arrays(tx: Tx, deliveries: Sequence[Delivery]) -> list[list[Any]]:
    rows = [
        (
            d.delivery_id,
            d.destination,
            d.latest_key if d.ordering_key is None else d.ordering_key,
            d.strict,
            d.dedupe_key,
            d.latest_key,
            d.kind,
            d.subject_kind,
            d.subject_id,
            dict(d.payload),
            d.correlation_id or tx.correlation_id,
            d.causation_id,
            d.traceparent or traceparent(d.correlation_id or tx.correlation_id),
            d.run_at,
        )
        for d in deliveries
    ]
    return [list(column) for column in zip(*rows, strict=True)]


async def _owe_plain(tx: Tx, deliveries: Sequence[Delivery]) -> dict[tuple[str, str, str], Owed]:
    if not deliveries:
        return {}
    first: dict[tuple[str, str, str], Delivery] = {}
    for each in deliveries:
        first.setdefault(_key(each), each)
    rows = await tx.conn.fetch(SQL["owe"], tx.tenant, tx.now, *_arrays(tx, list(first.values())))
    fresh = {r["delivery_id"] for r in rows}
    answers = {k: Owed(delivery_id=d.delivery_id, what="NEW") for k, d in first.items()}
    if old := [d for d in first.values() if d.delivery_id not in fresh]:
        keys = [d.destination for d in old], [d.dedupe_key for d in old]
        for row in await tx.conn.fetch(SQL["owed_already"], tx.tenant, *keys):
            key = ("once", row["destination"], row["dedupe_key"])
            answers[key] = Owed(delivery_id=row["delivery_id"], what="DUPLICATE")
    return answers


async def _owe_latest(tx: Tx, deliveries: Sequence[Delivery]) -> dict[tuple[str, str, str], Owed]:
    if not deliveries:
        return {}
    arrays = _arrays(tx, deliveries)
    await tx.conn.execute(SQL["overtake_parked"], tx.tenant, arrays[1], arrays[2], arrays[5])
    sent = {d.delivery_id for d in deliveries}
    return {
        ("latest", r["destination"], r["latest_key"]): Owed(
            delivery_id=r["delivery_id"], what="NEW" if r["delivery_id"] in sent else "REPLACED"
        )
        for r in await tx.conn.fetch(SQL["owe_latest"], tx.tenant, tx.now, *arrays)
    }


async def progress(tx: Tx, steps: Sequence[Progress]) -> None:
    """Keep what was learnt on the way. Raises `LeaseLost`."""
    if not steps:
        return
    rows = await tx.conn.fetch(
        SQL["progress"],
        tx.tenant,
        lease.owner_of([s.leased for s in steps]),
        [s.leased.id for s in steps],
        [dict(s.references) for s in steps],
        [s.prepared for s in steps],
        [s.sent_at for s in steps],
    )
    if len(rows) < len(steps):
        raise LeaseLost(lost=len(steps) - len(rows))


async def log_attempts(tx: Tx, attempts: Sequence[Attempt]) -> None:
    """Remember the calls that were made, whatever came of them."""
    if not attempts:
        return
    await tx.conn.execute(
        SQL["log_attempts"],
        tx.tenant,
        [new_id() for _ in attempts],
        [a.delivery_id for a in attempts],
        [a.at for a in attempts],
        [dict(a.call) for a in attempts],
        [a.status for a in attempts],
        [a.outcome for a in attempts],
        [a.note for a in attempts],
        [a.answer for a in attempts],
    )


async def complete(tx: Tx, rows: Sequence[Leased]) -> None:
    """Delivered: into the archive. Raises `LeaseLost`."""
    await lease.complete(tx.conn, QUEUE, rows)


async def settle(tx: Tx, failures: Sequence[Failure]) -> list[Settled]:
    """Put off or park what was not delivered. Raises `LeaseLost`."""
    return await lease.settle(tx.conn, QUEUE, failures)


async def retry(tx: Tx, chosen: Chosen) -> list[Changed]:
    """Parked deliveries go back to work; one that a newer value has overtaken goes to the archive instead (`ready` False)."""
    return await parked.retry(tx, QUEUE, chosen)


async def ignore(tx: Tx, chosen: Chosen, reason: str) -> list[Changed]:
    """Parked deliveries go to the archive as IGNORED; in a strict key, what waits behind them may go."""
    return await parked.ignore(tx, QUEUE, chosen, reason)


async def owed_about(tx: Tx, subjects: Sequence[UUID]) -> list[UUID]:
    """The deliveries about these subjects that have not gone out, oldest first."""
    return [r["delivery_id"] for r in await tx.conn.fetch(SQL["owed_about"], tx.tenant, list(subjects))]


async def payloads(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, Mapping[str, Any]]:
    """What these deliveries say, at work or done."""
    return {r["delivery_id"]: r["payload"] for r in await tx.conn.fetch(SQL["payloads"], tx.tenant, list(ids))}
