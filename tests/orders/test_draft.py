"""What makes a draft no order, and what holds one back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.canon.order import Address, DraftLine, OrderDraft, Pickup, Totals
from hub.canon.states import FulfilledBy, HoldKind, LineKind, PaymentState
from hub.orders import computed_total, faults
from hub.orders.draft import holds

ZERO = Decimal(0)
HOME = Address(country="BR", street="Rua A", number="1", city="São Paulo", region="SP", postal_code="01310-100")


def draft(*quantities: int, **changed: object) -> OrderDraft:
    lines = tuple(
        DraftLine(external_id=str(n), sku=f"S{n}", quantity=Decimal(q), unit_price=Decimal("19.90"))
        for n, q in enumerate(quantities or (1,))
    )
    goods = sum((x.quantity * x.unit_price for x in lines), Decimal(0))
    plain = OrderDraft(
        external_id="E1",
        revision="1",
        placed_at=datetime(2026, 1, 5, tzinfo=UTC),
        currency="BRL",
        lines=lines,
        totals=Totals(goods=goods, discount=Decimal(0), shipping=Decimal(0), total=goods, tax_included=True),
        payment_state=PaymentState.PAID,
        ship_to=HOME,
    )
    return replace(plain, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("broken", "place", "code"),
    [
        (lambda d: replace(d, lines=()), "lines", "NO_LINES"),
        (lambda d: replace(d, lines=(d.lines[0], d.lines[0])), "lines.1", "DUPLICATE_LINE"),
        (lambda d: replace(d, lines=(replace(d.lines[0], quantity=Decimal(0)),)), "lines.0.quantity", "BAD_QUANTITY"),
        (lambda d: replace(d, lines=(replace(d.lines[0], quantity=Decimal(-1)),)), "lines.0.quantity", "BAD_QUANTITY"),
        (lambda d: replace(d, lines=(replace(d.lines[0], unit_price=Decimal(-1)),)), "lines.0.unitPrice", "BAD_PRICE"),
        (lambda d: replace(d, lines=(replace(d.lines[0], discount=Decimal(-1)),)), "lines.0.unitPrice", "BAD_PRICE"),
        (lambda d: replace(d, totals=replace(d.totals, total=Decimal(1))), "totals.total", "TOTALS_DIFFER"),
    ],
)
def test_each_fault_is_named_with_its_place(broken: Callable[[OrderDraft], OrderDraft], place: str, code: str) -> None:
    assert (place, code) in [(".".join(path), e.code) for path, e in faults(broken(draft()))]


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ({"quantity": Decimal(100000000000000)}, "lines.0.quantity"),
        ({"quantity": Decimal("1.00001")}, "lines.0.quantity"),
        ({"quantity": Decimal("NaN")}, "lines.0.quantity"),
        ({"quantity": Decimal("sNaN")}, "lines.0.quantity"),
        ({"quantity": Decimal("-Infinity"), "unit_price": ZERO}, "lines.0.quantity"),
        ({"unit_price": Decimal("1E+999999")}, "lines.0.unitPrice"),
        ({"unit_price": Decimal("0.12345")}, "lines.0.unitPrice"),
        ({"discount": Decimal("1E-400")}, "lines.0.discount"),
        ({"tax": Decimal("-1E+14")}, "lines.0.tax"),
        ({"gross": Decimal("1E+14")}, "lines.0.gross"),
        ({"quantity": Decimal("1E+9"), "unit_price": Decimal("1E+5")}, "lines.0.gross"),
    ],
)
def test_a_number_that_no_column_keeps_as_it_was_said_is_refused(line: Mapping[str, Decimal], place: str) -> None:
    one = draft()
    [(path, error)] = faults(replace(one, lines=(replace(one.lines[0], **line),)))  # type: ignore[arg-type]
    assert (".".join(path), error.code) == (place, "OUT_OF_BOUNDS")
    assert "14 digits and 4 decimals" in error.sentence()


@pytest.mark.parametrize("name", ["goods", "discount", "shipping", "total", "tax", "tip", "fees", "duties"])
def test_amounts_of_the_whole_order_are_bounded_likewise(name: str) -> None:
    one = draft()
    [(path, error)] = faults(replace(one, totals=replace(one.totals, **{name: Decimal("0.00001")})))  # type: ignore[arg-type]
    assert (path, error.code) == (("totals", name), "OUT_OF_BOUNDS")
    assert "is 0.00001:" in error.sentence()


def test_the_largest_numbers_and_zeros_without_meaning_pass() -> None:
    price = Decimal("99999999999999.9999")
    line = DraftLine(external_id="1", sku="A", quantity=Decimal("1.000000"), unit_price=price, discount=price)
    totals = Totals(goods=price, discount=price, shipping=ZERO, total=ZERO, tax_included=True)
    assert faults(replace(draft(), lines=(line,), totals=totals)) == []


@given(st.decimals(allow_nan=True, allow_infinity=True), st.sampled_from(["quantity", "unit_price", "discount"]))
def test_what_passes_is_what_its_column_gives_back(value: Decimal, name: str) -> None:
    one = draft()
    free = replace(one.lines[0], unit_price=ZERO)
    found = faults(replace(one, lines=(replace(free, **{name: value}),)))  # type: ignore[arg-type]
    kept = value.is_finite() and abs(value) < 10**14 and Fraction(value) * 10**4 % 1 == 0
    assert any(e.code == "OUT_OF_BOUNDS" for _, e in found) is not kept


def test_all_faults_come_at_once() -> None:
    bad = draft(0, -1)
    codes = [e.code for _, e in faults(replace(bad, totals=replace(bad.totals, total=Decimal(7))))]
    assert codes == ["BAD_QUANTITY", "BAD_QUANTITY", "TOTALS_DIFFER"]


amounts = st.decimals(min_value=0, max_value=10_000, places=2)


@given(discount=amounts, shipping=amounts, tax=amounts, tip=amounts, fees=amounts, included=st.booleans())
def test_a_total_that_adds_up_is_no_fault(
    discount: Decimal, shipping: Decimal, tax: Decimal, tip: Decimal, fees: Decimal, *, included: bool
) -> None:
    totals = Totals(
        goods=Decimal("19.90"),
        discount=discount,
        shipping=shipping,
        tax=tax,
        tip=tip,
        fees=fees,
        tax_included=included,
        total=Decimal("19.90") - discount + shipping + tip + fees + (0 if included else tax),
    )
    good = draft(totals=totals)
    assert faults(good) == []
    assert computed_total(good) == totals.total
    off = replace(good, totals=replace(totals, total=totals.total + Decimal("0.01")))
    assert [e.code for _, e in faults(off)] == ["TOTALS_DIFFER"]


@pytest.mark.parametrize(
    ("changed", "kinds"),
    [
        ({}, []),
        ({"payment_state": PaymentState.PENDING}, [HoldKind.PAYMENT]),
        ({"payment_state": PaymentState.PARTIALLY_PAID}, [HoldKind.PAYMENT]),
        ({"payment_state": PaymentState.AUTHORIZED}, []),
        ({"test": True}, [HoldKind.MANUAL]),
        ({"ship_to": None}, [HoldKind.ADDRESS]),
        ({"ship_to": replace(HOME, region="XX")}, [HoldKind.ADDRESS]),
        ({"ship_to": replace(HOME, postal_code="123")}, [HoldKind.ADDRESS]),
        ({"ship_to": replace(HOME, street=None)}, [HoldKind.ADDRESS]),
        ({"ship_to": None, "pickup": Pickup(node="RIO")}, []),
        ({"ship_to": replace(HOME, country="PT", region=None, postal_code="1000-001")}, []),
    ],
)
def test_what_holds_an_order(changed: dict[str, object], kinds: list[HoldKind]) -> None:
    assert [h.kind for h in holds(draft(**changed), {"S0"})] == kinds


def test_only_goods_that_we_ship_must_be_in_the_catalog() -> None:
    one = draft(1, 1, 1)
    lines = (
        one.lines[0],
        replace(one.lines[1], kind=LineKind.GIFT_CARD),
        replace(one.lines[2], fulfilled_by=FulfilledBy.CHANNEL),
    )
    [hold] = holds(replace(one, lines=lines), set())
    assert hold.kind is HoldKind.CATALOG
    assert hold.reason == "not in the catalog: S0"
