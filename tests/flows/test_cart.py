"""What a cart kept becomes the order's hard reservation: no moment in which another could take it, and never twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub import inventory, orders
from hub.canon.order import OrderDraft, Pickup
from hub.canon.states import HoldKind, PaymentState
from hub.flows import Reactor
from hub.flows.clockwork import ANSWERS
from hub.kit.db import Database
from hub.kit.ids import new_id, public_id
from hub.ledger import Cause
from tests.depot import Depot, default_rules, new_depot


@pytest.fixture
async def depot(db: Database) -> Depot:
    found = await new_depot(db)
    await found.stock({("CAJ", "A"): 3, ("RIO", "A"): 2})
    return found


async def keep(depot: Depot, units: int, node: str | None = "CAJ") -> UUID:
    async with depot.unit() as tx:
        lines = [(depot.nodes[node] if node else None, "A", Decimal(units))]
        kept, _ = await inventory.keep(tx, "cart", lines, timedelta(minutes=15), Cause(new_id(), None))
    return kept


def draft(depot: Depot, name: str, units: int, kept: UUID | str, **given: Any) -> OrderDraft:
    text = public_id("rsv", kept) if isinstance(kept, UUID) else kept
    return depot.draft(name, {"A": units}, references=(("reservation", text),), **given)


async def state(depot: Depot, kept: UUID) -> tuple[str, bool]:
    """(state, is an order's); the books must agree."""
    async with depot.db.unit(tenant=1, actor="test", now=depot.now) as tx:
        assert await inventory.faults(tx) == []
    [row] = await depot.rows("SELECT state, order_id FROM reservations WHERE reservation_id = $1", kept)
    return row["state"], row["order_id"] is not None


async def test_the_cart_turns_hard_in_the_unit_of_the_capture(depot: Depot, db: Database) -> None:
    kept = await keep(depot, 3)
    twin = Reactor(db, depot.reactor.deps, depot.reactor.flows)
    mate = Depot(db=db, reactor=twin, nodes=depot.nodes, wms=depot.wms, shop=depot.shop, now=depot.now)
    others = [mate.order(mate.draft(f"other-{n}", {"A": 3})) for n in range(3)]
    [[mine], *_] = await asyncio.gather(depot.order(draft(depot, "mine", 3, kept)), *others)
    assert await depot.sent_from(mine) == {"CAJ": {"A": 3}}
    assert await state(depot, kept) == ("USED", True)
    assert await depot.level("CAJ", "A") == (3, 3)


async def test_an_order_on_hold_keeps_its_cart_until_it_is_released(depot: Depot) -> None:
    kept = await keep(depot, 3)
    [mine] = await depot.order(draft(depot, "mine", 3, kept, payment_state=PaymentState.PENDING))
    assert await state(depot, kept) == ("ACTIVE", True)
    depot.now += timedelta(minutes=20)
    [other] = await depot.order(depot.draft("other", {"A": 5}))
    assert await depot.sent_from(other) == {"RIO": {"A": 2}}
    async with depot.unit() as tx:
        await orders.release(
            tx, [orders.HoldReleased(order_id=mine, kind=HoldKind.PAYMENT, cause=Cause(new_id(), None))]
        )
    assert await state(depot, kept) == ("USED", True)
    assert await depot.sent_from(mine) == {"CAJ": {"A": 3}}


async def test_a_pickup_reserved_beforehand_is_collected_there(db: Database) -> None:
    depot = await new_depot(db, rules=default_rules())
    await depot.stock({("CAJ", "A"): 3, ("RIO", "A"): 2})
    kept = await keep(depot, 2, "RIO")
    [mine] = await depot.order(draft(depot, "mine", 2, kept, pickup=Pickup(node="RIO"), ship_to=None))
    assert await depot.sent_from(mine) == {"RIO": {"A": 2}}
    assert await state(depot, kept) == ("USED", True)


async def test_one_cart_serves_one_order(depot: Depot) -> None:
    kept = await keep(depot, 3)
    first, second = await depot.order(draft(depot, "1", 3, kept), draft(depot, "2", 3, kept))
    sent = [await depot.sent_from(first), await depot.sent_from(second)]
    assert sent == [{"CAJ": {"A": 3}}, {"RIO": {"A": 2}}]
    assert await state(depot, kept) == ("USED", True)


@pytest.mark.parametrize("said", ["rsv_" + "0" * 32, "a cart of another shop"])
async def test_a_reservation_that_is_none_stops_no_order(depot: Depot, said: str) -> None:
    [mine] = await depot.order(draft(depot, "1", 2, said))
    assert await depot.sent_from(mine) == {"CAJ": {"A": 2}}


async def test_a_cart_can_be_kept_longer_and_ends_by_its_timer(depot: Depot) -> None:
    kept = await keep(depot, 3)
    async with depot.unit() as tx:
        await inventory.extend(tx, {kept: depot.now + timedelta(hours=1)}, Cause(new_id(), None))
    [timer] = await depot.rows("SELECT due_at FROM timers WHERE kind = 'expire_reservations'")
    assert timer["due_at"] == depot.now + timedelta(hours=1)
    assert "expire_reservations" in ANSWERS
    depot.now += timedelta(hours=1)
    with pytest.raises(inventory.ReservationEnded):
        async with depot.unit() as tx:
            await inventory.extend(tx, {kept: depot.now + timedelta(hours=1)}, Cause(new_id(), None))
    async with depot.unit() as tx:
        assert await inventory.expired(tx) == [kept]
