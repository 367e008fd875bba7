"""The story of one order as ordered sentences: its facts, its holds, what its nodes did, what was owed to the outside and how that ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import connections, fiscal, fulfillment, incidents, ledger, network, orders, outbox
from hub.kit.db import Tx

MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`kind`: FACT or DELIVERY. `type`: the fact's type or the command's name. `id`: of the fact or the delivery."""

    at: datetime
    kind: str
    type: str
    sentence: str
    actor: str
    subject_kind: str
    subject_id: UUID
    id: UUID


@dataclass(frozen=True, slots=True)
class _Names:
    """Codes of nodes and labels of connections, by id as text."""

    nodes: Mapping[str, str]
    connections: Mapping[str, str]


async def timeline(tx: Tx, order_id: UUID) -> list[Entry]:
    """Oldest first, facts before the deliveries that they caused. `UnknownOrder` when there is none."""
    if order_id not in await orders.heads(tx, [order_id]):
        raise orders.UnknownOrder(order_id=order_id)
    here = [r["fulfillment_id"] for r in (await fulfillment.states(tx, [order_id]))[order_id]]
    notes = [n["fiscal_document_id"] for n in (await fiscal.of_fulfillments(tx, here)).values()] if here else []
    subjects = [order_id, *here, *notes]
    names = await _names(tx)
    told = await ledger.story(tx, [*subjects, *await incidents.of_order(tx, order_id)], limit=MOST)
    found = [_fact(r, names) for r in told]
    found += [_delivery(r, names) for r in await outbox.about(tx, subjects)]
    return sorted(found, key=lambda e: (e.at, e.kind == "DELIVERY"))


async def _names(tx: Tx) -> _Names:
    places = await network.load(tx)
    accounts = await connections.of_tenant(tx)
    return _Names(
        nodes={str(i): n.code for i, n in places.nodes.items()},
        connections={c.connection_id.hex: c.label for c in accounts},
    )


def _fact(row: Any, names: _Names) -> Entry:
    say = SENTENCES.get(row["type"])
    told = say(row["data"], names) if say else row["type"].replace(".", " ").replace("_", " ").capitalize()
    return Entry(
        at=row["at"],
        kind="FACT",
        type=row["type"],
        sentence=f"{told}.",
        actor=row["actor"],
        subject_kind=row["subject_kind"],
        subject_id=row["subject_id"],
        id=row["event_id"],
    )


def _delivery(row: Any, names: _Names) -> Entry:
    where = names.connections.get(row["destination"].partition(":")[0], row["destination"])
    ends: Mapping[str, str] = {
        "READY": "waits to be sent" if not row["attempts"] else f"failed {row['attempts']} times, will be tried again",
        "LEASED": "is being sent",
        "PARKED": f"was given up after {row['attempts']} tries: {row['last_error']}",
        "DONE": "was delivered",
        "IGNORED": "was not sent, by decision of a person",
        "SUPERSEDED": "was overtaken by a newer one",
    }
    return Entry(
        at=row["created_at"],
        kind="DELIVERY",
        type=row["kind"],
        sentence=f"{row['kind']} to {where} {ends.get(row['state'], row['state'].lower())}.",
        actor="hub",
        subject_kind=row["subject_kind"],
        subject_id=row["subject_id"],
        id=row["delivery_id"],
    )


# ------------------------------------------------------------------ how facts are said
Say = Callable[[Mapping[str, Any], _Names], str]


def _plain(text: Any) -> str:
    return f"{Decimal(str(text)).normalize():f}"


def _units(lines: Sequence[Sequence[Any]], sku: int = 1, n: int = 2) -> str:
    return ", ".join(f"{_plain(x[n])} x {x[sku]}" for x in lines) or "nothing"


def _node(data: Mapping[str, Any], names: _Names) -> str:
    return names.nodes.get(str(data.get("node_id")), "a node")


def _allocated(d: Mapping[str, Any], names: _Names) -> str:
    shares = ", ".join(f"{_plain(n)} x {sku} at {names.nodes.get(node, 'a node')}" for node, _, sku, n in d["shares"])
    missing = f"; without a node: {_units(d['unplaced'])}" if d.get("unplaced") else ""
    return f"Reserved {shares}{missing}"


def _amended(d: Mapping[str, Any], _names: _Names) -> str:
    parts = [
        f"{c['kind']} {c['sku'] or ''} {c['before'] or '-'} to {c['after'] or '-'}".replace("  ", " ")
        for c in d["changes"]
    ]
    parts += ["another address"] if d["address"] else []
    return f"Amended ({d['reason']}): {', '.join(parts)}; costs {_plain(d['total'])} now"


def _hold(d: Mapping[str, Any], _names: _Names) -> str:
    until = f", until {d['deadline'][:16].replace('T', ' ')} UTC" if d.get("deadline") else ""
    return f"Held ({d['kind'].lower()}): {d['reason']}{until}"


def _cancelled(d: Mapping[str, Any], names: _Names) -> str:
    why = {"ORDER_CANCELLED": "the order ends", "AMENDED": "the order was amended", "SHORT": "nothing was there"}
    return f"{_node(d, names)} stopped: {why.get(d['kind'], 'another node is looked for')}"


SENTENCES: Mapping[str, Say] = {
    "order.placed": lambda d, _: f"Placed at {d['channel']} as {d['number']} for {_plain(d['total'])} {d['currency']}",
    "order.approved": lambda _d, _n: "Approved: nothing holds it",
    "order.revised": lambda d, _: f"The channel sent revision {d['revision']}, payment {d['payment_state']}",
    "order.old_revision_seen": lambda d, _: f"An older revision {d['revision']} came and changed nothing",
    "order.hold_placed": _hold,
    "order.hold_released": lambda d, _: f"The {d['kind'].lower()} hold was released: {d.get('note') or 'no note'}",
    "order.hold_overdue": lambda d, _: f"The {d['hold'].lower()} hold stands since its deadline",
    "order.approval_given": lambda d, _: f"Approved as {d['role']}, {d['missing']} approvals are missing",
    "order.allocated": _allocated,
    "order.backordered": lambda d, _: f"On backorder: {d['skus']} is announced for {d['until'][:10]}",
    "order.state_changed": lambda d, _: f"Went from {d['from']} to {d['to']}",
    "order.cancel_asked": lambda d, _: f"Cancellation asked: {d['reason']}",
    "order.cancelled": lambda d, _: f"Cancelled: {d['reason']}",
    "order.part_cancelled": lambda d, _: f"What no node had yet was cancelled: {d['reason']}",
    "order.amendment_asked": lambda d, _: f"An amendment waits for {len(d['waits_for'])} fulfillments: {d['reason']}",
    "order.amended": _amended,
    "order.amendment_refused": lambda d, _: f"The amendment was refused: {d['reason']}",
    "order.handed_over": lambda d, n: f"Handed over at {_node(d, n)}",
    "order.refund_recorded": lambda d, _: f"Refund {d['refund']} of {_plain(d['amount'])} {d['currency']}",
    "fulfillment.planned": lambda d, n: f"{_node(d, n)} is to send {_units(d['lines'])}",
    "fulfillment.split": lambda d, n: f"{_node(d, n)} ships {_units(d['lines'])} apart",
    "fulfillment.pick_notified": lambda d, n: f"The store {_node(d, n)} was told",
    "fulfillment.picking": lambda d, n: f"{_node(d, n)} began to pick",
    "fulfillment.picked": lambda d, n: f"{_node(d, n)} picked {_units(d['lines'])}",
    "fulfillment.packed": lambda d, n: f"{_node(d, n)} packed {_units(d['lines'])}",
    "fulfillment.short": lambda d, n: f"{_node(d, n)} lacks {_units(d['lines'])}: {d.get('reason') or 'no reason'}",
    "fulfillment.dispatch_asked": lambda d, n: f"{_node(d, n)} wants to hand over to {d['carrier'] or 'a carrier'}",
    "fulfillment.dispatch_refused": lambda d, _: f"It may not leave: {d['reason']}",
    "fulfillment.dispatched": lambda d, n: (
        f"{_units(d['lines'])} left {_node(d, n)}, tracking {d['tracking'] or 'none'}"
    ),
    "fulfillment.in_transit": lambda _d, _n: "On the way",
    "fulfillment.delivered": lambda _d, _n: "Delivered",
    "fulfillment.completed": lambda _d, _n: "Completed",
    "fulfillment.handed_over": lambda d, n: f"{_units(d['lines'])} left with the customer at {_node(d, n)}",
    "fulfillment.ready_for_pickup": lambda d, n: f"Ready at {_node(d, n)} until {d['until'][:10]}",
    "fulfillment.collected": lambda d, n: f"Collected at {_node(d, n)}",
    "fulfillment.cancel_asked": lambda d, n: f"{_node(d, n)} was asked to stop: {d['reason']}",
    "fulfillment.cancel_refused": lambda d, _: f"The node goes on: {d['reason']}",
    "fulfillment.cancelled": _cancelled,
    "fulfillment.report_ignored": lambda d, _: f"An old report {d['status']} came and changed nothing",
    "invoice.requested": lambda _d, _n: "The note was written and is owed to the authority",
    "invoice.authorized": lambda _d, _n: "The note is authorized",
    "incident.opened": lambda d, _: f"Incident {d['kind']}: {d['summary'].rstrip('.')}",
    "incident.resolved": lambda d, _: f"Incident resolved: {d['resolution']}",
}
