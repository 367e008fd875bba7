"""The assignment is held against brute force on small instances: it places as much, and costs no more."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations, product
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.routing.assign import Choice, assign, best_alone

SKUS = ("A", "B", "C")


def choice(n: int, fixed: int, has: dict[str, int], unit: dict[str, int] | None = None) -> Choice:
    return Choice(
        node_id=UUID(int=n),
        fixed=Decimal(fixed),
        has={s: Decimal(q) for s, q in has.items()},
        unit_cost={s: Decimal(q) for s, q in (unit or {}).items()},
    )


def brute(wanted: dict[str, Decimal], choices: list[Choice], split: Decimal, most: int) -> tuple[Decimal, Decimal]:
    """(units placed, score) of the best of all splits of every SKU over every set of at most `most` nodes."""
    best = (Decimal(0), Decimal(0))
    for size in range(1, most + 1):
        for chosen in combinations(choices, size):
            ways = [_ways(int(n), [int(c.has.get(s, 0)) for c in chosen]) for s, n in wanted.items()]
            for way in product(*ways):
                placed = Decimal(sum(map(sum, way)))
                used = [i for i in range(size) if any(per[i] for per in way)]
                score = sum((chosen[i].fixed for i in used), Decimal(0)) + split * max(0, len(used) - 1)
                for sku, per in zip(wanted, way, strict=True):
                    score += sum((chosen[i].unit_cost.get(sku, Decimal(0)) * per[i] for i in used), Decimal(0))
                best = min(best, (-placed, score))
    return -best[0], best[1]


def _ways(amount: int, room: list[int]) -> list[tuple[int, ...]]:
    """Ways to take as much of `amount` as fits from nodes with that much room."""
    most = min(amount, sum(room))
    return [w for w in product(*(range(min(r, most) + 1) for r in room)) if sum(w) == most]


@st.composite
def instances(draw: Any) -> tuple[dict[str, Decimal], list[Choice], Decimal, int]:
    count = draw(st.integers(1, 4))
    units = st.integers(0, 3)
    choices = [
        choice(
            n,
            draw(st.integers(0, 30)),
            {s: draw(units) for s in SKUS},
            {s: draw(st.integers(0, 4)) for s in SKUS} if draw(st.booleans()) else None,
        )
        for n in range(count)
    ]
    wanted = {s: Decimal(draw(st.integers(1, 3))) for s in SKUS[: draw(st.integers(1, 3))]}
    return wanted, choices, Decimal(draw(st.integers(0, 15))), draw(st.integers(1, 4))


@settings(max_examples=150, deadline=None)
@given(instances())
def test_it_is_never_worse_than_brute_force(
    instance: tuple[dict[str, Decimal], list[Choice], Decimal, int],
) -> None:
    wanted, choices, split, most = instance
    found = assign(wanted, choices, split=split, most=most)
    placed = sum((n for per in found.units.values() for n in per.values()), Decimal(0))
    assert (placed, found.score) == brute(wanted, choices, split, most)
    assert found.exact
    assert len(found.units) <= most
    by_id = {c.node_id: c for c in choices}
    assert all(0 < n <= by_id[i].has[s] for i, per in found.units.items() for s, n in per.items())
    assert all(
        sum((per.get(s, Decimal(0)) for per in found.units.values()), Decimal(0)) <= n for s, n in wanted.items()
    )


@settings(max_examples=150, deadline=None)
@given(instances())
def test_the_shortcut_for_one_node_agrees_with_the_search(
    instance: tuple[dict[str, Decimal], list[Choice], Decimal, int],
) -> None:
    wanted, choices, split, most = instance
    whole = [
        (c.fixed + sum((c.unit_cost.get(s, Decimal(0)) * q for s, q in wanted.items()), Decimal(0)), n)
        for n, c in enumerate(choices)
        if all(c.has[s] >= q for s, q in wanted.items())
    ]
    alone = best_alone(whole, [c.fixed for c in choices], split)
    if alone is not None:
        assert alone[0] == assign(wanted, choices, split=split, most=most).score


def test_greedy_would_pay_more() -> None:
    """The node that places most comes first to a greedy mind; two others together are cheaper."""
    wanted = {"A": Decimal(2), "B": Decimal(2), "C": Decimal(2)}
    choices = [
        choice(1, 50, {"A": 2, "B": 1, "C": 1}),
        choice(2, 5, {"A": 2, "B": 1}),
        choice(3, 5, {"B": 1, "C": 2}),
    ]
    found = assign(wanted, choices, split=Decimal(1), most=4)
    assert (set(found.units), found.score) == ({UUID(int=2), UUID(int=3)}, Decimal(11))


def test_when_the_bound_is_reached_the_best_found_stands() -> None:
    wanted = {"A": Decimal(30)}
    choices = [choice(n, 20 - n, {"A": 3}) for n in range(14)]
    found = assign(wanted, choices, split=Decimal(1), most=10, steps=3)
    assert not found.exact
    assert sum(per["A"] for per in found.units.values()) == 30
    assert assign(wanted, choices, split=Decimal(1), most=10).score <= found.score


def test_nothing_anywhere_places_nothing() -> None:
    assert assign({"A": Decimal(1)}, [choice(1, 1, {})], split=Decimal(1), most=4).units == {}
    assert assign({"A": Decimal(1)}, [choice(1, 1, {"A": 1})], split=Decimal(1), most=0).units == {}
