"""A hold has a deadline: when it passes and the hold still stands, its rule says whether somebody is reminded, it is released or the order ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from hub import orders, timers
from hub.canon.states import HoldKind
from hub.flows.reactor import Deps, Flow
from hub.incidents import NewIncident
from hub.kit.db import Tx
from hub.ledger import Cause, Fact, append, fact

KIND = "hold_deadline"


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    """A placed hold sets a timer for its deadline, or for that of its kind; a released one needs none; an overdue one is dealt with."""
    placed = [f for f in facts if f.type == "order.hold_placed"]
    dues = deps.hold_rules.deadlines
    bare = [(f, dues[k]) for f in placed if not f.data.get("deadline") and (k := HoldKind(f.data["kind"])) in dues]
    await orders.date_holds(tx, [(f.subject_id, HoldKind(f.data["kind"]), tx.now + due.within) for f, due in bare])
    given = [f for f in placed if f.data.get("deadline")]
    await timers.set_timers(
        tx,
        [
            *(_timer(f, datetime.fromisoformat(f.data["deadline"]), f.data.get("then") or "remind") for f in given),
            *(_timer(f, tx.now + due.within, due.then) for f, due in bare),
        ],
    )
    free = [f.subject_id for f in facts if f.type == "order.hold_released" and not f.data["still_open"]]
    if free:
        await deps.incidents.resolve_for_orders(tx, ["hold_overdue"], free, "the last hold was released")
    overdue = [f for f in facts if f.type == "order.hold_overdue"]
    if overdue:
        await _overdue(tx, overdue, deps)


def _timer(f: Fact, at: datetime, then: str) -> timers.Timer:
    return timers.Timer(
        kind=KIND,
        subject_kind="order",
        subject_id=f.subject_id,
        at=at,
        payload={"hold": f.data["kind"], "then": then},
        dedupe_key=f"{f.subject_id.hex}:{f.data['kind']}",
        causation_id=f.event_id,
        correlation_id=f.correlation_id,
    )


async def _overdue(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    free = [f for f in facts if f.data["then"] == "release"]
    freed = [orders.HoldReleased(order_id=f.subject_id, kind=HoldKind(f.data["hold"]), cause=f.cause) for f in free]
    if freed:
        await orders.release(tx, freed, note="its deadline passed")
    for f in facts:
        if f.data["then"] == "cancel":
            said = {"reason": f"the {f.data['hold'].lower()} hold was not released in time", "origin": "HUB"}
            append(tx, [fact(tx, "order.cancel_asked", "order", f.subject_id, said, f.cause)])
    await deps.incidents.open(
        tx,
        [
            NewIncident(
                kind="hold_overdue",
                summary=f"The {f.data['hold'].lower()} hold of an order stands since its deadline: {f.data['reason']}.",
                subject_kind="order",
                subject_id=f.subject_id,
                order_id=f.subject_id,
                detail=f.data["hold"],
                cause=f.cause,
            )
            for f in facts
            if f.data["then"] == "remind"
        ],
    )


async def passed(tx: Tx, fired: Sequence[timers.Fired]) -> None:
    """The timers' answer: those whose hold still stands become facts."""
    open_ = await orders.open_holds(tx, [f.subject_id for f in fired])
    standing: dict[tuple[UUID, str], str] = {(o, h["kind"]): h["reason"] for o, held in open_.items() for h in held}
    for f in fired:
        reason = standing.get((f.subject_id, f.payload["hold"]))
        if reason is not None:
            said = {**f.payload, "reason": reason}
            cause = Cause(f.correlation_id, f.timer_id)
            append(tx, [fact(tx, "order.hold_overdue", "order", f.subject_id, said, cause)])


FLOW = Flow("overdue", frozenset({"order.hold_placed", "order.hold_released", "order.hold_overdue"}), answer)
