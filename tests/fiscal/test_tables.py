"""The seed tables load, are complete, and a broken folder is refused whole."""

from __future__ import annotations

import csv
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from hub.canon.taxids import UF_CODES
from hub.fiscal.tables import BadTable, load_tables, tables_folder
from tests.shared import shared_path

DAY = date(2026, 11, 21)
SERVICES = (
    "NFeStatusServico4",
    "NFeAutorizacao4",
    "NFeRetAutorizacao4",
    "NFeConsultaProtocolo4",
    "NFeInutilizacao4",
    "NFeRecepcaoEvento4",
)


def test_every_uf_has_rates_and_a_method() -> None:
    tables = load_tables(tables_folder())
    for uf in UF_CODES:
        assert 17 <= tables["uf_rates"].find(DAY, uf=uf).number("internal") <= 23
        assert tables["difal_methods"].find(DAY, uf=uf).text("method") in {"single", "double"}
        for other in UF_CODES:
            for goods in ("national", "imported"):
                row = tables["interstate_rates"].find(DAY, goods=goods, from_uf=uf, to_uf=other)
                assert row.number("rate") in {4, 7, 12}


def test_rates_agree_with_the_lists_they_come_from() -> None:
    """Internal rate and FCP of all goods, as in the list of 2024 with the changes of 2025; AL is alone with an FCP on top of it."""
    found = json.loads(shared_path("reference/fiscal/uf_rates_and_difal_methods_CONFLICTING.json").read_text("utf-8"))
    listed = {uf: Decimal(str(rate)) for uf, rate in found["internal_rate_2024_from_code_search"].items()}
    listed |= {
        uf: Decimal(str(c["to"])) for uf, c in found["changes_2025"].items() if isinstance(c, dict) and "to" in c
    }
    rows = {uf: load_tables(tables_folder(), ["uf_rates"])["uf_rates"].find(DAY, uf=uf) for uf in UF_CODES}
    ours = {uf: row.number("internal") + row.number("fcp") for uf, row in rows.items()}
    assert [(uf, f"{ours[uf]}, not {listed[uf]}") for uf in UF_CODES if ours[uf] != listed[uf]] == [
        ("AL", "20, not 19")
    ]
    assert {uf for uf in found["changes_2025"]["doubtful"] if not rows[uf].doubtful} == set()
    for uf, most in found["fcp_max_by_uf_sped_nfe_docs"].items():
        assert rows[uf].number("fcp") <= most


def test_windows_that_one_publisher_tells_of_are_doubtful() -> None:
    table = load_tables(tables_folder(), ["event_windows"])["event_windows"]
    rows = {uf: table.find(DAY, event="cancel", model="55", uf=uf) for uf in UF_CODES}
    assert {uf for uf, row in rows.items() if row.doubtful} == {"AL", "MT", "PR", "RS"}
    hours = {uf: row.number("hours") for uf, row in rows.items()}
    assert {uf: n for uf, n in hours.items() if n != 24} == {"MT": 8, "PR": 168, "RS": 168}


def test_a_note_of_mato_grosso_is_cancelled_within_the_hours_of_its_day() -> None:
    table = load_tables(tables_folder(), ["event_windows"])["event_windows"]
    for day, hours in ((date(2021, 9, 30), 2), (date(2021, 10, 1), 8), (DAY, 8)):
        assert table.find(day, event="cancel", model="55", uf="MT").number("hours") == hours


def test_every_uf_has_a_clock_an_authority_and_addresses() -> None:
    tables = load_tables(tables_folder())
    for uf in UF_CODES:
        assert tables["uf_clocks"].find(DAY, uf=uf).text("offset") in {"-03:00", "-04:00", "-05:00"}
        for environment in ("1", "2"):
            assert tables["nfce_qr"].find(DAY, uf=uf, environment=environment).text("qr").startswith("http")
            for model in ("55", "65"):
                who = tables["authorities"].find(DAY, uf=uf, model=model)
                served = [who.text("authority"), *([who.text("contingency")] if model == "55" else [])]
                for authority in served:
                    row = tables["endpoints"].find(DAY, authority=authority, model=model, environment=environment)
                    assert all(row.text(service).startswith("https://") for service in SERVICES)
    assert tables["authorities"].find(DAY, uf="PA", model="55").doubtful
    assert tables["endpoints"].find(DAY, authority="AN", model="55", environment="1").text("NFeDistribuicaoDFe")


def test_addresses_agree_with_the_list_they_come_from() -> None:
    tables = load_tables(tables_folder(), ["endpoints", "authorities"])
    own = json.loads(shared_path("reference/fiscal/authorities_by_uf.json").read_text(encoding="utf-8"))
    for model in ("55", "65"):
        for uf in UF_CODES:
            assert tables["authorities"].find(DAY, uf=uf, model=model).text("authority") == own[model][uf]
    listed = shared_path("reference/fiscal/endpoints_nfe55.xml").read_text(encoding="utf-8")
    for row in tables["endpoints"].on(DAY):
        if row.key[1] == "55" and not row.doubtful:
            assert all(f">{value}<" in listed for name, value in row.values.items() if name in SERVICES)


CLASSES = [
    ("100", "authorized"),
    ("150", "authorized"),
    ("101", "done"),
    ("155", "done"),
    ("103", "processing"),
    ("105", "processing"),
    ("108", "stopped"),
    ("999", "stopped"),
    ("656", "pacing"),
    ("217", "not_there"),
    ("106", "not_there"),
    ("204", "duplicate"),
    ("539", "duplicate"),
    ("573", "duplicate"),
    ("302", "denied"),
    ("114", "contingency"),
    ("281", "certificate"),
    ("213", "certificate"),
    ("228", "late"),
    ("1999", None),
    ("610", None),
]


@pytest.mark.parametrize(("code", "group"), CLASSES)
def test_classes_of_answers(code: str, group: str | None) -> None:
    row = load_tables(tables_folder(), ["cstat"])["cstat"].get(DAY, code=code)
    assert (row.text("class") if row else None) == group


def test_classes_of_the_reform_reduce_as_listed() -> None:
    tables = load_tables(tables_folder(), ["cclasstrib"])
    text = shared_path("reference/fiscal/cclasstrib_2025-11-11.csv").read_text(encoding="utf-8")
    listed = {row["ID"]: row for row in csv.DictReader(text.splitlines())}
    rows = tables["cclasstrib"].on(DAY)
    assert len(rows) > 40
    for row in rows:
        there = listed[row.key[0]]
        assert row.number("reduction_ibs") == Decimal(there["TXREDIBS"])
        assert row.number("reduction_cbs") == Decimal(there["TXREDCBS"])
        assert row.flag("nfe") == ("NFe" in there["DFEASSOCIADO"].split(","))


def test_every_operation_can_be_coded() -> None:
    tables = load_tables(tables_folder())
    for row in tables["operations"].on(DAY):
        for regime in ("normal", "simples"):
            for destination in ("1", "2"):
                assert tables["treatments"].find(DAY, operation=row.key[0], regime=regime, destination=destination)
        cfops = [cfop for cfop in tables["cfop"].on(DAY) if cfop.key[0] == row.key[0]]
        first = {"1": "5", "2": "6"} if row.flag("outgoing") else {"1": "1", "2": "2"}
        assert {cfop.key[4] for cfop in cfops} == {"1", "2"}
        assert all(cfop.text("cfop")[0] == first[cfop.key[4]] for cfop in cfops)


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
