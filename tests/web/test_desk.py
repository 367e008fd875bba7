"""Mutations that wait together: captures become one set-wise call in one unit, each with an outcome of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from hub.canon.states import PaymentState
from hub.kit.db import Database
from hub.kit.doorbell import Doorbell
from hub.web.commands import Desk
from hub.web.commands.orders import OrderCommands
from schema.commands import Ask, Outcome
from schema.inputs import AddressInput, CaptureOrderInput, CustomerInput, OrderLineInput
from schema.mutations.inputs import input_hash
from schema.principal import Principal
from tests.depot import Depot, new_depot

ME = Principal(
    tenant=1, actor="key:one", role="OPERATOR", scopes=frozenset(), channel=None, connection_id=None, cost_bucket=0
)


@pytest.fixture
async def depot(db: Database) -> Depot:
    made = await new_depot(db)
    await made.stock({("CAJ", sku): 100 for sku in "ABCD"})
    return made


@pytest.fixture
async def desk(depot: Depot, dsn: str) -> AsyncIterator[OrderCommands]:
    bell = await Doorbell(dsn).open()
    made = Desk(depot.reactor, bell)
    try:
        yield OrderCommands(made)
    finally:
        await made.close()
        await bell.close()


def given(name: str, *skus: str) -> CaptureOrderInput:
    lines = tuple(
        OrderLineInput(line_no=n, sku=s, quantity=Decimal(1), unit_price=Decimal(10))  # type: ignore[arg-type]
        for n, s in enumerate(skus, 1)
    )
    address = AddressInput(street="Rua A", city="X", region="SP", postcode="01310-100", country_code="BR")
    return CaptureOrderInput(
        channel="shop",
        external_id=name,
        currency_code="BRL",
        payment_state=PaymentState.PAID,
        lines=lines,
        ship_to=address,
        customer=CustomerInput(name="Ana"),
    )


async def capture(desk: OrderCommands, value: CaptureOrderInput, key: str) -> Outcome:
    ask = Ask(principal=ME, mutation="capture_order", key=key, input_hash=input_hash("capture_order", value))
    return await desk.capture_order(ask, value)


async def test_captures_that_wait_share_one_unit_and_one_answer_each(desk: OrderCommands, depot: Depot) -> None:
    first = asyncio.create_task(capture(desk, given("O-0", "A"), "k-0"))  # flushed alone: the others wait for it
    await asyncio.sleep(0)
    twice = given("O-1", "A")
    inputs = [twice, given("O-2", "B"), given("O-3", "C"), twice]
    keys = ["k-1", "k-2", "k-3", "k-1"]
    one, two, three, again = await asyncio.gather(*(capture(desk, i, k) for i, k in zip(inputs, keys, strict=True)))
    await first
    rows = await depot.rows("SELECT external_id, state, xmin::text AS made_by FROM orders ORDER BY external_id")
    assert [r["external_id"] for r in rows] == ["O-0", "O-1", "O-2", "O-3"]
    assert len({r["made_by"] for r in rows[1:]}) == 1
    assert rows[0]["made_by"] != rows[1]["made_by"]
    assert again.ids == one.ids
    assert (again.replayed, one.replayed, two.replayed) == (True, False, False)
    assert three.data["order"]["state"] == rows[3]["state"]
    for outcome in (one, two, three):
        facts = await depot.rows(
            "SELECT DISTINCT correlation_id FROM business_events WHERE event_id = ANY ($1::uuid[])", outcome.event_ids
        )
        assert len(facts) == 1


async def test_a_refused_capture_does_not_disturb_its_neighbours(desk: OrderCommands, depot: Depot) -> None:
    first = asyncio.create_task(capture(desk, given("O-0", "A"), "k-0"))
    await asyncio.sleep(0)
    good, bad = await asyncio.gather(capture(desk, given("O-1", "A"), "k-1"), capture(desk, _doubled("O-2"), "k-2"))
    await first
    assert good.refusals == ()
    assert [r.code for r in bad.refusals] == ["DUPLICATE_LINE"]
    found = await depot.rows("SELECT external_id FROM orders ORDER BY external_id")
    assert [r["external_id"] for r in found] == ["O-0", "O-1"]
    keys = await depot.rows("SELECT key FROM idempotency ORDER BY key")
    assert [r["key"] for r in keys] == ["k-0", "k-1"]


async def test_what_breaks_the_whole_is_done_one_by_one(
    desk: OrderCommands, depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = OrderCommands._capture_together

    async def broken(self: OrderCommands, tx: Any, asked: Any) -> Any:
        await whole(self, tx, asked)
        await tx.conn.execute("UPDATE stock SET reserved = on_hand + 1 WHERE sku = 'A'")

    monkeypatch.setattr(OrderCommands, "_capture_together", broken)
    first = asyncio.create_task(capture(desk, given("O-0", "A"), "k-0"))
    await asyncio.sleep(0)
    one, two = await asyncio.gather(capture(desk, given("O-1", "A"), "k-1"), capture(desk, given("O-2", "A"), "k-2"))
    await first
    assert one.ids["order"] != two.ids["order"]
    _, reserved = await depot.level("CAJ", "A")
    assert reserved == 3


def _doubled(name: str) -> CaptureOrderInput:
    line = OrderLineInput(line_no=1, sku="A", quantity=Decimal(1), unit_price=Decimal(10))  # type: ignore[arg-type]
    plain = given(name, "A")
    return CaptureOrderInput(
        channel="shop",
        external_id=name,
        currency_code="BRL",
        payment_state=PaymentState.PAID,
        lines=(line, line),
        ship_to=plain.ship_to,
        customer=plain.customer,
    )
