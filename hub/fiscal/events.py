"""What we tell the authority of a note that is authorized: cancellation, correction, delivery, events of the tax reform. Checked before it is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from uuid import UUID

from hub.canon.commands import InvoiceEventReported, RegisterInvoiceEvent
from hub.fiscal.commands import Numbered, Renewed
from hub.fiscal.contingency import key_of
from hub.fiscal.model import FiscalState, UnknownDocument
from hub.fiscal.tables import FiscalTables
from hub.fiscal.windows import NotOffered, check_window
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.ids import new_id
from hub.kit.sqlfile import statements
from hub.ledger import Cause, append, fact

SQL = statements(__file__, "life.sql")
TEXTS: Mapping[str, tuple[int, int]] = {
    "CANCEL": (15, 255),
    "SUBSTITUTED": (15, 255),
    "CORRECT": (15, 1000),
}  # xJust, xCorrecao
MOST = {"CANCEL": 1, "SUBSTITUTED": 1, "CORRECT": 20, "INTERESTED": 20}  # nSeqEvento
WINDOWS = {"CANCEL": "cancel", "SUBSTITUTED": "substitute", "CORRECT": "correct"}
UNDOES = {"UNDO_DELIVERED": "DELIVERED", "UNDO_UNDELIVERED": "UNDELIVERED"}
OF_GOODS = {"INTERESTED", "DELIVERED", "UNDELIVERED", *UNDOES}  # what an NFC-e has not: its goods left with the buyer
NFE, NFCE, OFFLINE = 55, 65, 9


class NotAuthorizedYet(HubError):
    """Only an authorized note can be changed at the authority; this one is {state}."""

    code: ClassVar[str] = "NOT_AUTHORIZED"


class BadEventText(HubError):
    """The text for the authority has {least} to {most} characters, not {length}."""

    code: ClassVar[str] = "TEXT_LENGTH"


class EventWaits(HubError):
    """The authority has not answered the last {kind} of this note yet."""

    code: ClassVar[str] = "EVENT_WAITS"


class TooManyEvents(HubError):
    """A note has at most {most} events of the kind {kind}."""

    code: ClassVar[str] = "TOO_MANY_EVENTS"


class NothingToUndo(HubError):
    """No event {kind} of this note is registered that could be taken back."""

    code: ClassVar[str] = "NOTHING_TO_UNDO"


class NotASubstitute(HubError):
    """A note is only substituted by an authorized NFC-e of the same issuer that left off-line."""

    code: ClassVar[str] = "NOT_A_SUBSTITUTE"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventAsk:
    """`kind` as in `RegisterInvoiceEvent`; `details`: what it says besides its text; `substitute_id`: the note of a SUBSTITUTED."""

    document_id: UUID
    kind: str
    cause: Cause
    text: str | None = None
    details: Mapping[str, Any] | None = None
    substitute_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventOwed:
    """An event that is kept and must be sent."""

    event_id: UUID
    document_id: UUID
    connection_id: UUID
    command: RegisterInvoiceEvent
    cause: Cause


async def ask_events(tx: Tx, asks: Sequence[EventAsk], tables: FiscalTables) -> list[EventOwed]:
    """Keep these events, at most one of a kind for a note. Raises the first thing that is wrong, before anything is written."""
    ids = sorted({a.document_id for a in asks})
    others = [a.substitute_id for a in asks if a.substitute_id is not None]
    substitutes = {r["fiscal_document_id"]: r for r in await tx.conn.fetch(SQL["lock_notes"], others)} if others else {}
    rows = {r["fiscal_document_id"]: r for r in await tx.conn.fetch(SQL["lock_notes"], ids)}
    told = {(r["fiscal_document_id"], r["kind"]): r for r in await tx.conn.fetch(SQL["sequences"], ids)}
    owed = []
    for ask in asks:
        row = rows.get(ask.document_id)
        if row is None:
            raise UnknownDocument(document_id=ask.document_id)
        undone = told.get((ask.document_id, UNDOES.get(ask.kind, "")))
        whole = replace(ask, details=_details(ask, row, undone, substitutes.get(ask.substitute_id)))
        owed.append(_owed(tx, whole, row, told.get((ask.document_id, ask.kind)), tables))
    columns = [
        (o.event_id, o.document_id, o.command.kind, o.command.sequence, o.command.text, o.command.details) for o in owed
    ]
    await tx.conn.execute(SQL["add_events"], *map(list, zip(*columns, strict=True)), tx.now)
    for o in owed:
        row = rows[o.document_id]
        said = {
            "order_id": row["order_id"],
            "fulfillment_id": row["fulfillment_id"],
            "kind": o.command.kind,
            "sequence": o.command.sequence,
            "text": o.command.text,
        }
        clean = {k: v for k, v in said.items() if v is not None}
        append(tx, [fact(tx, "invoice.event_asked", "fiscal_document", o.document_id, clean, o.cause)])
    return owed


async def ask_epec(tx: Tx, numbered: Sequence[Numbered | Renewed]) -> list[EventOwed]:
    """The summaries of notes that leave in contingency before the authority can be asked (EPEC)."""
    owed = [
        EventOwed(
            event_id=(event_id := new_id()),
            document_id=n.document_id,
            connection_id=n.connection_id,
            command=RegisterInvoiceEvent(
                event_id=event_id.hex,
                kind="EPEC",
                access_key=key_of(n.invoice),
                author=n.invoice["issuer"]["tax_id"],
                at=tx.now,
                invoice_id=n.document_id.hex,
                invoice=n.invoice,
            ),
            cause=n.cause,
        )
        for n in numbered
    ]
    if owed:
        columns = [(o.event_id, o.document_id, "EPEC", 1, None, None) for o in owed]
        await tx.conn.execute(SQL["add_events"], *map(list, zip(*columns, strict=True)), tx.now)
    return owed


def _details(ask: EventAsk, row: Any, undone: Any, substitute: Any) -> Mapping[str, Any] | None:
    """With what only the hub knows: the key of the substitute, the protocol of the event that is taken back."""
    if ask.kind in OF_GOODS and row["model"] != NFE:
        raise NotOffered(what=ask.kind.lower(), model=row["model"], region=row["invoice"]["issuer"]["region"])
    if ask.kind in UNDOES:
        if undone is None or undone["protocol"] is None:
            raise NothingToUndo(kind=UNDOES[ask.kind])
        return {"protocol": undone["protocol"]}
    if ask.kind != "SUBSTITUTED":
        return ask.details
    if substitute is None or substitute["fiscal_document_id"] == row["fiscal_document_id"] or _unfit(substitute, row):
        raise NotASubstitute
    return {"substitute": substitute["access_key"]}


def _unfit(substitute: Any, row: Any) -> bool:
    as_due = {"state": FiscalState.AUTHORIZED, "model": NFCE, "emission_type": OFFLINE}
    same = ("issuer_tax_id", "environment")
    return any(substitute[n] != v for n, v in as_due.items()) or any(substitute[n] != row[n] for n in same)


def _owed(tx: Tx, ask: EventAsk, row: Any, told: Any, tables: FiscalTables) -> EventOwed:
    if row["state"] != FiscalState.AUTHORIZED:
        raise NotAuthorizedYet(state=row["state"])
    if told is not None and told["waits"]:
        raise EventWaits(kind=ask.kind)
    sequence = (told["highest"] if told is not None else 0) + 1
    most = MOST.get(ask.kind, 99)
    if sequence > most:
        raise TooManyEvents(kind=ask.kind, most=most)
    if ask.kind in TEXTS:
        least, longest = TEXTS[ask.kind]
        length = len((ask.text or "").strip())
        if not least <= length <= longest:
            raise BadEventText(least=least, most=longest, length=length)
    if ask.kind in WINDOWS:
        check_window(
            tables,
            WINDOWS[ask.kind],
            model=row["model"],
            region=row["invoice"]["issuer"]["region"],
            authorized_at=row["authorized_at"],
            now=tx.now,
        )
    event_id = new_id()
    command = RegisterInvoiceEvent(
        event_id=event_id.hex,
        kind=ask.kind,
        access_key=row["access_key"],
        author=row["issuer_tax_id"],
        at=tx.now,
        invoice_id=row["fiscal_document_id"].hex,
        sequence=sequence,
        text=ask.text.strip() if ask.text else None,
        protocol=row["protocol"],
        details=ask.details,
    )
    return EventOwed(
        event_id=event_id,
        document_id=ask.document_id,
        connection_id=row["connection_id"],
        command=command,
        cause=ask.cause,
    )


async def report_events(tx: Tx, news: Sequence[tuple[InvoiceEventReported, Cause]]) -> None:
    """What the authority said of events of ours; an event that has ended changes no more. Facts `invoice.event_registered`, `_rejected`."""
    ours = {UUID(n.event_id): (n, c) for n, c in news if n.invoice_id is not None}
    if not ours:
        return
    rows = [
        (
            i,
            UUID(n.invoice_id or ""),
            n.kind,
            n.sequence,
            n.status,
            n.protocol,
            n.authority_code,
            n.authority_message,
            (n.at or tx.now) if n.status == "REGISTERED" else None,
            n.xml,
        )
        for i, (n, _) in ours.items()
    ]
    found = await tx.conn.fetch(SQL["report_events"], *map(list, zip(*rows, strict=True)), tx.now)
    changed = {r["fiscal_event_id"] for r in found}
    ids = [UUID(n.invoice_id or "") for i, (n, _) in ours.items() if i in changed]
    notes = {r["fiscal_document_id"]: r for r in await tx.conn.fetch(SQL["documents_of_events"], ids)}
    for i, (n, cause) in ours.items():
        if i not in changed or n.status == "UNKNOWN":
            continue
        note = notes[UUID(n.invoice_id or "")]
        said = {
            "order_id": note["order_id"],
            "fulfillment_id": note["fulfillment_id"],
            "access_key": note["access_key"],
            "kind": n.kind,
            "sequence": n.sequence,
            "protocol": n.protocol,
            "code": n.authority_code,
            "message": n.authority_message,
        }
        clean = {k: v for k, v in said.items() if v is not None}
        type_ = f"invoice.event_{n.status.lower()}"
        append(tx, [fact(tx, type_, "fiscal_document", note["fiscal_document_id"], clean, cause)])
