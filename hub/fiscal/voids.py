"""Numbers that no note will ever have: given up, joined with their neighbours, voided at the authority (inutilização); and the account of every series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar
from uuid import UUID

from hub.canon.commands import NumbersReported, VoidNumbers
from hub.fiscal.model import FACTS, FiscalState
from hub.fiscal.tables import FiscalTables
from hub.fiscal.windows import check_void
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.ids import new_id
from hub.kit.sqlfile import statements
from hub.ledger import Cause, append, fact

SQL = statements(__file__, "life.sql")
REASON = "Numeracao nao utilizada por falha na emissao do documento"  # xJust
LEAST, MOST = 15, 255
LONGEST = 1000  # numbers of one request


class NumbersUsed(HubError):
    """These numbers belong to notes and cannot be voided: {numbers}"""

    code: ClassVar[str] = "NUMBERS_USED"


class BadRange(HubError):
    """The range {first} to {last} of series {series} cannot be voided: {reason}."""

    code: ClassVar[str] = "BAD_RANGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One issuer's numbers of one model and series."""

    issuer: str  # CNPJ
    environment: int
    model: int
    number: int  # serie


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidOwed:
    """A range that is kept and must be sent."""

    void_id: UUID
    connection_id: UUID
    command: VoidNumbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What became of the numbers of a series: `taken` of them, each in one of the other counts. `missing`: explained by nothing."""

    series: Series
    taken: int
    used: int
    denied: int
    voided: int
    given_up: int
    open: int
    missing: tuple[int, ...]


async def void_given_up(tx: Tx, series: Series) -> list[VoidOwed]:
    """Ask for every number of the series that was given up and not yet asked for: neighbours of one year in one request."""
    key = (series.issuer, series.model, series.number, series.environment)
    rows = await tx.conn.fetch(SQL["given_up"], *key)
    return await _ask(tx, series, [(*r, REASON) for r in _ranges(rows)])


def _ranges(rows: Sequence[Any]) -> list[tuple[UUID, int, int, int]]:
    """(connection, year, first, last) of neighbours."""
    found: list[tuple[UUID, int, int, int]] = []
    for row in rows:
        connection, year, number = row["connection_id"], row["issued_at"].year, row["number"]
        if found and found[-1][:2] == (connection, year) and found[-1][3] == number - 1 < found[-1][2] + LONGEST - 1:
            found[-1] = (*found[-1][:3], number)
        else:
            found.append((connection, year, number, number))
    return found


async def void_range(
    tx: Tx,
    series: Series,
    connection_id: UUID,
    *,
    region: str,
    first: int,
    last: int,
    reason: str,
    tables: FiscalTables,
) -> VoidOwed:
    """A person gives up these numbers. Raises `BadRange`, `NumbersUsed`, `WindowClosed`; numbers never taken are not voided, they are used."""
    highest = (
        await tx.conn.fetchval(SQL["next_number"], series.issuer, series.environment, series.model, series.number) or 1
    )
    reason = reason.strip()
    bad = {"series": series.number, "first": first, "last": last}
    if not 1 <= first <= last or last - first >= LONGEST:
        raise BadRange(**bad, reason=f"it has 1 to {LONGEST} numbers")
    if last >= highest:
        raise BadRange(**bad, reason=f"the next number of the series is {highest}")
    if not LEAST <= len(reason) <= MOST:
        raise BadRange(**bad, reason=f"the reason has {LEAST} to {MOST} characters")
    key = (series.issuer, series.environment, series.model, series.number)
    used = await tx.conn.fetch(SQL["used_numbers"], *key, first, last)
    if used:
        raise NumbersUsed(numbers=", ".join(f"{r['number']} ({r['state']})" for r in used))
    on = await tx.conn.fetchval(SQL["taken_on"], *key, first, last) or tx.now
    taken = date(on.year, on.month, on.day)
    check_void(tables, model=series.model, region=region, taken_on=taken, today=tx.now.date())
    return (await _ask(tx, series, [(connection_id, taken.year, first, last, reason)]))[0]


async def _ask(tx: Tx, series: Series, ranges: Sequence[tuple[UUID, int, int, int, str]]) -> list[VoidOwed]:
    owed = [
        VoidOwed(
            void_id=(void_id := new_id()),
            connection_id=connection,
            command=VoidNumbers(
                request_id=void_id.hex,
                issuer=series.issuer,
                model=series.model,
                series=series.number,
                year=year,
                first=first,
                last=last,
                reason=reason,
            ),
        )
        for connection, year, first, last, reason in ranges
    ]
    columns = [
        (
            o.void_id,
            o.connection_id,
            series.issuer,
            series.environment,
            series.model,
            series.number,
            o.command.year,
            o.command.first,
            o.command.last,
            o.command.reason,
        )
        for o in owed
    ]
    if columns:
        await tx.conn.execute(SQL["add_voids"], *map(list, zip(*columns, strict=True)), tx.now)
    return owed


async def report_numbers(tx: Tx, news: Sequence[tuple[NumbersReported, Cause]]) -> None:
    """What the authority said of ranges: voided numbers end their documents; a refused range is a fact `numbers.void_rejected`."""
    ids = sorted({UUID(n.request_id) for n, _ in news})
    rows = {r["fiscal_void_id"]: r for r in await tx.conn.fetch(SQL["lock_voids"], ids)}
    for said, cause in news:
        row = rows.get(UUID(said.request_id))
        if row is None or row["state"] != "ASKED" or said.status not in ("VOIDED", "REJECTED"):
            continue
        await _report_one(tx, said, cause, row)


async def _report_one(tx: Tx, said: NumbersReported, cause: Cause, row: Any) -> None:
    at = (said.at or tx.now) if said.status == "VOIDED" else None
    await tx.conn.execute(
        SQL["report_void"],
        row["fiscal_void_id"],
        said.status,
        said.protocol,
        said.authority_code,
        said.authority_message,
        at,
        said.xml,
    )
    data = {
        **{n: row[n] for n in ("issuer_tax_id", "model", "series", "first", "last")},
        "protocol": said.protocol,
        "code": said.authority_code,
        "message": said.authority_message,
    }
    clean = {k: v for k, v in data.items() if v is not None}
    type_ = "numbers.voided" if said.status == "VOIDED" else "numbers.void_rejected"
    append(tx, [fact(tx, type_, "fiscal_void", row["fiscal_void_id"], clean, cause)])
    if said.status == "VOIDED":
        key = [row[n] for n in ("issuer_tax_id", "environment", "model", "series", "first", "last")]
        notes = await tx.conn.fetch(SQL["voided_notes"], *key)
        ids = [n["fiscal_document_id"] for n in notes]
        await tx.conn.execute(SQL["set_states"], ids, ["VOIDED"] * len(ids), tx.now)
        append(tx, [_voided(tx, n, said, cause) for n in notes])


def _voided(tx: Tx, note: Any, said: NumbersReported, cause: Cause) -> Any:
    data = {"order_id": note["order_id"], "fulfillment_id": note["fulfillment_id"], "protocol": said.protocol}
    clean = {k: v for k, v in data.items() if v is not None}
    return fact(tx, FACTS[FiscalState.VOIDED], "fiscal_document", note["fiscal_document_id"], clean, cause)


async def accounts(tx: Tx) -> list[Account]:
    """Every series, and what explains each of its numbers."""
    found = []
    for r in await tx.conn.fetch(SQL["series"]):
        series = Series(issuer=r["issuer_tax_id"], environment=r["environment"], model=r["model"], number=r["series"])
        missing: tuple[int, ...] = ()
        if r["documents"] < r["taken"]:
            key = (series.issuer, series.environment, series.model, series.number)
            missing = tuple(m["number"] for m in await tx.conn.fetch(SQL["missing_numbers"], *key))
        counts = {n: r[n] for n in ("taken", "used", "denied", "voided", "given_up", "open")}
        found.append(Account(series=series, missing=missing, **counts))
    return found
