"""What the worker itself had to give up opens an incident in the same unit: nothing is parked in silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from hub.flows.reactor import Deps
from hub.incidents import NewIncident
from hub.kit.db import Tx
from hub.kit.lease import Settled, State
from hub.ledger import Cause, append, fact

# queue -> (subject, fact, kind of incident)
KINDS = {
    "inbox": ("message", "message.parked", "message_failed"),
    "outbox": ("delivery", "delivery.parked", "delivery_parked"),
    "timers": ("timer", "timer.parked", "timer_failed"),
}


async def parked(tx: Tx, settled: Sequence[Settled], deps: Deps) -> None:
    """A fact and an incident for each row that was given up."""
    given_up = [s for s in settled if s.state is State.PARKED]
    for s in given_up:
        subject, type_, _ = KINDS[s.leased.queue]
        append(
            tx, [fact(tx, type_, subject, s.leased.id, {"error": s.failure.error}, _cause(s.leased.row, s.leased.id))]
        )
    await deps.incidents.open(tx, [_incident(s) for s in given_up])


def _incident(s: Settled) -> NewIncident:
    subject, _, kind = KINDS[s.leased.queue]
    what = s.leased.row.get("kind") or s.leased.row.get("topic") or s.leased.queue
    return NewIncident(
        kind=kind,
        summary=f"{what} was given up after {s.leased.attempts} tries: {s.failure.error}"[:500],
        subject_kind=subject,
        subject_id=s.leased.id,
        cause=_cause(s.leased.row, s.leased.id),
    )


def _cause(row: Any, id_: UUID) -> Cause:
    return Cause(row["correlation_id"], id_)
