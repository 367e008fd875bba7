"""Part a fulfillment in two at the same node, so that what is ready need not wait for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from hub.fulfillment.commands import AT_WORK, SQL, lines, lock_one, plan
from hub.fulfillment.model import Plan, Share
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.ledger import Cause, append, fact


class NotSplittable(HubError):
    """This fulfillment cannot be split so: {reason}"""

    code: ClassVar[str] = "NOT_SPLITTABLE"


async def split(tx: Tx, fulfillment_id: UUID, part: Mapping[UUID, Decimal], cause: Cause) -> UUID:
    """Move these units (line -> units, none of them picked) into a fulfillment of their own; returns it. Facts `fulfillment.split`
    and `fulfillment.planned`. A node with a WMS must agree beforehand: it works on the pick order that it has.
    """
    row = await lock_one(tx, fulfillment_id)
    if row["state"] not in AT_WORK or row["dispatch_requested_at"] or row["cancel_requested_at"]:
        raise NotSplittable(reason=f"it is {row['state']} or about to end")
    own = {x["line_id"]: x for x in (await lines(tx, [fulfillment_id]))[fulfillment_id]}
    if not part or any(n <= 0 for n in part.values()):
        raise NotSplittable(reason="a part has units")
    if unknown := part.keys() - own.keys():
        raise NotSplittable(reason=f"it has no line {min(unknown)}")
    free = {i: x["assigned"] - x["short"] - x["picked"] for i, x in own.items()}
    if late := [own[i]["sku"] for i, n in part.items() if n > free[i]]:
        raise NotSplittable(reason=f"units of {', '.join(sorted(late))} are picked or were not asked for")
    if all(x["assigned"] - x["short"] == part.get(i, Decimal(0)) for i, x in own.items()):
        raise NotSplittable(reason="nothing would be left")
    ids = sorted(part)
    await tx.conn.execute(SQL["take_away"], fulfillment_id, ids, [part[i] for i in ids])
    said = {
        "order_id": row["order_id"],
        "node_id": row["node_id"],
        "lines": [[i, own[i]["sku"], part[i]] for i in ids],
    }
    told = fact(tx, "fulfillment.split", "fulfillment", fulfillment_id, said, cause)
    append(tx, [told])
    shares = tuple(Share(line_id=i, line_no=n, sku=own[i]["sku"], quantity=part[i]) for n, i in enumerate(ids, 1))
    new = Plan(
        order_id=row["order_id"],
        node_id=row["node_id"],
        decision_id=None,
        method=row["method"],
        ship_by=row["ship_by"],
        carrier=row["carrier"],
        service=row["service"],
        shares=shares,
        cause=told.cause,
    )
    return (await plan(tx, [new]))[0]
