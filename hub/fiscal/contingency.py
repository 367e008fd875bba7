"""How each account's authority does, and in which mode its notes are issued: normal, by the authority that stands in, by EPEC, off-line.
Decides from what the status services said; asks nobody. Facts `authority.silent`, `contingency.entered`, `contingency.left`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from hub.canon.commands import AuthorityReported
from hub.canon.taxids import build_key
from hub.fiscal.tables import FiscalTables
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.sqlfile import statements
from hub.ledger import Cause, append, fact

SQL = statements(__file__, "life.sql")
GOOD_ENOUGH = 3  # status answers in a row before a mode that the hub chose is left
PATIENCE = timedelta(minutes=10)
REASON = (15, 256)  # xJust
STANDS_IN = {"SVCAN": 6, "SVCRS": 7}  # tpEmis by the name of the authority
OPERATES = "107"


class Mode(StrEnum):
    """SVC: the authority that stands in, while it is switched on. EPEC: a summary first, the note later. OFFLINE: models with a QR code."""

    NORMAL = "NORMAL"
    SVC = "SVC"
    EPEC = "EPEC"
    OFFLINE = "OFFLINE"


OFFERED: Mapping[int, frozenset[Mode]] = {
    55: frozenset({Mode.NORMAL, Mode.SVC, Mode.EPEC}),
    65: frozenset({Mode.NORMAL, Mode.OFFLINE}),
}


class ModeNotOffered(HubError):
    """Notes of model {model} cannot be issued in the mode {mode}: {reason}."""

    code: ClassVar[str] = "MODE_NOT_OFFERED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One account's authority for one model."""

    connection_id: UUID
    model: int
    region: str  # UF of the issuer
    environment: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """The mode in force, as a note states it (dhCont, xJust)."""

    mode: Mode
    since: datetime | None = None
    reason: str | None = None


NORMAL = Stand(mode=Mode.NORMAL)


async def stands(tx: Tx, connections: Sequence[UUID]) -> dict[tuple[UUID, int], Stand]:
    """(connection, model) -> the mode in force, where it is another than normal."""
    return {
        (r["connection_id"], r["model"]): Stand(mode=Mode(r["mode"]), since=r["mode_since"], reason=r["mode_reason"])
        for r in await tx.conn.fetch(SQL["modes"], list(connections))
    }


def emission_type(stand: Stand, *, region: str, model: int, day: date, tables: FiscalTables) -> int:
    """`tpEmis` of a note in this mode."""
    if stand.mode is Mode.SVC:
        return STANDS_IN[tables["authorities"].find(day, uf=region, model=str(model)).text("contingency")]
    return {Mode.NORMAL: 1, Mode.EPEC: 4, Mode.OFFLINE: 9}[stand.mode]


def key_of(invoice: Mapping[str, Any]) -> str:
    """The access key that the note of this canonical invoice (JSON) will have."""
    issued = datetime.fromisoformat(str(invoice["issued_at"]))
    return build_key(
        uf=invoice["issuer"]["region"],
        year=issued.year,
        month=issued.month,
        issuer=invoice["issuer"]["tax_id"],
        model=invoice["model"],
        series=invoice["series"],
        number=invoice["number"],
        emission_type=invoice["emission_type"],
        random_code=invoice["random_code"],
    )


# ------------------------------------------------------------------ what is heard
async def note_silence(tx: Tx, station: Station, cause: Cause) -> bool:
    """A call was not answered. True, with a fact, for the first one since the last good answer."""
    given = (station.connection_id, station.model, station.region, station.environment)
    if await tx.conn.fetchval(SQL["silent"], *given, tx.now) is None:
        return False
    said = {"model": station.model, "region": station.region}
    append(tx, [fact(tx, "authority.silent", "connection", station.connection_id, said, cause)])
    return True


async def note_answer(tx: Tx, station: Station, said: AuthorityReported) -> Any:
    """Keep what a status service said; returns the row as it is now."""
    given = (station.connection_id, station.model)
    row = await _locked(tx, station)
    if said.standby:
        await tx.conn.execute(SQL["standby_heard"], *given, said.code, said.message, tx.now)
    else:
        good = row["good_in_a_row"] + 1 if said.works else 0
        silent = (row["silent_since"] or tx.now) if not said.works else row["silent_since"]
        if good >= GOOD_ENOUGH:
            silent = None
        await tx.conn.execute(SQL["heard"], *given, said.code, said.message, tx.now, min(good, 100), silent)
    return await tx.conn.fetchrow(SQL["lock_authority"], *given)


async def _locked(tx: Tx, station: Station) -> Any:
    """The station's row, made where there is none yet."""
    given = (station.connection_id, station.model)
    await tx.conn.execute(SQL["know_authority"], *given, station.region, station.environment)
    return await tx.conn.fetchrow(SQL["lock_authority"], *given)


def decide(row: Any, now: datetime, *, patience: timedelta = PATIENCE) -> Mode | None:
    """The mode that the hub would change to, None where nothing changes. A mode that a person chose is left by a person."""
    mode, model = Mode(row["mode"]), row["model"]
    if mode is not Mode.NORMAL:
        return Mode.NORMAL if row["mode_by"] == "HUB" and row["good_in_a_row"] >= GOOD_ENOUGH else None
    if row["silent_since"] is None or now - row["silent_since"] < patience:
        return None
    if model == 65:
        return Mode.OFFLINE
    if row["standby_checked_at"] is None or row["standby_checked_at"] < row["silent_since"]:
        return None  # who stands in has not been asked in this outage
    return Mode.SVC if row["standby_code"] == OPERATES else Mode.EPEC


def calm(row: Any) -> bool:
    """Nothing to watch: notes are issued as always and the authority answers."""
    return Mode(row["mode"]) is Mode.NORMAL and row["silent_since"] is None


# ------------------------------------------------------------------ the switch
async def set_mode(tx: Tx, station: Station, mode: Mode, reason: str, *, by: str, cause: Cause) -> bool:
    """Change the mode; False where it is in force already. Raises `ModeNotOffered`. `by`: OPERATOR or HUB."""
    if mode not in OFFERED[station.model]:
        allowed = ", ".join(sorted(m.value for m in OFFERED[station.model]))
        raise ModeNotOffered(model=station.model, mode=mode.value, reason=f"there is {allowed}")
    least, most = REASON
    if mode is not Mode.NORMAL and not least <= len(reason.strip()) <= most:
        raise ModeNotOffered(
            model=station.model, mode=mode.value, reason=f"its reason has {least} to {most} characters"
        )
    given = (station.connection_id, station.model)
    row = await _locked(tx, station)
    if row["mode"] == mode.value:
        return False
    normal = mode is Mode.NORMAL
    kept = (None, None, None) if normal else (tx.now.replace(microsecond=0), reason.strip(), by)
    await tx.conn.execute(SQL["set_mode"], *given, mode.value, *kept)
    said = {"model": station.model, "region": station.region, "mode": mode.value, "before": row["mode"], "by": by}
    type_ = "contingency.left" if normal else "contingency.entered"
    append(tx, [fact(tx, type_, "connection", station.connection_id, {**said, "reason": reason}, cause)])
    return True


async def station_id(tx: Tx, station: Station) -> UUID:
    """The public id of a station."""
    row = await _locked(tx, station)
    found: UUID = row["fiscal_authority_id"]
    return found


async def waiting(tx: Tx, connection_id: UUID, model: int) -> list[Any]:
    """Notes of normal emission at this account that wait for the authority."""
    return list(await tx.conn.fetch(SQL["waiting_notes"], [connection_id], [model]))


async def to_be_sent(tx: Tx, connection_id: UUID, model: int) -> list[Any]:
    """Notes that are legal without protocol and must still reach the authority."""
    return list(await tx.conn.fetch(SQL["in_contingency"], connection_id, model))


async def notes(tx: Tx, documents: Sequence[UUID]) -> dict[UUID, Any]:
    """Documents with their canonical invoices, by id."""
    return {r["fiscal_document_id"]: r for r in await tx.conn.fetch(SQL["invoices"], list(documents))}


async def returned(tx: Tx, document_id: UUID) -> dict[str, Decimal]:
    """SKU -> units of a note that came back with return notes that stand."""
    return {r["sku"]: r["units"] for r in await tx.conn.fetch(SQL["returned"], document_id)}


async def unknown_fate(tx: Tx, connection_id: UUID, model: int) -> list[UUID]:
    """Notes of this account that were sent and of which nobody knows what became."""
    rows = await tx.conn.fetch(SQL["unknown_fate"], connection_id, model)
    return [r["fiscal_document_id"] for r in rows]


async def watched(tx: Tx, connection_id: UUID, model: int) -> bool:
    """Whether somebody should go on asking how this authority does."""
    row = await tx.conn.fetchrow(SQL["lock_authority"], connection_id, model)
    return row is not None and not calm(row)
