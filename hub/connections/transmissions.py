"""The register of sealed transmissions: what came and what we answered, what we sent and the receipt for it. Receipts are kept byte for byte."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg

from hub.canon.carriage import Receipt
from hub.kit.db import Tx
from hub.kit.ids import new_id
from hub.kit.sqlfile import statements

SQL = statements(__file__, "transmissions.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """A transmission that came in. `content` is kept of what was refused only: the rest is in the inbox. `receipt_to`: for a receipt by a call of ours."""

    connection_id: UUID
    foreign_id: str
    name: str
    state: Literal["answered", "refused"]
    mic: str | None = None
    content: bytes | None = None
    receipt: Receipt | None = None
    receipt_to: str | None = None
    reason: str | None = None
    transmission_id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What was answered before to the same message."""

    transmission_id: UUID
    receipt: Receipt | None
    receipt_to: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """`state` other than `waiting`: its receipt is here already. `tries` counts this one."""

    transmission_id: UUID
    state: str
    reason: str | None
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a receipt was for, and in which state that was before."""

    transmission_id: UUID
    old: str
    name: str
    mic: str | None
    subject_id: UUID | None


async def keep_came(tx: Tx, came: Came) -> bool:
    """False: a message with this id was answered before. One that arrives twice at once waits for the first."""
    receipt = came.receipt
    kept = await tx.conn.fetchval(
        SQL["keep"],
        tx.tenant,
        came.transmission_id,
        came.connection_id,
        came.foreign_id,
        came.name,
        came.state,
        came.mic,
        came.content,
        receipt.body if receipt else None,
        dict(receipt.headers) if receipt else {},
        came.receipt_to,
        came.reason,
        tx.now,
    )
    return kept is not None


async def answered_before(tx: Tx, connection_id: UUID, foreign_id: str) -> Answered | None:
    row = await tx.conn.fetchrow(SQL["answered"], tx.tenant, connection_id, foreign_id)
    if row is None:
        return None
    receipt = Receipt(headers=row["receipt_headers"], body=row["receipt"]) if row["receipt"] is not None else None
    return Answered(transmission_id=row["transmission_id"], receipt=receipt, receipt_to=row["receipt_to"])


async def begin(
    tx: Tx, connection_id: UUID, foreign_id: str, *, name: str, mic: str, content: bytes, subject_id: UUID | None
) -> Begun:
    """Before it is sent, each time."""
    row = await tx.conn.fetchrow(
        SQL["begin"], tx.tenant, new_id(), connection_id, foreign_id, name, mic, content, subject_id, tx.now
    )
    if row is None:
        raise LookupError(foreign_id)
    return Begun(**{n: row[n] for n in ("transmission_id", "state", "reason", "tries")})


async def expected(tx: Tx, connection_id: UUID, foreign_id: str) -> str | None:
    """The digest that the receipt for that message must repeat; None: we sent no such message."""
    row = await tx.conn.fetchrow(SQL["sent"], tx.tenant, connection_id, foreign_id)
    return None if row is None else str(row["mic"])


async def settle(
    tx: Tx,
    connection_id: UUID,
    foreign_id: str,
    state: Literal["acknowledged", "rejected"],
    reason: str | None,
    receipt: Receipt,
) -> Settled | None:
    """The receipt for what we sent; of several the first counts. None: we sent nothing like it."""
    row = await tx.conn.fetchrow(
        SQL["settle"],
        tx.tenant,
        connection_id,
        foreign_id,
        state,
        reason,
        receipt.body,
        dict(receipt.headers),
        tx.now,
    )
    return (
        None if row is None else Settled(**{n: row[n] for n in ("transmission_id", "old", "name", "mic", "subject_id")})
    )


async def transmissions(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, asyncpg.Record]:
    """All columns of each."""
    return {r["transmission_id"]: r for r in await tx.conn.fetch(SQL["one"], tx.tenant, list(ids))}


async def give_up(tx: Tx, ids: Sequence[UUID]) -> list[UUID]:
    """No receipt came for these; returns those that still waited."""
    return [r["transmission_id"] for r in await tx.conn.fetch(SQL["silent"], tx.tenant, list(ids))]


async def forget_refused(tx: Tx, before: datetime) -> int:
    """The bytes of refused transmissions that came before that. Returns how many."""
    rows: list[Any] = await tx.conn.fetch(SQL["forget"], tx.tenant, before)
    return len(rows)
