"""The 27 federative units and their two-digit IBGE codes (`cUF`)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

UF_CODES: Mapping[str, str] = MappingProxyType(
    {
        "RO": "11", "AC": "12", "AM": "13", "RR": "14", "PA": "15", "AP": "16", "TO": "17",
        "MA": "21", "PI": "22", "CE": "23", "RN": "24", "PB": "25", "PE": "26", "AL": "27", "SE": "28", "BA": "29",
        "MG": "31", "ES": "32", "RJ": "33", "SP": "35",
        "PR": "41", "SC": "42", "RS": "43",
        "MS": "50", "MT": "51", "GO": "52", "DF": "53",
    }
)  # fmt: skip

UF_BY_CODE: Mapping[str, str] = MappingProxyType({code: uf for uf, code in UF_CODES.items()})
