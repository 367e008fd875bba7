"""A cancellation stops what it still can: what no node has is cancelled at once, a node that works is asked and its answer awaited.
What was begun outside is undone outside: the note is cancelled, the channel is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import connections, fulfillment, network, orders, outbox, timers
from hub.canon.codec import dump
from hub.canon.commands import CancelOrder
from hub.canon.states import OrderState
from hub.flows.acknowledge import response
from hub.flows.amend import Outcome, amend
from hub.flows.joint import ENDED, notes_of
from hub.flows.partners import owed
from hub.flows.reactor import Deps, Flow
from hub.flows.states import derive_states
from hub.flows.till import take_back
from hub.incidents import NewIncident
from hub.kit.db import Tx
from hub.ledger import Cause, Fact, append, fact

ZERO = Decimal(0)
KIND = "cancel_answer"
PATIENCE = timedelta(hours=1)


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    asked = [f for f in facts if f.type == "order.cancel_asked"]
    if asked:
        await _stop(tx, asked, deps)
    await _await_answers(tx, facts)
    gone = [f for f in facts if f.type in ("fulfillment.cancelled", "fulfillment.short")]
    if gone:
        await _end(tx, gone)
    if silent := [f for f in facts if f.type == "fulfillment.cancel_unanswered"]:
        await deps.incidents.open(tx, [_silent(f) for f in silent])
    if ended := [f for f in facts if f.type == "order.cancelled"]:
        await _tell(tx, ended, deps)


async def _stop(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    rows = await orders.lock(tx, [f.subject_id for f in facts])
    way = {i: orders.ADVANCE.get(OrderState(r["state"]), -1) for i, r in rows.items()}
    early = {i for i, n in way.items() if 0 <= n < orders.ADVANCE[OrderState.DISPATCHED]}
    late = [f for f in facts if way.get(f.subject_id, -1) >= orders.ADVANCE[OrderState.DISPATCHED]]
    await _too_late(tx, late, rows, deps)
    asked = {f.subject_id: f for f in facts if f.subject_id in early}
    for origin in ("CHANNEL", "HUB"):
        await orders.note_cancel(tx, [i for i, f in asked.items() if f.data.get("origin", "HUB") == origin], origin)
    places = await network.load(tx)
    found = await fulfillment.states(tx, asked)
    await orders.cancel_rest(tx, {i: (str(f.data["reason"]), f.cause) for i, f in asked.items()})
    causes = {r["fulfillment_id"]: asked[o].cause for o, rows in found.items() for r in rows}
    reasons = {str(f.data["reason"]) for f in asked.values()}
    stopping = await fulfillment.ask_cancel(
        tx, causes, "ORDER_CANCELLED", reasons.pop() if len(reasons) == 1 else "the order is cancelled"
    )
    at_once = [r["fulfillment_id"] for r in stopping if not places.nodes[r["node_id"]].wms_connection_id]
    if at_once:
        await fulfillment.cancelled(tx, {i: causes[i] for i in at_once})
    await derive_states(tx, {o: f.cause for o, f in asked.items()})


async def _too_late(tx: Tx, facts: Sequence[Fact], rows: Mapping[UUID, Any], deps: Deps) -> None:
    """What has left is not cancelled: somebody stops it on its way or takes it back as a return. Only a till takes back what it just sold."""
    taken = set(await take_back(tx, {f.subject_id: f for f in facts}, deps)) if facts else set()
    for f in facts:
        why = (
            "the sale is over; its note ends and its goods are back" if f.subject_id in taken else "the goods have left"
        )
        said = {"reason": why, "asked": f.data["reason"], "origin": f.data.get("origin", "HUB")}
        append(tx, [fact(tx, "order.cancel_refused", "order", f.subject_id, said, f.cause)])
    await deps.incidents.open(
        tx,
        [
            NewIncident(
                kind="cancel_too_late",
                summary=f"Order {rows[f.subject_id]['number']} was to be cancelled after its goods had left: {f.data['reason']}."[
                    :500
                ],
                subject_kind="order",
                subject_id=f.subject_id,
                order_id=f.subject_id,
                cause=f.cause,
                money_at_risk=rows[f.subject_id]["total"],
                currency=rows[f.subject_id]["currency"],
            )
            for f in facts
            if f.subject_id not in taken
        ],
    )


# ------------------------------------------------------------------ a node that says nothing
async def _await_answers(tx: Tx, facts: Sequence[Fact]) -> None:
    """A warehouse that was asked to stop has an hour to answer; then somebody asks by other means."""
    asked = [f for f in facts if f.type == "fulfillment.cancel_asked"]
    places = await network.load(tx) if asked else None
    waited = [f for f in asked if places and places.nodes[UUID(f.data["node_id"])].wms_connection_id]
    await timers.set_timers(
        tx,
        [
            timers.Timer(
                kind=KIND,
                subject_kind="fulfillment",
                subject_id=f.subject_id,
                at=tx.now + PATIENCE,
                dedupe_key=f.subject_id.hex,
                causation_id=f.event_id,
                correlation_id=f.correlation_id,
            )
            for f in waited
        ],
    )
    answered = [f for f in facts if f.type in ("fulfillment.cancelled", "fulfillment.cancel_refused")]
    if answered:
        await timers.cancel(tx, [f.subject_id for f in answered], kinds=[KIND])


async def unanswered(tx: Tx, fired: Sequence[timers.Fired]) -> None:
    """The timers' answer: those that still wait become a fact; the incident follows from it."""
    rows = await fulfillment.lock(tx, [f.subject_id for f in fired])
    for f in fired:
        row = rows.get(f.subject_id)
        if row is None or row["cancel_requested_at"] is None or row["state"] not in fulfillment.AT_WORK:
            continue
        said = {"order_id": row["order_id"], "node_id": row["node_id"]}
        cause = Cause(f.correlation_id, f.timer_id)
        append(tx, [fact(tx, "fulfillment.cancel_unanswered", "fulfillment", f.subject_id, said, cause)])


def _silent(f: Fact) -> NewIncident:
    return NewIncident(
        kind="cancel_unanswered",
        summary="A node was asked to stop a fulfillment and has not answered.",
        subject_kind="fulfillment",
        subject_id=f.subject_id,
        order_id=UUID(f.data["order_id"]),
        cause=f.cause,
        data={"node_id": f.data["node_id"]},
    )


async def _end(tx: Tx, facts: Sequence[Fact]) -> None:
    """What a node gives back of an order that ends is cancelled, not routed again; the note about it is cancelled too."""
    causes = {UUID(f.data["order_id"]): f.cause for f in facts}
    ending = await orders.ending(tx, causes)
    whole = [f for f in facts if f.type == "fulfillment.cancelled" and f.data["kind"] == "ORDER_CANCELLED"]
    orders_ended = {*ending, *(UUID(f.data["order_id"]) for f in whole)}
    if orders_ended:
        await orders.cancel_rest(tx, {i: ("cancelled", causes[i]) for i in sorted(orders_ended)})
    stopped = {f.subject_id: f for f in facts if f.type == "fulfillment.cancelled"}
    notes = await notes_of(tx, list(stopped)) if stopped else {}
    live = {n["fiscal_document_id"]: here for here, n in notes.items() if n["state"] not in ENDED - {"REJECTED"}}
    for document_id, here in live.items():
        f = stopped[here]
        said = {"fulfillment_id": here, "order_id": f.data["order_id"], "reason": "the goods do not leave"}
        append(tx, [fact(tx, "invoice.cancel_asked", "fiscal_document", document_id, said, f.cause)])


async def _tell(tx: Tx, ended: Sequence[Fact], deps: Deps) -> None:
    """The channel hears of a cancellation that it did not ask for, where it can; a partner by an 855 that rejects what it ordered."""
    by_order = {f.subject_id: f for f in ended}
    heads, origins = await orders.heads(tx, by_order), await orders.ending(tx, by_order)
    adapters = {c.connection_id: c.adapter for c in await connections.of_tenant(tx) if c.state != "PAUSED"}
    takes = {
        i: deps.accepts.get(adapters.get(heads[i]["connection_id"], ""), frozenset())
        for i in by_order
        if origins.get(i) != "CHANNEL" and heads[i]["connection_id"] is not None
    }
    told = [_delivery(heads[i], by_order[i]) for i, kinds in takes.items() if "CancelOrder" in kinds]
    partners = [i for i, kinds in takes.items() if "WriteDocument" in kinds]
    lines = await orders.lines(tx, partners) if partners else {}
    for i in partners:
        said, subject = response(heads[i], lines[i]), ("order", i)
        told.append(owed(by_order[i], heads[i]["connection_id"], "order_response", heads[i]["number"], said, subject))
    await outbox.owe(tx, told)


def _delivery(head: Any, f: Fact) -> outbox.Delivery:
    return outbox.Delivery(
        destination=f"{head['connection_id'].hex}:outbound",
        kind="CancelOrder",
        subject_kind="order",
        subject_id=head["order_id"],
        payload=dump(CancelOrder(order=head["external_id"], reason=head["cancel_reason"] or str(f.data["reason"]))),
        causation_id=f.event_id,
        correlation_id=f.correlation_id,
        ordering_key=head["order_id"].hex,
        dedupe_key=f"CancelOrder:{head['order_id'].hex}",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PartAsked:
    """So many units fewer of these lines. `lines`: (the channel's line id, units)."""

    order_id: UUID
    lines: tuple[tuple[str, Decimal], ...]
    reason: str
    cause: Cause
    origin: str = "HUB"


async def cancel_part(tx: Tx, asked: Sequence[PartAsked]) -> list[Outcome | None]:
    """An amendment each; None where nothing would be left, so that the whole order is cancelled instead."""
    lines = await orders.lines(tx, [a.order_id for a in asked])
    outcomes: list[Outcome | None] = []
    for each in asked:
        own = {x["external_id"]: x for x in orders.sold(lines.get(each.order_id, []))}
        unknown = [e for e, _ in each.lines if e not in own]
        if unknown:
            faults = [(("lines", e), orders.UnknownLine(line=e)) for e in unknown]
            outcomes.append(orders.AmendmentRefused(faults))
            continue
        left = {x["line_id"]: x["ordered"] - x["cancelled"] for x in own.values()}
        fewer = {own[e]["line_id"]: max(ZERO, left[own[e]["line_id"]] - n) for e, n in each.lines}
        if not any({**left, **fewer}.values()):
            said = {"reason": each.reason, "origin": each.origin}
            append(tx, [fact(tx, "order.cancel_asked", "order", each.order_id, said, each.cause)])
            outcomes.append(None)
            continue
        ask = orders.Amendment(
            order_id=each.order_id, reason=each.reason, cause=each.cause, quantities=fewer, origin=each.origin
        )
        outcomes += await amend(tx, [ask])
    return outcomes


FLOW = Flow(
    "cancel",
    frozenset(
        {
            "order.cancel_asked",
            "order.cancelled",
            "fulfillment.cancelled",
            "fulfillment.short",
            "fulfillment.cancel_asked",
            "fulfillment.cancel_refused",
            "fulfillment.cancel_unanswered",
        }
    ),
    answer,
)
