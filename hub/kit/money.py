"""Money: a Decimal amount and an ISO 4217 currency. Never float, never mixed currencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar

from hub.kit.errors import HubError

CENT = Decimal("0.01")


class CurrencyMismatch(HubError):
    """Amounts of different currencies cannot be combined: {left} and {right}."""

    code: ClassVar[str] = "CURRENCY_MISMATCH"


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def _same(self, other: Money) -> Decimal:
        if self.currency != other.currency:
            raise CurrencyMismatch(left=self.currency, right=other.currency)
        return other.amount


def half_up(value: Decimal, step: Decimal = CENT) -> Decimal:
    """Commercial rounding to `step` (default: cents)."""
    return value.quantize(step, ROUND_HALF_UP)


def split(total: Decimal, weights: Sequence[Decimal], step: Decimal = CENT) -> list[Decimal]:
    """`total` shared in proportion to `weights`; the rest goes to the largest weight, so that the parts sum to `total`."""
    whole = sum(weights, Decimal(0))
    if not weights:
        return []
    if whole == 0:
        weights, whole = [Decimal(1)] * len(weights), Decimal(len(weights))
    parts = [half_up(total * w / whole, step) for w in weights]
    largest = max(range(len(weights)), key=lambda i: weights[i])
    parts[largest] += total - sum(parts, Decimal(0))
    return parts


def plain(value: Decimal) -> str:
    """A quantity as text without trailing zeros or exponent: `2`, `0.5`."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount_text(value: Decimal) -> str:
    """An amount as text with at least two decimals, more where significant: `19.90`, `0.1234`."""
    places = max(2, -int(value.normalize().as_tuple().exponent))
    return format(value.quantize(Decimal(1).scaleb(-places)), "f")
