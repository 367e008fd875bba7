"""Work of stores: they are told of what to pick, give it to who brings the code, may refuse to ship, and get back what nobody collects."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from hub import fulfillment, network, orders, timers
from hub.canon.states import NodeKind, OrderState
from hub.flows.reactor import Deps, Flow
from hub.incidents import Incidents, NewIncident
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.ledger import Cause, Fact, append, fact

EXPIRY = "pickup_expiry"
KEPT = timedelta(days=7)  # how long goods wait for their customer


class NotForPickup(HubError):
    """This fulfillment is not waiting to be collected."""

    code: ClassVar[str] = "NOT_FOR_PICKUP"


class WrongPickupCode(HubError):
    """That is not the pickup code of this order."""

    code: ClassVar[str] = "WRONG_PICKUP_CODE"


class NoProof(HubError):
    """A hand-over names who took the goods."""

    code: ClassVar[str] = "NO_PROOF"


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    places = await network.load(tx)
    for f in facts:
        node = places.nodes[UUID(f.data["node_id"])]
        if f.type == "fulfillment.planned" and node.kind is NodeKind.STORE:
            said = {k: f.data[k] for k in ("order_id", "node_id", "method", "ship_by")}
            append(tx, [fact(tx, "fulfillment.pick_notified", "fulfillment", f.subject_id, said, f.cause)])
    await _ready(tx, [f for f in facts if f.type == "fulfillment.packed"])
    await _collected(tx, [f for f in facts if f.type == "fulfillment.dispatched" and f.data["carrier"] == "PICKUP"])


async def _ready(tx: Tx, packed: Sequence[Fact]) -> None:
    """Packed for pickup: a code for the customer, and a date after which the goods go back. The fact does not tell the code."""
    rows = await fulfillment.lock(tx, [f.subject_id for f in packed]) if packed else {}
    mine = [f for f in packed if rows[f.subject_id]["method"] == "PICKUP"]
    new = set(
        await fulfillment.give_codes(tx, {f.subject_id: f"{secrets.randbelow(10**6):06}" for f in mine}) if mine else ()
    )
    for f in mine:
        if f.subject_id in new:
            said = {"order_id": f.data["order_id"], "node_id": f.data["node_id"], "until": tx.now + KEPT}
            append(tx, [fact(tx, "fulfillment.ready_for_pickup", "fulfillment", f.subject_id, said, f.cause)])
    await timers.set_timers(
        tx,
        [
            timers.Timer(
                kind=EXPIRY,
                subject_kind="fulfillment",
                subject_id=i,
                at=tx.now + KEPT,
                dedupe_key=i.hex,
            )
            for i in sorted(new)
        ],
    )


async def _collected(tx: Tx, left: Sequence[Fact]) -> None:
    """What is collected is delivered when it leaves."""
    await fulfillment.travelled(tx, {f.subject_id: (OrderState.DELIVERED, f.cause) for f in left})


async def hand_over(tx: Tx, fulfillment_id: UUID, code: str, proof: Mapping[str, str], cause: Cause) -> None:
    """Give packed goods to who brings the code. `proof`: {name, document (last digits), ...}, kept with the dispatch. In Brazil the
    note is asked for first, and the goods are delivered when it is authorized.
    """
    row = await fulfillment.lock_one(tx, fulfillment_id)
    if row["method"] != "PICKUP" or row["state"] != OrderState.PACKED:
        raise NotForPickup(fulfillment_id=fulfillment_id)
    known = (await fulfillment.pickup_codes(tx, [fulfillment_id])).get(fulfillment_id, "")
    if not known or not secrets.compare_digest(known.encode(), code.strip().encode()):
        raise WrongPickupCode
    if not proof.get("name", "").strip():
        raise NoProof
    await timers.cancel(tx, [fulfillment_id], kinds=[EXPIRY])
    said = {"order_id": row["order_id"], "node_id": row["node_id"], "proof": sorted(proof)}
    told = fact(tx, "fulfillment.collected", "fulfillment", fulfillment_id, said, cause)
    append(tx, [told])
    asked = fulfillment.DispatchAsked(
        fulfillment_id=fulfillment_id, carrier="PICKUP", cause=told.cause, packages=({"proof": dict(proof)},)
    )
    await fulfillment.ask_dispatch(tx, asked)


async def expire(tx: Tx, fired: Sequence[timers.Fired]) -> None:
    """The timers' answer: what was not collected goes back to the shelf, its order ends."""
    rows = await fulfillment.lock(tx, [f.subject_id for f in fired])
    waiting: dict[UUID, Cause] = {
        f.subject_id: Cause(f.correlation_id, f.timer_id)
        for f in fired
        if (r := rows.get(f.subject_id)) is not None
        and r["state"] == OrderState.PACKED
        and r["dispatch_requested_at"] is None
    }
    if waiting:
        await fulfillment.ask_cancel(tx, waiting, "ORDER_CANCELLED", "nobody collected it")
        await fulfillment.cancelled(tx, waiting)


async def refuse(tx: Tx, row: Any, reason: str, cause: Cause, incidents: Incidents) -> None:
    """A node does not do it (`row`: its fulfillment, locked). One with a WMS is asked to stop and answers for itself; any other has stopped, an
    incident tells why, and another node is looked for. Raises `IllegalMove` where nothing is left to refuse.
    """
    here = row["fulfillment_id"]
    if OrderState(row["state"]) not in fulfillment.AT_WORK:
        orders.check_move(OrderState(row["state"]), OrderState.CANCELLED)
    await fulfillment.ask_cancel(tx, {here: cause}, "REROUTE", reason)
    places = await network.load(tx)
    if places.nodes[row["node_id"]].wms_connection_id is not None:
        return
    await fulfillment.cancelled(tx, {here: cause})
    told = NewIncident(
        kind="pick_refused",
        summary=f"A store refused a fulfillment: {reason}.",
        subject_kind="fulfillment",
        subject_id=here,
        order_id=row["order_id"],
        cause=cause,
    )
    await incidents.open(tx, [told])


FLOW = Flow(
    "in_store",
    frozenset({"fulfillment.planned", "fulfillment.packed", "fulfillment.dispatched"}),
    answer,
)
