"""Request invoices, note what the authority says of them, correct rejected ones. Numbers are taken in the unit, without gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from secrets import randbelow
from typing import Any
from uuid import UUID

from hub.canon.commands import InvoiceReported
from hub.canon.invoice_json import invoice_to_json
from hub.canon.taxids import random_code
from hub.fiscal.invoice_plan import plan_invoice
from hub.fiscal.invoice_request import InvoiceRequest, PlannedInvoice
from hub.fiscal.model import FACTS, FiscalState, UnknownDocument, path
from hub.fiscal.tables import FiscalTables
from hub.kit.db import Tx
from hub.kit.ids import new_id
from hub.kit.sqlfile import statements
from hub.ledger import Cause, Fact, append, fact

Said = tuple[InvoiceReported, Cause, dict[str, Any]]  # with the row of its document, kept up to date
SQL = statements(__file__, "fiscal.sql")
LIFE_SQL = statements(__file__, "life.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceAsk:
    """A note for one fulfillment, or for none (a transfer). The request's `number`, `random_code` and `invoice_id` are placeholders: they
    are given here. `refers_to_id`: the note that this one returns. `replaces`: the note whose fate is unknown and whose goods leave with this one.
    """

    request: InvoiceRequest
    order_id: UUID | None
    fulfillment_id: UUID | None
    node_id: UUID
    connection_id: UUID
    cause: Cause
    refers_to_id: UUID | None = None
    replaces: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """A document in PENDING, to be sent, with the canonical invoice as JSON for the authority's adapter."""

    document_id: UUID
    connection_id: UUID
    cause: Cause
    invoice: Mapping[str, Any]
    earlier_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """The same of a note that was planned here."""

    document_id: UUID
    ask: InvoiceAsk
    number: int
    total: Decimal  # vNF
    invoice: Mapping[str, Any]
    earlier_key: str | None = None  # of the build before, which the authority refused

    @property
    def connection_id(self) -> UUID:
        return self.ask.connection_id

    @property
    def cause(self) -> Cause:
        return self.ask.cause


async def request(tx: Tx, asks: Sequence[InvoiceAsk], tables: FiscalTables) -> list[Numbered]:
    """Plan, number and keep these notes. `Incomplete` before any number is taken."""
    planned = [(ask, plan_invoice(_placeholder(ask.request), tables)) for ask in asks]
    series: dict[tuple[str, int, int, int], list[tuple[InvoiceAsk, PlannedInvoice]]] = {}
    for ask, plan in planned:
        note = plan.invoice
        key = (note.issuer.tax_id or "", note.environment, note.model, note.series)
        series.setdefault(key, []).append((ask, plan))
    made: list[Numbered] = []
    for key in sorted(series):
        first: int = await tx.conn.fetchval(SQL["take_numbers"], *key, len(series[key]))
        for number, (ask, plan) in enumerate(series[key], first):
            made.append(_number(ask, plan, number))
    if replaced := [(m.ask.replaces, m.document_id) for m in made if m.ask.replaces is not None]:
        await tx.conn.execute(LIFE_SQL["replace_notes"], *map(list, zip(*replaced, strict=True)), tx.now)
    await _add(tx, made)
    return made


def _placeholder(asked: InvoiceRequest) -> InvoiceRequest:
    return replace(asked, number=1, random_code=random_code(1, randbelow))


def _number(ask: InvoiceAsk, plan: PlannedInvoice, number: int) -> Numbered:
    document_id = new_id()
    note = replace(plan.invoice, number=number, random_code=random_code(number, randbelow), invoice_id=document_id.hex)
    return Numbered(document_id=document_id, ask=ask, number=number, total=plan.total, invoice=invoice_to_json(note))


async def _add(tx: Tx, made: Sequence[Numbered]) -> None:
    rows = []
    for m in made:
        note, ask = m.invoice, m.ask
        rows.append(
            (
                m.document_id,
                "NFE" if ask.request.model == 55 else "NFCE",
                ask.request.environment,
                note["issuer"]["tax_id"],
                ask.node_id,
                ask.connection_id,
                ask.request.model,
                ask.request.series,
                m.number,
                note["random_code"],
                ask.order_id,
                ask.fulfillment_id,
                ask.request.issued_at,
                m.total,
                dict(note),
                ask.request.emission_type,
                ask.request.operation,
                ask.refers_to_id,
            )
        )
    await tx.conn.execute(SQL["add"], *map(list, zip(*rows, strict=True)), tx.now)
    for m in made:
        tx.born.add(m.document_id)
        said = {
            "order_id": m.ask.order_id,
            "fulfillment_id": m.ask.fulfillment_id,
            "number": m.number,
            "series": m.ask.request.series,
            "operation": m.ask.request.operation,
            "refers_to": m.ask.refers_to_id,
            "replaces": m.ask.replaces,
        }
        clean = {k: v for k, v in said.items() if v is not None}
        append(tx, [fact(tx, "invoice.requested", "fiscal_document", m.document_id, clean, m.ask.cause)])


async def report(tx: Tx, news: Sequence[tuple[InvoiceReported, Cause]]) -> None:
    """What the authority, or our own signing, says of documents. News that the state already knows change nothing."""
    ids = [UUID(n.invoice_id) for n, _ in news]
    rows = {r["fiscal_document_id"]: dict(r.items()) for r in await tx.conn.fetch(SQL["lock"], sorted(set(ids)))}
    waves: list[list[Said]] = []  # one document is told one thing in a wave
    told: Counter[UUID] = Counter()
    for (said, cause), document_id in zip(news, ids, strict=True):
        row = rows.get(document_id)
        if row is None:
            raise UnknownDocument(document_id=document_id)
        if told[document_id] == len(waves):
            waves.append([])
        waves[told[document_id]].append((said, cause, row))
        told[document_id] += 1
    for wave in waves:
        await _report_wave(tx, wave)


async def _report_wave(tx: Tx, wave: Sequence[Said]) -> None:
    moved: list[tuple[Any, ...]] = []
    signed: list[tuple[Any, ...]] = []
    for said, cause, row in wave:
        to = FiscalState(said.status)
        way = path(FiscalState(row["state"]), to)
        if way:
            moved.append(_moved(tx, said, row, way))
            row["state"] = to.value
            append(tx, _facts(tx, said, cause, row, way))
        elif said.signed_xml is not None and row["access_key"] is None:  # legal by its EPEC before it was signed
            signed.append((row["fiscal_document_id"], said.access_key, said.signed_xml))
        else:
            continue
        row["access_key"] = said.access_key or row["access_key"]
        row["protocol"] = row["protocol"] or said.protocol
    if signed:
        await tx.conn.execute(SQL["keep_signed"], *map(list, zip(*signed, strict=True)))
    if moved:
        await tx.conn.execute(SQL["change"], *map(list, zip(*moved, strict=True)), tx.now)


def _moved(tx: Tx, said: InvoiceReported, row: Mapping[str, Any], way: Sequence[FiscalState]) -> tuple[Any, ...]:
    to = way[-1]
    return (
        row["fiscal_document_id"],
        to.value,
        said.access_key,
        None if to is FiscalState.CANCELLED and row["protocol"] else said.protocol,  # that of the event stands with it
        said.authority_code,
        said.authority_message,
        (said.at or tx.now) if to is FiscalState.AUTHORIZED else None,
        said.signed_xml,
        said.protocol_xml,
        FiscalState.CONTINGENCY in way,
    )


def _facts(
    tx: Tx, said: InvoiceReported, cause: Cause, row: Mapping[str, Any], way: Sequence[FiscalState]
) -> list[Fact]:
    data = {
        "order_id": row["order_id"],
        "fulfillment_id": row["fulfillment_id"],
        "replaced": row["replaced_by_id"],
        "unwanted": row["unwanted"],
        "refers_to": row["refers_to_id"],
        "access_key": said.access_key or row["access_key"],
        "protocol": said.protocol,
        "code": said.authority_code,
        "message": said.authority_message,
    }
    if way[-1] is FiscalState.VOID_PENDING:
        data |= {n: row[n] for n in ("issuer_tax_id", "environment", "model", "series", "number")}
    clean = {k: v for k, v in data.items() if v is not None}
    return [fact(tx, FACTS[s], "fiscal_document", row["fiscal_document_id"], clean, cause) for s in way]


async def correct(tx: Tx, document_id: UUID, ask: InvoiceAsk, tables: FiscalTables) -> Numbered:
    """A REJECTED note written again under its own number and series, with the data as they are now."""
    rows = await tx.conn.fetch(SQL["lock"], [document_id])
    if not rows:
        raise UnknownDocument(document_id=document_id)
    row = rows[0]
    path(FiscalState(row["state"]), FiscalState.PENDING)
    asked = replace(
        ask.request,
        number=row["number"],
        series=row["series"],
        random_code=random_code(row["number"], randbelow),
        invoice_id=document_id.hex,
    )
    plan = plan_invoice(asked, tables)
    invoice = invoice_to_json(plan.invoice)
    await tx.conn.execute(
        SQL["rebuild"],
        document_id,
        invoice,
        tx.now,
        asked.issued_at,
        plan.total,
        asked.random_code,
        asked.emission_type,
    )
    said = {"order_id": ask.order_id, "fulfillment_id": ask.fulfillment_id, "number": row["number"], "corrected": True}
    clean = {k: v for k, v in said.items() if v is not None}
    append(tx, [fact(tx, "invoice.requested", "fiscal_document", document_id, clean, ask.cause)])
    return Numbered(
        document_id=document_id,
        ask=ask,
        number=row["number"],
        total=plan.total,
        invoice=invoice,
        earlier_key=row["access_key"],
    )


async def renew(tx: Tx, document_id: UUID, cause: Cause) -> Renewed:
    """A REJECTED note that no dispatch asked for, written again as it is under its own number, with the time of now and a new key."""
    rows = await tx.conn.fetch(SQL["lock"], [document_id])
    if not rows:
        raise UnknownDocument(document_id=document_id)
    row = rows[0]
    path(FiscalState(row["state"]), FiscalState.PENDING)
    clock = datetime.fromisoformat(row["invoice"]["issued_at"]).tzinfo
    issued = tx.now.astimezone(clock).replace(microsecond=0)
    code = random_code(row["number"], randbelow)
    invoice = {**row["invoice"], "issued_at": issued.isoformat(), "random_code": code}
    await tx.conn.execute(
        SQL["rebuild"], document_id, invoice, tx.now, issued, row["total"], code, row["emission_type"]
    )
    said = {"number": row["number"], "corrected": True, "refers_to": row["refers_to_id"]}
    clean = {k: v for k, v in said.items() if v is not None}
    append(tx, [fact(tx, "invoice.requested", "fiscal_document", document_id, clean, cause)])
    return Renewed(
        document_id=document_id,
        connection_id=row["connection_id"],
        cause=cause,
        invoice=invoice,
        earlier_key=row["access_key"],
    )


async def of_fulfillments(tx: Tx, fulfillments: Sequence[UUID]) -> dict[UUID, Any]:
    """Fulfillment -> its newest note."""
    return {r["fulfillment_id"]: r for r in await tx.conn.fetch(SQL["of_fulfillments"], list(fulfillments))}


async def xml(tx: Tx, document_id: UUID) -> Any:
    """The signed bytes and the protocol of one document."""
    row = await tx.conn.fetchrow(SQL["xml"], document_id)
    if row is None:
        raise UnknownDocument(document_id=document_id)
    return row
