"""Every message and every simulated answer is valid by the portal's schemas; values, texts and envelopes are as the manual says."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from adapters.gnre.simulator import GnreApp
from adapters.gnre.simulator.ufs import DIFAL, FCP, NAMES, ST, rules_of
from adapters.gnre.soap import SERVICES, NotFromPortal, parse, unwrap, wrap
from adapters.gnre.write import batch, question, result_question, rules_question
from adapters.gnre.xsd import schema_faults
from hub.canon.ports import NeverTry
from hub.canon.taxids import UF_CODES
from tests.adapters.gnre.guides import CNPJ, KEY, command, item
from tests.shared import shared_path

REGIONS = sorted(set(UF_CODES) - {"SP"})
EXTRAS: dict[str, Any] = {"extras": (("87", KEY),), "detail": "000052", "product": "20", "period": "0"}


def good(region: str, revenue: str = DIFAL) -> bytes:
    rules = rules_of(region, revenue)
    kind = rules.document_types[0]
    changes = dict(EXTRAS) if rules.fields else {n: v for n, v in EXTRAS.items() if n != "extras"}
    asked = command(
        region,
        document_type=kind,
        document=KEY if kind == "22" else "302",
        revenue=revenue,
        agreement="ICMS 93/15",
        **changes,
    )
    return batch(asked.guide, asked.rules)


@pytest.mark.parametrize("region", REGIONS)
def test_guides_are_valid_by_the_schema(region: str) -> None:
    folder = shared_path("reference/fiscal/gnre/xsd_v2")
    for revenue in (DIFAL, ST, FCP):
        assert schema_faults(parse(good(region, revenue)), folder) == []
    asked = command(region)
    for message in (question(asked.guide), result_question("26110000000001", "2"), rules_question(region, DIFAL, "2")):
        assert schema_faults(parse(message), folder) == []


@pytest.mark.parametrize("region", REGIONS)
def test_simulated_answers_are_valid_by_the_schema(region: str) -> None:
    folder = shared_path("reference/fiscal/gnre/xsd_v2")
    app = GnreApp(looks=0)
    receipt = app.answer("GnreLoteRecepcao", wrap("GnreLoteRecepcao", good(region), "operation"), CNPJ)
    assert schema_faults(unwrap(receipt, "TRetLote_GNRE"), folder) == []
    look = wrap("GnreResultadoLote", result_question(next(iter(app.batches)), "2"), "operation")
    result = unwrap(app.answer("GnreResultadoLote", look, CNPJ), "TResultLote_GNRE")
    assert schema_faults(result, folder) == []
    assert result.findtext(".//{*}situacaoGuia") == "0"
    rules = app.answer("GnreConfigUF", wrap("GnreConfigUF", rules_question(region, DIFAL, "2"), "operation"), CNPJ)
    assert schema_faults(unwrap(rules, "TConfigUf"), folder) == []


def test_two_revenues_are_one_guide_with_two_items() -> None:
    asked = command("AL")
    both = replace(asked.guide, items=(item(), item(revenue=FCP, principal=Decimal("20.00"))))
    root = parse(batch(both, asked.rules))
    assert root.findtext(".//{*}tipoGnre") == "2"
    assert root.findtext(".//{*}valorGNRE") == "80.00"
    assert [e.text for e in root.iter("{*}receita")] == [DIFAL, FCP]


def test_the_poverty_fund_goes_beside_the_tax_where_the_uf_wants_it_there() -> None:
    asked = command("PE", fcp=Decimal("20.00"), document_type="22", document=KEY)
    root = parse(batch(asked.guide, asked.rules))
    assert [(e.get("tipo"), e.text) for e in root.iter("{*}valor")] == [("11", "60.00"), ("12", "20.00")]
    with pytest.raises(NeverTry, match="lacks"):
        batch(command("AL", fcp=Decimal("20.00")).guide, rules_of("AL", DIFAL))


def test_a_key_with_letters_is_refused_because_the_schema_has_no_room_for_it() -> None:
    asked = command("PE", document_type="22", document="35261112ABC34501DE35550010000003021482119071")
    with pytest.raises(NeverTry) as refused:
        batch(asked.guide, asked.rules)
    assert refused.value.data["faults"][0]["at"] == "items[0].document"


def test_texts_are_cut_and_cleaned_and_escaped() -> None:
    asked = command("AL")
    long = replace(asked.guide.issuer, name="A & B \u201c\U0001f600\u201d  " + "x" * 80)
    root = parse(batch(replace(asked.guide, issuer=long), asked.rules))
    name = root.findtext(".//{*}contribuinteEmitente/{*}razaoSocial") or ""
    assert name.startswith("A & B xxx")
    assert len(name) == 60


@pytest.mark.parametrize("header", ["operation", "service"])
def test_the_header_names_the_version_in_the_namespace_that_is_set(header: str) -> None:
    root = parse(wrap("GnreLoteRecepcao", good("AL"), header))
    (version,) = root.iter("{*}versaoDados")
    spaces = {
        "operation": "http://www.gnre.pe.gov.br/wsdl/processar",
        "service": "http://www.gnre.pe.gov.br/webservice/GnreLoteRecepcao",
    }
    assert (etree.QName(version).namespace, version.text) == (spaces[header], "2.00")


def test_what_is_wrong_with_a_message_is_answered_with_the_manuals_code() -> None:
    app = GnreApp()
    service = "GnreLoteRecepcao"
    whole = wrap(service, good("AL"), "operation")
    wrong = {
        "301": whole.replace(b"gnreCabecMsg", b"cabec"),
        "302": whole.replace(b"versaoDados", b"versao"),
        "157": whole.replace(b">2.00<", b">1.00<"),
        "156": whole.replace(b"TLote_GNRE", b"TLote"),
        "103": whole + b" " * 700_000,
    }
    for code, body in wrong.items():
        assert f"<codigo>{code}<".encode() in app.answer(service, body, CNPJ), code
    assert app.guides == []
    with pytest.raises(NotFromPortal):
        unwrap(whole, SERVICES[service].answer)
    assert len(NAMES) == 3
