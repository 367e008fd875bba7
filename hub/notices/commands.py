"""Notices are written down once and settled by what their medium says. Facts `notice.owed`, `notice.sent`, `notice.refused`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hub.canon.notice import NoticeReported
from hub.kit.db import Tx
from hub.kit.ids import new_id
from hub.ledger import Cause, append, fact
from hub.notices.store import SQL


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One thing to tell one recipient."""

    connection_id: UUID
    medium: str
    template: str
    recipient: str
    subject_kind: str
    subject_id: UUID
    order_id: UUID | None
    subject: str
    cause: Cause


async def tell(tx: Tx, tellings: Sequence[Telling]) -> list[UUID | None]:
    """The notices' ids in order; None for what was told before."""
    if not tellings:
        return []
    ids = [new_id() for _ in tellings]
    rows = [
        (i, t.connection_id, t.medium, t.template, t.recipient, t.subject_kind, t.subject_id, t.order_id, t.subject)
        for i, t in zip(ids, tellings, strict=True)
    ]
    fresh = {r["notice_id"] for r in await tx.conn.fetch(SQL["add"], *map(list, zip(*rows, strict=True)), tx.now)}
    tx.born.update(fresh)
    facts = [
        fact(
            tx,
            "notice.owed",
            "notice",
            i,
            {"order_id": t.order_id, "medium": t.medium, "template": t.template, "subject_id": t.subject_id},
            t.cause,
        )
        for i, t in zip(ids, tellings, strict=True)
        if i in fresh
    ]
    append(tx, facts)
    return [i if i in fresh else None for i in ids]


async def report(tx: Tx, news: Sequence[tuple[NoticeReported, Cause]]) -> None:
    """What the medium said. A notice that was sent stays sent."""
    latest = {UUID(said.notice_id): (said, cause) for said, cause in news}
    rows = [(i, said.status, said.message) for i, (said, _) in sorted(latest.items())]
    if not rows:
        return
    changed = await tx.conn.fetch(SQL["settle"], *map(list, zip(*rows, strict=True)), tx.now)
    for row in changed:
        said = {n: row[n] for n in ("order_id", "medium", "template", "message") if row[n] is not None}
        cause = latest[row["notice_id"]][1]
        append(tx, [fact(tx, f"notice.{row['state'].lower()}", "notice", row["notice_id"], said, cause)])
