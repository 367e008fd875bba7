"""Each filter excludes with its reason, and only what it should."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from decimal import Decimal
from typing import Any

import pytest

from hub.routing import Demand, Place, decide
from hub.routing.filters import OF_THE_DEMAND, OF_THE_PLACE
from hub.routing.rules import FILTERS
from tests.routing.demands import PAC, demand, named, place, rules, stock

HEAVY = replace(PAC, max_weight_g=1000)
QUICK = replace(PAC, service="SEDEX", days=1)
ONE = demand({"A": 1})

# filter, demand, place that it excludes, reason, place that it leaves
TELLING: list[tuple[str, Demand, Place, str, Place]] = [
    ("{id: active}", ONE, place("X", active=False), "is closed", place("X")),
    (
        "{id: avoid}",
        demand({"A": 1}, avoid=frozenset({(named("X"), "")})),
        place("X"),
        "has just refused it",
        place("Y"),
    ),
    (
        "{id: capacity}",
        ONE,
        place("X", capacity_per_day=10, open_fulfillments=10),
        "has 10 of 10 a day open",
        place("X", capacity_per_day=10, open_fulfillments=9),
    ),
    ("{id: kind, values: [WAREHOUSE]}", ONE, place("X", kind="STORE"), "is a STORE", place("X")),
    ("{id: country}", ONE, place("X", country="PT"), "is in PT, the order goes to BR", place("X")),
    (
        "{id: country, values: [AR]}",
        ONE,
        place("X", country="PT"),
        "is in PT, the order goes to BR",
        place("X", country="AR"),
    ),
    ("{id: lane}", ONE, place("X", offers=()), "has no lane to BR SP", place("X")),
    (
        "{id: lane}",
        ONE,
        place("X", offers=(replace(PAC, unusable="the rules have no rate for JPY"),)),
        "has a lane that cannot be used: the rules have no rate for JPY",
        place("X"),
    ),
    (
        "{id: pickup}",
        demand({"A": 1}, method="PICKUP", pickup_node_id=named("Y")),
        place("X"),
        "is not where the customer collects",
        place("Y"),
    ),
    (
        "{id: hazmat, values: [Y]}",
        demand({"A": 1}, item={"hazmat": True}),
        place("X"),
        "may not ship dangerous goods",
        place("Y"),
    ),
    (
        "{id: size, most: 1200, only: [X]}",
        demand({"A": 1}, item={"longest_mm": 1300}),
        place("X"),
        "takes 1200 mm, a piece has 1300 mm",
        place("Y"),
    ),
    (
        "{id: weight}",
        demand({"A": 1}, item={"weight_g": 1001}),
        place("X", offers=(HEAVY,)),
        "no lane takes a piece of 1001 g",
        place("X", offers=(HEAVY, PAC)),
    ),
    (
        "{id: channel, values: [pos], only: [X]}",
        ONE,
        place("X"),
        "does not serve web",
        place("Y"),
    ),
    ("{id: regions, values: [RJ], only: [X]}", ONE, place("X"), "does not serve SP", place("Y")),
    (
        "{id: same_region, values: [MG]}",
        ONE,
        place("X", region="RJ"),
        "is in RJ, the order goes to SP",
        place("X", region="MG"),
    ),
    (
        '{id: hours, values: ["00:00-16:00"]}',
        ONE,
        place("X", here=time(16)),
        "takes orders 00:00-16:00, it is 16:00 there",
        place("X", here=time(15, 59)),
    ),
    (
        "{id: level}",
        demand({"A": 1}, level="EXPRESS"),
        place("X"),
        "has no EXPRESS service to BR SP",
        place("X", offers=(PAC, QUICK)),
    ),
    (
        "{id: level}",
        demand({"A": 1}, level="TODAY"),
        place("X", offers=(replace(PAC, days=0),), waits=1),
        "ships no more today",
        place("X", offers=(replace(PAC, days=0),)),
    ),
    (
        "{id: whole_order}",
        demand({"A": 1, "B": 2}),
        place("Y"),
        "has not enough of B",
        place("X"),
    ),
    (
        "{id: stock}",
        demand({"D": 1, "C": 1}),
        place("X"),
        "has none of C, D",
        place("D"),
    ),
    (
        "{id: hours, values: ['09:00-10:00'], when: {channel: [web], kind: [WAREHOUSE]}}",
        ONE,
        place("X"),
        "takes orders 09:00-10:00, it is 10:00 there",
        place("X", kind="STORE"),
    ),
]
THERE = stock({"X": {"A": 5, "B": 5}, "Y": {"A": 5, "B": 1}, "D": {"D": 1}})
LEVELS = "levels: {EXPRESS: {services: [SEDEX], most_days: 2}, TODAY: {most_days: 0, today: true}}"


@pytest.mark.parametrize(("text", "asked", "out", "reason", "stays"), TELLING)
def test_a_filter_excludes_with_its_reason(text: str, asked: Demand, out: Place, reason: str, stays: Place) -> None:
    given = rules(f"[{text}]", more=LEVELS)
    [candidate] = decide(asked, [out], THERE, given).candidates
    assert (candidate.feasible, candidate.reason) == (False, reason)
    assert f"id: {candidate.excluded_by}" in text
    [candidate] = decide(asked, [stays], THERE, given).candidates
    assert candidate.feasible, candidate


def test_every_filter_is_told() -> None:
    told = {text.split("id: ")[1].split(",")[0].rstrip("}") for text, *_ in TELLING}
    assert told == set(FILTERS) == {*OF_THE_PLACE, *OF_THE_DEMAND}


def test_the_first_filter_that_excludes_is_the_reason_kept() -> None:
    closed = place("X", active=False)
    none = demand({"Z": 1})
    first = decide(none, [closed], THERE, rules("[{id: stock}, {id: active}]")).candidates[0]
    second = decide(none, [closed], THERE, rules("[{id: active}, {id: stock}]")).candidates[0]
    assert (first.excluded_by, second.excluded_by) == ("stock", "active")


def test_an_unknown_service_level_is_no_level() -> None:
    [candidate] = decide(demand({"A": 1}, level="GOLD"), [place("X")], THERE, rules("[{id: level}]")).candidates
    assert candidate.reason == "nobody said what the service level GOLD means"


@pytest.mark.parametrize(
    ("more", "placed", "relaxed"),
    [
        ("relax: [[capacity]]", 1, ("capacity",)),
        ("relax: [[stock], [capacity, stock]]", 1, ("capacity", "stock")),
        ("", 0, ()),
    ],
)
def test_filters_are_relaxed_only_when_nothing_else_places_it(more: str, placed: int, relaxed: tuple[Any, ...]) -> None:
    given = rules("[{id: stock}, {id: capacity}]", more=more)
    full = place("X", capacity_per_day=1, open_fulfillments=1)
    decision = decide(ONE, [full], THERE, given)
    assert (len(decision.shares), decision.relaxed) == (placed, relaxed)
    both = decide(ONE, [full, place("Y")], THERE, given)
    assert (both.shares[0].node_id, both.relaxed) == (named("Y"), ())


def test_capacity_counts_what_the_batch_has_given_already() -> None:
    from hub.routing import Board

    board = Board(rules("[{id: capacity}]"), lambda _c, _r: [place("X", capacity_per_day=3, open_fulfillments=1)])
    assert board.decide(ONE, THERE, {named("X"): 1}).shares
    assert board.decide(ONE, THERE, {named("X"): 2}).unplaced == ((named("A"), "A", Decimal(1)),)
