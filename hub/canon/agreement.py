"""What a partner's account says was agreed with the partner: which documents it gets, and how far a price of its may be off."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_FORM = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,4})?)(%?)")
ZERO, HUNDRED = Decimal(0), Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How far a price may be from the agreed one: `percent` of that, or `amount` a unit in the currency of the order."""

    amount: Decimal = ZERO
    percent: Decimal = ZERO

    def covers(self, said: Decimal, agreed: Decimal) -> bool:
        return abs(said - agreed) <= max(self.amount, agreed * self.percent / HUNDRED)


EXACT = Tolerance()


def tolerance_of(text: str) -> Tolerance | None:
    """`0.5%` (below 100%) or `0.05`; None for anything else."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    value = Decimal(found[1])
    if not found[2]:
        return Tolerance(amount=value)
    return Tolerance(percent=value) if value < HUNDRED else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """`documents`: the kinds that the partner gets from us."""

    documents: frozenset[str] = frozenset()
    tolerance: Tolerance = EXACT
