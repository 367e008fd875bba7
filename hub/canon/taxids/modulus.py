"""Weighted sums and the rest rules that the check digits of Brazil share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import cycle, islice
from operator import mul

TWO_TO_NINE: Sequence[int] = range(2, 10)


def cyclic_sum(text: str, weights: Sequence[int] = TWO_TO_NINE) -> int:
    """Sum of character values (ASCII less 48, so letters count from 17) times `weights`, cyclic from the right."""
    placed, offset = _placed(len(text), weights)
    total: int = sum(map(mul, map(ord, text), placed))
    return total - offset


@cache
def _placed(length: int, weights: Sequence[int]) -> tuple[tuple[int, ...], int]:
    """The weight of each place, from the left, and what the 48 in every character's code adds."""
    placed = tuple(islice(cycle(weights), length))[::-1]
    return placed, 48 * sum(placed)


def weighted_sum(text: str, weights: Sequence[int]) -> int:
    """Sum of character values times `weights`, from the left; both have the same length."""
    return sum((ord(char) - 48) * weight for char, weight in zip(text, weights, strict=True))


def eleven(total: int) -> int:
    """Rest by 11: 0 when the rest is 0 or 1, else 11 less the rest."""
    rest = total % 11
    return 0 if rest < 2 else 11 - rest


def ten(total: int) -> int:
    """What is missing to the next ten."""
    return -total % 10
