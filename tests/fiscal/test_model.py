"""The life of a note: which states follow which, and nothing else."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.fiscal.model import FACTS, LIFE, FiscalState, IllegalFiscalMove, path

STATES = st.sampled_from(FiscalState)
OVER = {FiscalState.DENIED, FiscalState.CANCELLED, FiscalState.VOIDED}


@given(STATES, STATES)
def test_every_way_is_made_of_moves_of_the_table(state: FiscalState, to: FiscalState) -> None:
    try:
        way = path(state, to)
    except IllegalFiscalMove:
        assert to not in LIFE[state]
        return
    assert way[-1:] == (() if state is to else (to,))
    assert all(b in LIFE[a] for a, b in pairwise((state, *way)))


@given(STATES, st.lists(STATES, max_size=12))
def test_whatever_is_told_in_whatever_order_an_end_stays_an_end(state: FiscalState, told: list[FiscalState]) -> None:
    for to in told:
        before = state
        try:
            way = path(state, to)
        except IllegalFiscalMove:
            continue
        state = way[-1] if way else state
        assert before not in OVER or state is before


def test_an_authorized_note_is_never_sent_again_nor_written_anew() -> None:
    for to in set(FiscalState) - {FiscalState.AUTHORIZED, FiscalState.CANCELLED}:
        with pytest.raises(IllegalFiscalMove):
            path(FiscalState.AUTHORIZED, to)


def test_every_state_can_be_reached_and_has_its_own_fact() -> None:
    reached, new = {FiscalState.PENDING}, {FiscalState.PENDING}
    while new:
        new = {to for state in new for to in LIFE[state]} - reached
        reached |= new
    assert reached == set(FiscalState)
    assert len(set(FACTS.values())) == len(FACTS) == len(FiscalState)
