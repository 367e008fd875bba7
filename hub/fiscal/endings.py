"""A note that nobody wants any more: unsent it gives its number up; sent it ends as soon as its fate is known. Decides what follows, sends nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.fiscal.model import FACTS, FiscalState
from hub.fiscal.tables import FiscalTables
from hub.fiscal.windows import NotOffered, WindowClosed, check_window
from hub.kit.db import Tx
from hub.kit.sqlfile import statements
from hub.ledger import Cause, append, fact

SQL = statements(__file__, "life.sql")
S = FiscalState
UNSENT = frozenset({S.PENDING, S.SIGNED, S.REJECTED})  # the number was never used at the authority
AWAY = frozenset({S.SENT, S.UNKNOWN, S.CONTINGENCY})  # the authority may have it


@dataclass(slots=True)
class Ending:
    """`cancel`: authorized notes that the authority must be asked to cancel; `given_up`: numbers to be voided."""

    cancel: list[UUID] = field(default_factory=list)
    given_up: list[UUID] = field(default_factory=list)


async def end_notes(tx: Tx, unwanted: Mapping[UUID, tuple[str, Cause]]) -> Ending:
    """Document -> (why, cause). A note whose fate is unknown is marked: it is never sent again, and ends when the answer is there."""
    ending, marked = Ending(), []
    for row in await tx.conn.fetch(SQL["lock_notes"], sorted(unwanted)):
        state, here = S(row["state"]), row["fiscal_document_id"]
        if state in UNSENT:
            ending.given_up.append(here)
        elif state is S.AUTHORIZED:
            ending.cancel.append(here)
        if state in UNSENT | AWAY | {S.AUTHORIZED}:
            marked.append(here)
    for reason in sorted({unwanted[i][0] for i in marked}):
        mine = [i for i in marked if unwanted[i][0] == reason]
        await tx.conn.execute(SQL["mark_unwanted"], mine, reason, tx.now)
    await give_up(tx, {i: unwanted[i][1] for i in ending.given_up})
    return ending


def may_end(note: Any, tables: FiscalTables, now: datetime) -> bool:
    """Whether this note (of `of_fulfillments`) can still be taken back: nobody did, and the authority would still cancel it."""
    state = S(note["state"])
    if note["unwanted"] is not None or state not in UNSENT | AWAY | {S.AUTHORIZED}:
        return False
    if state is not S.AUTHORIZED:
        return True
    where = {"model": note["model"], "region": note["region"]}
    try:
        check_window(tables, "cancel", **where, authorized_at=note["authorized_at"], now=now)
    except (WindowClosed, NotOffered):
        return False
    return True


async def give_up(tx: Tx, documents: Mapping[UUID, Cause]) -> None:
    """Unsent notes, or those that the authority certainly has not: VOID_PENDING."""
    rows = [r for r in await tx.conn.fetch(SQL["lock_notes"], sorted(documents)) if r["state"] in UNSENT]
    ids = [r["fiscal_document_id"] for r in rows]
    await tx.conn.execute(SQL["set_states"], ids, [S.VOID_PENDING.value] * len(ids), tx.now)
    append(tx, [_given_up(tx, r, documents[r["fiscal_document_id"]]) for r in rows])


def _given_up(tx: Tx, row: Any, cause: Cause) -> Any:
    said = {
        "order_id": row["order_id"],
        "fulfillment_id": row["fulfillment_id"],
        "issuer_tax_id": row["issuer_tax_id"],
        "environment": row["environment"],
        "model": row["model"],
        "series": row["series"],
        "number": row["number"],
    }
    clean = {k: v for k, v in said.items() if v is not None}
    return fact(tx, FACTS[S.VOID_PENDING], "fiscal_document", row["fiscal_document_id"], clean, cause)


async def substituted(tx: Tx, documents: Sequence[UUID]) -> dict[UUID, tuple[UUID, bool]]:
    """Of these notes and of those that they stand for: NFC-e that are authorized although their goods left off-line with another one.
    Document -> (its substitute, whether the authority has that one too).
    """
    rows = await tx.conn.fetch(SQL["substituted"], list(documents))
    return {r["fiscal_document_id"]: (r["replaced_by_id"], r["known"]) for r in rows}


async def standing(tx: Tx, documents: Sequence[UUID]) -> dict[UUID, Any]:
    """State, what replaces it and why it is unwanted, by document: for whoever is about to send."""
    return {r["fiscal_document_id"]: r for r in await tx.conn.fetch(SQL["standing"], list(documents))}
