"""Every municipality of the country by name, as channels write it."""

from __future__ import annotations

from datetime import date

import pytest

from hub.canon.taxids import municipality_valid
from hub.fiscal.tables import fiscal_tables
from hub.flows.municipality import municipality_code

DAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("uf", "city", "code"),
    [
        ("SP", "São Paulo", "3550308"),
        ("SP", "  sao   paulo ", "3550308"),
        ("RO", "Alta Floresta D'Oeste", "1100015"),
        ("RO", "ALTA FLORESTA D’OESTE", "1100015"),
        ("SP", "Mogi-Mirim", "3530805"),
        ("DF", "Brasília", "5300108"),
        ("SP", "Rio de Janeiro", None),
    ],
)
def test_a_city_is_found_however_it_is_written(uf: str, city: str, code: str | None) -> None:
    assert municipality_code(fiscal_tables(), DAY, uf, city) == code


def test_the_table_is_whole_and_its_digits_are_right() -> None:
    rows = [row for rows in fiscal_tables()["municipalities"].rows.values() for row in rows]
    codes = [row.text("code") for row in rows]
    assert len(codes) == len(set(codes)) == 5571
    assert len({code[:2] for code in codes}) == len({row.key[0] for row in rows}) == 27
    assert all(municipality_valid(code) for code in codes)
