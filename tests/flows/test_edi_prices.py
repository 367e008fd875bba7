"""A partner's price is held against the agreed one, within what its profile tolerates: held and told by an 824, never in the 997."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.x12 import ADAPTER
from adapters.x12.profile import read_profile
from adapters.x12.yamltext import BadGuide, load_text
from hub import catalog
from hub.canon.agreement import Tolerance
from hub.canon.states import HoldKind
from hub.kit.db import Database
from hub.ledger import Cause
from hub.orders import HoldReleased, release
from tests.partner import Partner, find, interchange, new_partner, segments

PROFILE: Mapping[str, Any] = {
    "partner": "acme-retail",
    "ids": [{"qualifier": "ZZ", "id": "ACMERETAIL"}],
    "ours": {"qualifier": "ZZ", "id": "HUBDEMO"},
    "currency": "EUR",
    "sets": {"850": "in", "860": "in", "855": "out"},
    "application_advice": "yes",
}
BUYER = "N1*BY*ACME*92*0001~N1*ST*"


async def trading(db: Database, out: Path, **said: Any) -> Partner:
    """One whose buyer 0001 has agreed on 10.00 for a unit of SKU-1 and on 4.00 for one of SKU-2, and who orders the latter as line 2."""
    partner = await new_partner(db, out, config={"profile": {**PROFILE, **said}})
    await partner.receive(order(partner, "PO-0", "10"))
    await partner.send()
    [party] = await partner.rows("SELECT party_id FROM parties")
    async with partner.world.unit() as tx:
        tiers = (("SKU-1", Decimal(1), Decimal(10)), ("SKU-2", Decimal(1), Decimal(4)))
        await catalog.put_price_list(tx, catalog.PriceList(name="GOLD", currency="EUR", tiers=tiers))
        terms = catalog.Terms(
            party_id=party["party_id"], credit_limit=Decimal(10_000), currency="EUR", days=28, price_list="GOLD"
        )
        await catalog.put_terms(tx, [terms])
    return partner


def order(partner: Partner, number: str, price: str) -> str:
    """Two units of SKU-1, as line 1, at that price."""
    text = partner.orders(number).replace("N1*ST*", BUYER).replace("SE*10*", "SE*11*")
    return text.replace("PO1*1*2*EA*10*", f"PO1*1*2*EA*{price}*")


async def held(partner: Partner, number: str) -> list[str]:
    sql = (
        "SELECT h.reason FROM order_holds h JOIN orders o USING (order_id) WHERE o.number = $1 AND released_at IS NULL"
    )
    return [r["reason"] for r in await partner.rows(sql, number)]


async def test_a_price_off_by_more_than_the_tolerance_is_held_and_told_but_not_by_the_997(
    db: Database, tmp_path: Path
) -> None:
    partner = await trading(db, tmp_path / "out", price_tolerance="0.5%")
    await partner.receive(order(partner, "PO-1", "10.06"))
    why = "line 1 (SKU-1): price 10.06, agreed 10 (GOLD, 2 units), more than 0.5% apart"
    assert await held(partner, "PO-1") == [why]
    files = await partner.send()
    [ack] = [f for f in files if "ST*997" in f]
    assert (find(ack, "AK5")[1], find(ack, "AK9")[1]) == ("A", "A")
    [advice] = [f for f in files if "ST*824" in f]
    assert find(advice, "OTI")[1:4] == ["TE", "PO", "PO-1"]
    told = [find(advice, "TED")[2], *(s[2] for s in segments(advice) if s[0] == "NTE")]
    assert " ".join(told) == why
    assert [f for f in files if "ST*855" in f] == []
    [row] = await partner.rows("SELECT order_id FROM orders WHERE number = 'PO-1'")
    async with partner.world.unit() as tx:
        free = HoldReleased(order_id=row["order_id"], kind=HoldKind.MANUAL, cause=Cause(row["order_id"], None))
        await release(tx, [free], note="the buyer's price is right")
    [answer] = [f for f in await partner.send() if "ST*855" in f]
    assert (find(answer, "BAK")[2:4], find(answer, "PO1")[4], find(answer, "ACK")[1]) == (
        ["AD", "PO-1"],
        "10.06",
        "IA",
    )


@pytest.mark.parametrize(("tolerance", "price"), [("0.5%", "10.05"), ("0.5%", "9.95"), ("0.1", "10.1"), ("0.1", "9.9")])
async def test_a_price_within_the_tolerance_goes_through(
    db: Database, tmp_path: Path, tolerance: str, price: str
) -> None:
    partner = await trading(db, tmp_path / "out", price_tolerance=tolerance)
    await partner.receive(order(partner, "PO-1", price))
    assert await held(partner, "PO-1") == []
    [answer] = [f for f in await partner.send() if "ST*855" in f]
    assert find(answer, "PO1")[4] == price


async def test_without_a_tolerance_the_price_is_exact_and_without_an_agreed_price_it_is_anybodys(
    db: Database, tmp_path: Path
) -> None:
    partner = await trading(db, tmp_path / "out")
    await partner.receive(order(partner, "PO-1", "10.01"))
    assert await held(partner, "PO-1") == ["line 1 (SKU-1): price 10.01, agreed 10 (GOLD, 2 units)"]
    await partner.receive(order(partner, "PO-2", "99").replace("SKU-1", "SKU-3"))
    assert [x for x in await held(partner, "PO-2") if "price" in x] == []


async def test_an_order_that_names_no_buyer_is_the_partners_own(db: Database, tmp_path: Path) -> None:
    partner = await trading(db, tmp_path / "out")
    text = partner.orders("PO-1").replace("PO1*1*2*EA*10*", "PO1*1*2*EA*99*")
    await partner.receive(text)
    assert await held(partner, "PO-1") == []
    async with partner.world.unit() as tx:
        [party] = await tx.conn.fetch("SELECT party_id FROM parties WHERE external_id = 'acme-retail'")
        terms = catalog.Terms(
            party_id=party["party_id"], credit_limit=Decimal(10_000), currency="EUR", days=28, price_list="GOLD"
        )
        await catalog.put_terms(tx, [terms])
    await partner.receive(partner.orders("PO-2").replace("PO1*1*2*EA*10*", "PO1*1*2*EA*99*"))
    assert await held(partner, "PO-2") == ["line 1 (SKU-1): price 99, agreed 10 (GOLD, 2 units)"]


async def test_a_price_that_joins_another_hold_is_told_alone(db: Database, tmp_path: Path) -> None:
    """A test order is held by hand already; that is ours to know, the price is the partner's."""
    partner = await trading(db, tmp_path / "out")
    await partner.receive(order(partner, "PO-1", "12").replace("*P*>", "*T*>"))
    why = "line 1 (SKU-1): price 12, agreed 10 (GOLD, 2 units)"
    assert await held(partner, "PO-1") == [f"a test order neither ships nor gets an invoice; {why}"]
    [advice] = [f for f in await partner.send() if "ST*824" in f]
    assert [s[2] for s in segments(advice) if s[0] == "TED"] == [why]


async def test_a_line_that_a_change_adds_costs_what_was_agreed(db: Database, tmp_path: Path) -> None:
    partner = await trading(db, tmp_path / "out", price_tolerance="0.5%")
    await partner.receive(order(partner, "PO-1", "10"))
    await partner.send()
    [advice] = await changed(partner, "POC*2*AI*3**EA*5**VN*SKU-2")
    told = [find(advice, "TED")[2], *(s[2] for s in segments(advice) if s[0] == "NTE")]
    why = "line 2 (SKU-2): price 5, agreed 4 (GOLD, 3 units), more than 0.5% apart"
    assert " ".join(told) == why
    [incident] = await partner.rows("SELECT summary FROM incidents")
    assert incident["summary"] == f"The partner's change of order PO-1 was not applied: {why}"
    [answer] = await changed(partner, "POC*2*AI*3**EA*4.02**VN*SKU-2")
    assert [s[4] for s in segments(answer) if s[0] == "PO1"] == ["10", "4.02"]


async def test_a_change_that_repeats_a_price_nearly_is_about_the_quantity(db: Database, tmp_path: Path) -> None:
    partner = await trading(db, tmp_path / "out", price_tolerance="0.5%")
    await partner.receive(order(partner, "PO-1", "10"))
    await partner.send()
    [answer] = await changed(partner, "POC*1*RZ*3**EA*10.04**VN*SKU-1")
    assert (find(answer, "PO1")[2], find(answer, "PO1")[4]) == ("3", "10")
    [advice] = await changed(partner, "POC*1*PC*3**EA*10.04**VN*SKU-1")  # this one asks for the price
    assert find(advice, "TED")[2] == "Line 1 asks for another price (10.04); a person has to"


async def changed(partner: Partner, line: str) -> list[str]:
    partner.control += 1
    more = ["860", "BCH*04*SA*PO-1**1*20261116", line, "CTT*1"]
    await partner.receive(interchange(partner.control, "PC", [more]))
    return [f for f in await partner.send() if "ST*997" not in f]


def test_a_profile_says_its_tolerance_or_is_refused() -> None:
    assert ADAPTER.agreed is not None
    assert ADAPTER.agreed({"profile": {**PROFILE, "price_tolerance": "1%"}}).tolerance == Tolerance(percent=Decimal(1))
    for wrong in ("a little", "-0.5%", "100%", ["1%"]):
        with pytest.raises(BadGuide, match="is neither a percentage of the agreed price, below 100%"):
            read_profile(load_text(json.dumps({**PROFILE, "price_tolerance": wrong}), "profile"), "acme-retail")
