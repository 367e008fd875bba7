"""Identifiers of the shared samples, good and bad."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.canon import taxids
from tests.shared import shared_path


def vectors(file: str) -> dict[str, list[str]]:
    body = json.loads(shared_path("samples/fiscal/calculo/gs1_municipality_suframa.json").read_text(encoding="utf-8"))
    found: dict[str, list[str]] = body["vectors"][f"tests/{file}"]
    return found


def test_gtin() -> None:
    cases = vectors("test_base_gs1_gtin.py")
    assert all(taxids.gtin_valid(text) for text in cases["VALID_GTIN"])
    assert not any(taxids.gtin_valid(text) for text in cases["INVALID_GTIN"])


def test_sscc() -> None:
    cases = vectors("test_base_gs1_sscc.py")
    assert all(taxids.sscc_valid(text) for text in cases["VALID_SSCC"])
    assert not any(taxids.sscc_valid(text) for text in cases["INVALID_SSCC"])


def test_municipality() -> None:
    cases = vectors("test_base_fiscal_codigo_municipio.py")
    assert all(taxids.municipality_valid(text) for text in [*cases["CODIGOS_MUNICIPAIS_VALIDOS"], *cases["EXCECOES"]])
    bad = [name for name in cases if name.startswith("CODIGOS_") and "VALIDOS" not in name and "SEM" not in name]
    bad += ["CODIGOS_UF_INVALIDOS", "CODIGOS_ORDEM_INVALIDOS"]
    assert not any(taxids.municipality_valid(text) for name in bad for text in cases[name])


def test_access_key_material() -> None:
    body: dict[str, Any] = json.loads(shared_path("samples/fiscal/calculo/access_key.json").read_text(encoding="utf-8"))
    for code in body["cNF_forbidden"]:
        if code.isdigit():
            assert not taxids.random_code_valid(code, 21)
    for event in body["event_id"]:
        assert taxids.event_id(event["tpEvento"], event["chave"], event["nSeq"]) == event["Id"]
    with pytest.raises(taxids.BadAccessKey):
        taxids.parse_key(body["parse"][0]["chave"])  # its month is 15
