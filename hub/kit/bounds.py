"""What a quantity or an amount may be: what its column keeps as it was said. Decides; the types of the columns are made from the same numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from hub.kit.errors import HubError

DIGITS, PLACES = 18, 4
WHOLE = DIGITS - PLACES
STEP = Decimal(1).scaleb(-PLACES)
MOST = Decimal(10) ** WHOLE - STEP


class OutOfBounds(HubError):
    """{name} is {value}: a number of at most {whole} digits and {places} decimals is expected."""

    code: ClassVar[str] = "OUT_OF_BOUNDS"


def keepable(value: Decimal) -> bool:
    """Its column would give back the same number: finite, not too large, no decimal too many (zeros at the end are none)."""
    if not value.is_finite() or not -MOST <= value <= MOST:
        return False
    return plain_enough(value) or value == round(value, PLACES)


def plain_enough(value: Decimal) -> bool:
    """No more decimals than are kept, those at the end counted too."""
    exponent = value.as_tuple()[2]
    return isinstance(exponent, int) and exponent >= -PLACES


def out_of_bounds(name: str, value: Decimal) -> OutOfBounds:
    """The refusal of `value`; `name` begins the sentence: `The quantity of line 1`."""
    return OutOfBounds(name=name, value=str(value)[:60], whole=WHOLE, places=PLACES)
