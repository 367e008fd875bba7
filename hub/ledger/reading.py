"""Reading the ledger: the commit-safe tail, one subject's story, the verification of the chains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.kit.db import Connection, Tx
from hub.ledger.archive import Heads
from hub.ledger.commands import SQL
from hub.ledger.model import GENESIS, Fact, link


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the ledger: facts behind it were delivered, facts after it are to come. `epoch` changes when a database is loaded anew."""

    epoch: int
    xid: int
    position: int


async def tail(conn: Connection, after: Cursor, limit: int = 500) -> list[Any]:
    """Rows after the cursor that no open transaction can still precede, in ledger order, of every tenant the role may see."""
    return list(await conn.fetch(SQL["after"], str(after.xid), after.position, limit))


async def horizon(conn: Connection) -> Cursor:
    """Where a reader that wants only what comes from now on begins."""
    xid = int(await conn.fetchval(SQL["now"]))
    return Cursor(1, xid - 1, 2**62)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The first fact of a subject whose hash or version does not follow from the one before."""

    subject_id: UUID
    version: int
    reason: str


async def verify(tx: Tx, page: int = 1000, archived: Heads | None = None) -> tuple[int, list[Broken]]:
    """(facts read, broken chains) of the unit's tenant. Walks every subject's chain from its first fact to its head;
    `archived`: where the chains stood when their beginnings left the database.
    """
    known = archived.at if archived is not None else {}
    last: tuple[UUID, int] = (UUID(int=0), 0)
    count, broken, previous = 0, list[Broken](), GENESIS
    subject, expected = UUID(int=0), 0
    while rows := await tx.conn.fetch(SQL["chain"], last[0], last[1], page):
        for row in rows:
            if row["subject_id"] != subject:
                subject = row["subject_id"]
                expected, previous = known.get((tx.tenant, subject), (0, GENESIS))
            expected += 1
            count += 1
            wanted = link(previous, fact_of(row), expected)
            if row["subject_version"] != expected or row["hash"] != wanted:
                reason = "a fact is missing" if row["subject_version"] != expected else "the content was changed"
                if not broken or broken[-1].subject_id != subject:
                    broken.append(Broken(subject_id=subject, version=row["subject_version"], reason=reason))
            previous, expected = row["hash"], row["subject_version"]
        last = (rows[-1]["subject_id"], rows[-1]["subject_version"])
    return count, broken + await _missing_tails(tx, known)


async def _missing_tails(tx: Tx, known: Mapping[tuple[int, UUID], tuple[int, bytes]]) -> list[Broken]:
    rows = await tx.conn.fetch(
        "SELECT h.subject_id, h.version, h.hash FROM ledger_heads h WHERE NOT EXISTS (SELECT 1 FROM business_events e "
        "WHERE e.subject_id = h.subject_id AND e.subject_version = h.version AND e.hash = h.hash)"
    )
    return [
        Broken(subject_id=r["subject_id"], version=r["version"], reason="the last fact is not the head")
        for r in rows
        if known.get((tx.tenant, r["subject_id"])) != (r["version"], r["hash"])
    ][:100]


async def story(tx: Tx, subjects: Sequence[UUID], correlations: Sequence[UUID] = (), limit: int = 500) -> list[Any]:
    """Facts of these subjects or conversations, in ledger order."""
    return list(await tx.conn.fetch(SQL["story"], list(subjects), list(correlations), limit))


def fact_of(row: Any) -> Fact:
    return Fact(
        event_id=row["event_id"],
        type=row["type"],
        subject_kind=row["subject_kind"],
        subject_id=row["subject_id"],
        correlation_id=row["correlation_id"],
        causation_id=row["causation_id"],
        actor=row["actor"],
        at=row["at"],
        data=row["data"],
    )
