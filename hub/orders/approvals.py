"""Steps of approval that an order on credit terms needs, and what its customer owes already."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from hub.canon.states import HoldKind
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.sqlfile import statements
from hub.ledger import Cause, append, fact
from hub.orders.holds import HoldReleased, release

SQL = statements(__file__, "orders.sql")


class NothingToApprove(HubError):
    """No approval of this order is missing."""

    code: ClassVar[str] = "NOTHING_TO_APPROVE"


class NotYourStep(HubError):
    """The next approval of this order is for a {role}."""

    code: ClassVar[str] = "NOT_YOUR_STEP"


async def approve_step(tx: Tx, order_id: UUID, roles: Collection[str] | None, cause: Cause) -> int:
    """Give the next approval, as one who has these roles (None: every role); the last one releases the credit hold. Returns how
    many are missing still.
    """
    steps = [r for r in await tx.conn.fetch(SQL["approvals"], [order_id]) if r["approved_at"] is None]
    if not steps:
        raise NothingToApprove(order_id=order_id)
    step = steps[0]
    if roles is not None and step["role"] not in roles:
        raise NotYourStep(role=step["role"])
    await tx.conn.execute(SQL["approve_step"], order_id, step["position"], tx.actor, tx.now)
    said = {"position": step["position"], "role": step["role"], "missing": len(steps) - 1}
    told = fact(tx, "order.approval_given", "order", order_id, said, cause)
    append(tx, [told])
    if len(steps) == 1:
        freed = HoldReleased(order_id=order_id, kind=HoldKind.CREDIT, cause=told.cause)
        await release(tx, [freed], note=f"approved by {tx.actor}")
    return len(steps) - 1


async def exposure(tx: Tx, customers: Iterable[UUID]) -> dict[tuple[UUID, str], Decimal]:
    """(customer, currency) -> what is not paid of their live orders."""
    rows = await tx.conn.fetch(SQL["exposure"], sorted(set(customers)))
    return {(r["customer_id"], r["currency"]): r["total"] for r in rows}


async def earlier(tx: Tx, customers: Iterable[UUID], since: datetime) -> dict[UUID, Sequence[datetime]]:
    """Customer -> when their orders came, since then."""
    found: dict[UUID, list[datetime]] = {}
    for r in await tx.conn.fetch(SQL["earlier"], sorted(set(customers)), since):
        found.setdefault(r["customer_id"], []).append(r["created_at"])
    return dict(found)
