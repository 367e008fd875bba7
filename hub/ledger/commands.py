"""The only writer of `business_events`. Facts are gathered in the unit and written once, before its commit (docs/adr/0004)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from hub.kit import metrics
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.ids import new_id
from hub.kit.sqlfile import statements
from hub.kit.telemetry import traceparent
from hub.ledger.model import GENESIS, Cause, Fact, link, plain_data

SQL = statements(__file__, "ledger.sql")


class ChainBroken(HubError):
    """Somebody else wrote a fact of the same subject meanwhile; the unit must be tried again."""

    code: ClassVar[str] = "CHAIN_BROKEN"


def fact(tx: Tx, type_: str, subject_kind: str, subject_id: UUID, data: Mapping[str, Any], cause: Cause) -> Fact:
    """A fact of this unit: by its actor, at its time."""
    return Fact(
        event_id=new_id(),
        type=type_,
        subject_kind=subject_kind,
        subject_id=subject_id,
        correlation_id=cause.correlation_id,
        causation_id=cause.causation_id,
        actor=tx.actor,
        at=tx.now,
        data=plain_data(data),
    )


def append(tx: Tx, facts: Iterable[Fact]) -> None:
    """Add facts to the unit, in order. They are written when it commits, or not at all."""
    tx.facts.extend(facts)
    if _write not in tx.before_commit:
        tx.before_commit.append(_write)


async def _write(tx: Tx) -> None:
    facts: list[Fact] = tx.facts
    if not facts:
        return
    subjects = {f.subject_id for f in facts}
    heads: dict[UUID, tuple[int, bytes]] = {}
    newest = 0
    if old := sorted(subjects - tx.born):
        found = await tx.conn.fetch(SQL["heads"], old)
        heads = {r["subject_id"]: (r["version"], r["hash"]) for r in found}
        newest = max((int(r["xid"]) for r in found), default=0)
    versions: list[int] = []
    hashes: list[bytes] = []
    for each in facts:
        version, previous = heads.get(each.subject_id, (0, GENESIS))
        heads[each.subject_id] = (version + 1, link(previous, each, version + 1))
        versions.append(version + 1)
        hashes.append(heads[each.subject_id][1])
    ends = sorted(subjects)
    written = await tx.conn.fetchval(
        SQL["write"],
        [f.event_id for f in facts],
        [f.type for f in facts],
        [f.subject_kind for f in facts],
        [f.subject_id for f in facts],
        versions,
        [f.correlation_id for f in facts],
        [f.causation_id for f in facts],
        [f.actor for f in facts],
        [f.at for f in facts],
        [f.data for f in facts],
        hashes,
        ends,
        [heads[s][0] for s in ends],
        [heads[s][1] for s in ends],
        str(newest),
        [traceparent(f.correlation_id) for f in facts],
    )
    if written != len(ends):
        raise ChainBroken
    tx.after_commit.append(partial(_count, Counter(f.type for f in facts)))


def _count(types: Counter[str]) -> None:
    for type_, count in types.items():
        metrics.LEDGER_FACTS.labels(type_).inc(count)
