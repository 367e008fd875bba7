"""Notes issued to us are kept as they are distributed; what we say of one (aware, confirmed, unknown, not done) is owed to the authority."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from hub import connections, fiscal, outbox
from hub.canon.codec import dump
from hub.canon.commands import DocumentRead, RegisterInvoiceEvent
from hub.flows.source import Source
from hub.kit.db import Tx
from hub.ledger import Cause

KINDS = frozenset({"nfe", "nfe_event"})
REASONED = "NOT_DONE"  # the one stance that wants a reason
FIRST = 1  # nSeqEvento


async def keep(tx: Tx, items: Sequence[tuple[DocumentRead, Source]]) -> None:
    """Distributed notes and events become rows."""
    await fiscal.keep_distributed(
        tx,
        [
            fiscal.Distributed(
                kind=c.kind, data=c.data, connection_id=s.connection_id, message_id=s.message_id, cause=s.cause
            )
            for c, s in items
        ],
    )


async def manifest(tx: Tx, access_key: str, stance: str, cause: Cause, *, reason: str | None = None) -> UUID:
    """Owe the authority what we say of a received note; the delivery's id. Once for each stance."""
    if stance not in fiscal.STANCES:
        raise fiscal.UnknownStance(stance=stance)
    note = (await fiscal.incoming(tx, [access_key])).get(access_key)
    if note is None:
        raise fiscal.UnknownIncomingNote(access_key=access_key)
    config = {c.connection_id: c.config for c in await connections.of_tenant(tx)}[note["connection_id"]]
    subject = fiscal.note_id(access_key)
    command = RegisterInvoiceEvent(
        event_id=f"{subject.hex}:{stance}",
        kind=stance,
        access_key=access_key,
        author=str(config.get("cnpj", "")),
        at=tx.now,
        sequence=FIRST,
        text=reason if stance == REASONED else None,
    )
    owed = outbox.Delivery(
        destination=f"{note['connection_id'].hex}:outbound",
        kind="RegisterInvoiceEvent",
        subject_kind="incoming_note",
        subject_id=subject,
        payload=dump(command),
        causation_id=cause.causation_id or subject,
        correlation_id=cause.correlation_id,
        ordering_key=subject.hex,
        dedupe_key=f"RegisterInvoiceEvent:{access_key}:{stance}",
    )
    (answer,) = await outbox.owe(tx, [owed])
    return answer.delivery_id
