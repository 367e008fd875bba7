"""An order is approved when its last hold is released; one that nothing held was born so."""

from __future__ import annotations

from collections.abc import Sequence

from hub import orders
from hub.flows.capture import INCIDENTS
from hub.flows.reactor import Deps, Flow
from hub.kit.db import Tx
from hub.ledger import Fact


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    """The last hold released while in DRAFT."""
    free = [f for f in facts if not f.data["still_open"] and f.data["state"] == "DRAFT"]
    if free:
        await orders.approve(tx, {f.subject_id: f.cause for f in free})
    kinds = {h.value: k for h, k in INCIDENTS.items()} | {"STOCK": "out_of_stock"}
    for hold in sorted({f.data["kind"] for f in facts} & kinds.keys()):
        gone = [f.subject_id for f in facts if f.data["kind"] == hold]
        await deps.incidents.resolve_for_orders(tx, [kinds[hold]], gone, "the hold was released")


FLOW = Flow("approve", frozenset({"order.hold_released"}), answer)
