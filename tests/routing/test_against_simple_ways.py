"""On the same generated Brazilian orders (27 UFs, 12 nodes) our rules ship cheaper, in fewer parcels and no later than the nearest node or
the order of stock would. The full bench is `tests/bench/routing_cost.py`; nothing here is timed.
"""

from __future__ import annotations

import random

import pytest

from hub.routing import Board, load_rules
from tests.bench import routing_cost as bench

ORDERS = 1500


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, float]]:
    dice = random.Random(11)
    land, stock = bench.land_and_stock(dice, ORDERS)
    asked = bench.demands(dice, ORDERS)
    ways = bench.ways(land, Board(load_rules(bench.RULES), land.serving))
    return {name: bench.measure(land, stock, asked, way) for name, way in ways.items()}


@pytest.mark.parametrize("other", ["nearest_node", "order_of_stock"])
def test_the_rules_are_cheaper_and_no_later(found: dict[str, dict[str, float]], other: str) -> None:
    ours, theirs = found["rules"], found[other]
    assert ours["units_placed_percent"] > theirs["units_placed_percent"] - 0.5  # at most four parcels an order
    assert ours["freight_per_order_brl"] < 0.9 * theirs["freight_per_order_brl"]
    assert ours["parcels_per_order"] < theirs["parcels_per_order"]
    assert ours["co2e_kg_per_order"] < theirs["co2e_kg_per_order"]
    assert ours["late_percent"] <= theirs["late_percent"]
