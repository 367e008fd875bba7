"""Stock that comes in frees the orders that wait for it, oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hub import orders
from hub.canon.states import HoldKind
from hub.flows.reactor import Deps, Flow
from hub.kit.db import Tx
from hub.ledger import Fact


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    more = {
        f.data["sku"]: f.cause
        for f in facts
        if Decimal(str(f.data.get("delta", f.data.get("freed", "1")))) > 0 and "sku" in f.data
    }
    waiting = await orders.held_for_skus(tx, sorted(more)) if more else []
    if waiting:
        cause = next(iter(more.values()))
        freed = [orders.HoldReleased(order_id=i, kind=HoldKind.STOCK, cause=cause) for i in waiting]
        await orders.release(tx, freed, note="stock came in")


FLOW = Flow("restock", frozenset({"stock.adjusted", "stock.counted", "stock.safety_set"}), answer)
