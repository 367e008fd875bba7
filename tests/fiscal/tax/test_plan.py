"""The worked examples of the design page, and laws that hold for every case."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.canon.taxids import UF_CODES
from hub.fiscal.tables import TAX_TABLES, fiscal_tables
from hub.fiscal.tax import TAXES, CaseFault, Methods, TaxCase, plan
from hub.fiscal.tax.case import BadNumber, MissingRate

D = Decimal
TABLES = fiscal_tables(TAX_TABLES)


def case(**changes: object) -> TaxCase:
    first = TaxCase(
        on=date(2026, 11, 20),
        issuer_uf="SP",
        buyer_uf="MG",
        taxpayer=False,
        final=True,
        quantity=D(1),
        unit_price=D(1000),
        rates={"icms_internal": D(18)},
    )
    return replace(first, **changes)  # type: ignore[arg-type]


def values(of: TaxCase) -> dict[str, tuple[str, str]]:
    return {line.tax: (f"{line.base}", f"{line.value}") for line in plan(of, TABLES)}


def test_difal_single_rounds_each_share() -> None:
    found = values(case(unit_price=D("13937.53")))
    assert found["icms_uf_dest"] == ("13937.53", "836.26")


def test_difal_double_with_fcp() -> None:
    found = values(case(buyer_uf="BA", rates={"icms_internal": D(20), "fcp": D(2)}, methods=Methods(difal="double")))
    assert found["icms"] == ("1000.00", "70.00")
    assert found["icms_uf_dest"] == ("1192.31", "168.46")
    assert found["fcp_uf_dest"] == ("1192.31", "23.85")


def test_sale_to_a_consumer_of_another_uf() -> None:
    found = values(case(unit_price=D(100)))
    assert {tax: value for tax, (_, value) in found.items()} == {
        "icms": "12.00",
        "icms_uf_dest": "6.00",
        "pis": "1.45",
        "cofins": "6.69",
        "ibs_uf": "0.07",
        "ibs_mun": "0.00",
        "cbs": "0.66",
    }
    assert found["cbs"][0] == "73.86"


def test_st_of_imported_goods_with_adjusted_margin() -> None:
    found = values(
        case(
            taxpayer=True,
            final=False,
            unit_price=D(380),
            origin="1",
            rates={"ipi": D(15), "icms_st": D("19.5"), "icms_internal": D("19.5"), "mva": D(40)},
            methods=Methods(mva="adjusted"),
        )
    )
    assert found["icms_st"] == ("729.62", "127.08")


def test_table_rates_name_their_source_and_their_doubt() -> None:
    lines = {line.tax: line for line in plan(case(rates={}, methods=Methods(rates="table")), TABLES)}
    assert lines["icms_uf_dest"].rate == 18
    assert "doubtful" in lines["icms_uf_dest"].source
    assert lines["icms"].rule == "icms.interstate.12"
    assert "fcp_uf_dest" not in lines
    rio = {line.tax: line for line in plan(case(rates={}, buyer_uf="RJ", methods=Methods(rates="table")), TABLES)}
    assert rio["fcp_uf_dest"].rate == 2


def test_deferral_leaves_the_base() -> None:
    found = values(case(buyer_uf="SP", rates={"icms": D(18)}, deferral={"icms": D("33.33")}))
    assert found["icms"] == ("1000.00", "120.01")


def test_simples_states_no_own_tax_until_2027() -> None:
    simples = case(crt=1, rates={"simples_credit": D("2.56"), "icms": D(18), "cbs": D(1)})
    assert values(simples) == {"simples_credit": ("1000.00", "25.60")}
    later = replace(simples, on=date(2027, 1, 4), rates={**simples.rates, "ibs_uf": D(1), "ibs_mun": D(1)})
    assert set(values(later)) == {"simples_credit", "ibs_uf", "ibs_mun", "cbs"}


def test_a_rate_that_nobody_published_is_missing() -> None:
    later = case(on=date(2027, 2, 1))
    with pytest.raises(MissingRate) as missing:
        plan(later, TABLES)
    assert missing.value.field == "rates.cbs"
    known = replace(later, rates={**later.rates, "cbs": D("8.7")})
    assert set(values(known)) == {"icms", "icms_uf_dest", "ibs_uf", "ibs_mun", "cbs"}  # PIS and COFINS are extinct


def test_missing_internal_rate_only_where_it_matters() -> None:
    bare = case(rates={})
    with pytest.raises(MissingRate):
        plan(bare, TABLES)
    assert [line.tax for line in plan(replace(bare, only=frozenset({"icms"})), TABLES)] == ["icms"]
    assert "icms_uf_dest" not in values(replace(bare, methods=Methods(difal="none")))


@pytest.mark.parametrize(
    "changes",
    [
        {"discount": D(1001)},
        {"rates": {"icms_internal": D(99), "fcp": D(1)}, "methods": Methods(difal="double")},
        {"rates": {"icms_internal": D(100), "icms_st": D(18)}, "taxpayer": True, "methods": Methods(mva="adjusted")},
    ],
)
def test_impossible_numbers(changes: dict[str, object]) -> None:
    with pytest.raises(BadNumber):
        plan(case(**changes), TABLES)


percent = st.decimals(0, 40, places=2)
money = st.decimals(0, 99999, places=2)
cases = st.builds(
    TaxCase,
    on=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    issuer_uf=st.sampled_from(sorted(UF_CODES)),
    buyer_uf=st.sampled_from(sorted(UF_CODES)),
    taxpayer=st.booleans(),
    final=st.booleans(),
    crt=st.sampled_from([1, 2, 3, 4]),
    origin=st.sampled_from(list("012345678")),
    quantity=st.decimals(0, 9999, places=4),
    unit_price=st.decimals(0, 9999, places=10),
    freight=money,
    rates=st.dictionaries(st.sampled_from(["fcp", "icms_st", "mva", "ipi", "is", "fcp_st", "simples_credit"]), percent),
    reductions=st.dictionaries(st.sampled_from(["icms", "icms_st", "pis", "cbs"]), st.decimals(0, 100, places=2)),
    methods=st.builds(
        Methods,
        difal=st.sampled_from([None, "single", "double"]),
        mva=st.sampled_from(["given", "adjusted"]),
        rates=st.just("table"),
    ),
)


@given(cases)
def test_every_plan_is_in_order_in_cents_and_reproducible(of: TaxCase) -> None:
    try:
        lines = plan(of, TABLES)
    except CaseFault:
        return
    assert plan(of, TABLES) == lines
    order = [TAXES.index(line.tax) for line in lines]
    assert order == sorted(set(order))
    for line in lines:
        assert line.base >= 0
        assert line.value >= 0
        assert line.base == round(line.base, 2)
        assert line.value == round(line.value, 2)
        assert line.rule
        assert line.source
    if not of.normal:
        assert {line.tax for line in lines} <= {"ipi", "icms_st", "fcp_st", "simples_credit"}
