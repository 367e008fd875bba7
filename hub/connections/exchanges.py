"""The register of exchanges: interchanges received and sent, their sets, what was answered, and what became of what we sent.
Knows no format: controls are texts, documents are JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal
from uuid import UUID, uuid5

import asyncpg

from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.ids import new_id
from hub.kit.sqlfile import statements

SQL = statements(__file__, "exchanges.sql")
ADD_SETS, JUDGE_SETS = (SQL["put_sets"].replace("{there}", SQL[name]) for name in ("skip_sets", "replace_sets"))
AckState = Literal["none", "waiting", "accepted", "accepted_with_errors", "rejected", "overdue"]
_OPEN = ("none", "waiting", "overdue")


def document_id(exchange_id: UUID, group_control: str, set_control: str) -> UUID:
    """The same for the same set, however often it is judged."""
    return uuid5(exchange_id, f"{group_control}:{set_control}")


class ExchangeUnknown(HubError):
    """There is no exchange {exchange_id}."""

    code: ClassVar[str] = "EXCHANGE_UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One interchange. `ack_due`: when the partner's answer to what we sent must be here. `message_id`: the message or the delivery."""

    connection_id: UUID
    direction: Literal["IN", "OUT"]
    sender: str
    receiver: str
    usage: str
    control: str
    content_sha256: bytes
    verdict: str | None = None
    ack_state: AckState = "none"
    ack_due: datetime | None = None
    errors: Sequence[Mapping[str, Any]] = ()
    message_id: UUID | None = None
    exchange_id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeSet:
    """One document of an exchange and what it is of ours."""

    exchange_id: UUID
    group_control: str
    set_control: str
    set_id: str
    version: str
    verdict: str
    ack_state: AckState = "none"
    subject_kind: str | None = None
    subject_id: UUID | None = None
    number: str | None = None
    errors: Sequence[Mapping[str, Any]] = ()
    document: Mapping[str, Any] | None = None
    message_id: UUID | None = None  # the message that it came as, or the delivery that it left as

    @property
    def document_id(self) -> UUID:
        return document_id(self.exchange_id, self.group_control, self.set_control)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What a partner calls a document of ours; empty where it does not say."""

    connection_id: UUID
    group_control: str
    set_control: str
    set_id: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    """An earlier exchange with the same number from the same sender (`same_control`), the same content, or both.
    `ack`: the bytes answered then, to be sent again.
    """

    exchange_id: UUID
    control: str
    same_control: bool
    same_content: bool
    verdict: str | None
    ack: bytes | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAcked:
    """One set that we sent, after an answer. `contradicts`: it was final already and this says otherwise; the first stays."""

    exchange_id: UUID
    group_control: str
    set_control: str
    set_id: str
    subject_kind: str | None
    subject_id: UUID | None
    number: str | None
    old: AckState
    new: AckState

    @property
    def document_id(self) -> UUID:
        return document_id(self.exchange_id, self.group_control, self.set_control)

    @property
    def changed(self) -> bool:
        return self.old in _OPEN and self.old != self.new

    @property
    def contradicts(self) -> bool:
        return self.old not in _OPEN and self.old != self.new


async def register(tx: Tx, exchanges: Sequence[Exchange]) -> None:
    """Add them, at the unit's time."""
    if not exchanges:
        return
    rows = [
        (
            e.exchange_id,
            e.connection_id,
            e.direction,
            e.sender,
            e.receiver,
            e.usage,
            e.control,
            e.content_sha256,
            e.verdict,
            e.ack_state,
            e.ack_due,
            {"all": [dict(x) for x in e.errors]},
            e.message_id,
        )
        for e in exchanges
    ]
    await tx.conn.execute(SQL["register"], tx.tenant, tx.now, *[list(c) for c in zip(*rows, strict=True)])


async def duplicates(tx: Tx, exchange: Exchange, *, window: timedelta = timedelta(days=90)) -> list[Duplicate]:
    """Earlier ones like it, newest first. Asked before `register`; another one of the same pair waits until this unit ends."""
    pair = f"{tx.tenant}|{exchange.connection_id.hex}|{exchange.sender}|{exchange.receiver}|{exchange.usage}"
    await tx.conn.execute(SQL["lock_pair"], pair)
    rows = await tx.conn.fetch(
        SQL["duplicates"],
        tx.tenant,
        exchange.connection_id,
        exchange.sender,
        exchange.receiver,
        exchange.usage,
        exchange.control,
        exchange.content_sha256,
        tx.now - window,
    )
    names = ("exchange_id", "control", "same_control", "same_content", "verdict", "ack", "at")
    return [Duplicate(**{n: r[n] for n in names}) for r in rows]


async def verdicts(tx: Tx, exchanges: Sequence[UUID]) -> dict[UUID, str | None]:
    """Of those that are registered."""
    rows = await tx.conn.fetch(SQL["verdicts"], tx.tenant, list(exchanges)) if exchanges else []
    return {r["exchange_id"]: r["verdict"] for r in rows}


async def set_verdict(
    tx: Tx, exchange_id: UUID, verdict: str, errors: Sequence[Mapping[str, Any]] = (), *, whole: UUID | None = None
) -> None:
    """`whole`: the message that holds the whole interchange."""
    found = await tx.conn.fetch(SQL["set_verdict"], tx.tenant, exchange_id, verdict, [dict(e) for e in errors], whole)
    if not found:
        raise ExchangeUnknown(exchange_id=str(exchange_id))


async def keep_ack(tx: Tx, exchange_id: UUID, ack: bytes) -> None:
    """The bytes that we answered: the same ones go out again for a repeated interchange."""
    if not await tx.conn.fetch(SQL["keep_ack"], tx.tenant, exchange_id, ack):
        raise ExchangeUnknown(exchange_id=str(exchange_id))


async def kept_ack(tx: Tx, exchange_id: UUID) -> bytes | None:
    """What we answered; None: nothing yet."""
    found: bytes | None = await tx.conn.fetchval(SQL["kept_ack"], tx.tenant, exchange_id)
    return found


async def exchange(tx: Tx, exchange_id: UUID) -> asyncpg.Record:
    """exchange_id, connection_id, direction, message_id. Raises `ExchangeUnknown`."""
    row = await tx.conn.fetchrow(SQL["found"], tx.tenant, exchange_id)
    if row is None:
        raise ExchangeUnknown(exchange_id=str(exchange_id))
    return row


async def documents(tx: Tx, exchange_id: UUID) -> list[asyncpg.Record]:
    """Its sets with group_control, set_control, set_id, subject_kind, subject_id, number, document, message_id, and the exchange's
    connection_id and direction.
    """
    return list(await tx.conn.fetch(SQL["documents"], tx.tenant, exchange_id))


async def add_sets(tx: Tx, sets: Sequence[ExchangeSet]) -> list[bool]:
    """Whether each is new, in order; one that was registered before is left as it is."""
    if not sets:
        return []
    fresh = {tuple(r.values()) for r in await tx.conn.fetch(ADD_SETS, tx.tenant, *_columns(sets))}
    answers = []
    for each in sets:
        key = (each.exchange_id, each.group_control, each.set_control)
        answers.append(key in fresh)
        fresh.discard(key)
    return answers


async def judge_sets(tx: Tx, sets: Sequence[ExchangeSet]) -> None:
    """Register received sets with what became of them; a later judgement replaces an earlier one."""
    last = {(s.exchange_id, s.group_control, s.set_control): s for s in sets}
    if last:
        await tx.conn.execute(JUDGE_SETS, tx.tenant, *_columns([last[k] for k in sorted(last)]))


def _columns(sets: Sequence[ExchangeSet]) -> list[list[Any]]:
    rows = [
        (
            s.exchange_id,
            s.group_control,
            s.set_control,
            s.set_id,
            s.version,
            s.verdict,
            s.ack_state,
            s.subject_kind,
            s.subject_id,
            s.number,
            {"all": [dict(e) for e in s.errors]},
            dict(s.document) if s.document is not None else None,
            s.document_id,
            s.message_id,
        )
        for s in sets
    ]
    return [list(c) for c in zip(*rows, strict=True)]


async def acked(
    tx: Tx,
    connection_id: UUID,
    states: Mapping[str, AckState],
    *,
    interchange: str | None = None,
    group: str | None = None,
    usage: str | None = None,
) -> list[SetAcked]:
    """A partner's answer to what we sent: set control -> state, `*` for every set of the group or interchange. Empty: we
    sent nothing like it. With several exchanges that fit, the newest is meant.
    """
    exchange_id = await tx.conn.fetchval(SQL["lock_sent"], tx.tenant, connection_id, interchange, group, usage)
    if exchange_id is None:
        return []
    controls = list(states)
    rows = await tx.conn.fetch(SQL["acked"], tx.tenant, exchange_id, group, controls, [states[c] for c in controls])
    await tx.conn.execute(SQL["sum_up"], tx.tenant, exchange_id)
    return _acked(rows)


async def advised(tx: Tx, asked: Sequence[Advice]) -> list[asyncpg.Record | None]:
    """The set of ours that each means, the newest that fits: exchange_id, group_control, set_control, set_id, number, subject_kind, subject_id."""
    if not asked:
        return []
    rows = [(a.connection_id, a.group_control, a.set_control, a.set_id, a.number) for a in asked]
    found = await tx.conn.fetch(SQL["advised"], tx.tenant, *map(list, zip(*rows, strict=True)))
    return [r if r["exchange_id"] is not None else None for r in found]


async def received_as(tx: Tx, subjects: Sequence[UUID]) -> dict[UUID, list[asyncpg.Record]]:
    """Message or order -> the sets, right in form, that it came as: subject_kind, subject_id, document_id, group_control, set_control, set_id,
    number, connection_id.
    """
    found: dict[UUID, list[asyncpg.Record]] = {}
    for row in await tx.conn.fetch(SQL["received_as"], tx.tenant, list(subjects)):
        found.setdefault(row["subject_id"], []).append(row)
    return found


async def sent_numbers(tx: Tx, numbers: Sequence[str]) -> frozenset[str]:
    """Those under which a document of ours has left already."""
    return frozenset(r["number"] for r in await tx.conn.fetch(SQL["sent_numbers"], tx.tenant, list(numbers)))


async def segments(tx: Tx, documents: Sequence[UUID]) -> dict[tuple[UUID, int], asyncpg.Record]:
    """(document, position) -> raw and name of each segment; ST stands at 1."""
    rows = await tx.conn.fetch(SQL["segments"], list(documents)) if documents else []
    return {(r["document_id"], r["position"]): r for r in rows}


async def sent_as(tx: Tx, connection_id: UUID, interchange: str, usage: str | None = None) -> UUID | None:
    """The newest exchange that we sent under that control number."""
    found: UUID | None = await tx.conn.fetchval(SQL["lock_sent"], tx.tenant, connection_id, interchange, None, usage)
    return found


async def overdue(tx: Tx, exchanges: Sequence[UUID] | None = None, *, limit: int = 500) -> list[SetAcked]:
    """Mark what was not answered in time, among these or all; returns the sets."""
    only = list(exchanges) if exchanges is not None else None
    return _acked(await tx.conn.fetch(SQL["overdue"], tx.tenant, tx.now, limit, only))


def _acked(rows: Sequence[asyncpg.Record]) -> list[SetAcked]:
    return sorted(
        (SetAcked(**dict(r.items())) for r in rows), key=lambda s: (s.exchange_id, s.group_control, s.set_control)
    )
