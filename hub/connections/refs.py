"""Foreign ids learnt on the way: what a subject of ours is called at a connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from hub.kit.db import Tx
from hub.kit.sqlfile import statements

SQL = statements(__file__, "connections.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignRef:
    subject_id: UUID
    connection_id: UUID
    name: str
    value: str


async def learn(tx: Tx, refs: Sequence[ForeignRef]) -> None:
    """Remember; the last value of a (subject, connection, name) stands."""
    last = {(r.subject_id, r.connection_id, r.name): r.value for r in refs}
    if last:
        keys = sorted(last)
        await tx.conn.execute(
            SQL["learn"],
            tx.tenant,
            tx.now,
            [k[0] for k in keys],
            [k[1] for k in keys],
            [k[2] for k in keys],
            [last[k] for k in keys],
        )


async def read(tx: Tx, connection_id: UUID, subjects: Sequence[UUID]) -> dict[UUID, Mapping[str, str]]:
    """Subject -> name -> value, at that connection; subjects without any are left out."""
    found: dict[UUID, dict[str, str]] = {}
    for row in await tx.conn.fetch(SQL["read"], tx.tenant, connection_id, list(subjects)):
        found.setdefault(row["subject_id"], {})[row["name"]] = row["value"]
    return dict(found)


async def find(tx: Tx, connection_id: UUID, name: str, values: Sequence[str]) -> dict[str, UUID]:
    """Foreign value -> the subject that learnt it last."""
    rows = await tx.conn.fetch(SQL["find"], tx.tenant, connection_id, name, list(values))
    return {r["value"]: r["subject_id"] for r in rows}
