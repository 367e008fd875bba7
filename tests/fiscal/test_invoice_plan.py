"""From a request to a note: what is refused, what is chosen, and that every cent reappears."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sefaz.rules import faults_of
from hub.canon.invoice import InvoiceParty
from hub.canon.invoice_json import invoice_from_json, invoice_to_json
from hub.fiscal.invoice_items import item_total, share_out
from hub.fiscal.invoice_plan import plan_invoice
from hub.fiscal.invoice_request import Incomplete, PlannedInvoice, RequestLine, RequestPayment
from hub.fiscal.tax import Methods
from tests.fiscal.notes import (
    BRANCH,
    CFOPS,
    COMPANY,
    CONSUMER,
    ISSUER,
    KEY,
    LOCAL,
    TABLES,
    line,
    planned,
    request,
)

D = Decimal


def values(plan: PlannedInvoice, item: int = 0) -> dict[str, str]:
    return {tax.tax: str(tax.value) for tax in plan.invoice.items[item].taxes}


def faults(**changes: Any) -> set[tuple[str | None, str | None, str | None]]:
    with pytest.raises(Incomplete) as refused:
        planned(**changes)
    return {(one["line"], one["field"], one["code"]) for one in refused.value.faults}


MANAUS = replace(COMPANY, region="AM", municipality_code="1302603", city="Manaus", state_registration="041234561")
MANAUS_ISSUER = replace(ISSUER, region="AM", municipality_code="1302603", state_registration="041234561")


@pytest.mark.parametrize(
    ("region", "municipality"),
    [("AM", "1302603"), ("AM", "1304062"), ("RO", "1100106"), ("RR", "1400100"), ("AP", "1600303"), ("AC", "1200252")],
)
def test_a_sale_into_a_free_area_is_refused_in_words(region: str, municipality: str) -> None:
    """ALC and Zona Franca: relief that is not computed is never left out in silence."""
    buyer = replace(COMPANY, region=region, municipality_code=municipality, taxpayer=False, state_registration=None)
    assert faults(buyer=buyer) == {(None, "buyer.municipality_code", "NOT_OFFERED")}
    with pytest.raises(Incomplete) as refused:
        planned(buyer=buyer)
    assert "relief of" in (refused.value.faults[0]["detail"] or "")


def test_goods_that_are_shipped_into_a_free_area_are_refused_as_well() -> None:
    there = replace(CONSUMER, region="AM", municipality_code="1302603", city="Manaus")
    assert faults(buyer=COMPANY, ship_to=there) == {(None, "ship_to.municipality_code", "NOT_OFFERED")}


def test_people_neighbours_and_other_towns_of_a_free_area_are_sold_to() -> None:
    person = replace(CONSUMER, region="AM", municipality_code="1302603", city="Manaus")
    assert planned(buyer=person).invoice.destination == 2
    company = replace(MANAUS, taxpayer=False, state_registration=None)
    assert planned(buyer=replace(company, municipality_code="1301902", city="Itacoatiara")).invoice.destination == 2
    assert planned(issuer=MANAUS_ISSUER, buyer=company).invoice.destination == 1


def test_a_sale_to_a_consumer_of_another_uf() -> None:
    plan = planned()
    note, item = plan.invoice, plan.invoice.items[0]
    assert note.issued_at.isoformat() == "2026-11-20T22:30:00-03:00"
    assert (note.destination, note.final_consumer, note.presence, note.purpose, note.outgoing) == (2, True, 2, 1, True)
    assert note.issuer.tax_id == "11222333000181"
    assert note.issuer.postal_code == "01001000"
    assert (item.cfop, item.icms_cst, item.pis_cofins_cst, item.ipi_cst) == ("6108", "00", "01", None)
    assert (item.ibs_cbs_cst, item.ibs_cbs_class, note.reform_groups) == ("000", "000001", True)
    assert values(plan) == {
        "icms": "12.00",
        "icms_uf_dest": "6.00",
        "pis": "1.45",
        "cofins": "6.69",
        "ibs_uf": "0.07",
        "ibs_mun": "0.00",
        "cbs": "0.66",
    }
    assert [(one.medium, one.amount) for one in note.payments] == [("17", D("100.00"))]
    assert any("icms_uf_dest difal.single" in doubt for doubt in plan.doubts)


@pytest.mark.parametrize(("note", "product", "cfop", "code"), CFOPS)
def test_codes_by_rule_table(note: dict[str, Any], product: dict[str, Any], cfop: str, code: str) -> None:
    item = planned(lines=(line(**product),), **note).invoice.items[0]
    assert (item.cfop, item.icms_cst) == (cfop, code)


@pytest.mark.parametrize(
    ("product", "code"),
    [({}, "102"), ({"rates": {"simples_credit": D("2.56")}}, "101"), ({"st": "paid", "cest": "2804000"}, "500")],
)
def test_simples_codes(product: dict[str, Any], code: str) -> None:
    plan = planned(issuer=replace(ISSUER, tax_regime=1), buyer=LOCAL, lines=(line(**product),))
    assert plan.invoice.items[0].icms_cst == code
    assert plan.invoice.items[0].pis_cofins_cst == "49"
    assert set(values(plan)) <= {"simples_credit"}
    assert plan.invoice.reform_groups is False


def test_above_the_sublimit_the_icms_is_stated_apart_from_the_simples() -> None:
    """CRT 2: CST and DIFAL as a normal issuer, PIS and COFINS as the Simples (591 otherwise)."""
    plan = planned(issuer=replace(ISSUER, tax_regime=2), lines=(line(rates={"simples_credit": D("2.56")}),))
    item = plan.invoice.items[0]
    assert (item.icms_cst, item.pis_cofins_cst, plan.invoice.issuer.tax_regime) == ("00", "49", 2)
    assert values(plan) == {"icms": "12.00", "icms_uf_dest": "6.00"}
    micro = planned(issuer=replace(ISSUER, tax_regime=4), buyer=LOCAL)
    assert (micro.invoice.items[0].icms_cst, values(micro)) == ("102", {})


@pytest.mark.parametrize(
    ("regime", "cst", "code"), [(1, "00", "590"), (4, "00", "590"), (2, "102", "591"), (3, "102", "591")]
)
def test_a_code_of_the_other_regime_is_seen_before_sending(regime: int, cst: str, code: str) -> None:
    note = planned(buyer=LOCAL).invoice
    items = tuple(replace(item, icms_cst=cst) for item in note.items)
    found = faults_of(replace(note, issuer=replace(note.issuer, tax_regime=regime), items=items))
    assert [(f["at"], f["code"]) for f in found] == [("items[0].icms_cst", code)]


def test_untaxed_operations_state_no_tax() -> None:
    plan = planned(operation="transfer", channel="none", buyer=BRANCH)
    item, note = plan.invoice.items[0], plan.invoice
    assert item.taxes == ()
    assert (item.pis_cofins_cst, item.ibs_cbs_cst, item.ibs_cbs_class) == ("08", "410", "410002")
    assert [(one.medium, one.amount) for one in note.payments] == [("90", D(0))]
    assert (note.presence, note.final_consumer) == (9, False)
    assert any("treatments transfer" in doubt for doubt in plan.doubts)


def test_substitution_paid_before_leaves_only_federal_taxes() -> None:
    plan = planned(buyer=LOCAL, lines=(line(st="paid", cest="2804000"),))
    assert values(plan) == {"pis": "1.65", "cofins": "7.60", "ibs_uf": "0.09", "ibs_mun": "0.00", "cbs": "0.82"}


def test_a_return_mirrors_and_refers() -> None:
    note = planned(operation="sale_return", channel="none", referenced_keys=(KEY,)).invoice
    assert (note.purpose, note.outgoing, note.referenced_keys, note.payments[0].medium) == (4, False, (KEY,), "90")
    assert note.items[0].pis_cofins_cst == "98"


def test_goods_that_a_class_relieves() -> None:
    plan = planned(buyer=LOCAL, lines=(line(ibs_cbs_class="200034"),))
    assert plan.invoice.items[0].ibs_cbs_cst == "200"
    cbs = next(tax for tax in plan.invoice.items[0].taxes if tax.tax == "cbs")
    assert (cbs.rate, cbs.reduction, cbs.value) == (D("0.90"), D(60), D("0.27"))  # 74.41 x 0.90 % x 40 %


def test_ipi_states_its_code_and_raises_the_total() -> None:
    plan = planned(buyer=COMPANY, lines=(line(own_make=True, rates={"ipi": D(5)}),))
    assert plan.invoice.items[0].ipi_cst == "50"
    assert plan.total == D("105.00")
    assert sum(one.amount for one in plan.invoice.payments) == D("105.00")


def test_a_pickup_is_a_sale_of_the_issuers_uf() -> None:
    note = planned(channel="pickup").invoice
    assert (note.destination, note.presence, note.items[0].cfop) == (1, 1, "5102")


def test_the_uf_that_the_goods_enter_decides() -> None:
    plan = planned(ship_to=LOCAL)
    assert plan.invoice.destination == 1
    assert plan.invoice.delivery is not None
    assert plan.invoice.delivery.postal_code == "13010000"


def test_nfce_goes_without_buyer() -> None:
    note = planned(model=65, buyer=None, channel="counter").invoice
    assert (note.buyer, note.destination, note.final_consumer, note.freight_mode) == (None, 1, True, 9)


def test_marketplace_names_its_intermediary() -> None:
    assert faults(channel="marketplace") == {
        (None, "intermediary_tax_id", "MISSING"),
        (None, "intermediary_account", "MISSING"),
    }
    note = planned(channel="marketplace", intermediary_tax_id="11.222.333/0001-81", intermediary_account="loja").invoice
    assert (note.intermediary, note.intermediary_tax_id, note.presence) == (True, "11222333000181", 2)


def test_everything_that_lacks_is_told_at_once() -> None:
    buyer = replace(CONSUMER, municipality_code="", taxpayer=True, district=" ", tax_id="1")
    bare = line(ncm=None, origin=None, unit="", gtin="789", external_id="L7", quantity=D(0))
    told = faults(buyer=buyer, lines=(line(st="paid"), bare), payments=(RequestPayment(medium="barter", amount=D(1)),))
    assert told == {
        (None, "buyer.municipality_code", "MISSING"),
        (None, "buyer.state_registration", "MISSING"),
        (None, "buyer.district", "MISSING"),
        (None, "buyer.tax_id", "MALFORMED"),
        ("1", "cest", "MISSING"),
        ("L7", "ncm", "MISSING"),
        ("L7", "origin", "MISSING"),
        ("L7", "unit", "MISSING"),
        ("L7", "gtin", "MALFORMED"),
        ("L7", "quantity", "MALFORMED"),
        (None, "payments.medium", "UNKNOWN_CODE"),
    }


def test_the_sentence_names_order_line_and_field() -> None:
    with pytest.raises(Incomplete, match=r"order 1001 cannot be made: payments, 1: ncm|1: ncm, payments"):
        planned(lines=(line(ncm=None),), payments=())


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"buyer": None}, (None, "buyer", "MISSING")),
        ({"buyer": replace(CONSUMER, country="AR")}, (None, "buyer.country", "NOT_OFFERED")),
        ({"buyer": replace(CONSUMER, municipality_code="3550308")}, (None, "buyer.municipality_code", "CONTRADICTION")),
        ({"buyer": replace(COMPANY, state_registration="ISENTO")}, (None, "buyer.state_registration", "MISSING")),
        ({"issuer": replace(ISSUER, region="XX")}, (None, "issuer.region", "UNKNOWN_CODE")),
        ({"issuer": replace(ISSUER, tax_regime=9)}, (None, "issuer.tax_regime", "UNKNOWN_CODE")),
        ({"random_code": "11111111"}, (None, "random_code", "MALFORMED")),
        ({"number": 0}, (None, "number", "MALFORMED")),
        ({"freight": D(-1)}, (None, "freight", "MALFORMED")),
        ({"series": 1000}, (None, "series", "MALFORMED")),
        ({"environment": 3}, (None, "environment", "UNKNOWN_CODE")),
        ({"model": 57}, (None, "model", "UNKNOWN_CODE")),
        ({"lines": ()}, (None, "lines", "MISSING")),
        ({"payments": ()}, (None, "payments", "MISSING")),
        ({"payments": (RequestPayment(medium="other", amount=D(1)),)}, (None, "payments.description", "MISSING")),
        ({"operation": "barter"}, (None, "operation", "UNKNOWN_CODE")),
        ({"channel": "pigeon"}, (None, "channel", "UNKNOWN_CODE")),
        ({"operation": "sale_return"}, (None, "referenced_keys", "MISSING")),
        ({"referenced_keys": ("1",)}, (None, "referenced_keys", "MALFORMED")),
        ({"operation": "transfer", "buyer": COMPANY}, (None, "buyer.tax_id", "CONTRADICTION")),
        ({"operation": "consignment"}, ("1", "cfop", "NO_RULE")),
        ({"buyer": BRANCH}, ("1", "cfop", "NO_RULE")),
        ({"discount": D(101)}, ("1", "item.discount", "BAD_NUMBER")),
        ({"lines": (line(ibs_cbs_class="620001"),)}, ("1", "ibs_cbs_class", "NO_RULE")),
        ({"model": 65, "lines": (line(ibs_cbs_class="200001"),)}, ("1", "ibs_cbs_class", "NOT_OFFERED")),
        ({"lines": (line(st="charged", cest="2804000"),)}, ("1", "rates.icms_st", "MISSING")),
        ({"lines": (line(rates={"icms_st": D(18)}),)}, ("1", "rates.icms_st", "CONTRADICTION")),
        ({"lines": (line(unit_price=D("0.00000000001")),)}, ("1", "unit_price", "MALFORMED")),
        (
            {"operation": "purchase_return", "buyer": COMPANY, "referenced_keys": (KEY,)},
            ("1", "rates.icms", "MISSING"),
        ),
    ],
)
def test_refusals(changes: dict[str, Any], told: tuple[str | None, str, str]) -> None:
    assert told in faults(**changes)


@given(
    st.integers(0, 10_000),
    st.lists(st.integers(0, 30).map(lambda cents: D(cents) / 100), min_size=1, max_size=120),
)
def test_parts_of_many_small_lines_stay_within_them(per_myriad: int, weights: list[Decimal]) -> None:
    whole = sum(weights, D(0))
    total = round(whole * per_myriad / 10_000, 2)
    parts = share_out(total, weights, capped=True)
    assert sum(parts) == total
    assert all(0 <= part <= weight for part, weight in zip(parts, weights, strict=True))
    assert min(share_out(D("0.50"), weights, capped=False)) >= 0


def test_lines_without_value_share_alike() -> None:
    parts = share_out(D("0.50"), [D(0)] * 60, capped=True)
    assert sum(parts) == D("0.50")
    assert set(parts) == {D("0.00"), D("0.01")}


def test_the_rest_goes_to_the_greatest_line() -> None:
    assert share_out(D("10.00"), [D(1), D(1), D("1.01")], capped=False) == [D("3.32"), D("3.32"), D("3.36")]


money = st.decimals(0, 500, places=2)
lines = st.lists(
    st.builds(
        line,
        quantity=st.decimals("0.0001", 50, places=4),
        unit_price=st.decimals("0.01", 900, places=4),
        own_make=st.booleans(),
        rates=st.sampled_from([{}, {"ipi": D("9.75")}, {"fcp": D(2)}]),
    ),
    min_size=1,
    max_size=6,
).map(tuple)


@settings(max_examples=60, deadline=timedelta(seconds=5))
@given(
    lines=lines,
    freight=money,
    insurance=money,
    other=money,
    share=st.integers(0, 100),
    buyer=st.sampled_from([CONSUMER, LOCAL, COMPANY]),
    regime=st.sampled_from([1, 3]),
    weights=st.lists(st.decimals("0.01", 900, places=2), min_size=1, max_size=3),
)
def test_every_cent_reappears(
    *,
    lines: tuple[RequestLine, ...],
    freight: Decimal,
    insurance: Decimal,
    other: Decimal,
    share: int,
    buyer: InvoiceParty,
    regime: int,
    weights: list[Decimal],
) -> None:
    goods = sum((round(one.quantity * one.unit_price, 2) for one in lines), D(0))
    asked = request(
        lines=lines,
        buyer=buyer,
        issuer=replace(ISSUER, tax_regime=regime),
        freight=freight,
        insurance=insurance,
        other=other,
        discount=round(goods * share / 100, 2),
        payments=tuple(RequestPayment(medium="credit_card", amount=weight) for weight in weights),
        methods=Methods(rates="table", difal="double"),
    )
    plan = plan_invoice(asked, TABLES)
    assert invoice_from_json(json.loads(json.dumps(invoice_to_json(plan.invoice)))) == plan.invoice
    items = plan.invoice.items
    for name in ("freight", "insurance", "other", "discount"):
        assert sum(getattr(item, name) for item in items) == getattr(asked, name)
        assert all(getattr(item, name) >= 0 for item in items)
    added = sum(tax.value for item in items for tax in item.taxes if tax.tax in {"ipi", "icms_st", "fcp_st"})
    gross = sum(item.total for item in items)
    assert plan.total == gross - asked.discount + freight + insurance + other + added
    assert plan.total == sum(item_total(item) for item in items)
    assert sum(one.amount for one in plan.invoice.payments) == plan.total
    assert [item.number for item in items] == list(range(1, len(lines) + 1))
