"""What we sent to a partner and nobody acknowledged in time: overdue, an incident, and sent once more where the profile says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from hub import connections, outbox, timers
from hub.canon.codec import dump
from hub.canon.commands import WriteDocument
from hub.flows.reactor import Deps, Flow
from hub.incidents import NewIncident
from hub.kit.db import Tx
from hub.ledger import Cause, Fact, append, fact

KIND = "ack_overdue"
RESENDS = "resends"  # the ordering key of what is sent a second time; there is no third


async def passed(tx: Tx, fired: Sequence[timers.Fired]) -> None:
    """The timers' answer: sets that still wait become overdue, a fact each."""
    by_exchange = {f.subject_id: f for f in fired}
    for late in await connections.overdue(tx, sorted(by_exchange)):
        f = by_exchange[late.exchange_id]
        said = {
            **f.payload,
            "set": late.set_id,
            "group_control": late.group_control,
            "set_control": late.set_control,
            "number": late.number,
        }
        cause = Cause(f.correlation_id, f.timer_id)
        append(tx, [fact(tx, "ack.overdue", "exchange", late.exchange_id, said, cause)])


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    await deps.incidents.open(tx, [_incident(f) for f in facts])
    owed: list[outbox.Delivery] = []
    for f in facts:
        if f.data["resend"]:
            owed += await _again(tx, f)
    await outbox.owe(tx, owed)


def resent(row: Any, *, kind: str, destination: str, cause: UUID, key: str) -> outbox.Delivery:
    """The document of a set that we sent, once more and under new numbers; the first one stays as it is."""
    command = WriteDocument(kind=kind, number=row["number"] or "", data=row["document"])
    return outbox.Delivery(
        destination=destination,
        kind="WriteDocument",
        subject_kind=row["subject_kind"],
        subject_id=row["subject_id"],
        payload=dump(command),
        causation_id=cause,
        ordering_key=RESENDS,
        dedupe_key=key,
    )


async def _again(tx: Tx, f: Fact) -> list[outbox.Delivery]:
    found = []
    for row in await connections.documents(tx, f.subject_id):
        if row["set_control"] != f.data["set_control"] or row["document"] is None:
            continue
        key = f"resend:{f.subject_id.hex}:{row['set_control']}"
        again = resent(row, kind=f.data["kind"], destination=f.data["destination"], cause=f.event_id, key=key)
        found.append(replace(again, correlation_id=f.correlation_id))
    return found


def _incident(f: Fact) -> NewIncident:
    again = " It is sent once more." if f.data["resend"] else ""
    return NewIncident(
        kind="ack_overdue",
        summary=f"The partner has not acknowledged our {f.data['set']} {f.data['number'] or f.data['set_control']} in time.{again}",
        subject_kind="exchange",
        subject_id=f.subject_id,
        detail=f"{f.data['group_control']}/{f.data['set_control']}",
        cause=f.cause,
    )


FLOW = Flow("unanswered", frozenset({"ack.overdue"}), answer)
