"""Notes that others issued to us: kept once by their key, matched to the notes of ours that they name, with what we told the authority of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar
from uuid import UUID

from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.sqlfile import statements
from hub.ledger import Cause, append, fact

SQL = statements(__file__, "incoming.sql")
SPACE = uuid.UUID("b7a9c1f0-2c0f-4d55-8d5e-3f9a27e0c0aa")
CANCELS = frozenset({"110111", "110112"})  # tpEvento
GIVEN_UP = {"2": "DENIED", "3": "CANCELLED", "101": "CANCELLED", "110": "DENIED"}  # cSitNFe, cStat
STANCES = frozenset({"AWARE", "CONFIRMED", "UNKNOWN_SALE", "NOT_DONE"})


class UnknownIncomingNote(HubError):
    """No note with the key {access_key} was distributed to us."""

    code: ClassVar[str] = "NOT_FOUND"


class UnknownStance(HubError):
    """{stance} is nothing that one can tell the authority of a received note."""

    code: ClassVar[str] = "UNKNOWN_STANCE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Distributed:
    """A document of the distribution about a note: `data` as the feed read it."""

    kind: str  # nfe, nfe_event
    data: Mapping[str, Any]
    connection_id: UUID
    message_id: UUID
    cause: Cause


def note_id(access_key: str) -> UUID:
    """The subject under which facts of a foreign note stand."""
    return uuid.uuid5(SPACE, access_key)


async def keep_distributed(tx: Tx, found: Sequence[Distributed]) -> None:
    """Notes and summaries are kept, cancellations noted. Facts `incoming_note.read`, `incoming_note.cancelled`."""
    notes = {d.data["access_key"]: d for d in sorted(found, key=_whole) if d.kind == "nfe"}
    if notes:
        rows = [_row(d) for _, d in sorted(notes.items())]
        for row in await tx.conn.fetch(SQL["keep"], *map(list, zip(*rows, strict=True)), tx.now):
            d = notes[row["access_key"]]
            said = {n: row[n] for n in ("access_key", "whole", "status", "issuer_tax_id", "total", "document_id")}
            clean = {n: v for n, v in said.items() if v is not None}
            append(tx, [fact(tx, "incoming_note.read", "incoming_note", note_id(row["access_key"]), clean, d.cause)])
    gone = {d.data["access_key"]: d.cause for d in found if d.kind == "nfe_event" and d.data["event_type"] in CANCELS}
    for row in await tx.conn.fetch(SQL["cancelled"], sorted(gone), tx.now) if gone else ():
        key = row["access_key"]
        append(tx, [fact(tx, "incoming_note.cancelled", "incoming_note", note_id(key), {"access_key": key}, gone[key])])


def _whole(d: Distributed) -> bool:
    return not d.data.get("summary", False)


def _row(d: Distributed) -> tuple[Any, ...]:
    note = d.data.get("note")
    return (
        d.data["access_key"],
        note_id(d.data["access_key"]),
        d.connection_id,
        d.message_id,
        d.data["issuer"],
        d.data["issuer_name"] or None,
        _amount(d.data["total"]),
        _moment(d.data["issued_at"]),
        d.data["protocol"] or None,
        note is not None,
        GIVEN_UP.get(d.data["status"], "AUTHORIZED"),
        note,
        {"keys": list(note["referenced_keys"]) if note else []},  # a bare list would be taken as one more dimension
    )


def _amount(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


async def note_stance(tx: Tx, access_key: str, stance: str, cause: Cause) -> None:
    """The authority has registered what we said of it."""
    if await tx.conn.fetchval(SQL["stance"], access_key, stance, tx.now) is None:
        raise UnknownIncomingNote(access_key=access_key)
    said = {"access_key": access_key, "stance": stance}
    append(tx, [fact(tx, "incoming_note.answered", "incoming_note", note_id(access_key), said, cause)])


async def match_incoming(
    tx: Tx, access_key: str, cause: Cause, *, purchase_order_id: UUID | None = None, document_id: UUID | None = None
) -> None:
    """It belongs to that purchase order, or returns that note of ours."""
    if await tx.conn.fetchval(SQL["match"], access_key, purchase_order_id, document_id, tx.now) is None:
        raise UnknownIncomingNote(access_key=access_key)
    said = {"access_key": access_key, "purchase_order_id": purchase_order_id, "document_id": document_id}
    clean = {n: v for n, v in said.items() if v is not None}
    append(tx, [fact(tx, "incoming_note.matched", "incoming_note", note_id(access_key), clean, cause)])


async def incoming_key(tx: Tx, incoming_note_id: UUID) -> str:
    """The key of a kept note. Raises `UnknownIncomingNote`."""
    key = await tx.conn.fetchval(SQL["by_id"], incoming_note_id)
    if key is None:
        raise UnknownIncomingNote(access_key=incoming_note_id)
    return str(key)


async def incoming(tx: Tx, keys: Sequence[str]) -> dict[str, Any]:
    """Kept notes by key."""
    return {r["access_key"]: r for r in await tx.conn.fetch(SQL["find"], list(keys))}
