"""Open, assign, snooze, resolve incidents; mark steps of their playbooks. Inside the caller's unit, set-wise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from hub.incidents.model import AlreadyResolved, NewIncident, Playbook, StepNotReady, UnknownIncidentKind
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.ids import new_id
from hub.kit.sqlfile import statements
from hub.ledger import Cause, append, fact

SQL = statements(__file__, "incidents.sql")


class UnknownIncident(HubError):
    """There is no incident with this id."""

    code: ClassVar[str] = "NOT_FOUND"


class Incidents:
    """The commands of this room, bound to the playbooks in force."""

    def __init__(self, playbooks: Mapping[str, Playbook]) -> None:
        self.playbooks = playbooks

    async def open(self, tx: Tx, found: Sequence[NewIncident]) -> list[UUID]:
        """Open these; one that is open already for the same subject and detail only counts up. Ids in no order."""
        latest = {(f.kind, f.dedupe_key): f for f in found}
        if not latest:
            return []
        by_id = {new_id(): f for f in latest.values()}
        rows = await tx.conn.fetch(SQL["open"], [_row(tx, i, f, self._playbook(f.kind)) for i, f in by_id.items()])
        for row in rows:
            if (new := by_id.get(row["incident_id"])) is not None:
                tx.born.add(row["incident_id"])
                said = {"kind": new.kind, "summary": new.summary, "order_id": new.order_id}
                append(tx, [fact(tx, "incident.opened", "incident", row["incident_id"], said, new.cause)])
        return [r["incident_id"] for r in rows]

    async def assign(self, tx: Tx, incident_id: UUID, owner: str) -> None:
        row = await self._open_one(tx, incident_id)
        await self._change(tx, row, "ASSIGNED", "incident.assigned", owner=owner)

    async def snooze(self, tx: Tx, incident_id: UUID, until: datetime) -> None:
        row = await self._open_one(tx, incident_id)
        await self._change(tx, row, "SNOOZED", "incident.snoozed", until=until)

    async def resolve(self, tx: Tx, incident_id: UUID, resolution: str) -> None:
        row = await self._open_one(tx, incident_id)
        await self._change(tx, row, "RESOLVED", "incident.resolved", resolution=resolution)

    async def next_step(self, tx: Tx, incident_id: UUID, key: str) -> tuple[Any, str | None]:
        """The locked incident and the action of that step; `StepNotReady` unless it is the next one to do."""
        row = await self._open_one(tx, incident_id)
        waiting = next((s for s in row["steps"] if s["state"] == "WAITING"), None)
        if waiting is None or waiting["key"] != key:
            raise StepNotReady(step=key)
        action = next((s.action for s in self._playbook(row["kind"]).steps if s.key == key), None)
        return row, action

    async def step_done(self, tx: Tx, row: Any, key: str, result: str) -> None:
        steps = [
            {**s, "state": "DONE", "doneBy": tx.actor, "doneAt": tx.now.isoformat(), "result": result}
            if s["key"] == key
            else s
            for s in row["steps"]
        ]
        await self._change(
            tx, row, row["state"], "incident.step_done", steps=steps, said={"step": key, "result": result}
        )

    async def resolve_for_orders(self, tx: Tx, kinds: Sequence[str], orders: Sequence[UUID], resolution: str) -> None:
        """The reason has gone by itself: close the open incidents of these kinds and orders."""
        rows = await tx.conn.fetch(SQL["resolve_by_subject"], list(kinds), list(orders), resolution, tx.actor, tx.now)
        _resolved(tx, rows, resolution)

    async def resolve_about(
        self, tx: Tx, kinds: Sequence[str], subject_kind: str, subject_id: UUID, resolution: str, *, detail: str = ""
    ) -> None:
        """The same for a subject that is no order."""
        key = f"{subject_kind}:{subject_id.hex}:{detail}"
        rows = await tx.conn.fetch(SQL["resolve_by_key"], list(kinds), [key], resolution, tx.actor, tx.now)
        _resolved(tx, rows, resolution)

    def _playbook(self, kind: str) -> Playbook:
        if kind not in self.playbooks:
            raise UnknownIncidentKind(kind=kind)
        return self.playbooks[kind]

    async def _open_one(self, tx: Tx, incident_id: UUID) -> Any:
        rows = await tx.conn.fetch(SQL["lock"], [incident_id])
        if not rows:
            raise UnknownIncident(incident_id=incident_id)
        if rows[0]["state"] == "RESOLVED":
            raise AlreadyResolved(incident_id=incident_id)
        return rows[0]

    async def _change(
        self,
        tx: Tx,
        row: Any,
        state: str,
        type_: str,
        *,
        owner: str | None = None,
        until: datetime | None = None,
        resolution: str | None = None,
        steps: list[dict[str, Any]] | None = None,
        said: Mapping[str, Any] | None = None,
    ) -> None:
        await tx.conn.execute(
            SQL["change"], row["incident_id"], state, owner, until, resolution, tx.actor, tx.now, steps
        )
        data = {"state": state, "owner": owner, "until": until, "resolution": resolution, **(said or {})}
        clean = {k: v for k, v in data.items() if v is not None}
        append(tx, [fact(tx, type_, "incident", row["incident_id"], clean, Cause(row["correlation_id"], None))])


def _resolved(tx: Tx, rows: Sequence[Any], resolution: str) -> None:
    said = {"resolution": resolution}
    append(
        tx,
        [
            fact(tx, "incident.resolved", "incident", r["incident_id"], said, Cause(r["correlation_id"], None))
            for r in rows
        ],
    )


def _steps(playbook: Playbook) -> list[dict[str, Any]]:
    return [{"key": s.key, "title": s.title, "automatic": s.automatic, "state": "WAITING"} for s in playbook.steps]


def _row(tx: Tx, incident_id: UUID, new: NewIncident, playbook: Playbook) -> dict[str, Any]:
    deadline = tx.now + playbook.within if playbook.within else None
    return {
        "tenant_id": tx.tenant,
        "incident_id": incident_id,
        "kind": new.kind,
        "severity": playbook.severity,
        "state": "OPEN",
        "version": 1,
        "summary": new.summary,
        "details": dict(new.data),
        "dedupe_key": new.dedupe_key,
        "occurrences": 1,
        "opened_at": tx.now,
        "deadline": deadline,
        "deadline_key": deadline or "9999-12-31T00:00:00+00:00",
        "order_id": new.order_id,
        "subject_kind": new.subject_kind,
        "subject_id": new.subject_id,
        "money_at_risk": new.money_at_risk,
        "currency": new.currency,
        "playbook": playbook.kind,
        "steps": _steps(playbook),
        "correlation_id": new.cause.correlation_id,
    }
