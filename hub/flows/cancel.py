"""A cancellation stops what it still can: what no node has is cancelled at once, a node that works is asked and its answer awaited.
What was begun outside is undone outside: the note is cancelled, the channel is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import connections, fiscal, fulfillment, network, orders, outbox
from hub.canon.codec import dump
from hub.canon.commands import CancelOrder
from hub.canon.states import OrderState
from hub.flows.amend import Outcome, amend
from hub.flows.reactor import Deps, Flow
from hub.flows.states import derive_states
from hub.kit.db import Tx
from hub.ledger import Cause, Fact, append, fact

ZERO = Decimal(0)


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    asked = [f for f in facts if f.type == "order.cancel_asked"]
    if asked:
        await _stop(tx, asked)
    gone = [f for f in facts if f.type in ("fulfillment.cancelled", "fulfillment.short")]
    if gone:
        await _end(tx, gone)
    if ended := [f for f in facts if f.type == "order.cancelled"]:
        await _tell(tx, ended, deps)


async def _stop(tx: Tx, facts: Sequence[Fact]) -> None:
    rows = await orders.lock(tx, [f.subject_id for f in facts])
    early = {
        i
        for i, r in rows.items()
        if orders.ADVANCE.get(OrderState(r["state"]), 99) < orders.ADVANCE[OrderState.DISPATCHED]
    }
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


async def _end(tx: Tx, facts: Sequence[Fact]) -> None:
    """What a node gives back of an order that ends is cancelled, not routed again; the note about it is cancelled too."""
    causes = {UUID(f.data["order_id"]): f.cause for f in facts}
    ending = await orders.ending(tx, causes)
    whole = [f for f in facts if f.type == "fulfillment.cancelled" and f.data["kind"] == "ORDER_CANCELLED"]
    orders_ended = {*ending, *(UUID(f.data["order_id"]) for f in whole)}
    if orders_ended:
        await orders.cancel_rest(tx, {i: ("cancelled", causes[i]) for i in sorted(orders_ended)})
    stopped = {f.subject_id: f for f in facts if f.type == "fulfillment.cancelled"}
    notes = await fiscal.of_fulfillments(tx, list(stopped)) if stopped else {}
    for here, note in notes.items():
        f = stopped[here]
        said = {"fulfillment_id": here, "order_id": f.data["order_id"], "reason": "the goods do not leave"}
        append(tx, [fact(tx, "invoice.cancel_asked", "fiscal_document", note["fiscal_document_id"], said, f.cause)])


async def _tell(tx: Tx, ended: Sequence[Fact], deps: Deps) -> None:
    """The channel hears of a cancellation that it did not ask for, where it can."""
    by_order = {f.subject_id: f for f in ended}
    heads, origins = await orders.heads(tx, by_order), await orders.ending(tx, by_order)
    adapters = {c.connection_id: c.adapter for c in await connections.of_tenant(tx) if c.state != "PAUSED"}
    owed = []
    for order_id, f in by_order.items():
        head = heads[order_id]
        connection = head["connection_id"]
        if origins.get(order_id) == "CHANNEL" or connection is None:
            continue
        if "CancelOrder" in deps.accepts.get(adapters.get(connection, ""), frozenset()):
            owed.append(_delivery(head, f))
    await outbox.owe(tx, owed)


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
        own = {x["external_id"]: x for x in lines.get(each.order_id, [])}
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
        ask = orders.Amendment(order_id=each.order_id, reason=each.reason, cause=each.cause, quantities=fewer)
        outcomes += await amend(tx, [ask])
    return outcomes


FLOW = Flow(
    "cancel",
    frozenset({"order.cancel_asked", "order.cancelled", "fulfillment.cancelled", "fulfillment.short"}),
    answer,
)
