"""A partner's 860 in earnest: what its numbers mean, and in what order they count."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hub.kit.db import Database
from tests.partner import Partner, find, interchange, new_partner, segments

SETS = {"850": "in", "860": "in", "855": "out", "824": "out"}
PROFILE: Mapping[str, Any] = {
    "partner": "acme-retail",
    "ids": [{"qualifier": "ZZ", "id": "ACMERETAIL"}],
    "ours": {"qualifier": "ZZ", "id": "HUBDEMO"},
    "currency": "EUR",
    "sets": SETS,
}


@pytest.fixture
async def partner(db: Database, tmp_path: Path) -> Partner:
    """One whose order PO-1 of two units stands, and who takes the 824."""
    found = await new_partner(db, tmp_path / "out", config={"profile": dict(PROFILE)})
    await found.receive(found.orders("PO-1"))
    await found.send()
    return found


async def change(partner: Partner, line: str, sequence: str) -> list[str]:
    """What we answer beside the 997."""
    partner.control += 1
    more = ["860", f"BCH*04*SA*PO-1**{sequence}*20261116", line, "CTT*1"]
    await partner.receive(interchange(partner.control, "PC", [more]))
    return [f for f in await partner.send() if "ST*997" not in f]


async def ordered(partner: Partner) -> int:
    [row] = await partner.rows("SELECT ordered - cancelled AS units FROM order_lines")
    return int(row["units"])


async def test_a_change_that_was_overtaken_changes_nothing_and_its_sender_is_told(partner: Partner) -> None:
    await change(partner, "POC*1*RZ*8**EA*10**VN*SKU-1", "10")
    [advice] = await change(partner, "POC*1*RZ*3**EA*10**VN*SKU-1", "9")
    assert await ordered(partner) == 8
    assert find(advice, "OTI")[1:4] == ["TR", "PO", "PO-1"]
    assert find(advice, "TED")[2] == "the change has the sequence 9, and 10 was applied before:"
    [fact] = await partner.rows("SELECT data FROM business_events WHERE type = 'order.old_revision_seen'")
    assert (fact["data"]["revision"], fact["data"]["standing"]) == ("change 9", "change 10")
    assert await partner.incidents() == []
    [answer] = await change(partner, "POC*1*RZ*9**EA*10**VN*SKU-1", "11")
    assert (find(answer, "ST")[1], await ordered(partner)) == ("855", 9)


async def test_a_change_that_was_refused_or_has_no_number_overtakes_nothing(partner: Partner) -> None:
    await change(partner, "POC*77*RZ*8**EA*10**VN*SKU-1", "5")
    assert await partner.incidents() == ["order_change_refused"]
    await change(partner, "POC*1*RZ*4**EA*10**VN*SKU-1", "2")
    assert await ordered(partner) == 4
    for sequence, units in (("", 5), ("A7", 6)):
        await change(partner, f"POC*1*RZ*{units}**EA*10**VN*SKU-1", sequence)
        assert await ordered(partner) == units


@pytest.mark.parametrize(
    ("meaning", "line", "left"),
    [
        ("total", "POC*1*QI*5**EA", 5),
        ("delta", "POC*1*QI*5**EA", 7),
        ("delta", "POC*1*RZ*5**EA", 5),
        ("delta", "POC*1*CA*5**EA", 5),
    ],
)
async def test_a_quantity_is_the_new_total_unless_the_profile_says_by_how_many(
    db: Database, tmp_path: Path, meaning: str, line: str, left: int
) -> None:
    partner = await new_partner(db, tmp_path / "out", config={"profile": {**PROFILE, "poc_quantity": meaning}})
    await partner.receive(partner.orders("PO-1"))
    await partner.send()
    [answer] = await change(partner, f"{line}*10**VN*SKU-1", "1")
    assert (await ordered(partner), find(answer, "PO1")[2]) == (left, str(left))
    assert [s[1:3] for s in segments(answer) if s[0] == "ACK"] == [["IA", str(left)]]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("POC*1*QI*1**EA*10", "Line 1 is to have more units than the 2 that stand, and the new total is said to be 1."),
        (
            "POC*1*QD*5**EA*10",
            "Line 1 is to have fewer units than the 2 that stand, and the new total is said to be 5.",
        ),
    ],
)
async def test_more_that_would_be_less_is_a_persons(partner: Partner, line: str, why: str) -> None:
    """A partner that counts by differences and whose profile does not say so is found out before its order is spoiled."""
    await change(partner, line, "1")
    assert await ordered(partner) == 2
    [incident] = await partner.rows("SELECT summary FROM incidents")
    assert incident["summary"] == f"The partner's change of order PO-1 was not applied: {why}"


@pytest.mark.parametrize("meaning", ["total", "delta"])
async def test_a_change_that_waits_for_a_node_is_answered_when_it_has_let_go(
    db: Database, tmp_path: Path, meaning: str
) -> None:
    partner = await new_partner(db, tmp_path / "out", config={"profile": {**PROFILE, "poc_quantity": meaning}})
    await partner.receive(partner.orders("PO-1"))
    await partner.send()
    assert await change(partner, "POC*1*QD*1**EA*10**VN*SKU-1", "1") == []
    assert await ordered(partner) == 2
    [work] = await partner.rows("SELECT fulfillment_id FROM fulfillments")
    await partner.world.report(work["fulfillment_id"], "CANCELLED")
    [answer] = await partner.send()
    assert await ordered(partner) == 1
    assert (find(answer, "BAK")[2:4], find(answer, "PO1")[2]) == (["AD", "PO-1"], "1")
    assert [s[1:3] for s in segments(answer) if s[0] == "ACK"] == [["IA", "1"]]


async def test_a_change_that_a_node_does_not_let_through_is_a_persons_and_the_partner_is_told(partner: Partner) -> None:
    assert await change(partner, "POC*1*RZ*1**EA*10**VN*SKU-1", "1") == []
    [work] = await partner.rows("SELECT fulfillment_id FROM fulfillments")
    await partner.world.report(work["fulfillment_id"], "CANCEL_REFUSED", reason="already picked")
    [advice] = await partner.send()
    assert await ordered(partner) == 2
    assert (find(advice, "OTI")[1:4], find(advice, "OTI")[10]) == (["TR", "PO", "PO-1"], "860")
    assert find(advice, "TED")[2] == "the node goes on: already picked"
    incidents = {r["kind"]: r["summary"] for r in await partner.rows("SELECT kind, summary FROM incidents")}
    assert incidents["order_change_refused"].endswith("order PO-1 was not applied: the node goes on: already picked")


async def test_an_865_waits_for_the_node_too(db: Database, tmp_path: Path) -> None:
    sets = {**SETS, "865": "out"}
    partner = await new_partner(db, tmp_path / "out", config={"profile": {**PROFILE, "sets": sets}})
    await partner.receive(partner.orders("PO-1"))
    await partner.send()
    assert await change(partner, "POC*1*RZ*1**EA*10**VN*SKU-1", "1") == []
    [work] = await partner.rows("SELECT fulfillment_id FROM fulfillments")
    await partner.world.report(work["fulfillment_id"], "CANCELLED")
    [answer] = await partner.send()
    assert (find(answer, "ST")[1], find(answer, "BCA")[2:4]) == ("865", ["AT", "PO-1"])
    assert find(answer, "ACK")[1:] == ["IA", "1", "EA"]


LISBON = ("N1*ST*ACME LISBOA*92*0042", "N3*RUA A 1", "N4*LISBOA*11*1000001*PT")
PORTO = ("N1*ST*ACME PORTO*92*0043", "N3*RUA B 2", "N4*PORTO*13*4000001*PT")


async def revised(partner: Partner, *body: str, lets_go: bool = True) -> list[str]:
    """What we answer to a change beside the 997, when the nodes that it needs have let go."""
    partner.control += 1
    await partner.receive(interchange(partner.control, "PC", [["860", "BCH*04*SA*PO-1**1*20261116", *body]]))
    works = await partner.rows("SELECT fulfillment_id FROM fulfillments WHERE cancel_requested_at IS NOT NULL")
    for work in works if lets_go else ():
        await partner.world.report(work["fulfillment_id"], "CANCELLED")
    return [f for f in await partner.send() if "ST*997" not in f]


async def test_dates_and_ship_to_of_a_change_replace_those_of_the_order(partner: Partner) -> None:
    line = "POC*1*RZ*3**EA*10**VN*SKU-1"
    [answer] = await revised(partner, "DTM*002*20261201", "DTM*001*20261128", *PORTO, line, "CTT*1")
    [order] = await partner.rows("SELECT * FROM orders")
    assert (order["ship_company"], order["ship_street"], order["ship_city"]) == ("ACME PORTO", "RUA B 2", "PORTO")
    assert [order[k].date().isoformat() for k in ("promised_by", "ship_by")] == ["2026-12-01", "2026-11-28"]
    assert (find(answer, "ST")[1], await ordered(partner)) == ("855", 3)
    assert await partner.incidents() == []
    picks = [p["ship_to"]["city"] for p in await partner.world.owed("RequestPick")]
    assert picks == ["LISBOA", "PORTO"]


@pytest.mark.parametrize("body", [("DTM*002*20261201",), PORTO])
async def test_a_change_of_nothing_but_a_date_or_a_place_is_done_and_answered(
    partner: Partner, body: tuple[str, ...]
) -> None:
    [answer] = await revised(partner, *body)
    assert find(answer, "BAK")[2:4] == ["AD", "PO-1"]
    assert await partner.incidents() == []


async def test_a_ship_to_that_stands_moves_nothing(partner: Partner) -> None:
    [answer] = await revised(partner, *LISBON, "POC*1*RZ*3**EA*10**VN*SKU-1", "CTT*1", lets_go=False)
    assert (find(answer, "PO1")[2], await ordered(partner)) == ("3", 3)
    await revised(partner, *LISBON)
    [incident] = await partner.rows("SELECT kind, summary FROM incidents")
    assert incident["summary"].endswith("Nothing was changed: The amendment changes nothing.")


async def test_a_ship_to_that_no_carrier_finds_refuses_the_whole_change(partner: Partner) -> None:
    line = "POC*1*RZ*3**EA*10**VN*SKU-1"
    [advice] = await revised(partner, "N1*ST*ACME PORTO*92*0043", line, "CTT*1")
    assert (find(advice, "OTI")[1:4], await ordered(partner)) == (["TR", "PO", "PO-1"], 2)
    [incident] = await partner.rows("SELECT kind, summary FROM incidents")
    assert incident["kind"] == "order_change_refused"
    assert "The address lacks or has wrong: street, city, postal_code" in incident["summary"]


async def test_another_ship_to_after_picking_has_begun_refuses_the_whole_change(partner: Partner) -> None:
    [work] = await partner.rows("SELECT fulfillment_id FROM fulfillments")
    await partner.world.report(work["fulfillment_id"], "PICKING")
    [advice] = await revised(partner, "DTM*002*20261201", *PORTO)
    assert find(advice, "OTI")[1] == "TR"
    [order] = await partner.rows("SELECT ship_city, promised_by FROM orders")
    assert (order["ship_city"], order["promised_by"]) == ("LISBOA", None)
    assert await partner.incidents() == ["order_change_refused"]


async def test_what_an_order_does_not_keep_is_a_persons_beside_what_is_done(partner: Partner) -> None:
    body = ("REF*DP*021", "DTM*010*20261120", "DTM*038*20261128", "DTM*001*20261130", *LISBON)
    line = ("POC*1*RZ*3**EA*10**VN*SKU-1", "DTM*002*20261201", "CTT*1")
    files = await revised(partner, *body, *line)
    assert sorted(find(f, "ST")[1] for f in files) == ["824", "855"]
    advice = next(f for f in files if "ST*824" in f)
    assert find(advice, "OTI")[1] == "TE"
    assert [s[2] for s in segments(advice) if s[0] == "TED"] == [
        "not kept: ship_not_before 2026-11-20",
        "not kept: cancel_after 2026-11-30",
        "not kept: deliver_by 2026-12-01 of line 1",
    ]
    assert await ordered(partner) == 3
    [incident] = await partner.rows("SELECT kind, summary FROM incidents")
    assert incident["kind"] == "order_change_unkept"
    assert incident["summary"].endswith(
        "keep: ship_not_before 2026-11-20; cancel_after 2026-11-30; deliver_by 2026-12-01 of line 1"
    )


async def test_a_change_of_what_an_order_does_not_keep_alone_is_refused_with_its_name(partner: Partner) -> None:
    [advice] = await revised(partner, "REF*DP*022", "DTM*010*20261120", *LISBON)
    assert find(advice, "OTI")[1] == "TR"
    [incident] = await partner.rows("SELECT kind, summary FROM incidents")
    assert incident["kind"] == "order_change_refused"
    assert incident["summary"].endswith(
        "It also says what an order here does not keep: ship_not_before 2026-11-20; department 022"
    )


async def test_an_order_that_comes_again_with_another_price_is_a_persons(partner: Partner) -> None:
    """Accepted in form, never overwritten, and not lost; with the same content it is only repeated."""
    await partner.receive(partner.orders("PO-1"))
    assert await partner.incidents() == []
    text = partner.orders("PO-1").replace("PO1*1*2*EA*10*", "PO1*1*3*EA*12.5*")
    await partner.receive(text)
    [ack] = [f for f in await partner.send() if f"AK1*PO*{partner.control}~" in f]
    assert find(ack, "AK5")[1] == "A"
    [line] = await partner.rows("SELECT ordered, unit_price FROM order_lines")
    assert (line["ordered"], line["unit_price"]) == (2, 10)
    [incident] = await partner.rows("SELECT kind, summary FROM incidents")
    assert incident["kind"] == "order_differs"
    assert incident["summary"].endswith(
        "Its prices are others: line 1 (SKU-1) says 12.5, 10 stands. What stands was not changed."
    )


def elsewhere(partner: Partner, *more: tuple[str, str]) -> str:
    text = partner.orders("PO-1")
    for old, new in (*zip(LISBON, PORTO, strict=True), *more):
        assert old in text
        text = text.replace(old, new)
    return text


async def test_an_order_that_comes_again_with_another_ship_to_is_amended(partner: Partner) -> None:
    await partner.receive(elsewhere(partner, ("PO1*1*2*", "PO1*1*3*")))
    [work] = await partner.rows("SELECT fulfillment_id FROM fulfillments")
    await partner.world.report(work["fulfillment_id"], "CANCELLED")
    [order] = await partner.rows("SELECT ship_company, ship_city FROM orders")
    assert (order["ship_company"], order["ship_city"], await ordered(partner)) == ("ACME PORTO", "PORTO", 3)
    assert await partner.incidents() == []


async def test_another_ship_to_that_comes_too_late_is_a_persons(partner: Partner) -> None:
    [work] = await partner.rows("SELECT fulfillment_id FROM fulfillments")
    await partner.world.report(work["fulfillment_id"], "PICKING")
    await partner.receive(elsewhere(partner))
    await partner.receive(elsewhere(partner, ("*10**VN*", "*11**VN*")))
    assert [r["ship_city"] for r in await partner.rows("SELECT ship_city FROM orders")] == ["LISBOA"]
    first, second = await partner.rows("SELECT kind, summary FROM incidents ORDER BY opened_at")
    assert (first["kind"], second["kind"]) == ("order_differs", "order_differs")
    assert first["summary"].startswith(
        "Order PO-1 came again with another ship-to. Nothing was changed: shipTo: picking"
    )
    assert second["summary"].startswith("Order PO-1 came again with other lines and another ship-to. Its prices")
