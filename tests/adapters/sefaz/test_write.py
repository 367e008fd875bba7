"""Notes are valid by the official schema, canonical by construction, and refuse to be written with anything missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.sefaz import xsd
from adapters.sefaz.sign import sign
from adapters.sefaz.soap import parse
from adapters.sefaz.write import NFE, Profile, TechnicalContact, write_invoice
from hub.canon.invoice import Invoice, InvoicePackage, InvoicePayment
from hub.canon.ports import NeverTry
from hub.canon.taxids import parse_key
from tests.adapters.sefaz.notes import NOW, identity, line, sale, with_item

N = f"{{{NFE}}}"


def schema_faults(invoice: Invoice, profile: Profile | None = None) -> list[str] | None:
    return xsd.faults(parse(sign(write_invoice(invoice, profile).xml, identity().key)))


def root_of(invoice: Invoice) -> etree._Element:
    return parse(write_invoice(invoice).xml)


def faults_at(invoice: Invoice) -> set[str]:
    with pytest.raises(NeverTry) as caught:
        write_invoice(invoice)
    return {str(fault["at"]) for fault in caught.value.data["faults"]}


@pytest.mark.parametrize("items", [1, 3, 40])
def test_a_sale_is_valid_by_the_official_schema(items: int) -> None:
    assert schema_faults(sale(items)) == []


def test_every_group_that_can_be_written_is_valid() -> None:
    full = replace(
        sale(2),
        packages=(InvoicePackage(quantity=2, kind="CAIXA", net_weight_kg=Decimal("1.5"), gross_weight_kg=Decimal(2)),),
        carrier_name="Transportes & Cia",
        intermediary=True,
        intermediary_tax_id="11222333000181",
        intermediary_account="loja-7",
        notes="Pedido 42",
        payments=(
            InvoicePayment(medium="03", amount=Decimal(1)),
            InvoicePayment(medium="99", amount=Decimal(2), description="Vale"),
        ),
    )
    profile = Profile(
        contact=TechnicalContact(tax_id="11222333000181", name="Suporte", email="s@example.com", phone="1130000000"),
        readers=("11222333000181", "52998224725"),
    )
    assert schema_faults(full, profile) == []


ST = line("icms_st", "140.00", "18", "7.20", mva=Decimal(40))
OWN = line("icms", "100.00", "18", "18.00")
CREDIT = line("simples_credit", "100.00", "2.5", "2.50")


@pytest.mark.parametrize(
    ("code", "taxes", "group"),
    [
        ("00", (OWN, line("fcp", "100.00", "2", "2.00")), "ICMS00"),
        ("10", (OWN, ST, line("fcp_st", "140.00", "2", "2.80")), "ICMS10"),
        ("20", (line("icms", "67.00", "18", "12.06", reduction=Decimal(33)),), "ICMS20"),
        ("30", (ST,), "ICMS30"),
        ("40", (), "ICMS40"),
        ("51", (line("icms", "100.00", "18", "9.00", deferral=Decimal(50)),), "ICMS51"),
        ("60", (), "ICMS60"),
        ("70", (line("icms", "67.00", "18", "12.06", reduction=Decimal(33)), ST), "ICMS70"),
        ("90", (OWN, ST), "ICMS90"),
        ("101", (CREDIT,), "ICMSSN101"),
        ("102", (), "ICMSSN102"),
        ("201", (ST, CREDIT), "ICMSSN201"),
        ("202", (ST,), "ICMSSN202"),
        ("500", (), "ICMSSN500"),
        ("900", (OWN, ST, CREDIT), "ICMSSN900"),
    ],
)
def test_each_icms_code_writes_its_group(code: str, taxes: tuple[Any, ...], group: str) -> None:
    invoice = with_item(sale(), icms_cst=code, taxes=taxes, pis_cofins_cst="07")
    assert schema_faults(invoice) == []
    assert root_of(invoice).find(f".//{N}ICMS/{N}{group}") is not None


def test_interstate_sale_to_a_consumer_states_both_sides() -> None:
    taxes = (
        line("icms", "100.00", "12", "12.00"),
        line("icms_uf_dest", "100.00", "18", "6.00"),
        line("fcp_uf_dest", "100.00", "2", "2.00"),
    )
    invoice = with_item(sale(destination=2), taxes=taxes, cfop="6107", pis_cofins_cst="07")
    assert schema_faults(invoice) == []
    assert root_of(invoice).findtext(f".//{N}ICMSTot/{N}vICMSUFDest") == "6.00"


def test_reduced_reform_rates_state_the_effective_one() -> None:
    base = first_taxes()
    taxes = (
        *base,
        line("ibs_uf", "74.00", "0.10", "0.03", reduction=Decimal(60)),
        line("cbs", "74.00", "0.90", "0.27", reduction=Decimal(60)),
    )
    invoice = with_item(sale(), taxes=taxes, ibs_cbs_cst="200", ibs_cbs_class="200032")
    assert schema_faults(invoice) == []
    assert root_of(invoice).findtext(f".//{N}gCBS/{N}gRed/{N}pAliqEfet") == "0.36"


def first_taxes() -> tuple[Any, ...]:
    return tuple(each for each in sale().items[0].taxes if each.tax in {"icms", "pis", "cofins"})


def test_a_class_without_values_has_no_totals_of_the_reform() -> None:
    root = root_of(with_item(sale(), taxes=first_taxes(), ibs_cbs_cst="410", ibs_cbs_class="410001"))
    assert root.find(f".//{N}IBSCBS/{N}cClassTrib") is not None
    assert root.find(f".//{N}IBSCBSTot") is None
    assert root.find(f".//{N}vItem") is None


def test_simples_before_2027_has_no_reform_groups() -> None:
    root = root_of(sale(reform_groups=False))
    assert root.find(f".//{N}IBSCBS") is None
    assert root.find(f".//{N}vNFTot") is None


def test_ipi_enters_the_total() -> None:
    taxes = (*sale().items[0].taxes, line("ipi", "100.00", "5", "5.00"))
    root = root_of(with_item(sale(), taxes=taxes, ipi_cst="50"))
    product, total = root.findtext(f".//{N}ICMSTot/{N}vProd"), root.findtext(f".//{N}ICMSTot/{N}vNF")
    assert Decimal(str(total)) - Decimal(str(product)) == Decimal("5.00")


def test_the_key_says_what_the_fields_say() -> None:
    written = write_invoice(sale())
    key = parse_key(written.key)
    assert (key.number, key.series, key.model, key.issuer, key.uf) == (1, 1, 55, "11222333000181", "SP")
    assert (key.year, key.month) == (2026, 11)


def test_the_month_of_the_key_is_the_issuers_not_greenwich() -> None:
    at = datetime(2026, 12, 1, 1, 0, tzinfo=UTC).astimezone(timezone(timedelta(hours=-3)))
    assert parse_key(write_invoice(sale(issued_at=at)).key).month == 11


def test_greenwich_is_no_offset_of_an_issuer() -> None:
    assert faults_at(sale(issued_at=NOW)) == {"issued_at"}


def test_all_faults_are_named_at_once() -> None:
    invoice = with_item(sale(payments=()), ncm="", title=" ", gtin="12")
    broken = replace(invoice, issuer=replace(invoice.issuer, state_registration=None, district="x"))
    expected = {
        "items[0].ncm",
        "items[0].title",
        "items[0].gtin",
        "payments",
        "issuer.state_registration",
        "issuer.district",
    }
    assert faults_at(broken) == expected


def test_a_code_without_its_tax_line_is_refused() -> None:
    assert faults_at(with_item(sale(), icms_cst="10", pis_cofins_cst="07", taxes=())) == {
        "items[0].taxes.icms",
        "items[0].taxes.icms_st",
    }


def test_a_tax_without_a_place_in_its_group_is_refused() -> None:
    assert "items[0].taxes.icms" in faults_at(with_item(sale(), icms_cst="60"))


def test_homologation_hides_the_buyers_name() -> None:
    assert b"Maria de Exemplo" not in write_invoice(sale(environment=2)).xml
    assert b"<xNome>Maria de Exemplo</xNome>" in write_invoice(sale(environment=1)).xml


def test_texts_out_of_the_alphabet_are_told() -> None:
    written = write_invoice(
        with_item(sale(), title="Caf\u00e9 \u201cespecial\u201d \u2014 5\u2009\u2033 \U0001f600 " + "x" * 200)
    )
    assert 'Café "especial" - 5 " xxx'.encode() in written.xml
    assert [(change.at, change.why) for change in written.changes] == [
        ("items[0].title", "characters"),
        ("items[0].title", "length"),
    ]


TEXTS = st.text(min_size=2, max_size=50).filter(lambda text: len(text.strip()) >= 2)


@settings(max_examples=60, deadline=None)
@given(
    title=st.text(min_size=1, max_size=140),
    name=st.text(max_size=70),
    cents=st.integers(min_value=1, max_value=10**9),
    items=st.integers(min_value=1, max_value=4),
)
def test_what_is_written_equals_its_own_canonical_form(title: str, name: str, cents: int, items: int) -> None:
    """For any texts: either refused, or canonical and valid."""
    invoice = with_item(sale(items, environment=1), title=title, freight=Decimal(cents) / 100)
    assert invoice.buyer is not None
    invoice = replace(invoice, buyer=replace(invoice.buyer, name=name))
    try:
        xml = write_invoice(invoice).xml
    except NeverTry:
        return
    assert etree.tostring(parse(xml), method="c14n") == xml
    assert schema_faults(invoice) == []
