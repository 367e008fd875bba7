"""Place and release holds: hard stops with who, why and until when. At most one open hold of a kind on an order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.canon.states import HoldKind
from hub.kit.db import Tx
from hub.kit.ids import new_id
from hub.kit.sqlfile import statements
from hub.ledger import Cause, Fact, append, fact
from hub.orders.draft import RELEASED_BY, Hold

SQL = statements(__file__, "orders.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldPlaced:
    order_id: UUID
    kind: HoldKind
    reason: str
    cause: Cause
    deadline: datetime | None = None
    rule: str | None = None
    released_by: str | None = None  # what would end it; None: what ends its kind
    then: str = "remind"  # at the deadline, if it still stands: remind, release or cancel


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldReleased:
    order_id: UUID
    kind: HoldKind
    cause: Cause


async def place(tx: Tx, holds: Sequence[HoldPlaced]) -> list[UUID]:
    """Orders that got a new hold; one that has an open hold of the kind keeps it."""
    asked = {(h.order_id, h.kind): h for h in holds}
    ordered = [asked[k] for k in sorted(asked)]
    rows = await tx.conn.fetch(
        SQL["place_holds"],
        [new_id() for _ in ordered],
        [h.order_id for h in ordered],
        [h.kind.value for h in ordered],
        [h.reason for h in ordered],
        tx.actor,
        tx.now,
        [h.deadline for h in ordered],
        [h.rule for h in ordered],
        [h.released_by or RELEASED_BY[h.kind] for h in ordered],
    )
    for row in rows:
        hold = asked[row["order_id"], HoldKind(row["kind"])]
        append(tx, [placed_fact(tx, hold.order_id, hold, hold.cause)])
    return [r["order_id"] for r in rows]


def placed_fact(tx: Tx, order_id: UUID, hold: HoldPlaced | Hold, cause: Cause) -> Fact:
    """`order.hold_placed`, of a hold placed later or with the order itself."""
    said = {
        "kind": hold.kind.value,
        "reason": hold.reason,
        "deadline": hold.deadline,
        "rule": hold.rule,
        "then": hold.then,
        **({"parts": hold.parts} if isinstance(hold, Hold) and hold.parts else {}),
    }
    return fact(tx, "order.hold_placed", "order", order_id, said, cause)


async def release(tx: Tx, holds: Sequence[HoldReleased], *, note: str | None = None) -> list[UUID]:
    """Orders of which such a hold was open. The fact says how many others still hold it."""
    asked = {(h.order_id, h.kind): h for h in holds}
    keys = sorted(asked)
    rows = await tx.conn.fetch(
        SQL["release_holds"], [k[0] for k in keys], [k[1].value for k in keys], tx.actor, tx.now, note
    )
    for row in rows:
        hold = asked[row["order_id"], HoldKind(row["kind"])]
        said = {"kind": hold.kind.value, "note": note, "still_open": row["open_holds"], "state": row["state"]}
        append(tx, [fact(tx, "order.hold_released", "order", hold.order_id, said, hold.cause)])
    return [r["order_id"] for r in rows]


async def date_holds(tx: Tx, dues: Sequence[tuple[UUID, HoldKind, datetime]]) -> None:
    """Give open holds (order, kind) a deadline; one that has a deadline keeps it."""
    if dues:
        columns = ([d[0] for d in dues], [d[1].value for d in dues], [d[2] for d in dues])
        await tx.conn.execute(SQL["date_holds"], *columns)


async def open_holds(tx: Tx, orders: Sequence[UUID]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for row in await tx.conn.fetch(SQL["open_holds"], list(orders)):
        found.setdefault(row["order_id"], []).append(row)
    return found


async def held_for_skus(tx: Tx, skus: Sequence[str]) -> list[UUID]:
    """Orders that wait for stock of these SKUs, oldest first, at most 500."""
    return [r["order_id"] for r in await tx.conn.fetch(SQL["held_for_skus"], list(skus))]
