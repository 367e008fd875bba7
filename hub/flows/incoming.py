"""Notes issued to us are kept as they are distributed; what we say of one (aware, confirmed, unknown, not done) is owed to the authority."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from hub import connections, fiscal, outbox
from hub.canon.commands import DocumentRead, RegisterInvoiceEvent
from hub.flows.authority import to_authority
from hub.flows.reactor import Deps, Flow
from hub.flows.source import Source
from hub.kit.db import Tx
from hub.ledger import Cause, Fact

ADAPTER, WILLING, AWARE = "sefaz", "aware_of_summaries", "AWARE"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifestation:
    """What we say of one received note. `reason` goes with NOT_DONE only."""

    access_key: str
    stance: str
    cause: Cause
    reason: str | None = None


async def manifest(tx: Tx, said: Sequence[Manifestation]) -> list[UUID]:
    """Owe the authority what we say of received notes; the deliveries' ids. Once for each note and stance.
    Raises `UnknownStance`, `UnknownIncomingNote`.
    """
    for each in said:
        if each.stance not in fiscal.STANCES:
            raise fiscal.UnknownStance(stance=each.stance)
    notes = await fiscal.incoming(tx, [each.access_key for each in said])
    for each in said:
        if each.access_key not in notes:
            raise fiscal.UnknownIncomingNote(access_key=each.access_key)
    authors = {c.connection_id: str(c.config.get("cnpj", "")) for c in await connections.of_tenant(tx)}
    owed = [_delivery(tx, each, notes[each.access_key]["connection_id"], authors) for each in said]
    return [answer.delivery_id for answer in await outbox.owe(tx, owed)]


def _delivery(tx: Tx, said: Manifestation, connection_id: UUID, authors: Mapping[UUID, str]) -> outbox.Delivery:
    subject = fiscal.note_id(said.access_key)
    command = RegisterInvoiceEvent(
        event_id=f"{subject.hex}:{said.stance}",
        kind=said.stance,
        access_key=said.access_key,
        author=authors[connection_id],
        at=tx.now,
        sequence=FIRST,
        text=said.reason if said.stance == REASONED else None,
    )
    key = f"{said.access_key}:{said.stance}"
    return to_authority(connection_id, command, ("incoming_note", subject), said.cause, key, strict=False)


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    """A summary is answered with AWARE where its connection says so: only then does the authority hand out the whole note."""
    summaries = {
        f.data["access_key"]: f.cause for f in facts if not f.data["whole"] and f.data["status"] == "AUTHORIZED"
    }
    if not summaries:
        return
    willing = {c.connection_id for c in await connections.of_tenant(tx, adapter=ADAPTER) if c.config.get(WILLING)}
    notes = await fiscal.incoming(tx, sorted(summaries)) if willing else {}
    aware = [
        Manifestation(access_key=key, stance=AWARE, cause=summaries[key])
        for key, note in sorted(notes.items())
        if note["connection_id"] in willing and note["stance"] is None
    ]
    if aware:
        await manifest(tx, aware)


FLOW = Flow("incoming", frozenset({"incoming_note.read"}), answer)
