"""An authority that is silent does not stop the goods: the mode changes, what waits is issued anew in the new mode, and afterwards every
note of the outage is brought to its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub import connections, fiscal, outbox, timers
from hub.canon.codec import dump
from hub.canon.commands import AskAuthority, AuthorityReported, AuthorizeInvoice, InvoiceReported, OutwardCommand
from hub.fiscal import Mode, Station
from hub.flows.authority import to_authority
from hub.flows.gate import request_notes
from hub.flows.joint import of_bearers
from hub.flows.reactor import Deps, Flow
from hub.flows.source import Source
from hub.incidents import NewIncident
from hub.kit.db import Tx
from hub.kit.parked import Chosen
from hub.ledger import Cause, Fact, append, fact

WATCH, DEADLINE = "watch_authority", "contingency_deadline"
EVERY = timedelta(minutes=1)
MANY = 100  # parked rows that are put back to work at once
DEADLINES = {4: "epec", 9: "offline"}  # tpEmis -> event of the table `event_windows`
WHY = "Servico de autorizacao da SEFAZ sem resposta"  # xJust
REFUSED = frozenset({"113", "114"})  # cStat: the authority that stands in is switched off


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    for f in facts:
        if f.type == "authority.silent":
            await timers.set_timers(tx, [_watch(f.subject_id, f.data["model"], tx.now, f.cause)])
        elif f.type == "contingency.entered":
            await _entered(tx, f, deps)
        elif f.type == "contingency.left":
            await _left(tx, f, deps)
        elif f.type == "invoice.rejected" and f.data.get("code") in REFUSED:
            await _stands_in_no_more(tx, f, deps)
    legal = [f for f in facts if f.type == "invoice.contingency_entered"]
    if legal:
        await _legal(tx, legal, deps)
    summaries = [f for f in facts if f.data.get("kind") == "EPEC" and f.type in SUMMARY]
    if summaries:
        await fiscal.report(tx, [(_by_summary(f), f.cause) for f in summaries])
    await deps.incidents.open(tx, [_overdue(f) for f in facts if f.type == "invoice.contingency_overdue"])


# ------------------------------------------------------------------ hearing
async def silent(tx: Tx, connection: connections.Connection, command: OutwardCommand, cause: Cause) -> None:
    """A note of normal emission was not answered: from here on its authority is watched."""
    if isinstance(command, AuthorizeInvoice) and command.invoice["emission_type"] == 1:
        await fiscal.note_silence(tx, station_of(connection, int(command.invoice["model"])), cause)


def station_of(connection: connections.Connection, model: int) -> Station:
    return Station(
        connection_id=connection.connection_id,
        model=model,
        region=str(connection.config.get("uf", "")),
        environment=int(connection.config.get("environment", 2)),
    )


async def heard(tx: Tx, items: Sequence[tuple[AuthorityReported, Source]], deps: Deps) -> None:
    """What the status services said; the hub changes the mode where the account leaves that to it."""
    known = {c.connection_id: c for c in await connections.of_tenant(tx)}
    for said, source in items:
        connection = known[source.connection_id]
        station = station_of(connection, said.model)
        row = await fiscal.note_answer(tx, station, said)
        if connection.config.get("contingency", "auto") != "auto":
            continue
        patience = timedelta(minutes=int(connection.config.get("contingency_after", 10)))
        mode = fiscal.decide(row, tx.now, patience=patience)
        if mode is not None:
            why = WHY if mode is not Mode.NORMAL else "the authority answers again"
            await fiscal.set_mode(tx, station, mode, why, by="HUB", cause=source.cause)


async def watch(tx: Tx, fired: Sequence[timers.Fired]) -> None:
    """The timer's answer: ask the status services, and look again in a minute until all is calm."""
    known = {c.connection_id: c for c in await connections.of_tenant(tx)}
    owed: list[outbox.Delivery] = []
    again: list[timers.Timer] = []
    for f in fired:
        connection, model = known.get(f.subject_id), int(f.payload["model"])
        if connection is None or connection.state == "PAUSED":
            continue
        if await fiscal.watched(tx, connection.connection_id, model):
            cause = Cause(f.correlation_id, f.timer_id)
            owed += questions(connection.connection_id, model, cause)
            again.append(_watch(connection.connection_id, model, tx.now + EVERY, cause))
    await outbox.owe(tx, owed)
    await timers.set_timers(tx, again)


def questions(connection_id: UUID, model: int, cause: Cause) -> list[outbox.Delivery]:
    """Both status services of a model; nobody stands in for an NFC-e."""
    return [
        outbox.Delivery(
            destination=f"{connection_id.hex}:status",
            kind="AskAuthority",
            subject_kind="connection",
            subject_id=connection_id,
            payload=dump(AskAuthority(model=model, standby=standby)),
            causation_id=cause.causation_id or connection_id,
            correlation_id=cause.correlation_id,
            dedupe_key=f"AskAuthority:{model}:{standby}",
        )
        for standby in ((False, True) if model == 55 else (False,))
    ]


def _watch(connection_id: UUID, model: int, at: datetime, cause: Cause) -> timers.Timer:
    return timers.Timer(
        kind=WATCH,
        subject_kind="connection",
        subject_id=connection_id,
        at=at,
        payload={"model": model},
        dedupe_key=f"{connection_id.hex}:{model}",
        correlation_id=cause.correlation_id,
        causation_id=cause.causation_id,
    )


# ------------------------------------------------------------------ switching
async def _entered(tx: Tx, f: Fact, deps: Deps) -> None:
    """What waits for the silent authority is issued anew: what was never sent gives its number up, what may have arrived is asked for later."""
    model = int(f.data["model"])
    rows = [r for r in await fiscal.waiting(tx, f.subject_id, model) if r["emission_type"] == 1 and r["fulfillment_id"]]
    unsent = {
        r["fiscal_document_id"]: ("Nota emitida de novo, em contingencia", f.cause)
        for r in rows
        if r["state"] in UNSENT
    }
    if unsent:
        await fiscal.end_notes(tx, unsent)
    away = {r["fulfillment_id"]: r["fiscal_document_id"] for r in rows if r["state"] not in UNSENT}
    members = await of_bearers(tx, [r["fulfillment_id"] for r in rows])
    asked = {i: f.cause for group in members.values() for i, _ in group}
    if asked:
        await request_notes(tx, asked, deps, model=model, replaces=away)
    await timers.set_timers(tx, [_watch(f.subject_id, model, tx.now + EVERY, f.cause)])
    await deps.incidents.open(
        tx,
        [
            NewIncident(
                kind="contingency",
                summary=f"Notes of model {model} of {f.data['region']} are issued in contingency ({f.data['mode']}): {f.data['reason']}.",
                subject_kind="connection",
                subject_id=f.subject_id,
                detail=str(model),
                cause=f.cause,
                data={"mode": f.data["mode"], "by": f.data["by"], "notes": len(rows)},
            )
        ],
    )


UNSENT = frozenset({"PENDING", "SIGNED"})


async def _left(tx: Tx, f: Fact, deps: Deps) -> None:
    """Notes that are legal without protocol leave now; those whose fate is unknown are asked for again."""
    model = int(f.data["model"])
    rows = await fiscal.to_be_sent(tx, f.subject_id, model)
    await outbox.owe(tx, [_send(r["fiscal_document_id"], r["connection_id"], r["invoice"], f.cause) for r in rows])
    unknown = await fiscal.unknown_fate(tx, f.subject_id, model)
    stuck, why = await outbox.owed_about(tx, unknown), "the authority answers again"
    for start in range(0, len(stuck), MANY):
        for changed in await outbox.retry(tx, Chosen(ids=stuck[start : start + MANY])):
            await deps.incidents.resolve_about(tx, ["delivery_parked"], "delivery", changed.id, why)
    await deps.incidents.resolve_about(tx, ["contingency"], "connection", f.subject_id, why, detail=str(model))


async def _stands_in_no_more(tx: Tx, f: Fact, deps: Deps) -> None:
    """113, 114: the authority that stands in was switched off: back to normal, and the note is written anew under its number."""
    note = (await fiscal.notes(tx, [f.subject_id]))[f.subject_id]
    known = {c.connection_id: c for c in await connections.of_tenant(tx)}
    station = station_of(known[note["connection_id"]], note["model"])
    why = f"{f.data.get('code')} {f.data.get('message')}"
    await fiscal.set_mode(tx, station, Mode.NORMAL, why, by="HUB", cause=f.cause)
    if note["fulfillment_id"] is not None:
        [group] = (await of_bearers(tx, [note["fulfillment_id"]])).values()
        await request_notes(tx, {i: f.cause for i, _ in group}, deps, model=note["model"])


# ------------------------------------------------------------------ legal, not yet sent
SUMMARY = {"invoice.event_registered": "CONTINGENCY", "invoice.event_rejected": "REJECTED"}


def _by_summary(f: Fact) -> InvoiceReported:
    """A registered EPEC makes its note legal; a refused one leaves its number to us."""
    return InvoiceReported(
        invoice_id=f.subject_id.hex,
        status=SUMMARY[f.type],
        authority_code=f.data.get("code"),
        authority_message=f.data.get("message"),
    )


async def _legal(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    """A deadline for each; what entered contingency while all is normal again leaves at once."""
    rows = await fiscal.notes(tx, [f.subject_id for f in facts])
    modes = await fiscal.stands(tx, sorted({r["connection_id"] for r in rows.values()}))
    due, owed = [], []
    for f in facts:
        row = rows[f.subject_id]
        due.append(_deadline(row, f.cause, deps))
        if (row["connection_id"], row["model"]) not in modes:
            owed.append(_send(f.subject_id, row["connection_id"], row["invoice"], f.cause))
    await timers.set_timers(tx, due)
    await outbox.owe(tx, owed)


def _send(document_id: UUID, connection_id: UUID, invoice: Any, cause: Cause) -> outbox.Delivery:
    command = AuthorizeInvoice(invoice_id=document_id.hex, invoice=invoice)
    return to_authority(connection_id, command, ("fiscal_document", document_id), cause, f"{document_id.hex}:sent")


def _deadline(row: Any, cause: Cause, deps: Deps) -> timers.Timer:
    invoice = row["invoice"]
    window = deps.tables["event_windows"].find(
        row["issued_at"].date(),
        event=DEADLINES[row["emission_type"]],
        model=str(row["model"]),
        uf=invoice["issuer"]["region"],
    )
    return timers.Timer(
        kind=DEADLINE,
        subject_kind="fiscal_document",
        subject_id=row["fiscal_document_id"],
        at=row["issued_at"] + timedelta(hours=float(window.number("hours"))),
        payload={},
        dedupe_key=row["fiscal_document_id"].hex,
        correlation_id=cause.correlation_id,
        causation_id=cause.causation_id,
    )


async def overdue(tx: Tx, fired: Sequence[timers.Fired]) -> None:
    """The deadline of a note in contingency has come: a fact where it has not reached the authority."""
    rows = await fiscal.notes(tx, [f.subject_id for f in fired])
    for f in fired:
        row = rows[f.subject_id]
        if row["state"] in ("CONTINGENCY", "SENT", "UNKNOWN"):
            said = {"order_id": row["order_id"]} if row["order_id"] else {}
            cause = Cause(f.correlation_id, f.timer_id)
            append(tx, [fact(tx, "invoice.contingency_overdue", "fiscal_document", f.subject_id, said, cause)])


def _overdue(f: Fact) -> NewIncident:
    return NewIncident(
        kind="contingency_not_sent",
        summary="A note issued in contingency has not reached the authority in the time that the law gives.",
        subject_kind="fiscal_document",
        subject_id=f.subject_id,
        order_id=UUID(f.data["order_id"]) if f.data.get("order_id") else None,
        cause=f.cause,
    )


FLOW = Flow(
    "contingency",
    frozenset(
        {
            "authority.silent",
            "contingency.entered",
            "contingency.left",
            "invoice.contingency_entered",
            "invoice.contingency_overdue",
            "invoice.event_registered",
            "invoice.event_rejected",
            "invoice.rejected",
        }
    ),
    answer,
)
