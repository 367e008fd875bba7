"""Orders of one marketplace pack leave as one shipment; orders of one customer may, where method, address and window agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from hub import fulfillment, orders
from hub.flows.reactor import Deps, Flow
from hub.fulfillment import NotBundleable
from hub.kit.db import Tx
from hub.ledger import Cause, Fact


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    """What is planned for orders of one pack at one node is bundled at once."""
    planned = {UUID(f.data["order_id"]): f for f in facts}
    single = {f.subject_id for f in tx.facts if f.type == "order.placed" and not f.data.get("group_id")}
    if not planned.keys() - single:
        return  # placed in this very unit, and of no pack: nothing to ask
    pairs = await orders.of_packs(tx, planned)
    packs: dict[tuple[str, str], list[UUID]] = {}
    for order_id, channel, group_id in pairs:
        packs.setdefault((channel, group_id), []).append(order_id)
    work = await fulfillment.states(tx, {o for members in packs.values() for o in members})
    for members in packs.values():
        by_node: dict[tuple[UUID, str], list[UUID]] = {}
        for row in (r for o in members for r in work[o]):
            if _free(row):
                by_node.setdefault((row["node_id"], row["method"]), []).append(row["fulfillment_id"])
        cause = next(planned[o].cause for o in members if o in planned)
        for together in by_node.values():
            if len(together) > 1:
                await fulfillment.bundle(tx, together, cause)


async def candidates(tx: Tx, order_id: UUID) -> list[UUID]:
    """Fulfillments that may leave with this order's: same customer, method, address and promised day, same node, none at the door."""
    alike = await orders.alike(tx, order_id)
    work = await fulfillment.states(tx, [order_id, *alike])
    nodes = {r["node_id"] for r in work[order_id] if _free(r)}
    return [r["fulfillment_id"] for rows in work.values() for r in rows if _free(r) and r["node_id"] in nodes]


def _free(row: Any) -> bool:
    return bool(
        row["state"] in fulfillment.AT_WORK and not row["cancel_requested_at"] and not row["dispatch_requested_at"]
    )


async def bundle(tx: Tx, order_ids: Sequence[UUID], cause: Cause) -> UUID:
    """Bundle what is at work for these orders; `NotBundleable` unless all of them agree with the first."""
    agreed = {order_ids[0], *await orders.alike(tx, order_ids[0])}
    if strangers := [o for o in order_ids if o not in agreed]:
        raise NotBundleable(reason=f"{len(strangers)} orders differ in customer, method, address or day")
    work = await fulfillment.states(tx, order_ids)
    return await fulfillment.bundle(
        tx, [r["fulfillment_id"] for rows in work.values() for r in rows if _free(r)], cause
    )


FLOW = Flow("bundle", frozenset({"fulfillment.planned"}), answer)
