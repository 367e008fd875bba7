"""An authorized note is told to its buyer by e-mail, with XML and DANFE, where a connection of the adapter `mail` says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from hub import catalog, connections, fiscal, notices, orders, outbox
from hub.canon.codec import dump
from hub.canon.commands import OutwardCommand
from hub.canon.notice import Attachment, SendNotice
from hub.flows.paper import NotPrinted, Paper
from hub.flows.reactor import Deps, Flow
from hub.kit.db import Database, Tx
from hub.kit.errors import HubError
from hub.ledger import Fact

ADAPTER, WILLING, LANGUAGE = "mail", "invoices", "language"


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    """One mail a note, to who ordered; an order without an address of e-mail is told nothing."""
    mail = next((c for c in await connections.of_tenant(tx, adapter=ADAPTER) if c.config.get(WILLING)), None)
    about = {f.subject_id: f for f in facts if f.data.get("order_id")}
    if mail is None or not about:
        return
    notes = await fiscal.notes(tx, list(about))
    heads = await orders.heads(tx, {UUID(f.data["order_id"]) for f in about.values()})
    emails = await catalog.emails(tx, [h["customer_id"] for h in heads.values() if h["customer_id"]])
    tellings, commands = [], []
    for document_id, note in sorted(notes.items()):
        head = heads.get(note["order_id"])
        to = emails.get(head["customer_id"]) if head else None
        if head is None or not to or note["access_key"] is None:
            continue
        values = {n: str(note[n]) for n in ("number", "series", "access_key")}
        values |= {"order": head["number"], "name": head["customer_name"] or "", "total": f"{note['total']:.2f}"}
        values["sender"] = str(mail.config.get("sender_name") or mail.config.get("sender") or "")
        subject, text = notices.worded("invoice", str(mail.config.get(LANGUAGE) or "pt"), values)
        tellings.append(
            notices.Telling(
                connection_id=mail.connection_id,
                medium="EMAIL",
                template="invoice",
                recipient=to,
                subject_kind="fiscal_document",
                subject_id=document_id,
                order_id=note["order_id"],
                subject=subject,
                cause=about[document_id].cause,
            )
        )
        commands.append(SendNotice(notice_id="", to=to, subject=subject, text=text, document_id=document_id.hex))
    told = await notices.tell(tx, tellings)
    await outbox.owe(
        tx,
        [
            _delivery(replace(command, notice_id=notice.hex), notice, telling)
            for notice, telling, command in zip(told, tellings, commands, strict=True)
            if notice is not None
        ],
    )


def _delivery(command: SendNotice, notice_id: UUID, telling: notices.Telling) -> outbox.Delivery:
    return outbox.Delivery(
        destination=f"{telling.connection_id.hex}:outbound",
        kind="SendNotice",
        subject_kind="notice",
        subject_id=notice_id,
        payload=dump(command),
        causation_id=telling.cause.causation_id or notice_id,
        correlation_id=telling.cause.correlation_id,
        dedupe_key=f"SendNotice:{notice_id.hex}",
    )


async def attached(db: Database, paper: Paper, tenant: int, command: OutwardCommand) -> OutwardCommand:
    """The notice with its files, read when it leaves: XML always, the printed form where printing is installed."""
    if not isinstance(command, SendNotice) or command.document_id is None:
        return command
    async with db.unit(tenant=tenant, actor="deliver") as tx:
        key = (await fiscal.notes(tx, [UUID(command.document_id)]))[UUID(command.document_id)]["access_key"]
        sheet = await paper.sheet(tx, UUID(command.document_id))
    files = [Attachment(name=f"{key}-procNFe.xml", media_type="application/xml", body=sheet.xml)]
    try:
        files.append(Attachment(name=f"{key}.pdf", media_type="application/pdf", body=await paper.pdf(sheet)))
    except NotPrinted:
        pass
    except HubError as error:
        if error.code != "DANFE_UNAVAILABLE":
            raise
    return replace(command, attachments=tuple(files))


FLOW = Flow("notify", frozenset({"invoice.authorized"}), answer)
