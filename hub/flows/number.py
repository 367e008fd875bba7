"""Documents for partners get their control numbers in the transaction that fixes their bytes and registers them: a rolled-back
send leaves no gap, a document that cannot be written takes no number. Those of one destination are numbered together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Literal
from uuid import UUID

from hub import connections, outbox, timers
from hub.canon.commands import Acknowledge, WriteDocument
from hub.canon.ports import Call, NeverTry, Outbound, Sent, Unmapped
from hub.flows.delivery import Work
from hub.flows.reactor import Reactor
from hub.flows.unanswered import KIND, RESENDS
from hub.kit.db import Tx
from hub.ledger import append, fact

MEDIA = "application/edi-x12"
Numbered = WriteDocument | Acknowledge


@dataclass(frozen=True, slots=True)
class _Asked:
    """A work that wants a number, with what is known of it by now."""

    work: Work
    command: Numbered
    outbound: Outbound

    @property
    def usage(self) -> Literal["T", "P"]:
        if isinstance(self.command, Acknowledge):
            return "T" if self.command.ack["test"] else "P"
        return "T" if self.work.connection.config.get("usage") == "T" else "P"

    @property
    def groups(self) -> int:
        """An answer to groups of several versions has several groups."""
        if not isinstance(self.command, Acknowledge):
            return 1
        return max(len({(g["version"], g["sender"], g["receiver"]) for g in self.command.ack["groups"]}), 1)


class _Unwritable(Exception):
    """The unit is rolled back, so that the numbers are free again."""


async def prepare(reactor: Reactor, works: Sequence[Work]) -> None:
    """Works of one destination get their numbered bytes: those stored with them, else new ones, stored now, all in one unit. What cannot be
    written becomes its `refusal`.
    """
    asked: list[_Asked] = []
    for work in works:
        out, command = work.adapter.outbound, work.command
        if work.over or work.connection.shadow or out is None or not isinstance(command, Numbered):
            continue
        if work.owed.prepared is not None:
            work.fixed = _again(work.owed.references["file"], work.owed.prepared)
        else:
            asked.append(_Asked(work, command, out))
    while asked:
        try:
            async with reactor.unit(tenant=asked[0].work.connection.tenant, actor="deliver") as tx:
                calls = await _fixed(tx, asked)
        except _Unwritable:
            asked = [a for a in asked if a.work.refusal is None]
        else:
            for a, call in zip(asked, calls, strict=True):
                a.work.fixed = call
            return


async def _fixed(tx: Tx, asked: Sequence[_Asked]) -> list[Call]:
    """The calls whose bytes never change again; a later try finds them on the rows. Raises `_Unwritable` when one got a refusal."""
    known = [await _answered(tx, a) for a in asked]
    fresh = [a for a, call in zip(asked, known, strict=True) if call is None]
    made = {}
    for a, numbers in zip(fresh, await _numbers(tx, fresh), strict=True):
        try:
            [made[a.work.owed.delivery_id]] = a.outbound.plan(replace(a.command, numbers=numbers), a.work.account)
        except (NeverTry, Unmapped) as error:
            a.work.refusal = error
    if len(made) < len(fresh):
        raise _Unwritable
    pairs = [(a, made[a.work.owed.delivery_id]) for a in fresh]
    steps = [outbox.Progress(leased=a.work.owed.leased, prepared=c.body, references={"file": c.path}) for a, c in pairs]
    await outbox.progress(tx, steps)
    for a, call in pairs:
        if isinstance(a.command, Acknowledge):
            await connections.keep_ack(tx, UUID(a.command.exchange), call.body)
    await _registered(tx, [(a, c, c.sent) for a, c in pairs if c.sent is not None])
    return [call or made[a.work.owed.delivery_id] for a, call in zip(asked, known, strict=True)]


async def _answered(tx: Tx, asked: _Asked) -> Call | None:
    """The bytes of an interchange that was answered before."""
    if not isinstance(asked.command, Acknowledge):
        return None
    exchange = asked.command.exchange
    bytes_then = await connections.kept_ack(tx, UUID(exchange))
    if bytes_then is None:
        return None
    return _again(asked.work.account.references.get("file", f"{exchange}.edi"), bytes_then)


def _again(path: str, body: bytes) -> Call:
    return Call(key="0", operation="put", method="PUT", path=path, body=body, media_type=MEDIA, repeatable=True)


async def _numbers(tx: Tx, asked: Sequence[_Asked]) -> list[Mapping[str, int]]:
    """`isa` and the first `gs` of each, in their order. Test and production count apart."""
    given: list[dict[str, int]] = [{"st": 1} for _ in asked]
    for usage in ("P", "T"):
        mine = [(n, a) for n, a in enumerate(asked) if a.usage == usage]
        if mine:
            isa = iter(await _taken(tx, [a for _, a in mine], usage, "isa", len(mine)))
            gs = iter(await _taken(tx, [a for _, a in mine], usage, "gs", sum(a.groups for _, a in mine)))
            for n, a in mine:
                given[n]["isa"], (given[n]["gs"], *_) = next(isa), list(islice(gs, a.groups))
    return list(given)


async def _taken(
    tx: Tx, asked: Sequence[_Asked], usage: Literal["T", "P"], level: Literal["isa", "gs"], count: int
) -> Sequence[int]:
    connection, ours = asked[0].work.connection, str(asked[0].work.connection.config.get("ours", ""))
    taken = await connections.take(tx, connection.connection_id, ours, usage, level, count)
    if taken.wrapped:
        said = {"level": level, "ours": ours, "usage": usage}
        cause = asked[0].work.cause
        append(tx, [fact(tx, "control_numbers.wrapped", "connection", connection.connection_id, said, cause)])
    return taken.numbers


async def _registered(tx: Tx, sent: Sequence[tuple[_Asked, Call, Sent]]) -> None:
    exchanges = [_exchange(tx, a, call, s) for a, call, s in sent]
    await connections.register(tx, exchanges)
    sets, waiting = list[connections.ExchangeSet](), list[timers.Timer]()
    for (a, _, s), exchange in zip(sent, exchanges, strict=True):
        sets += _sets(a, s, exchange)
        if exchange.ack_due is not None and isinstance(a.command, WriteDocument):
            waiting.append(_timer(a, a.command, s, exchange))
    await connections.add_sets(tx, sets)
    await timers.set_timers(tx, waiting)


def _exchange(tx: Tx, asked: _Asked, call: Call, sent: Sent) -> connections.Exchange:
    waits = [s.ack_within for s in sent.sets if s.ack_within is not None]
    due = (sent.hours.after(tx.now, min(waits)) if sent.hours else tx.now + min(waits)) if waits else None
    return connections.Exchange(
        connection_id=asked.work.connection.connection_id,
        direction="OUT",
        sender=sent.sender,
        receiver=sent.receiver,
        usage=sent.usage,
        control=sent.control,
        content_sha256=hashlib.sha256(call.body).digest(),
        ack_state="waiting" if waits else "none",
        ack_due=due,
        message_id=asked.work.owed.delivery_id,
    )


def _sets(asked: _Asked, sent: Sent, exchange: connections.Exchange) -> list[connections.ExchangeSet]:
    owed = asked.work.owed
    own = asked.command if isinstance(asked.command, WriteDocument) else None
    document: Mapping[str, Any] | None = owed.payload["data"] if own is not None else None
    return [
        connections.ExchangeSet(
            exchange_id=exchange.exchange_id,
            group_control=s.group_control,
            set_control=s.set_control,
            set_id=s.set_id,
            version=s.version,
            verdict="written",
            ack_state="waiting" if s.ack_within is not None else "none",
            subject_kind=owed.subject_kind,
            subject_id=owed.subject_id,
            number=own.number if own is not None else None,
            document=document,
            message_id=owed.delivery_id,
        )
        for s in sent.sets
    ]


def _timer(asked: _Asked, command: WriteDocument, sent: Sent, exchange: connections.Exchange) -> timers.Timer:
    owed = asked.work.owed
    if exchange.ack_due is None:
        raise ValueError("nobody answers this")
    again = sent.resend and owed.ordering_key != RESENDS
    return timers.Timer(
        kind=KIND,
        subject_kind="exchange",
        subject_id=exchange.exchange_id,
        at=exchange.ack_due,
        payload={"kind": command.kind, "destination": owed.destination, "resend": again},
        dedupe_key=exchange.exchange_id.hex,
        correlation_id=owed.correlation_id,
        causation_id=owed.delivery_id,
    )
