"""GS1 keys: GTIN of a product, SSCC of a logistic unit, GRAI of a returnable asset."""

from __future__ import annotations

import re

from hub.canon.taxids.modulus import cyclic_sum, ten

_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_GRAI = re.compile(r"0([0-9]{13})[!-~]{0,16}", re.ASCII)
GTIN_LENGTHS = frozenset({8, 12, 13, 14})


def gs1_digit(stem: str) -> int:
    """The check digit after `stem`: weights 3 and 1 from the right, to the next ten."""
    return ten(cyclic_sum(stem, (3, 1)))


def gtin_valid(text: str) -> bool:
    """GTIN-8, -12, -13 or -14; zeros alone are no product."""
    return len(text) in GTIN_LENGTHS and _checked(text)


def sscc_valid(text: str) -> bool:
    """Eighteen digits, without the application identifier 00."""
    return len(text) == 18 and _checked(text)


def grai_valid(text: str) -> bool:
    """A filler zero, thirteen digits with the check digit last, an optional serial of up to sixteen characters."""
    match = _GRAI.fullmatch(text)
    return bool(match) and _checked(text[1:14])


def _checked(text: str) -> bool:
    return bool(_DIGITS.fullmatch(text)) and int(text) > 0 and gs1_digit(text[:-1]) == int(text[-1])
