"""`hub fiscal` against the shared expectations, and its behavior with bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli.fiscal import app
from tests.shared import shared_path


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.stdout


@pytest.fixture
def expected() -> Any:
    return json.loads(shared_path("samples/fiscal/expected.json").read_text(encoding="utf-8"))


def test_tax_agrees_with_the_samples(expected: Any) -> None:
    code, out = run("tax", str(shared_path("samples/fiscal") / expected["tax"]["file"]), "--json")
    answers = {answer["id"]: answer for answer in json.loads(out)}
    assert code == 1  # some cases are bad on purpose
    for case in expected["tax"]["expected"]:
        answer = answers[case["id"]]
        if "error" in case:
            assert answer["error"]["code"] == case["error"]
            assert answer["taxes"] == []
            continue
        got = {line["tax"]: line for line in answer["taxes"]}
        for tax, fields in case["taxes"].items():
            assert {name: got[tax][name] for name in fields} == fields, case["id"]
        if case.get("exact"):
            assert set(got) == set(case["taxes"]), case["id"]


def test_validate_agrees_with_the_samples(expected: Any) -> None:
    rows = expected["validate"]
    code, out = run("validate", "--json", "--", *(f"{row['kind']}:{row['value']}" for row in rows))
    assert code == 1
    assert [json.loads(line) for line in out.splitlines()] == rows


def test_unknown_kinds_do_not_stop_the_others() -> None:
    code, out = run("validate", "--json", "--", "vat:1", "ie:XX:2", "nothing", "cpf:52998224725", "cnpj:" + "9" * 9999)
    judged = [json.loads(line) for line in out.splitlines()]
    assert code == 1
    assert [one["valid"] for one in judged] == [None, None, None, True, False]
    assert judged[0] == {"kind": "vat", "value": "1", "valid": None, "error": "UNKNOWN_KIND"}
    assert judged[1]["kind"] == "ie:XX"


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ("gtin:7891000315507", True),
        ("gtin:7891000315508", False),
        ("gtin:SEM GTIN", False),
        ("ncm:61091000", True),
        ("ncm:6109.10.00", False),
        ("cest:2806300", True),
        ("cest:280630", False),
        ("cfop:5102", True),
        ("cfop:4102", False),
        ("municipality:3550308", True),
        ("municipality:3550309", False),
    ],
)
def test_codes_of_goods_and_places(value: str, *, valid: bool) -> None:
    code, out = run("validate", "--json", value)
    assert (code, json.loads(out)["valid"]) == (0 if valid else 1, valid)


def test_good_values_leave_0() -> None:
    assert run("validate", "cpf:52998224725") == (0, "cpf:52998224725 good\n")


def test_one_bad_case_does_not_stop_the_others(tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    good = {
        "id": "good",
        "date": "2026-11-20",
        "issuer": {"uf": "SP"},
        "buyer": {"uf": "SP", "taxpayer": True},
        "item": {"quantity": "1", "unit_price": "100"},
        "rates": {"icms": "18"},
    }
    huge = json.dumps({**good, "id": "huge"}).replace('"100"', "9" * 5000)
    file.write_text(f"[1, {huge}, {json.dumps(good)}]", encoding="utf-8")
    code, out = run("tax", str(file), "--json")
    answers = json.loads(out)
    assert code == 1
    assert [answer["error"] and answer["error"]["code"] for answer in answers] == ["MISSING_FIELD", "BAD_NUMBER", None]
    assert answers[2]["taxes"][0] == {
        "tax": "icms",
        "base": "100.00",
        "rate": "18.0000",
        "value": "18.00",
        "rule": "override",
        "source": "given with the case",
    }
    assert "icms" in run("tax", str(file))[1]


@pytest.mark.parametrize("content", ["{}", "[", "", "\xff"])
def test_a_file_that_is_no_list_is_wrong_use(tmp_path: Path, content: str) -> None:
    file = tmp_path / "cases.json"
    file.write_bytes(content.encode("latin-1"))
    assert run("tax", str(file), "--json") == (2, "")


def test_key_parse() -> None:
    code, out = run("key", "parse", "35261112ABC34501DE35550010000003021482119071", "--json")
    assert code == 0
    assert json.loads(out)["issuer"] == "12ABC34501DE35"
    assert run("key", "parse", "1")[0] == 1


def test_tables_in_use_are_good_and_say_their_doubts() -> None:
    code, out = run("tables", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["tables"]["uf_clocks"] == 27
    assert {"authorities.yaml", "difal_methods.yaml"} <= {row["file"] for row in told["doubtful"]}
    assert "doubtful authorities.yaml:" in run("tables")[1]


def test_a_bad_table_is_refused_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("table: x\nkey: [k]\ncolumns: {rate: number}\nrows:\n  - {k: a, rate: b}\n")
    result = CliRunner().invoke(app, ["tables", str(tmp_path)])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "x.yaml:5: source is missing" in result.stderr


def test_a_missing_row_is_named_with_the_file_that_lacks_it(tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    case = {
        "id": "old",
        "date": "2020-01-01",
        "issuer": {"uf": "SP"},
        "buyer": {"uf": "BA", "taxpayer": False},
        "item": {"quantity": "1", "unit_price": "100"},
        "methods": {"rates": "table"},
    }
    file.write_text(json.dumps([case]), encoding="utf-8")
    result = CliRunner().invoke(app, ["tax", str(file), "--json"])
    assert json.loads(result.stdout)[0]["error"] == {"code": "MISSING_RATE", "field": "uf_rates"}
    assert "uf BA on 2020-01-01: add one to uf_rates.yaml" in result.stderr


def test_a_plan_for_people_says_how_each_value_came_about(tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    case = {
        "id": "mg",
        "date": "2026-11-20",
        "issuer": {"uf": "SP"},
        "buyer": {"uf": "MG", "taxpayer": False},
        "item": {"quantity": "1", "unit_price": "100"},
        "methods": {"rates": "table"},
        "only": ["icms_uf_dest"],
    }
    file.write_text(json.dumps([case]), encoding="utf-8")
    code, out = run("tax", str(file))
    assert code == 0
    assert "100.00 x  18.0000 % =         6.00  difal.single, rounded half up to 0.01" in out
