"""Racers for the same units: each wholly or not at all, first come first served, never more than there is."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from hub.inventory import Claim, Key, settle

KEYS: list[Key] = [(UUID(int=n), sku) for n in range(2) for sku in ("A", "B")]
units = st.dictionaries(st.sampled_from(KEYS), st.integers(1, 5).map(Decimal), min_size=1)
available = st.dictionaries(st.sampled_from(KEYS), st.integers(0, 9).map(Decimal))
claims = st.lists(st.tuples(units, st.dictionaries(st.sampled_from(KEYS), st.integers(0, 4).map(Decimal))), max_size=8)


def made(given_claims: list[Any]) -> list[Claim]:
    return [Claim(owner=UUID(int=n), units=u, leave=v) for n, (u, v) in enumerate(given_claims)]


@given(claims, available)
def test_every_claim_is_kept_wholly_or_refused(asked: list[Any], there: dict[Key, Decimal]) -> None:
    kept, refused = settle(made(asked), there)
    assert sorted(c.owner.int for c in kept + refused) == list(range(len(asked)))
    for key in KEYS:
        taken = sum((c.units.get(key, Decimal(0)) for c in kept), Decimal(0))
        assert taken <= there.get(key, Decimal(0))


@given(claims, available)
def test_a_refused_claim_did_not_fit_after_those_before_it(asked: list[Any], there: dict[Key, Decimal]) -> None:
    kept, refused = settle(made(asked), there)
    for claim in refused:
        left = dict(there)
        for earlier in kept:
            if earlier.owner < claim.owner:
                for key, n in earlier.units.items():
                    left[key] -= n
        wants = [(left.get(k, Decimal(0)), n + claim.leave.get(k, Decimal(0))) for k, n in claim.units.items()]
        assert any(have < need for have, need in wants)


@given(claims, available)
def test_the_first_that_fits_is_kept(asked: list[Any], there: dict[Key, Decimal]) -> None:
    kept, _ = settle(made(asked), there)
    first = made(asked)[:1]
    fits = [
        c for c in first if all(there.get(k, Decimal(0)) >= n + c.leave.get(k, Decimal(0)) for k, n in c.units.items())
    ]
    assert [c.owner for c in kept[: len(fits)]] == [c.owner for c in fits] or not fits
