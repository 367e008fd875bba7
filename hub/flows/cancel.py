"""A cancellation stops what it still can: what no node has is cancelled at once, a node that works is asked and its answer awaited."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from hub import fulfillment, network, orders
from hub.flows.reactor import Deps, Flow
from hub.flows.states import derive_states
from hub.kit.db import Tx
from hub.ledger import Cause, Fact


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    asked = {f.subject_id: (str(f.data["reason"]), f.cause) for f in facts if f.type == "order.cancel_asked"}
    if asked:
        await _stop(tx, asked)
    ended = {
        UUID(f.data["order_id"]): f
        for f in facts
        if f.type == "fulfillment.cancelled" and f.data["kind"] == "ORDER_CANCELLED"
    }
    if ended:
        await orders.cancel_rest(tx, {i: ("cancelled", f.cause) for i, f in ended.items()})


async def _stop(tx: Tx, asked: dict[UUID, tuple[str, Cause]]) -> None:
    places = await network.load(tx)
    found = await fulfillment.states(tx, asked)
    await orders.cancel_rest(tx, asked)
    causes = {r["fulfillment_id"]: asked[o][1] for o, rows in found.items() for r in rows}
    stopping = await fulfillment.ask_cancel(tx, causes, "ORDER_CANCELLED", next(iter(asked.values()))[0])
    at_once = {
        r["fulfillment_id"]: causes[r["fulfillment_id"]]
        for r in stopping
        if not places.nodes[r["node_id"]].wms_connection_id
    }
    if at_once:
        await fulfillment.cancelled(tx, at_once)
    await derive_states(tx, {o: c for o, (_, c) in asked.items()})


FLOW = Flow("cancel", frozenset({"order.cancel_asked", "fulfillment.cancelled"}), answer)
