"""The IBGE code of a city where the channel gave its name only. A city that the table has not is a lack that the note names."""

from __future__ import annotations

import unicodedata
from datetime import date

from hub.fiscal import FiscalTables

_MARKS = str.maketrans({"-": " ", "'": None, "\u2019": None, "`": None, "\u00b4": None})


def municipality_code(tables: FiscalTables, day: date, region: str, city: str) -> str | None:
    """CMun (7 digits) of a city by UF and name; accents, case, apostrophes and hyphens ignored; None when unknown."""
    bare = "".join(c for c in unicodedata.normalize("NFD", city.casefold()) if not unicodedata.combining(c))
    row = tables["municipalities"].get(day, uf=region, city=" ".join(bare.translate(_MARKS).split()))
    return row.text("code") if row else None
