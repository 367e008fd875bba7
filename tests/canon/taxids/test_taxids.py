"""Check digits, forms and their edges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.canon import taxids

ALNUM = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def test_alphanumeric_cnpj_of_the_standard() -> None:
    assert taxids.cnpj_digits("12ABC34501DE") == "35"
    assert taxids.cnpj_valid("12ABC34501DE35")
    assert not taxids.cnpj_valid("12abc34501de35")
    assert not taxids.cnpj_valid("12ABC34501DE3５")  # a full-width figure is no digit


@given(st.text(ALNUM, min_size=12, max_size=12))
def test_a_cnpj_is_its_stem_and_digits(stem: str) -> None:
    good = stem + taxids.cnpj_digits(stem)
    assert taxids.cnpj_valid(good) == (len(set(good)) > 1)
    bad = good[:-1] + str((int(good[-1]) + 1) % 10)
    assert not taxids.cnpj_valid(bad)


@pytest.mark.parametrize("text", ["", "0" * 11, "9" * 10_000, "5299822472５", "529.982.247-25"])
def test_bad_cpf(text: str) -> None:
    assert not taxids.cpf_valid(text)


@pytest.mark.parametrize(
    ("stem", "digit"),
    [("3526111122233300018155001000000302148211907", 0), ("35261112ABC34501DE3555001000000302148211907", 1)],
)
def test_key_digit(stem: str, digit: int) -> None:
    assert taxids.key_digit(stem) == digit
    assert taxids.key_valid(f"{stem}{digit}")


@given(
    uf=st.sampled_from(sorted(taxids.UF_CODES)),
    year=st.integers(2000, 2099),
    month=st.integers(1, 12),
    stem=st.text(ALNUM, min_size=12, max_size=12),
    model=st.sampled_from([55, 65]),
    series=st.integers(0, 999),
    number=st.integers(1, 999_999_999),
    emission=st.integers(1, 9),
    seed=st.integers(0, 10**8 - 1),
)
def test_a_key_built_is_parsed_to_its_parts(
    *, uf: str, year: int, month: int, stem: str, model: int, series: int, number: int, emission: int, seed: int
) -> None:
    draws = iter([seed, 48211907, 48211908])
    code = taxids.random_code(number, lambda below: next(draws) % below)
    issuer = stem + taxids.cnpj_digits(stem)
    key = taxids.build_key(
        uf=uf,
        year=year,
        month=month,
        issuer=issuer,
        model=model,
        series=series,
        number=number,
        emission_type=emission,
        random_code=code,
    )
    parts = taxids.parse_key(key)
    assert (parts.uf, parts.year, parts.month, parts.issuer) == (uf, year, month, issuer)
    assert (parts.model, parts.series, parts.number) == (model, series, number)
    assert (parts.emission_type, parts.random_code) == (emission, code)


def test_a_cpf_issuer_is_padded() -> None:
    key = taxids.build_key(
        uf="SP",
        year=2026,
        month=11,
        issuer="52998224725",
        model=55,
        series=920,
        number=7,
        emission_type=1,
        random_code="48211907",
    )
    assert key[6:20] == "00052998224725"


@pytest.mark.parametrize(("number", "code"), [(48211907, "48211907"), (30, "11111111"), (30, "90123456"), (30, "1")])
def test_forbidden_random_codes(number: int, code: str) -> None:
    assert not taxids.random_code_valid(code, number)
    with pytest.raises(taxids.BadAccessKey):
        taxids.build_key(
            uf="SP",
            year=2026,
            month=11,
            issuer="11222333000181",
            model=55,
            series=1,
            number=number,
            emission_type=1,
            random_code=code,
        )


def test_void_id() -> None:
    made = taxids.void_id(uf="SP", year=2026, issuer="11222333000181", model=55, series=1, first=5, last=9)
    assert made == "ID35261122233300018155001000000005000000009"


@pytest.mark.parametrize(
    ("uf", "text"),
    [
        ("SP", "ISENTO"),
        ("SP", ""),
        ("SC", "000000000"),
        ("SP", "P645098352111"),
        ("RS", "9" * 5000),
        ("BA", "P41902653"),
    ],
)
def test_bad_registrations(uf: str, text: str) -> None:
    assert not taxids.registration_valid(uf, text)


def test_unknown_uf() -> None:
    with pytest.raises(taxids.UnknownUf):
        taxids.registration_valid("XX", "1")


def test_grai() -> None:
    stem = "789123400001"
    good = f"0{stem}{taxids.gs1_digit(stem)}"
    assert taxids.grai_valid(good)
    assert taxids.grai_valid(f"{good}CRATE-0017")
    assert not taxids.grai_valid(good[1:])
    assert not taxids.grai_valid(f"{good}{'7' * 17}")
    assert not taxids.grai_valid(good[:-1] + str((int(good[-1]) + 1) % 10))


def test_codes() -> None:
    assert taxids.ncm_valid("61091000")
    assert not taxids.ncm_valid("6109.10.00")
    assert taxids.cest_valid("2804000")
    assert not taxids.cest_valid("280400")
    assert taxids.cfop_valid("6108")
    assert not taxids.cfop_valid("4108")
