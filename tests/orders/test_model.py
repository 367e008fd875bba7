"""The nine states: which may follow which, and what an order's state is, given its fulfillments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.canon.states import OrderState as S
from hub.orders import ADVANCE, MOVES, IllegalMove, allowed, check_move, derived

LIVE = [s for s in S if s not in (S.DRAFT, S.CANCELLED)]


def test_cancellation_ends_at_the_door() -> None:
    assert {s for s in S if S.CANCELLED in MOVES[s]} == {S.DRAFT, S.APPROVED, S.PICKING, S.PACKED}


def test_nothing_follows_an_end() -> None:
    assert [s for s in S if not MOVES[s]] == [S.COMPLETED, S.CANCELLED]


def test_a_move_that_is_not_in_the_table_names_what_is() -> None:
    with pytest.raises(IllegalMove) as caught:
        check_move(S.DISPATCHED, S.CANCELLED)
    assert caught.value.sentence().endswith("allowed are: IN_TRANSIT")


def test_a_hold_leaves_only_the_ways_out() -> None:
    assert allowed(S.DRAFT, on_hold=True) == (S.CANCELLED,)
    assert allowed(S.DRAFT, on_hold=False) == (S.APPROVED, S.CANCELLED)
    assert allowed(S.DISPATCHED, on_hold=True) == (S.IN_TRANSIT,)


@given(parts=st.lists(st.sampled_from([*LIVE, S.CANCELLED]), max_size=6), all_assigned=st.booleans())
def test_an_order_is_as_far_as_its_least_advanced_part(parts: list[S], *, all_assigned: bool) -> None:
    live = [s for s in parts if s is not S.CANCELLED]
    found = derived(S.APPROVED, parts, all_assigned=all_assigned)
    if not live:
        assert found is S.APPROVED
    elif all_assigned:
        assert all(ADVANCE[found] <= ADVANCE[s] for s in live)
        assert found in live
    else:
        assert found is S.APPROVED


@given(st.sampled_from([S.DRAFT, S.CANCELLED]), st.lists(st.sampled_from(LIVE), max_size=4))
def test_draft_and_cancelled_do_not_follow(own: S, parts: list[S]) -> None:
    assert derived(own, parts, all_assigned=True) is own
