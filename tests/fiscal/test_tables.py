"""The seed tables load, are complete, and a broken folder is refused whole."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from hub.canon.taxids import UF_CODES
from hub.fiscal.tables import BadTable, load_tables, tables_folder

DAY = date(2026, 11, 21)


def test_every_uf_has_rates_and_a_method() -> None:
    tables = load_tables(tables_folder())
    for uf in UF_CODES:
        assert 17 <= tables["uf_rates"].find(DAY, uf=uf).number("internal") <= 23
        assert tables["difal_methods"].find(DAY, uf=uf).text("method") in {"single", "double"}
        for other in UF_CODES:
            for goods in ("national", "imported"):
                row = tables["interstate_rates"].find(DAY, goods=goods, from_uf=uf, to_uf=other)
                assert row.number("rate") in {4, 7, 12}


def test_doubtful_rows_are_told() -> None:
    told = load_tables(tables_folder(), ["difal_methods"]).doubtful()
    assert {row.key[0] for _, row in told} == set(UF_CODES) - {"DF", "MA", "MS", "RN"}


def test_a_folder_with_faults_is_refused_with_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("table: b\nkey: [k]\ncolumns: {}\nrows: []\n", encoding="utf-8")
    (tmp_path / "c.yaml").write_text("[]", encoding="utf-8")
    with pytest.raises(BadTable) as refused:
        load_tables(tmp_path, ["a", "c", "d"])
    faults = str(refused.value.data["faults"])
    assert "a.yaml:4" in faults
    assert "c.yaml:1" in faults
    assert "d.yaml" in faults
