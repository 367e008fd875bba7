"""Counts that nodes send: applied oldest first, answered in the order given, and a person looks where they cannot be true."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hub.canon.commands import StockReported
from hub.canon.states import Condition
from hub.flows.apply import apply
from hub.flows.source import Inapplicable, Source
from hub.kit.db import Database
from hub.kit.ids import new_id
from hub.ledger import Cause
from tests.depot import Depot, new_depot


def count(depot: Depot, node: str, units: int, hours: int = 0) -> tuple[StockReported, Source]:
    said = StockReported(
        node=node, at=depot.now + timedelta(hours=hours), lines=(("A", Condition.NEW, Decimal(units)),)
    )
    return said, Source(message_id=new_id(), connection_id=depot.wms, channel="wms", cause=Cause(new_id(), None))


async def test_the_newest_count_stands_and_each_report_has_its_own_answer(db: Database) -> None:
    depot = await new_depot(db)
    async with depot.unit() as tx:
        reports = [count(depot, "CAJ", 9, 2), count(depot, "NOWHERE", 1, 1), count(depot, "CAJ", 4)]
        outcomes = await apply(tx, reports, depot.reactor.deps)
    assert [isinstance(o, Inapplicable) for o in outcomes] == [False, True, False]
    assert await depot.level("CAJ", "A") == (9, 0)
    assert await depot.rows("SELECT 1 FROM incidents") == []


async def test_a_count_below_what_is_promised_changes_nothing_and_opens_an_incident(db: Database) -> None:
    depot = await new_depot(db)
    await depot.stock({("CAJ", "A"): 5})
    await depot.order(depot.draft("1", {"A": 4}))
    async with depot.unit() as tx:
        assert await apply(tx, [count(depot, "CAJ", 3)], depot.reactor.deps) == [None]
    assert await depot.level("CAJ", "A") == (5, 4)
    [incident] = await depot.rows("SELECT kind, summary FROM incidents")
    assert incident["kind"] == "count_refused"
    assert "CAJ counted A: less than is reserved" in incident["summary"]
