"""Interchanges of partners: registered once, before anything in them is applied; answered once, a repeated one with the same bytes.
A number that came with other content, and a sender that we do not know, go no further.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid5

from hub import connections, inbox, orders, outbox
from hub.canon.codec import dump
from hub.canon.commands import Acknowledge, CaptureOrder, DocumentRead, ExchangeRead, InwardCommand
from hub.canon.ports import Envelope, TryAgain
from hub.flows.source import Inapplicable, NotYet, Source
from hub.incidents import Incidents, NewIncident
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.ledger import append, fact

WINDOW = timedelta(days=90)
REPEATED, STRANGER = "duplicate", "unknown_sender"  # verdicts of what is not applied


class DuplicateInterchange(HubError):
    """The control number {control} came before with other content; nothing of this was applied."""

    code: ClassVar[str] = "DUPLICATE_INTERCHANGE"


class UnknownSender(HubError):
    """The sender {sender} is none of this account's partner; nothing of this was applied, nothing was answered."""

    code: ClassVar[str] = "UNKNOWN_SENDER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A message of an interchange with its source; `commands` and `failure`: what came of reading and applying it."""

    envelope: Envelope
    source: Source
    commands: Sequence[InwardCommand] = ()
    failure: HubError | None = None


def exchange_of(envelope: Envelope, connection_id: UUID) -> UUID | None:
    """The id of the exchange that a message belongs to: the same interchange on the same connection has the same one."""
    key = envelope.headers.get("x12-exchange")
    return uuid5(connection_id, key) if key else None


async def admitted(tx: Tx, arrived: Sequence[Arrived], incidents: Incidents) -> dict[UUID, HubError | None]:
    """Exchange -> why nothing in it may be applied, or None. Registers those seen for the first time."""
    first: dict[UUID, Arrived] = {}
    for each in arrived:
        exchange_id = exchange_of(each.envelope, each.source.connection_id)
        if exchange_id is not None:
            first.setdefault(exchange_id, each)
    known = await connections.verdicts(tx, sorted(first))  # the batches of one file need not wait for each other
    return {
        i: _refused(known[i], first[i].envelope) if i in known else await _admit(tx, i, first[i], incidents)
        for i in sorted(first)
    }


def _refused(verdict: str | None, envelope: Envelope) -> HubError | None:
    if verdict == REPEATED:
        return DuplicateInterchange(control=envelope.headers["x12-control"])
    return UnknownSender(sender=envelope.headers["x12-sender"]) if verdict == STRANGER else None


async def _admit(tx: Tx, exchange_id: UUID, arrived: Arrived, incidents: Incidents) -> HubError | None:
    h, source = arrived.envelope.headers, arrived.source
    exchange = connections.Exchange(
        exchange_id=exchange_id,
        connection_id=source.connection_id,
        direction="IN",
        sender=h["x12-sender"],
        receiver=h["x12-receiver"],
        usage="T" if h["x12-test"] == "true" else "P",
        control=h["x12-control"],
        content_sha256=bytes.fromhex(h["x12-content"]),
        message_id=source.message_id,
    )
    days = h.get("x12-window", "")
    window = timedelta(days=int(days)) if days.isdigit() else WINDOW
    before = await connections.duplicates(tx, exchange, window=window)
    own = next((d for d in before if d.exchange_id == exchange_id), None)
    verdict = own.verdict if own else _verdict(h, before)
    refused = _refused(verdict, arrived.envelope)
    if own is None:
        tx.born.add(exchange_id)
        await connections.register(tx, [exchange])
        if verdict is not None:
            await connections.set_verdict(tx, exchange_id, verdict)
        if refused is not None:
            await incidents.open(tx, [_refusal(refused, exchange, source)])
    return refused


def _verdict(headers: Mapping[str, str], before: Sequence[connections.Duplicate]) -> str | None:
    if headers["x12-known"] != "true":
        return STRANGER
    by_number = headers["x12-duplicates"] != "by_content"
    if by_number and any(d.same_control and not d.same_content and d.verdict != REPEATED for d in before):
        return REPEATED
    return None


async def exchanges_read(
    tx: Tx, items: Sequence[tuple[ExchangeRead, Source]], incidents: Incidents
) -> list[HubError | None]:
    """The envelope's verdict is kept and its acknowledgement owed; a duplicate number is told so, a stranger nothing."""
    outcomes: list[HubError | None] = []
    for said, source in items:
        if source.exchange_id is None:
            outcomes.append(Inapplicable("this envelope belongs to no message of an interchange"))
            continue
        refused = source.refused
        ack = said.ack if refused is None else said.if_duplicate if isinstance(refused, DuplicateInterchange) else None
        if refused is None:
            await connections.set_verdict(tx, source.exchange_id, said.verdict, said.errors, whole=source.message_id)
        told = {"control": said.control, "sender": said.sender, "verdict": said.verdict, "refused": refused is not None}
        append(tx, [fact(tx, "exchange.read", "exchange", source.exchange_id, told, source.cause)])
        if ack is not None:
            await outbox.owe(tx, [_ack(source.exchange_id, ack, source.connection_id, source.message_id)])
        outcomes.append(refused if isinstance(refused, UnknownSender) else None)
    return outcomes


def _ack(exchange_id: UUID, ack: Mapping[str, Any], connection_id: UUID, cause: UUID) -> outbox.Delivery:
    return outbox.Delivery(
        destination=f"{connection_id.hex}:outbound",
        kind="Acknowledge",
        subject_kind="exchange",
        subject_id=exchange_id,
        payload=dump(Acknowledge(exchange=exchange_id.hex, ack=ack)),
        causation_id=cause,
        ordering_key="acks",
        dedupe_key=f"Acknowledge:{exchange_id.hex}",
    )


async def repeated(tx: Tx, connection_id: UUID, envelopes: Sequence[Envelope], kept: Sequence[inbox.Received]) -> int:
    """An interchange that came before, byte for byte: its acknowledgement may be lost, the same bytes are owed again. Returns how many."""
    again = 0
    for envelope, one in zip(envelopes, kept, strict=True):
        exchange_id = exchange_of(envelope, connection_id)
        closing = envelope.dedupe_key == envelope.headers.get("x12-exchange")
        if one.new or exchange_id is None or not closing:
            continue
        await owe_again(tx, exchange_id, connection_id, one.message_id)
        again += 1
    return again


async def owe_again(tx: Tx, exchange_id: UUID, connection_id: UUID, cause: UUID) -> None:
    """The acknowledgement that was given once goes out again, byte for byte; without one nothing does."""
    if await connections.kept_ack(tx, exchange_id) is not None:
        await outbox.owe(tx, [_ack(exchange_id, {}, connection_id, cause)])


async def sets_judged(tx: Tx, arrived: Sequence[Arrived]) -> None:
    """What became of each received set, for whoever looks: verdict, errors, canonical document, our order. What is put off is not judged yet."""
    final = [a for a in arrived if "x12-set" in a.envelope.headers and not isinstance(a.failure, NotYet | TryAgain)]
    names = {(a.source.channel, c.draft.external_id) for a in final for c in a.commands if isinstance(c, CaptureOrder)}
    known = await orders.by_external(tx, sorted(names)) if names else {}
    sets = []
    for a in final:
        exchange_id = exchange_of(a.envelope, a.source.connection_id)
        if exchange_id is not None:
            sets.append(_judged(exchange_id, a, known))
    await connections.judge_sets(tx, sets)


def _judged(exchange_id: UUID, a: Arrived, known: Mapping[tuple[str, str], UUID]) -> connections.ExchangeSet:
    h, failure = a.envelope.headers, a.failure
    faults: Sequence[Mapping[str, Any]] = ()
    if failure is not None:
        faults = failure.data.get("faults") or getattr(failure, "problems", None) or ()
    if failure is not None and not faults:
        faults = ({"code": failure.code, "message": failure.sentence()},)
    number, document = document_of(a.commands)
    if number is None and failure is not None:
        number = failure.data.get("number")
    drafts = [c.draft for c in a.commands if isinstance(c, CaptureOrder)]
    order_id = next((i for d in drafts if (i := known.get((a.source.channel, d.external_id)))), None)
    return connections.ExchangeSet(
        exchange_id=exchange_id,
        group_control=h["x12-group"],
        set_control=h["x12-set-control"],
        set_id=h["x12-set"],
        version=h["x12-version"],
        verdict=h["x12-verdict"],
        subject_kind="order" if order_id else "message",
        subject_id=order_id or a.source.message_id,
        number=number,
        errors=tuple(faults),
        document=document,
        message_id=a.source.message_id,
    )


def document_of(commands: Sequence[InwardCommand]) -> tuple[str | None, Mapping[str, Any] | None]:
    """(number, canonical form as JSON) of what a set says."""
    for c in commands:
        if isinstance(c, CaptureOrder):
            return c.draft.number or c.draft.external_id, dump(c.draft)
        if isinstance(c, DocumentRead):
            return c.number, dump(c.data)
    return None, None


def _refusal(refused: HubError, exchange: connections.Exchange, source: Source) -> NewIncident:
    return NewIncident(
        kind="unknown_partner" if isinstance(refused, UnknownSender) else "duplicate_interchange",
        summary=f"{exchange.sender} {exchange.control}: {refused.sentence()}",
        subject_kind="exchange",
        subject_id=exchange.exchange_id,
        cause=source.cause,
        data={"sender": exchange.sender, "receiver": exchange.receiver, "control": exchange.control},
    )
