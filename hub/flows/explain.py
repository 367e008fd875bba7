"""Why an order is where it is: its state, the choice of node with the reasons, what is awaited, what happened. Reads, changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from hub import network, orders
from hub.canon.states import OrderState
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.ids import BadId, public_id, read_id
from hub.orders import allowed

FACTS = 2000  # of one order; a longer story is cut at its end


class OrderNotFound(HubError):
    """There is no order {order}."""

    code: ClassVar[str] = "NOT_FOUND"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A node that was looked at. `shares`: what it got, as (SKU, quantity)."""

    node: str
    feasible: bool
    chosen: bool
    reason: str
    score: str | None
    cost: str | None
    days: str | None
    shares: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One routing decision. `why`: what made the order be routed again, if it was."""

    at: datetime
    rules: str
    version: str
    why: str | None
    candidates: tuple[Candidate, ...]
    unplaced: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """Something without which the order does not go on. `since` or `next_try` where known; `id` in its public form."""

    kind: str  # hold, delivery, message, timer, incident, note, node
    what: str
    id: str | None = None
    since: datetime | None = None
    next_try: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A fact in words. `because`: the fact or message that directly caused it."""

    at: datetime
    type: str
    subject: str
    sentence: str
    actor: str
    event: str
    because: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Everything that is known about one order."""

    order: str
    number: str
    channel: str
    external_id: str
    state: str
    on_hold: bool
    payment_state: str
    version: int
    allowed: tuple[str, ...]
    fulfillments: tuple[Mapping[str, Any], ...]
    choices: tuple[Choice, ...]
    awaited: tuple[Awaited, ...]
    timeline: tuple[Happened, ...]


async def explain(tx: Tx, order: str) -> Explained:
    """`order`: its number, its id at the channel, or `ord_...`. Raises `OrderNotFound`."""
    order_id = await _found(tx, order)
    [head] = await tx.conn.fetch("SELECT * FROM v_order WHERE order_id = $1", order_id)
    codes = {i: n.code for i, n in (await network.load(tx)).nodes.items()}
    shares = await tx.conn.fetch(FULFILLMENTS, order_id)
    subjects = [order_id, *(r["fulfillment_id"] for r in shares), *(r["document"] for r in shares if r["document"])]
    incidents = await tx.conn.fetch(INCIDENTS, order_id, subjects)
    told = await tx.conn.fetch(STORY, order_id, FACTS)
    return Explained(
        order=public_id("ord", order_id),
        number=head["number"],
        channel=head["channel"],
        external_id=head["external_id"],
        state=head["state"],
        on_hold=head["on_hold"],
        payment_state=head["payment_state"],
        version=head["version"],
        allowed=tuple(s.value for s in allowed(OrderState(head["state"]), on_hold=head["on_hold"])),
        fulfillments=tuple(_fulfillment(r, codes) for r in shares),
        choices=tuple(_choice(r, codes) for r in await tx.conn.fetch(DECISIONS, order_id)),
        awaited=tuple(await _awaited(tx, order_id, subjects, incidents, shares, codes)),
        timeline=tuple(_happened(r) for r in told),
    )


async def _found(tx: Tx, order: str) -> UUID:
    try:
        order_id: UUID | None = read_id("ord", order)
        if not await tx.conn.fetchval("SELECT true FROM orders WHERE order_id = $1", order_id):
            order_id = None
    except BadId:
        order_id = await orders.find(tx, order) or (
            None if order.startswith("#") else await orders.find(tx, f"#{order}")
        )
    if order_id is None:
        raise OrderNotFound(order=order[:80])
    return order_id


FULFILLMENTS = """SELECT f.*, d.fiscal_document_id AS document, d.state AS note_state, d.number AS note_number,
  d.access_key, d.authority_code, d.authority_message, s.tracking_number
FROM v_fulfillment f
LEFT JOIN LATERAL (SELECT * FROM v_fiscal_document d WHERE d.fulfillment_id = f.fulfillment_id ORDER BY d.version DESC LIMIT 1) d ON true
LEFT JOIN LATERAL (SELECT tracking_number FROM v_shipment s WHERE s.fulfillment_id = f.fulfillment_id LIMIT 1) s ON true
WHERE f.order_id = $1 ORDER BY f.position"""
INCIDENTS = """SELECT * FROM v_incident WHERE order_id = $1 OR subject_id = ANY ($2::uuid[]) ORDER BY opened_at"""
DECISIONS = "SELECT * FROM route_decisions WHERE order_id = $1 AND mode = 'LIVE' ORDER BY at, decision_id"
HOLDS = "SELECT * FROM v_hold WHERE order_id = $1 AND open ORDER BY placed_at"
# what is owed about these subjects, and messages and timers of their conversations that are still at work
DELIVERIES = """SELECT d.*, c.label FROM v_delivery d
LEFT JOIN connections c ON replace(c.connection_id::text, '-', '') = split_part(d.destination, ':', 1)
WHERE d.subject_id = ANY ($1::uuid[]) AND d.state IN ('READY', 'LEASED', 'PARKED') ORDER BY d.created_at"""
MESSAGES = """SELECT m.* FROM v_inbound_message m
WHERE m.state IN ('READY', 'LEASED', 'PARKED') AND (m.external_id = ANY ($1::text[])
  OR m.correlation_id IN (SELECT correlation_id FROM business_events WHERE subject_id = ANY ($2::uuid[])))
ORDER BY m.received_at"""
STORY = "SELECT * FROM v_order_story WHERE order_id = $1 AND kind = 'FACT' ORDER BY place LIMIT $2"
TIMERS = "SELECT * FROM timers WHERE subject_id = ANY ($1::uuid[]) ORDER BY due_at"
NEXT = {"APPROVED": "to begin picking", "PICKING": "to pick and pack", "PACKED": "to hand over to the carrier"}


async def _awaited(
    tx: Tx, order_id: UUID, subjects: Sequence[UUID], incidents: Sequence[Any], shares: Sequence[Any], codes: Any
) -> list[Awaited]:
    found = [
        Awaited(
            kind="hold", what=f"{h['kind']}: {h['reason']}", id=public_id("hld", h["hold_id"]), since=h["placed_at"]
        )
        for h in await tx.conn.fetch(HOLDS, order_id)
    ]
    found += [_owed(d) for d in await tx.conn.fetch(DELIVERIES, subjects)]
    external = await tx.conn.fetchval("SELECT external_id FROM orders WHERE order_id = $1", order_id)
    names = [external, *(public_id("ful", r["fulfillment_id"]) for r in shares)]
    found += [
        Awaited(
            kind="message",
            what=f"{m['topic']} is {m['state']}" + (f": {m['last_error']}" if m["last_error"] else ""),
            id=public_id("msg", m["message_id"]),
            since=m["received_at"],
        )
        for m in await tx.conn.fetch(MESSAGES, names, subjects)
    ]
    found += [
        Awaited(kind="timer", what=t["kind"], id=public_id("tmr", t["timer_id"]), next_try=t["due_at"])
        for t in await tx.conn.fetch(TIMERS, subjects)
    ]
    found += [
        Awaited(
            kind="incident",
            what=f"{i['kind']}: {i['summary']}",
            id=public_id("inc", i["incident_id"]),
            since=i["opened_at"],
        )
        for i in incidents
        if i["open"]
    ]
    return found + [w for r in shares for w in _of_node(r, codes)]


def _owed(row: Any) -> Awaited:
    last = f": {row['last_error']}" if row["last_error"] else ""
    return Awaited(
        kind="delivery",
        what=f"{row['kind']} to {row['label'] or row['destination']} is {row['state']}, {row['attempts']} tries{last}",
        id=public_id("del", row["delivery_id"]),
        since=row["created_at"],
        next_try=row["next_try_at"],
    )


def _of_node(row: Any, codes: Mapping[UUID, str]) -> list[Awaited]:
    """What a node or the authority still has to do for its share."""
    here = public_id("ful", row["fulfillment_id"])
    if row["dispatch_requested_at"] is not None and row["state"] == "PACKED":
        told = f"NF-e {row['note_number']} is {row['note_state']}" if row["document"] else "its NF-e is not made yet"
        return [
            Awaited(kind="note", what=f"dispatch was asked for; {told}", id=here, since=row["dispatch_requested_at"])
        ]
    if row["state"] in NEXT:
        return [
            Awaited(
                kind="node",
                what=f"{codes[row['location_id']]} has {NEXT[row['state']]}",
                id=here,
                since=row["updated_at"],
            )
        ]
    return []


def _fulfillment(row: Any, codes: Mapping[UUID, str]) -> dict[str, Any]:
    return {
        "id": public_id("ful", row["fulfillment_id"]),
        "node": codes[row["location_id"]],
        "state": row["state"],
        "carrier": row["carrier"],
        "service": row["service"],
        "ship_by": row["ship_by"],
        "tracking": row["tracking_number"],
        "note": row["note_number"],
        "note_state": row["note_state"],
        "note_answer": row["authority_message"],
    }


def _choice(row: Any, codes: Mapping[UUID, str]) -> Choice:
    taken: dict[str, list[tuple[str, str]]] = {}
    for share in row["chosen"]:
        taken.setdefault(str(UUID(share["node_id"])), []).append((share["sku"], _plain(share["quantity"])))
    return Choice(
        at=row["at"],
        rules=row["rules"],
        version=row["rules_version"],
        why=row["reason"],
        candidates=tuple(_candidate(c, codes, taken) for c in row["candidates"]),
        unplaced=tuple((u["sku"], _plain(u["quantity"])) for u in row["unplaced"]),
    )


def _candidate(
    c: Mapping[str, Any], codes: Mapping[UUID, str], taken: Mapping[str, Sequence[tuple[str, str]]]
) -> Candidate:
    node = UUID(c["node_id"])
    reason = c.get("reason") or c.get("excluded_by") or ""
    return Candidate(
        node=codes.get(node, str(node)),
        feasible=bool(c.get("feasible")),
        chosen=str(node) in taken,
        reason=reason,
        score=_text(c.get("score")),
        cost=_text(c.get("cost")),
        days=_text(c.get("days")),
        shares=tuple(taken.get(str(node), ())),
    )


def _text(value: Any) -> str | None:
    return None if value is None else _plain(value)


def _plain(value: Any) -> str:
    """`2` for a quantity kept as `2.0000`."""
    text = str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _happened(row: Any) -> Happened:
    return Happened(
        at=row["at"],
        type=row["type"],
        subject=f"{row['subject_kind']} {row['subject_id'].hex}",
        sentence=row["sentence"],
        actor=row["actor"],
        event=row["entry_id"].hex,
        because=row["causation_id"].hex if row["causation_id"] else None,
    )
