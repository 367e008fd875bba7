"""What a step may add to a line, and which states lie between two."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.canon.states import OrderState as S
from hub.fulfillment import WAY, Progress, ShortPick, steps
from hub.fulfillment.model import LineState
from hub.kit.ids import new_id
from hub.ledger import Cause

LINE = new_id()
units = st.integers(min_value=-2, max_value=6).map(Decimal)


def line(assigned: int = 5, **given_: int) -> LineState:
    counts = {n: Decimal(given_.get(n, 0)) for n in ("short", "picked", "packed")}
    return LineState(line_id=LINE, sku="S", assigned=Decimal(assigned), **counts)


def step(to: S, **given_: Decimal) -> Progress:
    told = {name: {LINE: n} for name, n in given_.items()}
    return Progress(fulfillment_id=new_id(), to=to, cause=Cause(new_id(), None), **told)  # type: ignore[arg-type]


def test_packing_without_numbers_takes_all_that_is_left() -> None:
    assert line(5, picked=2, packed=1).take(step(S.PACKED)) == (Decimal(3), Decimal(4), Decimal(0))


def test_picking_without_numbers_takes_nothing() -> None:
    assert line().take(step(S.PICKING)) == (Decimal(0), Decimal(0), Decimal(0))


def test_short_units_are_never_picked() -> None:
    assert line(5).take(step(S.PACKED, short=Decimal(2))) == (Decimal(3), Decimal(3), Decimal(2))


@given(picked=units, packed=units, short=units, to=st.sampled_from([S.PICKING, S.PACKED]))
def test_a_step_fits_the_line_or_is_refused(picked: Decimal, packed: Decimal, short: Decimal, to: S) -> None:
    here = line(5, picked=1)
    try:
        added = here.take(step(to, picked=picked, packed=packed, short=short))
    except ShortPick:
        return
    assert min(added) >= 0
    assert here.packed <= here.picked <= here.assigned - here.short


@given(a=st.sampled_from(WAY), b=st.sampled_from(WAY))
def test_steps_lead_from_one_to_the_other(a: S, b: S) -> None:
    way = (a, *steps(a, b))
    assert way == WAY[WAY.index(a) : max(WAY.index(a), WAY.index(b)) + 1]


@pytest.mark.parametrize("state", [S.DRAFT, S.CANCELLED])
def test_there_is_no_way_from_or_to_what_is_beside_it(state: S) -> None:
    assert steps(state, S.PACKED) == ()
    assert steps(S.APPROVED, state) == ()
