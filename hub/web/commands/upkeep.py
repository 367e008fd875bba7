"""Mutations of the people who keep things going: incidents, parked deliveries and messages, connections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson

from hub import connections, fiscal, inbox, orders, outbox
from hub.canon.states import HoldKind
from hub.connections import Directory
from hub.flows import live_rates
from hub.flows.gate import rewrite_note
from hub.flows.route import allocate
from hub.kit.db import Tx
from hub.kit.parked import Changed, Chosen, NothingChosen, TooManyIds
from hub.ledger import Cause, append, fact
from hub.web.commands.work import Desk, Refused, direct
from schema.commands import Ask, Outcome, Refusal
from schema.inputs import (
    AssignIncidentInput,
    ConnectionStateInput,
    IncidentStepInput,
    QueueInput,
    ResolveIncidentInput,
    SnoozeIncidentInput,
)

INCIDENT_CODES = ("NOT_FOUND", "ALREADY_RESOLVED", "STEP_NOT_READY", "STEP_FAILED")
QUEUE_CODES = ("NOT_FOUND", "NOT_PARKED", "REASON_REQUIRED", "TOO_MANY")


class UpkeepCommands:
    """`desk` carries the write path; `directory` forgets what changed."""

    def __init__(self, desk: Desk, directory: Directory) -> None:
        self._desk, self._directory = desk, directory

    # ------------------------------------------------------------------ incidents
    async def assign_incident(self, ask: Ask, input: AssignIncidentInput, /) -> Outcome:  # noqa: A002 - the port's name
        async def act(tx: Tx) -> Outcome:
            await self._incidents.assign(tx, input.incident_id, input.owner)
            return Outcome(ids={"incident": input.incident_id})

        return await self._desk.run(ask, INCIDENT_CODES, act)

    async def snooze_incident(self, ask: Ask, input: SnoozeIncidentInput, /) -> Outcome:  # noqa: A002 - the port's name
        async def act(tx: Tx) -> Outcome:
            await self._incidents.snooze(tx, input.incident_id, input.until)
            return Outcome(ids={"incident": input.incident_id})

        return await self._desk.run(ask, INCIDENT_CODES, act)

    async def resolve_incident(self, ask: Ask, input: ResolveIncidentInput, /) -> Outcome:  # noqa: A002 - the port's name
        async def act(tx: Tx) -> Outcome:
            await self._incidents.resolve(tx, input.incident_id, input.resolution)
            return Outcome(ids={"incident": input.incident_id})

        return await self._desk.run(ask, INCIDENT_CODES, act)

    async def run_incident_step(self, ask: Ask, input: IncidentStepInput, /) -> Outcome:  # noqa: A002 - the port's name
        """A step with an action is done by the hub; any other is marked done by the person."""

        async def act(tx: Tx) -> Outcome:
            row, action = await self._incidents.next_step(tx, input.incident_id, input.step)
            result = await self._do(tx, action, row) if action else "done by hand"
            await self._incidents.step_done(tx, row, input.step, result)
            return Outcome(ids={"incident": input.incident_id})

        return await self._desk.run(ask, INCIDENT_CODES, act)

    @property
    def _incidents(self) -> Any:
        return self._desk.reactor.deps.incidents

    async def _do(self, tx: Tx, action: str, row: Any) -> str:
        cause = Cause(row["correlation_id"], None)
        if action == "retry_delivery":
            return _counted("deliveries", await outbox.retry(tx, Chosen(ids=[row["subject_id"]])))
        if action == "retry_message":
            return _counted("messages", await inbox.retry(tx, Chosen(ids=[row["subject_id"]])))
        if action == "release_hold" and row["order_id"]:
            kind = HoldKind(row["details"].get("hold", "MANUAL"))
            await orders.release(
                tx, [orders.HoldReleased(order_id=row["order_id"], kind=kind, cause=cause)], note="by its playbook"
            )
            return f"{kind.value} hold released"
        if action == "reroute" and row["order_id"]:
            freed = orders.HoldReleased(order_id=row["order_id"], kind=HoldKind.STOCK, cause=cause)
            if not await orders.release(tx, [freed], note="routed again"):
                await allocate(
                    tx, {row["order_id"]: cause}, self._desk.reactor.deps, reasons={row["order_id"]: "playbook"}
                )
            return "routed again"
        if action == "correct_invoice":
            await rewrite_note(tx, row, cause, self._desk.reactor.deps)
            return "the note is written again"
        if action == "ask_guide_again":
            await fiscal.ask_again(tx, [row["subject_id"]], cause)
            return "the guide is asked for again"
        raise Refused(
            Refusal(code="STEP_FAILED", message=f"{action} does not fit this incident.", field=("input", "step"))
        )

    # ------------------------------------------------------------------ queues
    async def retry_deliveries(self, ask: Ask, input: QueueInput, /) -> Outcome:  # noqa: A002 - the port's name
        async def act(tx: Tx) -> Outcome:
            return self._told(tx, "delivery.retried", "delivery", await outbox.retry(tx, _chosen(input)), input)

        return await self._desk.run(ask, QUEUE_CODES, act)

    async def ignore_deliveries(self, ask: Ask, input: QueueInput, /) -> Outcome:  # noqa: A002 - the port's name
        async def act(tx: Tx) -> Outcome:
            return self._told(
                tx, "delivery.ignored", "delivery", await outbox.ignore(tx, _chosen(input), _reason(input)), input
            )

        return await self._desk.run(ask, QUEUE_CODES, act)

    async def retry_messages(self, ask: Ask, input: QueueInput, /) -> Outcome:  # noqa: A002 - the port's name
        async def act(tx: Tx) -> Outcome:
            body = orjson.dumps(input.body) if input.body is not None else None
            return self._told(tx, "message.retried", "message", await inbox.retry(tx, _chosen(input), body=body), input)

        return await self._desk.run(ask, QUEUE_CODES, act)

    async def ignore_messages(self, ask: Ask, input: QueueInput, /) -> Outcome:  # noqa: A002 - the port's name
        async def act(tx: Tx) -> Outcome:
            return self._told(
                tx, "message.ignored", "message", await inbox.ignore(tx, _chosen(input), _reason(input)), input
            )

        return await self._desk.run(ask, QUEUE_CODES, act)

    def _told(self, tx: Tx, type_: str, kind: str, changed: Sequence[Changed], given: QueueInput) -> Outcome:
        if not changed:
            raise Refused(
                Refusal(code="NOT_PARKED", message="None of these is waiting for a person.", field=("input", "ids"))
            )
        append(
            tx, [fact(tx, type_, kind, c.id, {"reason": given.reason}, Cause(_correlation(c), None)) for c in changed]
        )
        return Outcome(data={"changed": len(changed)})

    # ------------------------------------------------------------------ connections
    async def set_connection_state(self, ask: Ask, input: ConnectionStateInput, /) -> Outcome:  # noqa: A002 - the port's name
        async def act(tx: Tx) -> Outcome:
            try:
                await connections.set_state(tx, input.connection_id, input.state.value)
            except connections.ConnectionUnknown as error:
                raise Refused(
                    Refusal(code="NOT_FOUND", message="There is no such connection.", field=("input", "connectionId"))
                ) from error
            await live_rates.begin(tx, input.connection_id)
            said = {"state": input.state.value}
            append(tx, [fact(tx, "connection.state_set", "connection", input.connection_id, said, direct(tx))])
            tx.after_commit.append(self._directory.forget)
            return Outcome(ids={"connection": input.connection_id})

        return await self._desk.run(ask, QUEUE_CODES, act)


def _chosen(given: QueueInput) -> Chosen:
    try:
        return Chosen(ids=given.ids or (), fingerprint=given.fingerprint)
    except TooManyIds as error:
        raise Refused(Refusal(code="TOO_MANY", message=error.sentence(), field=("input", "ids"))) from error
    except NothingChosen as error:
        raise Refused(Refusal(code="NOT_FOUND", message=error.sentence(), field=("input",))) from error


def _reason(given: QueueInput) -> str:
    if not given.reason or not given.reason.strip():
        raise Refused(Refusal(code="REASON_REQUIRED", message="Say why it is ignored.", field=("input", "reason")))
    return given.reason


def _correlation(changed: Changed) -> UUID:
    found: UUID = changed.row["correlation_id"]
    return found


def _counted(what: str, changed: Sequence[Changed]) -> str:
    return f"{len(changed)} {what} at work again"
