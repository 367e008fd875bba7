"""Documents for partners get their control numbers in the transaction that fixes their bytes and registers them: a rolled-back
send leaves no gap, a document that cannot be written takes no number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from hub import connections, outbox, timers
from hub.canon.commands import Acknowledge, OutwardCommand, WriteDocument
from hub.canon.ports import Account, Call, NeverTry, Outbound, Sent
from hub.flows.unanswered import KIND, RESENDS
from hub.kit.db import Tx
from hub.ledger import Cause, append, fact

MEDIA = "application/edi-x12"


def wants(command: OutwardCommand) -> bool:
    return isinstance(command, WriteDocument | Acknowledge)


async def fixed(
    tx: Tx,
    owed: outbox.Claimed,
    command: OutwardCommand,
    connection: connections.Connection,
    account: Account,
    out: Outbound,
) -> Call:
    """The call whose bytes never change again; a later try finds them on the row. Raises `NeverTry` for what cannot be written."""
    if owed.prepared is not None:
        return _again(owed.references["file"], owed.prepared)
    if isinstance(command, Acknowledge):
        answered = await connections.kept_ack(tx, UUID(command.exchange))
        if answered is not None:
            return _again(account.references.get("file", f"{command.exchange}.edi"), answered)
    if not isinstance(command, WriteDocument | Acknowledge):
        raise NeverTry("only documents and acknowledgements are numbered")
    numbers = await _numbers(tx, owed, command, connection)
    [call] = out.plan(replace(command, numbers=numbers), account)
    await outbox.progress(tx, [outbox.Progress(leased=owed.leased, prepared=call.body, references={"file": call.path})])
    if isinstance(command, Acknowledge):
        await connections.keep_ack(tx, UUID(command.exchange), call.body)
    if call.sent is not None:
        await _registered(tx, owed, command, connection, call.sent, call.body)
    return call


def _again(path: str, body: bytes) -> Call:
    return Call(key="0", operation="put", method="PUT", path=path, body=body, media_type=MEDIA, repeatable=True)


async def _numbers(
    tx: Tx, owed: outbox.Claimed, command: WriteDocument | Acknowledge, connection: connections.Connection
) -> Mapping[str, int]:
    """`isa` and the first `gs`; an answer to groups of several versions has several groups."""
    ours, usage, groups = str(connection.config.get("ours", "")), connection.config.get("usage", "P"), 1
    if isinstance(command, Acknowledge):
        usage = "T" if command.ack["test"] else "P"
        groups = max(len({(g["version"], g["sender"], g["receiver"]) for g in command.ack["groups"]}), 1)
    numbers = {"st": 1}
    for level, n in (("isa", 1), ("gs", groups)):
        taken = await connections.take(tx, connection.connection_id, ours, usage, "isa" if level == "isa" else "gs", n)
        numbers[level] = taken.numbers[0]
        if taken.wrapped:
            said = {"level": level, "ours": ours, "usage": usage}
            cause = Cause(owed.correlation_id, owed.delivery_id)
            append(tx, [fact(tx, "control_numbers.wrapped", "connection", connection.connection_id, said, cause)])
    return numbers


async def _registered(
    tx: Tx,
    owed: outbox.Claimed,
    command: WriteDocument | Acknowledge,
    connection: connections.Connection,
    sent: Sent,
    body: bytes,
) -> None:
    waits = [s.ack_within for s in sent.sets if s.ack_within is not None]
    due = (sent.hours.after(tx.now, min(waits)) if sent.hours else tx.now + min(waits)) if waits else None
    exchange = connections.Exchange(
        connection_id=connection.connection_id,
        direction="OUT",
        sender=sent.sender,
        receiver=sent.receiver,
        usage=sent.usage,
        control=sent.control,
        content_sha256=hashlib.sha256(body).digest(),
        ack_state="waiting" if waits else "none",
        ack_due=due,
        message_id=owed.delivery_id,
    )
    await connections.register(tx, exchange)
    document: Mapping[str, Any] | None = owed.payload["data"] if isinstance(command, WriteDocument) else None
    await connections.add_sets(
        tx,
        [
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
                number=command.number if isinstance(command, WriteDocument) else None,
                document=document,
                message_id=owed.delivery_id,
            )
            for s in sent.sets
        ],
    )
    if due is not None and isinstance(command, WriteDocument):
        again = sent.resend and owed.ordering_key != RESENDS
        said = {"kind": command.kind, "destination": owed.destination, "resend": again}
        await timers.set_timers(tx, [_timer(exchange, said, owed)])


def _timer(exchange: connections.Exchange, said: Mapping[str, Any], owed: outbox.Claimed) -> timers.Timer:
    if exchange.ack_due is None:
        raise ValueError("nobody answers this")
    return timers.Timer(
        kind=KIND,
        subject_kind="exchange",
        subject_id=exchange.exchange_id,
        at=exchange.ack_due,
        payload=said,
        dedupe_key=exchange.exchange_id.hex,
        correlation_id=owed.correlation_id,
        causation_id=owed.delivery_id,
    )
