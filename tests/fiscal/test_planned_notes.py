"""Planned notes through the adapter's writer: valid by the official schema, totals that add up, nothing that its rules object to."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from adapters.sefaz.rules import faults_of
from adapters.sefaz.sums import wrong_total
from adapters.sefaz.write import write_invoice
from adapters.sefaz.xsd import faults
from tests.fiscal.notes import CFOPS, COMPANY, ISSUER, LOCAL, line, planned

D = Decimal
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
SIMPLES = replace(ISSUER, tax_regime=1)
OTHERS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"issuer": SIMPLES}, {}),
    ({"issuer": SIMPLES, "buyer": LOCAL}, {"rates": {"simples_credit": D("2.56")}}),
    ({"issuer": SIMPLES, "buyer": LOCAL}, {"st": "paid", "cest": "2804000"}),
    ({"issuer": replace(ISSUER, tax_regime=2)}, {}),
    ({"issuer": replace(ISSUER, tax_regime=2), "buyer": LOCAL}, {"reductions": {"icms": D(10)}}),
    ({"issuer": replace(ISSUER, tax_regime=4), "buyer": LOCAL}, {}),
    ({"model": 65, "buyer": None, "channel": "counter"}, {}),
    ({"buyer": COMPANY}, {"own_make": True, "rates": {"ipi": D(5)}}),
    ({"buyer": LOCAL}, {"ibs_cbs_class": "200034"}),
    ({"buyer": replace(LOCAL, region="RJ", municipality_code="3304557")}, {}),
    ({"channel": "marketplace", "intermediary_tax_id": "11222333000181", "intermediary_account": "loja"}, {}),
]


@pytest.mark.parametrize(("note", "product"), [(note, product) for note, product, _, _ in CFOPS] + OTHERS)
def test_a_planned_note_is_a_valid_note(note: dict[str, Any], product: dict[str, Any]) -> None:
    second = line(external_id="2", quantity=D(3), unit_price=D("19.90"), **product)
    plan = planned(lines=(line(**product), second), freight=D("12.34"), discount=D("1.01"), **note)
    written = etree.fromstring(write_invoice(plan.invoice).xml)
    assert faults_of(plan.invoice) == []
    assert [text for text in faults(written) or [] if SIGNATURE not in text] == []
    assert wrong_total(written) == ""
    assert Decimal(str(written.findtext(".//{*}ICMSTot/{*}vNF"))) == plan.total
