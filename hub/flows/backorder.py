"""When an order that waits for stock can be served: what is announced comes first to those who waited longest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from hub import inventory, orders, routing
from hub.kit.db import Tx

ZERO = Decimal(0)


async def expected(tx: Tx, short: Sequence[routing.Decision]) -> dict[UUID, datetime]:
    """Order -> when all that it lacks is announced to be there, behind what others wait for already; the rest has no date."""
    lacks = {d.order_id: _lacking(d) for d in short}
    skus = {s for lack in lacks.values() for s in lack}
    ahead = await orders.backlog(tx, skus)
    found: dict[UUID, datetime] = {}
    for order_id, lack in lacks.items():
        for sku, n in lack.items():
            ahead[sku] = ahead.get(sku, ZERO) + n
        dates: Mapping[str, datetime | None] = await inventory.available_from(tx, {s: ahead[s] for s in lack})
        known = [d for d in dates.values() if d is not None]
        if lack and len(known) == len(lack) and max(known) > tx.now:
            found[order_id] = max(known)
    return found


def _lacking(decision: routing.Decision) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for _, sku, n in decision.unplaced:
        sums[sku] = sums.get(sku, ZERO) + n
    return sums
