"""Which authority answers, and where: rows by UF, model and date; contingency by emission type; nothing without an address."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from adapters.sefaz.authorities import authority_of, contingency_of, endpoint
from adapters.sefaz.calls import QUERY, authority_for, event_call, query_call
from adapters.sefaz.company import Company
from adapters.sefaz.write import Profile
from hub.canon.ports import NeverTry
from hub.canon.taxids import build_key
from hub.canon.taxids.ufs import UF_CODES

TODAY = date(2026, 11, 21)
OURS = Company(
    cnpj="11222333000181",
    uf="SP",
    environment="2",
    base_url=None,
    trust_pem=None,
    profile=Profile(),
    qr_version=3,
    csc=None,
)


def key(uf: str = "SP", model: int = 55, emission: int = 1) -> str:
    return build_key(
        uf=uf,
        year=2026,
        month=11,
        issuer=OURS.cnpj,
        model=model,
        series=1,
        number=7,
        emission_type=emission,
        random_code="30211490",
    )


@pytest.mark.parametrize(
    ("uf", "model", "emission", "authority"),
    [("SP", 55, 1, "SP"), ("RJ", 55, 1, "SVRS"), ("MA", 55, 1, "SVAN"), ("SP", 55, 6, "SVCAN"), ("BA", 55, 7, "SVCRS"), ("BA", 65, 9, "SVRS")],
)  # fmt: skip
def test_the_key_says_who_answers(uf: str, model: int, emission: int, authority: str) -> None:
    assert authority_for(key(uf, model, emission)) == f"{authority}:{model}"


@pytest.mark.parametrize("uf", UF_CODES)
@pytest.mark.parametrize("model", ["55", "65"])
@pytest.mark.parametrize("environment", ["1", "2"])
def test_every_uf_has_addresses(uf: str, model: str, environment: str) -> None:
    authority = authority_of(uf, model, "1", TODAY)
    for service in (
        "NFeAutorizacao4",
        "NFeConsultaProtocolo4",
        "NFeRecepcaoEvento4",
        "NFeInutilizacao4",
        "NFeStatusServico4",
    ):
        call = replace(query_call(key(), OURS), operation=service, soap_authority=f"{authority}:{model}")
        found = endpoint(call, replace(OURS, environment=environment), TODAY)
        assert found.url.startswith("https://")
        assert (found.connect_seconds, found.answer_seconds) == (5.0, 30.0)


@pytest.mark.parametrize(("uf", "model", "stands_in"), [("SP", "55", ("SVCAN", 6)), ("BA", "55", ("SVCRS", 7)), ("SP", "65", ("OFFLINE", 9))])  # fmt: skip
def test_what_stands_in(uf: str, model: str, stands_in: tuple[str, int]) -> None:
    assert contingency_of(uf, model, TODAY) == stands_in


def test_national_events_go_to_the_national_environment() -> None:
    call = event_call(key("BA"), b"<evento/>", national=True)
    assert call.soap_authority == "AN:55"
    assert "nfe.fazenda.gov.br" in endpoint(call, OURS, TODAY).url


def test_a_base_address_stands_for_all() -> None:
    found = endpoint(query_call(key(), OURS), replace(OURS, base_url="https://sim:1"), TODAY)
    assert found.url == f"https://sim:1/SP/{QUERY}"


def test_no_address_is_never_guessed() -> None:
    call = replace(query_call(key(), OURS), soap_authority="XX:55")
    with pytest.raises(NeverTry):
        endpoint(call, OURS, TODAY)
