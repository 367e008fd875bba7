"""CadConsultaCadastro4: the taxpayers of a UF, known because they issued notes here or because somebody registered them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from adapters.sefaz.simulator import answers
from adapters.sefaz.simulator.parts import Authority, Message, text_of
from adapters.sefaz.simulator.store import Company
from adapters.sefaz.texts import escaped
from hub.canon.taxids import cnpj_valid, cpf_valid, registration_valid
from hub.canon.taxids.ufs import UF_CODES

_N = f"{{{answers.NFE}}}"
ONE, SEVERAL = "111", "112"


@dataclass(frozen=True, slots=True)
class _Way:
    """How a company is asked for: the tag, its check, (bad, unknown)."""

    tag: str
    field: str
    bad: str
    unknown: str


_WAYS = (
    _Way("IE", "registration", "260", "261"),
    _Way("CNPJ", "tax_id", "258", "259"),
    _Way("CPF", "tax_id", "263", "264"),
)


def consult(authority: Authority, message: Message) -> str:
    """By IE, CNPJ or CPF within the authority's UF."""
    info = message.element.find(f"{_N}infCons")
    if info is None or message.element.get("versao") != "2.00" or text_of(info, "xServ") != "CONS-CAD":
        return _answer(authority, "215")
    uf = text_of(info, "UF")
    if uf != authority.behavior.uf:
        return _answer(authority, "265", uf)
    given = [(way, text_of(info, way.tag)) for way in _WAYS if text_of(info, way.tag)]
    if len(given) != 1:
        return _answer(authority, "215", uf)
    way, value = given[0]
    if not _valid(way.tag, value, uf):
        return _answer(authority, way.bad, uf)
    found = [c for c in authority.store.companies(uf) if getattr(c, way.field) == value]
    if not found:
        return _answer(authority, way.unknown, uf)
    asked = f"<{way.tag}>{value}</{way.tag}>"
    return _answer(authority, ONE if len(found) == 1 else SEVERAL, uf, asked, found)


def refused(authority: Authority, code: str, _element: etree._Element | None) -> str:
    return _answer(authority, code)


def _valid(tag: str, value: str, uf: str) -> bool:
    if tag == "IE":
        return registration_valid(uf, value)
    return cnpj_valid(value) if tag == "CNPJ" else cpf_valid(value)


def _answer(authority: Authority, code: str, uf: str = "", asked: str = "", found: list[Company] | None = None) -> str:
    stamp = authority.stamp()
    companies = "".join(_company(c, authority.clock()) for c in found or ())
    return (
        f'<retConsCad xmlns="{answers.NFE}" versao="2.00"><infCons><verAplic>{answers.SOFTWARE}</verAplic>{answers.said(code)}'
        f"<UF>{uf or stamp.uf}</UF>{asked}<dhCons>{stamp.at}</dhCons><cUF>{UF_CODES[stamp.uf]}</cUF>{companies}</infCons></retConsCad>"
    )


def _company(company: Company, now: datetime) -> str:
    tag = "CNPJ" if len(company.tax_id) == 14 else "CPF"
    ended = "" if company.active else f"<dBaixa>{now:%Y-%m-%d}</dBaixa>"
    return (
        f"<infCad><IE>{company.registration}</IE><{tag}>{company.tax_id}</{tag}><UF>{company.uf}</UF>"
        f"<cSit>{1 if company.active else 0}</cSit><indCredNFe>{1 if company.active else 0}</indCredNFe><indCredCTe>0</indCredCTe>"
        f"<xNome>{escaped(company.name)}</xNome>{ended}</infCad>"
    )
