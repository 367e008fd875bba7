"""Interchanges of partners: each is registered and answered once; a partner's answer moves the state of what we sent."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import orjson

from hub import connections, outbox
from hub.canon.codec import dump
from hub.canon.commands import Acknowledge, AckReceived, ExchangeRead
from hub.flows.source import Source
from hub.incidents import Incidents, NewIncident
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.ledger import append, fact


async def exchanges_read(
    tx: Tx, items: Sequence[tuple[ExchangeRead, Source]], incidents: Incidents
) -> list[HubError | None]:
    """Register what came and owe its acknowledgement. A number that came before with other content is parked as an incident."""
    for said, source in items:
        exchange = _exchange(said, source)
        before = await connections.duplicates(tx, exchange)
        await connections.register(tx, exchange)
        told = {"control": said.control, "sender": said.sender, "verdict": said.verdict, "repeated": bool(before)}
        happened = fact(tx, "exchange.read", "exchange", exchange.exchange_id, told, source.cause)
        tx.born.add(exchange.exchange_id)
        append(tx, [happened])
        if any(d.same_control and not d.same_content for d in before):
            await incidents.open(tx, [_duplicate(said, source, exchange)])
        elif said.ack is not None:
            await outbox.owe(tx, [_ack(said.ack, source, exchange)])
    return [None] * len(items)


def _exchange(said: ExchangeRead, source: Source) -> connections.Exchange:
    content = hashlib.sha256(orjson.dumps(dump(said), option=orjson.OPT_SORT_KEYS)).digest()
    return connections.Exchange(
        connection_id=source.connection_id,
        direction="IN",
        sender=said.sender,
        receiver=said.receiver,
        usage="T" if said.test else "P",
        control=said.control,
        content_sha256=content,
        verdict=said.verdict,
        errors=said.errors,
        message_id=source.message_id,
    )


def _ack(ack: Mapping[str, object], source: Source, exchange: connections.Exchange) -> outbox.Delivery:
    command = Acknowledge(exchange=exchange.exchange_id.hex, ack=ack)
    return outbox.Delivery(
        destination=f"{source.connection_id.hex}:outbound",
        kind="Acknowledge",
        subject_kind="exchange",
        subject_id=exchange.exchange_id,
        payload=dump(command),
        causation_id=source.message_id,
        correlation_id=source.cause.correlation_id,
        ordering_key="acks",
        dedupe_key=f"Acknowledge:{exchange.exchange_id.hex}",
    )


def _duplicate(said: ExchangeRead, source: Source, exchange: connections.Exchange) -> NewIncident:
    return NewIncident(
        kind="duplicate_interchange",
        summary=f"{said.sender} sent the control number {said.control} again with other content; it was not answered.",
        subject_kind="exchange",
        subject_id=exchange.exchange_id,
        cause=source.cause,
    )


async def acks_received(
    tx: Tx, items: Sequence[tuple[AckReceived, Source]], incidents: Incidents
) -> list[HubError | None]:
    """Move the state of the sets that the answer speaks of; one for nothing that we sent is an incident, never guessed."""
    for said, source in items:
        states = dict(said.sets) or {"*": said.status}
        moved = await connections.acked(
            tx,
            source.connection_id,
            states,  # type: ignore[arg-type]  # the adapter's words are the states
            interchange=said.interchange_control,
            group=said.group_control,
        )
        if not moved:
            await incidents.open(tx, [_unmatched(said, source)])
        for one in moved:
            told = {"set": one.set_id, "control": one.set_control, "from": one.old, "to": one.new, "number": one.number}
            type_ = "ack.contradicted" if one.contradicts else "ack.received"
            append(tx, [fact(tx, type_, "exchange", one.exchange_id, told, source.cause)])
            if one.changed and one.new == "rejected":
                await incidents.open(tx, [_rejected(one, said, source)])
    return [None] * len(items)


def _unmatched(said: AckReceived, source: Source) -> NewIncident:
    return NewIncident(
        kind="ack_unmatched",
        summary=f"An acknowledgement for group {said.group_control or '-'}, interchange {said.interchange_control or '-'} fits nothing that we sent.",
        subject_kind="message",
        subject_id=source.message_id,
        cause=source.cause,
    )


def _rejected(one: connections.SetAcked, said: AckReceived, source: Source) -> NewIncident:
    return NewIncident(
        kind="document_rejected",
        summary=f"The partner rejected our {one.set_id} {one.number or one.set_control}.",
        subject_kind="exchange",
        subject_id=one.exchange_id,
        detail=f"{one.group_control}/{one.set_control}",
        cause=source.cause,
        data={"errors": list(said.errors)},
    )
