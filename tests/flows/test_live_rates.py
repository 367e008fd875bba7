"""A carrier that quotes is asked by a timer; its answer counts before the rate table until it ends."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from hub.canon.codec import load
from hub.canon.rates import QuotedRate, QuoteRates, RatesQuoted
from hub.flows import live_rates
from hub.flows.apply import apply
from hub.flows.clockwork import Clockwork
from hub.flows.source import Inapplicable, Source
from hub.kit.db import Database
from hub.kit.errors import HubError
from hub.kit.ids import new_id
from hub.kit.lease import Place, claim
from hub.ledger import Cause
from hub.timers import QUEUE
from tests.depot import Depot, new_depot

ASKS = {"nodes": ["CAJ", "EXT", "NOWHERE"], "destinations": ["BR/SP", "BR/RJ"], "weight_g": 500, "every_minutes": 30}
RATE = QuotedRate(carrier="Correios", service="PAC", country="BR", region="", cost=Decimal(3), currency="BRL", days=2)


@pytest.fixture
async def depot(db: Database) -> Depot:
    depot = await new_depot(db)
    await depot.rows("UPDATE connections SET config = $1 WHERE code = 'shop'", {"rates": ASKS})
    async with depot.unit() as tx:
        await live_rates.begin(tx, depot.shop)
    return depot


async def fire(depot: Depot) -> int:
    """Let the due timers fire; how many did."""
    rows = await claim(depot.db, QUEUE, new_id(), [Place(tenant=1)], 10)
    await Clockwork(depot.reactor).handle(rows)
    return len(rows)


async def tell(depot: Depot, answer: RatesQuoted) -> HubError | None:
    source = Source(message_id=new_id(), connection_id=depot.shop, channel="shop", cause=Cause(new_id(), None))
    async with depot.unit() as tx:
        [outcome] = await apply(tx, [(answer, source)], depot.reactor.deps)
    return outcome


async def due(depot: Depot) -> list[Any]:
    return [r["due_at"] for r in await depot.rows("SELECT due_at FROM timers WHERE kind = 'ask_rates'")]


async def test_the_timer_asks_for_each_node_and_sets_itself_again(depot: Depot) -> None:
    [first] = await due(depot)
    assert await fire(depot) == 1
    owed = await depot.rows("SELECT payload, latest_key FROM outbox WHERE kind = 'QuoteRates' ORDER BY latest_key")
    assert [r["latest_key"] for r in owed] == ["rates:CAJ", "rates:EXT"]
    asked = load(QuoteRates, owed[0]["payload"])
    assert (asked.node, asked.weight_g, asked.destinations) == ("CAJ", 500, (("BR", "SP"), ("BR", "RJ")))
    assert asked.origin.region == "SP"
    [again] = await due(depot)
    assert again >= first + timedelta(minutes=30)
    assert await fire(depot) == 0


async def test_an_answer_is_a_lane_until_it_ends(depot: Depot) -> None:
    await depot.stock({("CAJ", "A"): 5, ("EXT", "A"): 5})
    answer = RatesQuoted(node="EXT", rates=(RATE,), valid_until=depot.now + timedelta(minutes=30))
    assert await tell(depot, answer) is None
    [first] = await depot.order(depot.draft("1", {"A": 1}))
    assert await depot.sent_from(first) == {"EXT": {"A": 1}}
    depot.now += timedelta(minutes=31)
    [second] = await depot.order(depot.draft("2", {"A": 1}))
    assert await depot.sent_from(second) == {"CAJ": {"A": 1}}


async def test_an_answer_that_cannot_be_is_refused(depot: Depot) -> None:
    until = depot.now + timedelta(minutes=30)
    unknown = await tell(depot, RatesQuoted(node="NOWHERE", rates=(RATE,), valid_until=until))
    assert isinstance(unknown, Inapplicable)
    negative = QuotedRate(**{**{k: getattr(RATE, k) for k in RATE.__slots__}, "cost": Decimal(-1)})
    assert isinstance(await tell(depot, RatesQuoted(node="EXT", rates=(negative,), valid_until=until)), Inapplicable)
    assert await depot.rows("SELECT 1 FROM lanes WHERE live") == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"nodes": []}, "nodes"),
        ({"nodes": "CAJ"}, "nodes"),
        ({"destinations": ["Brasil"]}, "destinations"),
        ({"weight_g": "heavy"}, "weight_g"),
        ({"every_minutes": 0}, "every_minutes"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_config_that_cannot_be_is_refused_with_its_field(change: dict[str, Any], field: str) -> None:
    assert live_rates.asking({"rates": ASKS}) is not None
    with pytest.raises(live_rates.BadRatesConfig) as told:
        live_rates.asking({"rates": {**ASKS, **change}})
    assert told.value.data["field"] == field


def test_an_account_without_rates_is_not_asked() -> None:
    assert live_rates.asking({"base_url": "https://x"}) is None
