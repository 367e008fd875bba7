"""Hub and warehouse talk: the whole life of a pick order, shorts, refusals, duplicates, disorder, loss and the sweep."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from adapters.wms import ADAPTER
from adapters.wms.simulator import STEPS, Behavior
from hub.canon.commands import CancelPick, PickLine, ReleasePick, RequestPick, StockReported
from hub.canon.ports import Done, NeverTry, Ref, Rejected, Retry, TryAgain
from hub.canon.states import Condition
from tests.adapters.wms.hub_side import HubSide, joined

OTHER = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4"
LIFE = ["ACKNOWLEDGED", "PICKING", "PICKED", "PACKED", "DISPATCHED"]


def request(pick_order: str = "p1", *, mugs: str = "5") -> RequestPick:
    return RequestPick(
        pick_order=pick_order,
        order="#1",
        node="SP-01",
        version=1,
        ship_by=None,
        service=None,
        ship_to=None,
        lines=(
            PickLine(line="1", sku="MUG", title="Mug", quantity=Decimal(mugs)),
            PickLine(line="2", sku="BAG", title="Bag", quantity=Decimal(1)),
        ),
    )


async def swept(hub: HubSide, since: str | None = None) -> str | None:
    assert ADAPTER.pull is not None
    async for page in ADAPTER.pull.changes(since, hub, hub.account):
        for envelope in page.envelopes:
            hub.take(envelope)
        since = page.next
    return since


async def test_step_by_step() -> None:
    async with joined(Behavior()) as (hub, sim):
        done = await hub.ask(request())
        assert isinstance(done, Done)
        assert done.references["wms_id"] == "W000001"
        assert [await sim.step("p1") for _ in range(6)] == [*STEPS, None]
        assert hub.statuses("p1") == LIFE
        assert await hub.ask(ReleasePick(pick_order="p1", node="SP-01", access_key="3" * 44)) == Done()
        assert (sim.work["p1"].released, sim.work["p1"].access_key) == (True, "3" * 44)


async def test_by_itself_with_shorts_that_add_up() -> None:
    behavior = Behavior(auto=True, no_stock={"MUG": Decimal(2)}, not_found={"MUG": Decimal(1), "BAG": Decimal(9)})
    async with joined(behavior) as (hub, sim):
        await hub.ask(request())
        await sim.settle()
        assert hub.statuses("p1") == LIFE
        assert {status for _, status in sim.answers} == {200}
        acknowledged, _, picked, packed, _ = sim.work["p1"].messages
        assert [(x["accepted"], x["short"]) for x in acknowledged["lines"]] == [("3", "2"), ("1", "0")]
        assert [(x["picked"], x["short"]) for x in picked["lines"]] == [("2", "3"), ("0", "1")]
        assert packed["packages"][0]["lines"] == [{"line": "1", "quantity": "2"}]


async def test_nothing_found_ends_after_the_pick() -> None:
    async with joined(Behavior(auto=True, not_found={"MUG": Decimal(9), "BAG": Decimal(9)})) as (hub, sim):
        await hub.ask(request())
        await sim.settle()
        assert hub.statuses("p1") == ["ACKNOWLEDGED", "PICKING", "PICKED"]


@pytest.mark.parametrize(
    "behavior",
    [
        Behavior(auto=True, refuse=frozenset({"BAG"})),
        Behavior(auto=True, no_stock={"MUG": Decimal(5), "BAG": Decimal(1)}),
    ],
)
async def test_a_refusal_is_the_last_word(behavior: Behavior) -> None:
    async with joined(behavior) as (hub, sim):
        await hub.ask(request())
        await sim.settle()
        assert hub.statuses("p1") == ["REFUSED"]


async def test_duplicates_and_disorder_end_the_same() -> None:
    async with joined(Behavior(auto=True, duplicates=4, out_of_order=True)) as (hub, sim):
        await hub.ask(request())
        await sim.settle()
        assert hub.statuses("p1") == LIFE
        assert len(hub.arrivals) == 25
        assert hub.arrivals[0] == "p1_2"


async def test_a_hub_that_is_away_is_told_again() -> None:
    async with joined(Behavior()) as (hub, sim):
        await hub.ask(request())
        hub.away = 2
        await sim.step("p1")
        assert sim.answers == [("p1_1", 503), ("p1_1", 503), ("p1_1", 200)]
        assert hub.statuses("p1") == ["ACKNOWLEDGED"]


async def test_what_was_lost_is_found_by_one_sweep() -> None:
    async with joined(Behavior(auto=True, drop=frozenset({"picked", "dispatched"}))) as (hub, sim):
        for n in range(150):
            await hub.ask(request(f"p{n}"))
        await sim.settle()
        assert len(hub.told) == 150 * 3
        cursor = await swept(hub)
        assert all(hub.statuses(f"p{n}") == LIFE for n in range(150))
        assert await swept(hub, cursor) == cursor
        again = dict(hub.told)
        await swept(hub)
        assert hub.told == again


async def test_a_gap_is_closed_by_reading_the_state() -> None:
    async with joined(Behavior(drop=frozenset({"picking"}))) as (hub, sim):
        await hub.ask(request())
        for _ in range(3):
            await sim.step("p1")
        assert hub.statuses("p1") == ["ACKNOWLEDGED", "PICKED"]
        assert ADAPTER.pull is not None
        hub.take(await ADAPTER.pull.fetch(Ref(kind="pick_order", external_id="p1"), hub, hub.account))
        assert hub.statuses("p1") == ["ACKNOWLEDGED", "PICKING", "PICKED"]
        with pytest.raises(NeverTry):
            await ADAPTER.pull.fetch(Ref(kind="pick_order", external_id="nobody"), hub, hub.account)


async def test_cancelled_before_and_refused_after_packing() -> None:
    async with joined(Behavior()) as (hub, sim):
        for pick_order, steps in (("early", 2), ("late", 4)):
            await hub.ask(request(pick_order))
            for _ in range(steps):
                await sim.step(pick_order)
            assert await hub.ask(CancelPick(pick_order=pick_order, node="SP-01", reason="CUSTOMER")) == Done()
            await sim.settle()
        assert hub.statuses("early")[-1] == "CANCELLED"
        assert await sim.step("early") is None
        assert hub.statuses("late")[-1] == "CANCEL_REFUSED"
        assert await sim.step("late") == "dispatched"


async def test_a_warehouse_may_refuse_to_cancel() -> None:
    async with joined(Behavior(refuse_cancel=True)) as (hub, sim):
        await hub.ask(request())
        await hub.ask(CancelPick(pick_order="p1", node="SP-01", reason="CUSTOMER"))
        await sim.settle()
        assert hub.statuses("p1") == ["CANCEL_REFUSED"]
        unknown = await hub.ask(CancelPick(pick_order="p9", node="SP-01", reason="CUSTOMER"))
        assert isinstance(unknown, Rejected)
        assert unknown.code == "UNKNOWN"


async def test_the_same_request_twice_is_one_pick_order() -> None:
    async with joined(Behavior()) as (hub, sim):
        assert await hub.ask(request()) == await hub.ask(request())
        assert len(sim.work) == 1


async def test_an_invalid_request_is_refused_with_places() -> None:
    async with joined(Behavior()) as (hub, sim):
        shape, rule = await hub.ask(request(mugs="-1")), await hub.ask(request(mugs="0"))
        assert isinstance(shape, Rejected)
        assert (shape.fields[0].at, shape.code) == ("$.lines[0].quantity", "SCHEMA")
        assert isinstance(rule, Rejected)
        assert rule.code == "NOT_POSITIVE"
        assert sim.work == {}


async def test_a_warehouse_that_is_busy_says_when() -> None:
    async with joined(Behavior(failures=(429, 503))) as (hub, sim):
        first, second, third = [await hub.ask(request()) for _ in range(3)]
        assert [type(x) for x in (first, second, third)] == [Retry, Retry, Done]
        assert isinstance(first, Retry)
        assert first.after == timedelta(seconds=1)
        sim.misbehave(failures=(503,))
        with pytest.raises(TryAgain):
            await swept(hub)


async def test_a_wrong_secret_is_refused_on_both_sides() -> None:
    async with joined(Behavior(), wms_secret=OTHER) as (hub, sim):
        refused = await hub.ask(request())
        assert isinstance(refused, Retry)
        assert "signature" in refused.reason
        await sim.report_stock("SP-01", {("MUG", "NEW"): Decimal(3)})
        assert sim.answers == [("stock_SP-01_1", 401)]
        assert hub.others == []


async def test_stock_counts_arrive() -> None:
    async with joined(Behavior()) as (hub, sim):
        await sim.report_stock("SP-01", {("MUG", "NEW"): Decimal("3.5"), ("MUG", "DAMAGED"): Decimal(0)})
        (made,) = hub.others
        assert isinstance(made, StockReported)
        assert made.lines == (("MUG", Condition.NEW, Decimal("3.5")), ("MUG", Condition.DAMAGED, Decimal(0)))
