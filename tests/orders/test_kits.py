"""A kit is sold as one line and sent as its components: values divide without a rest, whole kits are told to the channel."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from hub.canon.order import DraftLine
from hub.orders.kits import components, shipped_as_sold

MONEY = st.integers(0, 99_999).map(lambda n: Decimal(n) / 100)


@given(
    MONEY,
    MONEY,
    st.integers(1, 9),
    st.dictionaries(st.sampled_from("ABCD"), st.integers(1, 5).map(Decimal), min_size=1),
)
def test_values_divide_without_a_rest(price: Decimal, discount: Decimal, units: int, parts: dict[str, Decimal]) -> None:
    line = DraftLine(
        external_id="1", sku="KIT", quantity=Decimal(units), unit_price=price, discount=discount, tax=discount
    )
    made = components(line, parts)
    assert {x.sku: x.quantity for x in made} == {s: n * units for s, n in parts.items()}
    assert sum(x.gross or 0 for x in made) == price * units
    assert sum(x.discount for x in made) == sum(x.tax or 0 for x in made) == discount
    assert all(abs(x.unit_price * x.quantity - (x.gross or 0)) <= x.quantity * Decimal("0.00005") for x in made)


def named(what: str) -> UUID:
    return uuid5(NAMESPACE_URL, what)


def row(name: str, ordered: int, shipped: int, parent: str | None = None) -> dict[str, Any]:
    return {
        "line_id": named(name),
        "external_id": name,
        "ordered": Decimal(ordered),
        "shipped": Decimal(shipped),
        "kit_parent": named(parent) if parent else None,
    }


def test_a_kit_has_left_with_the_last_of_its_pieces() -> None:
    rows = [row("kit", 2, 0), row("plain", 5, 5), row("kit:A", 4, 4, "kit"), row("kit:B", 2, 2, "kit")]
    one, two = Decimal(1), Decimal(2)
    shipments = [
        {named("kit:A"): Decimal(3), named("plain"): two},
        {named("kit:B"): one},
        {named("kit:A"): one, named("kit:B"): one, named("plain"): Decimal(3)},
    ]
    assert shipped_as_sold(rows, shipments) == [
        [("plain", two)],
        [("kit", one)],
        [("plain", Decimal(3)), ("kit", one)],
    ]


def test_what_left_in_earlier_units_counts() -> None:
    rows = [row("kit", 2, 0), row("kit:A", 2, 2, "kit"), row("kit:B", 2, 2, "kit")]
    assert shipped_as_sold(rows, [{named("kit:A"): Decimal(1)}]) == [[("kit", Decimal(1))]]
