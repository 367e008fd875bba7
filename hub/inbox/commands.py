"""Changes of the inbox, inside the caller's transaction: receive, complete, park, retry, ignore. Facts are the caller's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from hub.canon.ports import Envelope
from hub.inbox.store import QUEUE
from hub.kit import lease, parked
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.ids import new_id
from hub.kit.lease import Failure, Leased, Settled
from hub.kit.parked import Changed, Chosen
from hub.kit.sqlfile import statements
from hub.kit.telemetry import traceparent

SQL = statements(__file__, "inbox.sql")


class OneBodyOneMessage(HubError):
    """A corrected body belongs to exactly one message, chosen by its id."""

    code: ClassVar[str] = "ONE_BODY_ONE_MESSAGE"


class MessageNotParked(HubError):
    """Message {message_id} is not waiting for a person."""

    code: ClassVar[str] = "MESSAGE_NOT_PARKED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An envelope at our door. `correlation_id` None: the message begins a conversation of its own, named by its id."""

    connection_id: UUID
    envelope: Envelope
    correlation_id: UUID | None = None
    causation_id: UUID | None = None  # the parent message of a child
    traceparent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """`new` False: the key was seen before; `message_id` is then the first one's, maybe long done."""

    message_id: UUID
    dedupe_key: str
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A leased message. `body`: what is to be read, the person's replacement if there is one; `original`: the bytes received."""

    leased: Leased
    message_id: UUID
    connection_id: UUID
    envelope: Envelope
    original: bytes
    correlation_id: UUID
    causation_id: UUID | None
    traceparent: str | None
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Park:
    """Why a message cannot be understood: problems as `{code, at, source, value, file, line, message}`.
    `after`: not parked, tried again then (`TryAgain`).
    """

    leased: Leased
    error: str
    fingerprint: str
    problems: Sequence[Mapping[str, Any]] = ()
    after: timedelta | None = None


def message(leased: Leased) -> Message:
    row = leased.row
    return Message(
        leased=leased,
        message_id=leased.id,
        connection_id=row["connection_id"],
        envelope=envelope(row),
        original=row["body"],
        correlation_id=row["correlation_id"],
        causation_id=row["causation_id"],
        traceparent=row["traceparent"],
        received_at=row["received_at"],
    )


def envelope(row: Any) -> Envelope:
    """Of a kept message."""
    return Envelope(
        dedupe_key=row["dedupe_key"],
        topic=row["topic"],
        body=row["body"] if row["replacement"] is None else row["replacement"],
        complete=row["complete"],
        external_id=row["external_id"],
        revision=row["revision"],
        media_type=row["media_type"],
        headers=row["headers"],
    )


async def of_exchange(tx: Tx, exchange_id: UUID) -> list[Any]:
    """The messages that came in the same file as the one that registered a received exchange, at work or done."""
    return list(await tx.conn.fetch(SQL["of_exchange"], tx.tenant, exchange_id))


async def receive(
    tx: Tx,
    connection_id: UUID,
    envelopes: Sequence[Envelope],
    *,
    correlation_id: UUID | None = None,
    causation_id: UUID | None = None,
    traceparent: str | None = None,
) -> list[Received]:
    """Keep the envelopes of one connection, in their order; see `receive_all`."""
    arrivals = [
        Arrival(
            connection_id=connection_id,
            envelope=e,
            correlation_id=correlation_id,
            causation_id=causation_id,
            traceparent=traceparent,
        )
        for e in envelopes
    ]
    return await receive_all(tx, arrivals)


async def receive_all(tx: Tx, arrivals: Sequence[Arrival]) -> list[Received]:
    """Keep what arrived, each key once and for all; a duplicate, also within the batch, answers the first one's message.
    Answers stand in the order of the arrivals. A duplicate in flight elsewhere is waited for.
    """
    first: dict[tuple[UUID, str], tuple[UUID, Arrival]] = {}
    for each in arrivals:
        first.setdefault(_key(each), (new_id(), each))
    ordered = [first[k] for k in sorted(first)]  # by key, so that two batches wait for each other and never deadlock
    if not ordered:
        return []
    rows = await tx.conn.fetch(SQL["receive"], tx.tenant, tx.now, *_arrays(ordered))
    fresh = {r["message_id"] for r in rows}
    known = await _seen_before(tx, [k for k, (id_, _) in first.items() if id_ not in fresh])
    answers, told = [], set()
    for each in arrivals:
        key = _key(each)
        new = first[key][0] in fresh and key not in told
        told.add(key)
        answers.append(Received(message_id=known.get(key, first[key][0]), dedupe_key=each.envelope.dedupe_key, new=new))
    return answers


def _key(arrival: Arrival) -> tuple[UUID, str]:
    return arrival.connection_id, arrival.envelope.dedupe_key


def _arrays(given: Sequence[tuple[UUID, Arrival]]) -> list[list[Any]]:
    rows = [
        (
            id_,
            a.connection_id,
            a.envelope.topic,
            a.envelope.external_id,
            a.envelope.revision,
            a.envelope.dedupe_key,
            a.envelope.media_type,
            dict(a.envelope.headers),
            a.envelope.body,
            a.envelope.complete,
            a.correlation_id or id_,
            a.causation_id,
            a.traceparent or traceparent(a.correlation_id),
        )
        for id_, a in given
    ]
    return [list(column) for column in zip(*rows, strict=True)]


async def _seen_before(tx: Tx, keys: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], UUID]:
    if not keys:
        return {}
    rows = await tx.conn.fetch(SQL["first_seen"], tx.tenant, [k[0] for k in keys], [k[1] for k in keys])
    return {(r["connection_id"], r["dedupe_key"]): r["message_id"] for r in rows}


async def complete(tx: Tx, rows: Sequence[Leased], outcomes: Sequence[str] | str = "DONE") -> None:
    """Archive with outcome DONE, IGNORED or DUPLICATE, one each or one for all. Raises `LeaseLost`."""
    await lease.complete(tx.conn, QUEUE, rows, outcomes)


async def park(tx: Tx, parks: Sequence[Park]) -> list[Settled]:
    """Give up on messages, or put them off where `after` is set; their problems are kept on the row. Raises `LeaseLost`."""
    if not parks:
        return []
    failures = [
        Failure(
            leased=p.leased,
            error=p.error,
            park=p.after is None,
            after=p.after or timedelta(),
            fingerprint=p.fingerprint,
        )
        for p in parks
    ]
    settled = await lease.settle(tx.conn, QUEUE, failures)
    problems = [{"all": [dict(x) for x in p.problems]} for p in parks]
    await tx.conn.execute(SQL["note_problems"], tx.tenant, [p.leased.id for p in parks], problems)
    return settled


async def retry(tx: Tx, chosen: Chosen, *, body: bytes | None = None) -> list[Changed]:
    """Parked messages go back to work; `body` replaces the content of exactly one (the original bytes stay)."""
    if body is not None:
        if len(chosen.ids) != 1:
            raise OneBodyOneMessage
        if not await tx.conn.fetch(SQL["replace"], tx.tenant, chosen.ids[0], body):
            raise MessageNotParked(message_id=str(chosen.ids[0]))
    return await parked.retry(tx, QUEUE, chosen)


async def ignore(tx: Tx, chosen: Chosen, reason: str) -> list[Changed]:
    """Parked messages go to the archive as IGNORED."""
    return await parked.ignore(tx, QUEUE, chosen, reason)


async def forget_seen(tx: Tx, before: datetime, *, limit: int = 5000) -> int:
    """Drop dedupe keys first seen before that (30 days or more ago), never one whose message is still at work. Returns how many."""
    return len(await tx.conn.fetch(SQL["forget_seen"], tx.tenant, before, limit))
