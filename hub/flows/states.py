"""An order's state follows from its fulfillments."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from hub import fulfillment, orders
from hub.canon.states import OrderState
from hub.kit.db import Tx
from hub.ledger import Cause


async def derive_states(tx: Tx, causes: Mapping[UUID, Cause]) -> None:
    """Set the state of these orders from the states of their fulfillments."""
    found = await fulfillment.states(tx, causes)
    await orders.derive(tx, {o: [OrderState(r["state"]) for r in rows] for o, rows in found.items()}, causes)
