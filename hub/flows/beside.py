"""What a node shipped beside what it was asked for: more units leave its stock, other goods hold the rest of the order until a person has agreed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from hub import inventory, orders
from hub.canon.commands import FulfillmentReported, ReportedLine
from hub.canon.states import HoldKind, MovementCause
from hub.incidents import Incidents, NewIncident
from hub.kit.db import Tx
from hub.kit.money import plain
from hub.ledger import Cause


class Beside(NamedTuple):
    """A report that was applied, with its fulfillment and that one's lines."""

    said: FulfillmentReported
    cause: Cause
    row: Any
    lines: Sequence[Any]


async def told(tx: Tx, reports: Sequence[Beside], incidents: Incidents) -> None:
    """Nothing is sent a second time: what lacks because other goods left is not routed while the hold stands. It does not stop at the door what
    has left already.
    """
    odd = [(b, x) for b in reports for x in b.said.lines if x.over or x.instead is not None]
    holds = [
        orders.HoldPlaced(
            order_id=b.row["order_id"],
            kind=HoldKind.CATALOG,
            reason=f"{x.instead} left for line {x.line}",
            cause=b.cause,
        )
        for b, x in odd
        if x.instead is not None
    ]
    if holds:
        await orders.place(tx, holds)
    await incidents.open(tx, [await _told(tx, b, x) for b, x in odd])


async def _told(tx: Tx, b: Beside, x: ReportedLine) -> NewIncident:
    line = next(r for r in b.lines if str(r["line_no"]) == x.line)
    sku, units = (x.instead, x.quantity) if x.instead is not None else (line["sku"], x.over)
    left = inventory.Adjustment(node_id=b.row["node_id"], sku=sku, delta=-units)
    try:
        await inventory.adjust(
            tx, [left], f"left with {b.said.pick_order}, not asked for", b.cause, kind=MovementCause.SHIP
        )
        stock = ""
    except inventory.Refused as refused:
        stock = f" The stock was not changed: {refused.sentence()}"
    what = f"shipped {plain(units)} {sku}"
    asked = f"in place of {line['sku']}" if x.instead is not None else "more than was asked for"
    return NewIncident(
        kind="goods_substituted" if x.instead is not None else "over_shipped",
        summary=f"The node {what} {asked} (line {x.line}).{stock}"[:500],
        subject_kind="fulfillment",
        subject_id=b.row["fulfillment_id"],
        order_id=b.row["order_id"],
        detail=f"{x.line}/{sku}",
        cause=b.cause,
        data={"line": x.line, "asked": line["sku"], "shipped": sku, "units": plain(units)},
    )
