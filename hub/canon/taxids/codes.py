"""Codes of goods, operations and places: their form, and the check digit of a municipality."""

from __future__ import annotations

import re

from hub.canon.taxids.modulus import ten
from hub.canon.taxids.ufs import UF_BY_CODE

_NCM = re.compile(r"[0-9]{8}", re.ASCII)
_CEST = re.compile(r"[0-9]{7}", re.ASCII)
_CFOP = re.compile(r"[123567][0-9]{3}", re.ASCII)
_MUNICIPALITY = re.compile(r"[0-9]{7}", re.ASCII)
ABROAD = "9999999"
# Municipalities that were given a number whose check digit does not follow the rule.
ODD_MUNICIPALITIES = frozenset(
    {"2201919", "2201988", "2202251", "2611533", "3117836", "3152131", "4305871", "5203939", "5203962"}
)


def ncm_valid(text: str) -> bool:
    """Eight digits. Whether the table holds them is the authority's affair."""
    return bool(_NCM.fullmatch(text))


def cest_valid(text: str) -> bool:
    return bool(_CEST.fullmatch(text))


def cfop_valid(text: str) -> bool:
    return bool(_CFOP.fullmatch(text))


def municipality_valid(text: str) -> bool:
    """IBGE code: UF, four digits of order, check digit (weights 1 and 2, digit sums, to the next ten)."""
    if not _MUNICIPALITY.fullmatch(text):
        return False
    if text in ODD_MUNICIPALITIES or text == ABROAD:
        return True
    products = (int(char) * (1 + place % 2) for place, char in enumerate(text[:6]))
    total = sum(product // 10 + product % 10 for product in products)
    return text[:2] in UF_BY_CODE and text[2:6] != "0000" and ten(total) == int(text[6])
