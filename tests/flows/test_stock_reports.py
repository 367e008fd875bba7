"""Counts that nodes send: applied oldest first, answered in the order given, and a person looks where they cannot be true."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from hub.canon.commands import (
    CancelAsked,
    DocumentRead,
    FulfillmentReported,
    InwardCommand,
    RatesQuoted,
    RefundRecorded,
    ReportedLine,
    ReportedPackage,
    StockReported,
)
from hub.canon.order import RefundDraft
from hub.canon.rates import QuotedRate
from hub.canon.states import Condition
from hub.flows.apply import apply
from hub.flows.source import Inapplicable, Source
from hub.kit.db import Database
from hub.kit.ids import new_id
from hub.ledger import Cause
from tests.depot import Depot, new_depot

NOW = datetime(2026, 11, 16, tzinfo=UTC)


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


LARGE = Decimal("1E+14")


@pytest.mark.parametrize(
    ("command", "place"),
    [
        (StockReported(node="CAJ", at=NOW, lines=(("A", Condition.NEW, LARGE),)), "lines.0"),
        (StockReported(node="CAJ", at=NOW, lines=(("A", Condition.NEW, Decimal("NaN")),)), "lines.0"),
        (
            StockReported(
                node="CAJ",
                at=NOW,
                lines=(("A", Condition.NEW, Decimal(2)),),
                lots=(("A", Condition.NEW, "L", Decimal("0.00001")),),
            ),
            "lots.0",
        ),
        (
            FulfillmentReported(pick_order="ful_1", status="PICKED", lines=(ReportedLine(line="1", over=LARGE),)),
            "lines.0.over",
        ),
        (
            FulfillmentReported(
                pick_order="ful_1",
                status="PACKED",
                packages=(ReportedPackage(lines=(ReportedLine(line="1", quantity=LARGE),)),),
            ),
            "packages.0.lines.0.quantity",
        ),
        (CancelAsked(external_id="1", reason="", revision="1", lines=(("1", LARGE),)), "lines.0"),
        (
            RefundRecorded(
                refund=RefundDraft(external_id="R", order_external_id="1", currency="BRL", amount=LARGE, at=NOW)
            ),
            "amount",
        ),
        (
            DocumentRead(kind="receipt", number="1", data={"lines": [{"received": str(LARGE)}]}),
            "lines.0.received",
        ),
        (
            DocumentRead(kind="receipt", number="1", data={"lines": [{"exceptions": [{"quantity": "?"}]}]}),
            "lines.0.exceptions.0.quantity",
        ),
        (
            RatesQuoted(
                node="CAJ",
                valid_until=NOW,
                rates=(
                    QuotedRate(carrier="C", service="S", country="BR", region="", cost=LARGE, currency="BRL", days=1),
                ),
            ),
            "rates.0.cost",
        ),
    ],
)
async def test_a_number_that_cannot_be_kept_is_refused_with_its_place_and_its_neighbour_goes_through(
    db: Database, command: InwardCommand, place: str
) -> None:
    depot = await new_depot(db)
    source = Source(message_id=new_id(), connection_id=depot.wms, channel="wms", cause=Cause(new_id(), None))
    async with depot.unit() as tx:
        refused, applied = await apply(tx, [(command, source), count(depot, "CAJ", 7)], depot.reactor.deps)
    assert isinstance(refused, Inapplicable)
    assert [(p["code"], p["at"]) for p in refused.problems] == [("OUT_OF_BOUNDS", place)]
    assert "14 digits and 4 decimals" in refused.sentence()
    assert applied is None
    assert await depot.level("CAJ", "A") == (7, 0)
