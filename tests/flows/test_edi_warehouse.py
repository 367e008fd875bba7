"""Warehouses and stock by documents: 940 and 945, 943 and 944, and the 846 that tells a partner what there is."""

from __future__ import annotations

import itertools
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from hub import inventory, network, timers
from hub.flows.clockwork import Clockwork
from hub.kit.db import Database
from hub.ledger import Cause
from tests.partner import Partner, find, interchange, new_partner, segments
from tests.queues import take


@pytest.fixture
async def partner(db: Database, tmp_path: Path) -> Partner:
    return await new_partner(db, tmp_path / "out")


async def warehouse(partner: Partner) -> None:
    """The nodes' warehouses trade with us by documents."""
    async with partner.world.unit() as tx:
        await tx.conn.execute("UPDATE nodes SET wms_connection_id = $1", partner.connection.connection_id)


async def test_a_warehouse_that_ships_more_or_other_goods_is_told_and_nothing_goes_out_twice(partner: Partner) -> None:
    await warehouse(partner)
    order_id = await partner.world.place(partner.world.draft("W-2", ("SKU-1", 3), ("SKU-2", 2)))
    [asked] = await partner.send()
    lines = {s[5]: s for s in segments(asked) if s[0] == "W01"}
    assert set(lines) == {"SKU-1", "SKU-2"}
    number = find(asked, "W05")[2]
    before = {sku: await partner.world.stock("LIS", sku) for sku in ("SKU-1", "SKU-2", "SKU-3")}
    partner.control += 1
    advice = [
        "945",
        f"W06*F*{number}*20261116*S-2",
        "N9*CN*TRACK-7",
        "W27*M*UPSN",
        "LX*1",
        "MAN*GM*006141411234567906",
        "W12*CC*3*2*1*EA**VN*SKU-1",
        "N9*LI*1",
        "LX*2",
        "MAN*GM*006141411234567913",
        "W12*CC*3*2*1*EA**VN*SKU-1",
        "N9*LI*1",
        "W12*IS*0*2*-2*EA**VN*SKU-3",
        "N9*LI*2",
        "W03*6",
    ]
    await partner.receive(interchange(partner.control, "SW", [advice]))
    assert [f["state"] for f in await partner.world.fulfillments(order_id)] == ["DISPATCHED"]
    shipped = {r["sku"]: r["shipped"] for r in await partner.world.lines(order_id)}
    assert shipped == {"SKU-1": 3, "SKU-2": 0}
    assert await partner.incidents() == ["goods_substituted", "over_shipped", "short_pick"]
    assert await partner.world.holds(order_id) == ["CATALOG"]
    after = {sku: await partner.world.stock("LIS", sku) for sku in before}
    assert [before[s][0] - after[s][0] for s in ("SKU-1", "SKU-2", "SKU-3")] == [4, 2, 2]
    assert [find(f, "ST")[1] for f in await partner.send()] == ["997"]  # no second pick order while the hold stands


async def test_a_receipt_that_would_make_more_than_a_stock_can_be_is_told_and_books_nothing(partner: Partner) -> None:
    await warehouse(partner)
    async with partner.world.unit() as tx:
        node = (await network.load(tx)).node("LIS")
        assert node is not None
        most = inventory.Adjustment(node_id=node.node_id, sku="SKU-1", quantity=Decimal(99999999999999))
        await inventory.adjust(tx, [most], "test", Cause(tx.correlation_id, None))
    before = await partner.world.stock("LIS", "SKU-1")
    for units, kind in (("1", "document_refused"), ("100000000000000", "document_unreadable")):
        partner.control += 1
        receipt = [
            "944",
            "W17*F*20261119*WR-1*TR-9",
            "N1*WH*LISBOA*92*LIS",
            f"W07*{units}*EA**VN*SKU-1",
            f"W14*{units}",
        ]
        await partner.receive(interchange(partner.control, "RE", [receipt]))
        assert kind in await partner.incidents()
    assert await partner.world.stock("LIS", "SKU-1") == before


async def test_what_is_under_way_is_announced_with_a_943_and_its_944_ends_the_announcement(partner: Partner) -> None:
    await warehouse(partner)
    async with partner.world.unit() as tx:
        nodes = await network.load(tx)
        node = nodes.node("LIS")
        assert node is not None
        at = tx.now + timedelta(days=3)
        coming = [
            inventory.Expected(node_id=node.node_id, sku=sku, quantity=Decimal(n), expected_at=at)
            for sku, n in (("SKU-1", 50), ("SKU-2", 20))
        ]
        await inventory.expect(tx, "TR-9", coming, Cause(tx.correlation_id, None))
    [advice] = await partner.send()
    assert find(advice, "ST")[1] == "943"
    assert find(advice, "W06")[2] == "TR-9"
    assert [s[1:6] for s in segments(advice) if s[0] == "W04"] == [
        ["50", "EA", "", "VN", "SKU-1"],
        ["20", "EA", "", "VN", "SKU-2"],
    ]
    assert find(advice, "W03")[1] == "70"
    before = [(await partner.world.stock("LIS", s))[0] for s in ("SKU-1", "SKU-2")]
    partner.control += 1
    receipt = [
        "944",
        "W17*F*20261119*WR-1*TR-9",
        "N1*WH*LISBOA*92*LIS",
        "W07*48*EA**VN*SKU-1",
        "W07*20*EA**VN*SKU-2",
        "W14*68",
    ]
    await partner.receive(interchange(partner.control, "RE", [receipt]))
    after = [(await partner.world.stock("LIS", s))[0] for s in ("SKU-1", "SKU-2")]
    assert [a - b for a, b in zip(after, before, strict=True)] == [48, 20]
    assert await partner.rows("SELECT 1 FROM incoming") == []
    assert await partner.incidents() == ["receipt_differs"]
    [told] = await partner.rows("SELECT summary FROM incidents")
    assert "2 SKU-1 missing" in told["summary"]
    assert not [f for f in await partner.send() if "ST*943" in f]


@pytest.mark.parametrize("own", [True, False])
async def test_a_partner_counts_the_nodes_that_it_works_for_and_no_others(partner: Partner, own: bool) -> None:
    if own:
        await warehouse(partner)
    before = int((await partner.world.stock("LIS", "SKU-1"))[0])
    assert before != 7
    count = ["846", "BIA*00*SI*R1*20271117*1200", "N1*WH*LISBOA*92*LIS", "LIN*1*VN*SKU-1", "QTY*17*7*EA", "CTT*1"]
    await partner.receive(interchange(201, "IB", [count]))
    assert int((await partner.world.stock("LIS", "SKU-1"))[0]) == (7 if own else before)
    told = [r["summary"] for r in await partner.rows("SELECT summary FROM incidents")]
    why = "acme-retail is not the warehouse of LIS, so it cannot count it"
    assert [t.endswith(why) for t in told] == ([] if own else [True])


async def test_a_partner_is_told_our_stock_when_it_changed_and_not_more_often_than_it_wishes(partner: Partner) -> None:
    told = {"stock": {"locations": {"LIS": "DC1"}, "skus": {"SKU-2": "THEIR-2"}, "every": 30, "buffer": 1}}
    async with partner.world.unit() as tx:
        sql = "UPDATE connections SET config = config || $2::jsonb WHERE connection_id = $1"
        await tx.conn.execute(sql, partner.connection.connection_id, told)
    before = {s: (await partner.world.stock("LIS", s)) for s in ("SKU-1", "SKU-2")}
    await partner.world.adjust("LIS", "SKU-1", 5)
    await partner.world.adjust("LIS", "SKU-2", -before["SKU-2"][0])
    [timer] = await partner.rows("SELECT due_at FROM timers WHERE kind = 'stock_report'")
    assert timer["due_at"].minute in (0, 30)
    assert await partner.send() == []
    await partner.world.rows(
        "UPDATE timers SET run_at = now() - interval '1 s' WHERE kind = 'stock_report' RETURNING 1"
    )
    fired = [r for r in await take(partner.world.db, timers.QUEUE) if r.row["kind"] == "stock_report"]
    await Clockwork(partner.world.reactor).handle(fired)
    [report] = await partner.send()
    assert (find(report, "ST")[1], find(report, "N1")[1:]) == ("846", ["WH", "DC1", "92", "DC1"])
    pairs = [(a[3], b[2]) for a, b in itertools.pairwise(segments(report)) if a[0] == "LIN"]
    levels = dict(pairs)
    assert levels["THEIR-2"] == "0"  # nothing is left, and that is told
    assert Decimal(levels["SKU-1"]) == before["SKU-1"][0] - before["SKU-1"][1] + 5 - 1
    assert await partner.rows("SELECT 1 FROM timers WHERE kind = 'stock_report'") == []
