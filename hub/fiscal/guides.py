"""Collection guides (GNRE): what a note owes to its destination, the guide by the UF's rules, what the portal said of it. Facts `gnre_guide.*`."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from secrets import randbelow
from typing import Any, ClassVar
from uuid import UUID

from hub.canon.codec import dump, load
from hub.canon.commands import GnreGuideReported, GnreRulesReported, IssueGnreGuide
from hub.canon.guide import GuidePayment, GuideRules
from hub.fiscal.contingency import key_of
from hub.fiscal.guide_plan import Due, GuideProfile, dues, fund, guide_of
from hub.fiscal.tables import FiscalTables
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.ids import new_id
from hub.kit.sqlfile import statements
from hub.ledger import Cause, append, fact

SQL = statements(__file__, "guides.sql")
FRESH = timedelta(days=1)  # how long the rules of a UF are believed
RULES_SPACE = uuid.UUID("6f2f0f6e-54c4-4b44-9a2c-2a2b8f5e7d10")

Moves = Mapping[str, frozenset[str]]
LIFE: Moves = {
    "WAITING": frozenset({"REQUESTED", "REJECTED"}),
    "REQUESTED": frozenset({"UNKNOWN", "ISSUED", "REJECTED", "PAID"}),
    "UNKNOWN": frozenset({"ISSUED", "REJECTED", "PAID"}),
    "ISSUED": frozenset({"PAID"}),
    "PAID": frozenset(),
    "REJECTED": frozenset({"WAITING", "ISSUED", "PAID"}),
    "OWN": frozenset({"PAID"}),  # no portal is asked: a person makes the UF's document and pays it
}
PAYABLE = frozenset({"ISSUED", "OWN", "PAID"})


class UnknownGuide(HubError):
    """There is no collection guide with this id."""

    code: ClassVar[str] = "NOT_FOUND"


class IllegalGuideMove(HubError):
    """A guide that is {state} cannot be {asked}."""

    code: ClassVar[str] = "ILLEGAL_MOVE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A guide that can be sent. `version` tells one asking from the next."""

    guide_id: UUID
    version: int
    connection_id: UUID
    command: IssueGnreGuide
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Owing:
    """What the guides of a note need next: `ready` to send, `unknown` rules to ask for, `own` UFs that have a document of their own."""

    ready: tuple[Ready, ...] = ()
    unknown: tuple[tuple[UUID, int, str, str], ...] = ()  # connection, environment, UF, revenue
    own: tuple[Due, ...] = ()


async def owe_guides(
    tx: Tx,
    documents: Mapping[UUID, Cause],
    profiles: Mapping[str, GuideProfile],
    tables: FiscalTables,
    *,
    unconfirmed: Collection[UUID] = (),
) -> Owing:
    """The guides of these notes, each asked for once. `profiles`: by the issuer's tax id; an issuer without one owes none here.
    `unconfirmed`: notes in contingency, which the authority may still refuse: only what stops the goods is paid for those.
    """
    rows = await _notes(tx, documents)
    owed: list[tuple[Due, GuideProfile]] = []
    own: list[tuple[Due, GuideProfile]] = []
    for row in rows:
        profile = profiles.get(row["issuer_tax_id"])
        if profile is None:
            continue
        for due in dues(row, tables, profile.registrations):
            if due.document_id in unconfirmed and due.region not in profile.before_dispatch:
                continue
            collects = tables["gnre_ufs"].find(due.issued_on, uf=due.region).text("collects_by")
            if collects == "gnre":
                owed.append((due, profile))
            else:
                own.append((due, profile))
    fresh = await _add(tx, owed, documents)
    next_ = await advance(tx, fresh, profiles, tables, documents)
    return replace(next_, own=await _by_own_document(tx, own, documents))


async def _by_own_document(
    tx: Tx, own: Sequence[tuple[Due, GuideProfile]], causes: Mapping[UUID, Cause]
) -> tuple[Due, ...]:
    """Those that are owed since now, kept like guides, so that goods wait for them and somebody can say that they are paid."""
    fresh = await _add(tx, own, causes)
    kept = await tx.conn.fetch(SQL["own"], fresh) if fresh else []
    new = {(r["fiscal_document_id"], r["region"], r["revenue"]) for r in kept}
    return tuple(due for due, _ in own if (due.document_id, due.region, due.revenue) in new)


async def _notes(tx: Tx, documents: Collection[UUID]) -> list[dict[str, Any]]:
    """Notes with their access key, also where an EPEC made them legal before they were signed."""
    rows = [dict(r.items()) for r in await tx.conn.fetch(SQL["documents"], sorted(documents))]
    return [{**r, "access_key": r["access_key"] or key_of(r["invoice"])} for r in rows]


async def _add(tx: Tx, owed: Sequence[tuple[Due, GuideProfile]], causes: Mapping[UUID, Cause]) -> list[UUID]:
    if not owed:
        return []
    rows = [
        (
            new_id(),
            d.document_id,
            d.order_id,
            d.fulfillment_id,
            p.connection_id,
            d.environment,
            d.region,
            d.revenue,
            f"{1 + randbelow(9_999_999_999)}",
            d.region in p.before_dispatch,
            d.principal,
            d.fcp,
            d.issued_on + timedelta(days=p.payment_days),
        )
        for d, p in owed
    ]
    fresh = {r["gnre_guide_id"] for r in await tx.conn.fetch(SQL["add"], *map(list, zip(*rows, strict=True)), tx.now)}
    for row, (due, _) in zip(rows, owed, strict=True):
        if row[0] in fresh:
            tx.born.add(row[0])
            said = {
                "order_id": due.order_id,
                "fulfillment_id": due.fulfillment_id,
                "fiscal_document_id": due.document_id,
                "region": due.region,
                "revenue": due.revenue,
                "amount": due.principal + due.fcp,
            }
            append(tx, [fact(tx, "gnre_guide.requested", "gnre_guide", row[0], said, causes[due.document_id])])
    return sorted(fresh)


async def advance(
    tx: Tx,
    guides: Iterable[UUID],
    profiles: Mapping[str, GuideProfile],
    tables: FiscalTables,
    causes: Mapping[UUID, Cause],
) -> Owing:
    """Waiting guides whose UF's rules are known become ready; the others say which rules they need. `causes`: by document."""
    ids = list(guides)
    rows = [dict(r.items()) for r in await tx.conn.fetch(SQL["lock"], ids) if r["state"] == "WAITING"] if ids else []
    wanted = sorted({(r["environment"], r["region"], r["revenue"]) for r in rows})
    known = await _rules(tx, wanted)
    notes = {r["fiscal_document_id"]: r for r in await _notes(tx, {r["fiscal_document_id"] for r in rows})}
    ready: list[Ready] = []
    unknown: list[tuple[UUID, int, str, str]] = []
    more: list[tuple[Due, GuideProfile]] = []
    for row in rows:
        rules = known.get((row["environment"], row["region"], row["revenue"]))
        if rules is None:
            unknown.append((row["connection_id"], row["environment"], row["region"], row["revenue"]))
            continue
        note = notes[row["fiscal_document_id"]]
        profile = profiles.get(note["issuer_tax_id"]) or GuideProfile(connection_id=row["connection_id"])
        guide, rest = guide_of(row, note, rules, profile)
        if rest:
            more.append((fund(row, rest, note, tables), profile))
        await tx.conn.execute(
            SQL["fix"], row["gnre_guide_id"], dump(guide), tx.now, guide.items[0].principal, guide.items[0].fcp
        )
        command = IssueGnreGuide(
            guide_id=row["gnre_guide_id"].hex, guide=guide, rules=rules, with_sheet=row["before_dispatch"]
        )
        cause = causes.get(row["fiscal_document_id"]) or Cause(tx.correlation_id, row["fiscal_document_id"])
        ready.append(
            Ready(
                guide_id=row["gnre_guide_id"],
                version=row["version"],
                connection_id=row["connection_id"],
                command=command,
                cause=cause,
            )
        )
    own_cause = {d.document_id: causes.get(d.document_id) or Cause(tx.correlation_id, d.document_id) for d, _ in more}
    further = await advance(tx, await _add(tx, more, own_cause), profiles, tables, causes) if more else Owing()
    return Owing(ready=(*ready, *further.ready), unknown=(*sorted(set(unknown)), *further.unknown))


async def _rules(tx: Tx, wanted: Sequence[tuple[int, str, str]]) -> dict[tuple[int, str, str], GuideRules]:
    if not wanted:
        return {}
    columns = list(map(list, zip(*wanted, strict=True)))
    rows = await tx.conn.fetch(SQL["rules"], *columns, tx.now - FRESH)
    return {(r["environment"], r["region"], r["revenue"]): load(GuideRules, r["rules"]) for r in rows}


# ------------------------------------------------------------------ what the portal said
async def keep_rules(tx: Tx, news: Sequence[tuple[GnreRulesReported, Cause]]) -> None:
    """The rules of UFs, believed for a day. Fact `gnre_rules.read` for each."""
    latest = {(n.environment, n.rules.region, n.rules.revenue): (n, cause) for n, cause in news}
    if not latest:
        return
    rows = [(*key, dump(n.rules)) for key, (n, _) in sorted(latest.items())]
    await tx.conn.execute(SQL["keep_rules"], *map(list, zip(*rows, strict=True)), tx.now)
    for (environment, region, revenue), (_, cause) in sorted(latest.items()):
        subject = uuid.uuid5(RULES_SPACE, f"{environment}:{region}:{revenue}")
        said = {"environment": environment, "region": region, "revenue": revenue}
        append(tx, [fact(tx, "gnre_rules.read", "gnre_rules", subject, said, cause)])


async def waiting_guides(tx: Tx, wanted: Sequence[tuple[int, str, str]]) -> list[UUID]:
    """Guides that wait for the rules of these (environment, UF, revenue)."""
    columns = list(map(list, zip(*wanted, strict=True)))
    return [r["gnre_guide_id"] for r in await tx.conn.fetch(SQL["waiting"], *columns)] if wanted else []


async def report_guides(tx: Tx, news: Sequence[tuple[GnreGuideReported, Cause]]) -> None:
    """What the portal, or our own checks, said of guides. News that the state already knows change nothing."""
    ids = sorted({UUID(n.guide_id) for n, _ in news})
    rows = {r["gnre_guide_id"]: dict(r.items()) for r in await tx.conn.fetch(SQL["lock"], ids)}
    for said, cause in news:
        row = rows.get(UUID(said.guide_id))
        if row is None:
            raise UnknownGuide(guide_id=said.guide_id)
        if said.status not in LIFE[row["state"]]:
            continue  # an older word than what is known
        paid = said.payment or GuidePayment()
        await tx.conn.execute(
            SQL["change"],
            row["gnre_guide_id"],
            said.status,
            tx.now,
            said.receipt,
            said.code,
            said.message,
            paid.line,
            paid.barcode,
            paid.pix,
            paid.control,
            paid.pay_until,
            paid.total,
            said.paid_on,
            said.pdf,
        )
        row["state"] = said.status
        append(
            tx,
            [
                fact(
                    tx, f"gnre_guide.{said.status.lower()}", "gnre_guide", row["gnre_guide_id"], _said(row, said), cause
                )
            ],
        )


def _said(row: Mapping[str, Any], said: GnreGuideReported) -> dict[str, Any]:
    paid = said.payment or GuidePayment()
    data = {
        n: row[n] for n in ("order_id", "fulfillment_id", "fiscal_document_id", "region", "revenue", "before_dispatch")
    }
    data |= {"code": said.code, "message": said.message, "line": paid.line, "barcode": paid.barcode, "pix": paid.pix}
    data |= {"total": paid.total, "fields": [list(f) for f in said.fields] or None, "paid_on": said.paid_on}
    return {k: v for k, v in data.items() if v is not None}


async def ask_again(tx: Tx, guide_ids: Sequence[UUID], cause: Cause) -> None:
    """Refused guides wait again for the rules of their UF, to be written anew. Raises `UnknownGuide`, `IllegalGuideMove`."""
    rows = {r["gnre_guide_id"]: r for r in await tx.conn.fetch(SQL["lock"], sorted(guide_ids))}
    for guide_id in guide_ids:
        if guide_id not in rows:
            raise UnknownGuide(guide_id=guide_id)
        if "WAITING" not in LIFE[rows[guide_id]["state"]]:
            raise IllegalGuideMove(guide_id=guide_id, state=rows[guide_id]["state"], asked="asked for again")
    await tx.conn.execute(SQL["again"], sorted(guide_ids), tx.now)
    names = ("order_id", "fulfillment_id", "fiscal_document_id", "region", "revenue")
    append(
        tx,
        [
            fact(tx, "gnre_guide.asked_again", "gnre_guide", i, {n: rows[i][n] for n in names}, cause)
            for i in sorted(guide_ids)
        ],
    )


async def guide_sheet(tx: Tx, guide_id: UUID) -> bytes | None:
    """The printed guide as the portal gave it; None before it is issued. Raises `UnknownGuide`."""
    row = await tx.conn.fetchrow(SQL["sheet"], guide_id)
    if row is None:
        raise UnknownGuide(guide_id=guide_id)
    return bytes(row["pdf"]) if row["pdf"] is not None else None


async def pay_guide(tx: Tx, guide_id: UUID, on: date, cause: Cause) -> None:
    """A person or a bank says that it is paid; told twice is told once. Raises `UnknownGuide`, `IllegalGuideMove`."""
    row = next(iter(await tx.conn.fetch(SQL["lock"], [guide_id])), None)
    if row is None:
        raise UnknownGuide(guide_id=guide_id)
    if row["state"] not in PAYABLE:
        raise IllegalGuideMove(guide_id=guide_id, state=row["state"], asked="paid")
    news = GnreGuideReported(guide_id=guide_id.hex, status="PAID", paid_on=on)
    await report_guides(tx, [(news, cause)])


async def withheld(tx: Tx, fulfillments: Sequence[UUID]) -> set[UUID]:
    """Those whose goods may not leave yet: a guide that must be paid before is not."""
    return (
        {r["fulfillment_id"] for r in await tx.conn.fetch(SQL["withheld"], list(fulfillments))}
        if fulfillments
        else set()
    )
