"""`hub nfe` against the shared expectations; the sample is good by our own check; bad input is a line, never a crash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from lxml import etree
from typer.testing import CliRunner

from hub.cli.nfe import app
from tests.shared import shared_path


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.stdout


def check(*files: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("check", *map(str, files), "--json")[1].splitlines()]


def test_check_agrees_with_the_samples() -> None:
    folder = shared_path("samples/fiscal")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["check"]
    lines = check(*(folder / row["file"] for row in expected))
    assert len(lines) == len(expected)
    for row, line in zip(expected, lines, strict=True):
        assert line.pop("file") == str(folder / row["file"])
        assert bool(line.pop("schema_errors")) == row["schema_errors"], row["file"]
        assert line == {name: value for name, value in row.items() if name not in {"file", "schema_errors"}}, row[
            "file"
        ]


@pytest.mark.parametrize("items", ["1", "7"])
def test_the_sample_is_good(tmp_path: Path, items: str) -> None:
    assert run("sample", "--out", str(tmp_path), "--items", items)[0] == 0
    code, out = run("check", str(tmp_path / "nfe.xml"), "--json")
    line = json.loads(out)
    assert code == 0
    assert (line["kind"], line["schema_valid"], line["signature"], line["totals_consistent"]) == (
        "NFe",
        True,
        "valid",
        True,
    )
    note = etree.parse(tmp_path / "nfe.xml").getroot()
    assert len(note.findall("{*}infNFe/{*}det")) == int(items)
    assert note.findtext(".//{*}tpAmb") == "2"
    assert note.find(".//{*}IBSCBSTot") is not None
    certificate = x509.load_pem_x509_certificate((tmp_path / "cert.pem").read_bytes())
    assert certificate.issuer == certificate.subject
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cert.pem", "nfe.xml"]


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    broken, html, bomb = tmp_path / "broken.xml", tmp_path / "page.html", tmp_path / "bomb.xml"
    broken.write_bytes(b"<NFe><infNFe>")
    html.write_bytes(b"<html><body>gone</body></html>")
    bomb.write_bytes(b'<!DOCTYPE x [<!ENTITY a "aaaa">]><NFe xmlns="http://www.portalfiscal.inf.br/nfe">&a;</NFe>')
    missing, empty = tmp_path / "missing.xml", tmp_path / "empty.xml"
    empty.write_bytes(b"")
    lines = check(broken, html, bomb, missing, empty)
    assert [line["kind"] for line in lines] == ["unknown"] * 5
    assert [line["schema_valid"] for line in lines] == [False, None, False, False, False]
    assert [bool(line["schema_errors"]) for line in lines] == [True, False, True, True, True]


def test_bad_documents_exit_with_one(tmp_path: Path) -> None:
    run("sample", "--out", str(tmp_path))
    note = tmp_path / "nfe.xml"
    note.write_bytes(note.read_bytes().replace(b"Venda", b"Vendo"))
    assert run("check", str(note), "--json")[0] == 1


def test_wrong_use_exits_with_two(tmp_path: Path) -> None:
    assert run("sample", "--out", str(tmp_path), "--model", "57")[0] == 2
    assert run("sample", "--out", str(tmp_path), "--items", "0")[0] == 2
    assert run("check")[0] == 2


def test_show_names_the_parties_and_the_total(tmp_path: Path) -> None:
    run("sample", "--out", str(tmp_path))
    code, out = run("show", str(tmp_path / "nfe.xml"))
    assert code == 0
    assert "Loja Exemplo Comercio Ltda 11222333000181 SP" in out
    assert "vNF 101.80" in out


def test_danfe_is_a_pdf(tmp_path: Path) -> None:
    pytest.importorskip("brazilfiscalreport", reason="the extra danfe is not installed")
    run("sample", "--out", str(tmp_path))
    pdf = tmp_path / "note.pdf"
    assert run("danfe", str(tmp_path / "nfe.xml"), "--out", str(pdf))[0] == 0
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert run("danfe", str(tmp_path / "cert.pem"), "--out", str(pdf))[0] == 1


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "1e999999999", "", "1,00", "-"])
def test_absurd_amounts_are_inconsistent(tmp_path: Path, amount: str) -> None:
    run("sample", "--out", str(tmp_path))
    note = tmp_path / "nfe.xml"
    note.write_bytes(note.read_bytes().replace(b"<vNF>101.80</vNF>", f"<vNF>{amount}</vNF>".encode()))
    line = check(note)[0]
    assert (line["kind"], line["totals_consistent"], line["schema_valid"]) == ("NFe", False, False)
