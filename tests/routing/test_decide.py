"""A candidate's score is the sum of its parts, each part means one thing, and the choice follows the scores."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from hub.routing import Demand, Place, decide, in_order
from tests.routing.demands import NOW, PAC, demand, named, place, rules, stock

PLENTY = stock({c: {"A": 10, "B": 10} for c in "XYZ"})
ONE = demand({"A": 1})


def part(name: str, weight: str, asked: Demand, here: Place, more: str = "") -> Decimal | None:
    """That part of the score when only its weight (and that of cost, for what follows from it) counts."""
    given = rules(score=f'{{{name}: "{weight}"}}', more=more)
    [candidate] = decide(asked, [here], PLENTY, given).candidates
    assert candidate.score == sum(candidate.parts.values())
    return candidate.parts.get(name)


@pytest.mark.parametrize(
    ("name", "weight", "asked", "here", "value"),
    [
        ("cost", "2", ONE, place("X"), 40),
        ("day", "1.5", ONE, place("X"), "4.5"),
        ("wait_day", "1.5", ONE, place("X", waits=3), "4.5"),
        ("wait_day", "1.5", ONE, place("X"), None),
        ("wait_day", "1.5", replace(ONE, method="PICKUP"), place("X", waits=3), None),
        ("co2e_kg", "0.5", ONE, place("X"), "0.05"),
        ("load", "0.02", ONE, place("X", capacity_per_day=200, open_fulfillments=50), "0.5"),
        ("load", "0.02", ONE, place("X"), None),
        ("leave_region", "2", ONE, place("X", region="RJ"), 2),
        ("leave_region", "2", ONE, place("X"), None),
        ("leave_region", "2", replace(ONE, method="PICKUP", region=""), place("X"), None),
        ("leave_country", "7", ONE, place("X", country="PT"), 7),
        ("scarcity", "3", demand({"A": 4, "B": 1}), place("X"), "1.2"),
        ("scarcity", "3", demand({"A": 99}), place("X"), 3),
        ("late_day", "12", replace(ONE, promised_by=NOW + timedelta(days=3, hours=3)), place("X"), None),
        ("late_day", "12", replace(ONE, promised_by=NOW + timedelta(days=3, hours=2)), place("X"), 12),
        ("late_day", "12", replace(ONE, promised_by=NOW + timedelta(days=2, hours=2)), place("X"), 24),
    ],
)
def test_a_part_of_the_score(name: str, weight: str, asked: Demand, here: Place, value: Any) -> None:
    expected = None if value is None else Decimal(str(value))
    assert part(name, weight, asked, here) == expected


@pytest.mark.parametrize(
    ("here", "there", "percent"), [("SP", "RJ", 12), ("MG", "RJ", 7), ("SP", "BA", 5), ("MG", "BA", 1)]
)
def test_tax_follows_the_most_exact_row(here: str, there: str, percent: int) -> None:
    table = """tax:
  - {from: SP, to: RJ, percent: "12"}
  - {from: "*", to: RJ, percent: "7"}
  - {from: SP, to: "*", percent: "5"}
  - {from: "*", to: "*", percent: "1"}"""
    asked = demand({"A": 2}, item={"unit_value": Decimal(100)}, region=there)
    assert part("tax", "1", asked, place("X", region=here), table) == Decimal(2 * percent)


def test_weight_costs_kilograms_and_further_parcels() -> None:
    lane = replace(PAC, max_weight_g=10_000)
    asked = demand({"A": 5}, item={"weight_g": 5000})
    decision = decide(asked, [place("X", offers=(lane,))], PLENTY, rules())
    assert decision.candidates[0].parts == {"cost": 20, "parcels": 40, "per_kg": 25}
    assert (decision.score, decision.offers[named("X")].parcels) == (Decimal(85), 3)


def test_the_service_is_chosen_with_every_offer_kept() -> None:
    quick = replace(PAC, service="SEDEX", cost=Decimal(26), days=1)
    small = replace(PAC, service="MINI", cost=Decimal(9), max_weight_g=300)
    lanes = (PAC, quick, small)
    given = rules(score='{cost: "1", late_day: "5"}')
    asked = demand({"A": 1}, item={"weight_g": 1000}, promised_by=NOW + timedelta(days=1, hours=3))
    [candidate] = decide(asked, [place("X", offers=lanes)], PLENTY, given).candidates
    assert candidate.offer is quick
    scores = {q.offer.service if q.offer else "": (q.score, q.why) for q in candidate.quotes}
    assert scores == {"PAC": (31, None), "SEDEX": (27, None), "MINI": (None, "takes 300 g")}


def test_each_share_has_the_service_of_its_own_weight() -> None:
    heavy = replace(PAC, service="FREIGHT", cost=Decimal(50), cost_per_kg=Decimal(0))
    parcel = replace(PAC, cost=Decimal(10), cost_per_kg=Decimal(10))
    places = [place("X", offers=(heavy, parcel)), place("Y", offers=(heavy, parcel))]
    levels = stock({"X": {"A": 1, "B": 8}, "Y": {"A": 1}})
    decision = decide(demand({"A": 2, "B": 8}, item={"weight_g": 1000}), places, levels, rules())
    chosen = {i: q.offer.service for i, q in decision.offers.items() if q.offer}
    assert chosen == {named("X"): "FREIGHT", named("Y"): "PAC"}


def test_a_policy_adds_filters_costs_and_a_method() -> None:
    more = """policies:
  - {id: near, when: {kind: [STORE]}, filters: [{id: same_region}], add: "4", method: SHIP_FROM_STORE}
  - {id: gift, when: {tag: [gift]}, skip: [stock]}"""
    given = rules(more=more)
    near, far = place("X", kind="STORE"), place("Y", kind="STORE", region="RJ")
    decision = decide(ONE, [near, far], PLENTY, given)
    assert decision.candidate(named("Y")).excluded_by == "same_region"
    chosen = decision.candidate(named("X"))
    assert (chosen.parts, chosen.method) == ({"cost": Decimal(20), "policy_near": Decimal(4)}, "SHIP_FROM_STORE")
    none = demand({"Q": 1}, tags=frozenset({"gift"}))
    assert decide(none, [near], PLENTY, given).candidates[0].excluded_by is None
    assert decide(replace(none, tags=frozenset()), [near], PLENTY, given).candidates[0].excluded_by == "stock"


def test_hold_keeps_all_or_nothing() -> None:
    text = rules().text.replace("fallback: partial", "fallback: hold")
    from hub.routing import parse_rules

    given = parse_rules("hold.yaml", text)
    asked = demand({"A": 2, "Q": 1})
    decision = decide(asked, [place("X")], PLENTY, given)
    assert decision.shares == ()
    assert [(s, n) for _, s, n in decision.unplaced] == [("A", Decimal(2)), ("Q", Decimal(1))]
    assert decide(demand({"A": 2}), [place("X")], PLENTY, given).shares != ()


def test_a_sku_that_just_failed_somewhere_is_not_asked_there_again() -> None:
    asked = demand({"A": 1, "B": 1}, avoid=frozenset({(named("X"), "A")}))
    decision = decide(asked, [place("X"), place("Y", offers=(replace(PAC, cost=Decimal(25)),))], PLENTY, rules())
    assert {(s.node_id, s.sku) for s in decision.shares} == {(named("Y"), "A"), (named("Y"), "B")}


def test_two_lines_of_one_sku_share_its_units_in_line_order() -> None:
    first = demand({"A": 4}).lines[0]
    asked = replace(ONE, lines=(first, replace(first, line_id=named("second"), quantity=Decimal(8))))
    decision = decide(asked, [place("X")], PLENTY, rules())
    assert [(s.line_id, s.quantity) for s in decision.shares] == [
        (named("A"), Decimal(4)),
        (named("second"), Decimal(6)),
    ]
    assert decision.unplaced == ((named("second"), "A", Decimal(2)),)


def test_the_same_question_has_the_same_answer() -> None:
    places = [place("Y"), place("X"), place("Z")]
    assert decide(ONE, places, PLENTY, rules()) == decide(ONE, places, PLENTY, rules())


def test_competing_orders_go_by_priority() -> None:
    levels = "levels: {EXPRESS: {}, STANDARD: {}}\npriorities: [backorder, vip, level, promise, placed]"
    given = rules(more=levels)
    wanted = [
        demand({"A": 1}, order_id=named("waited"), backorder=True),
        demand({"A": 1}, order_id=named("vip"), vip=True),
        demand({"A": 1}, order_id=named("express"), level="EXPRESS"),
        demand({"A": 1}, order_id=named("soon"), promised_by=NOW + timedelta(days=1)),
        demand({"A": 1}, order_id=named("later"), promised_by=NOW + timedelta(days=2)),
        demand({"A": 1}, order_id=named("old"), placed_at=NOW - timedelta(days=1)),
        demand({"A": 1}, order_id=named("new")),
    ]
    assert in_order(wanted[::-1], given) == wanted
    assert in_order(wanted[::-1], rules()) == wanted[::-1]
