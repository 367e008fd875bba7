"""What the simulated portal checks of one guide, with the codes and field names of the manual's annex. Reports every motive."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from adapters.gnre.simulator.ufs import NOT_ONLINE, rules_of
from adapters.gnre.soap import GNRE
from hub.canon.guide import GuideRules
from hub.canon.taxids import cnpj_valid, cpf_valid, key_valid

_N = f"{{{GNRE}}}"
Motive = tuple[str, str, str]  # code, field, words
PRINCIPAL, TOTAL = ("11", "12"), ("21", "22")


def motives(guide: etree._Element, today: date) -> list[Motive]:
    """Why the guide is refused; empty when it is good."""
    region = _t(guide, "ufFavorecida")
    if region in NOT_ONLINE:
        return [("201", "ufFavorecida", "Esta UF não gera GNRE online.")]
    found = _issuer(guide)
    for item in guide.iterfind(f"{_N}itensGNRE/{_N}item"):
        found += _item(item, region)
    return [*found, *_whole(guide, today)]


def _t(element: etree._Element, path: str) -> str:
    return (element.findtext("/".join(_N + step for step in path.split("/"))) or "").strip()


def _issuer(guide: etree._Element) -> list[Motive]:
    at = "contribuinteEmitente"
    cnpj, cpf, ie = (_t(guide, f"{at}/identificacao/{n}") for n in ("CNPJ", "CPF", "IE"))
    found: list[Motive] = []
    if not (cnpj or cpf or ie):
        found.append(("207", f"{at}_identificacao", "Informe o CNPJ ou CPF do contribuinte emitente!"))
    if cnpj and not cnpj_valid(cnpj):
        found.append(("203", f"{at}_identificacao_CNPJ", "CNPJ do contribuinte emitente inválido!"))
    if not ie:
        for name, code in (("razaoSocial", "208"), ("endereco", "209"), ("uf", "210"), ("municipio", "211")):
            if not _t(guide, f"{at}/{name}"):
                found.append((code, f"{at}_{name}", f"Informe {name} do emitente!"))
    return found


Check = Callable[[Any, GuideRules], list[Motive]]  # (item element, rules)


def _item(item: etree._Element, region: str) -> list[Motive]:
    revenue = _t(item, "receita")
    rules = rules_of(region, revenue)
    if not rules.offered:
        return [("205", "item_receita", "A UF favorecida não gera GNRE para a Receita informada.")]
    return [motive for check in _CHECKS for motive in check(item, rules)]


def _detail(item: etree._Element, rules: GuideRules) -> list[Motive]:
    value = _t(item, "detalhamentoReceita")
    if rules.detail and not value:
        return [("213", "item_detalhamentoReceita", "A Receita informada exige um Detalhamento!")]
    if value and value not in rules.details:
        return [("212", "item_detalhamentoReceita", "O Detalhamento da Receita informado não é válido!")]
    return []


def _product(item: etree._Element, rules: GuideRules) -> list[Motive]:
    value = _t(item, "produto")
    if rules.product and not value:
        return [("215", "item_produto", "A Receita informada exige um Produto!")]
    return (
        [("214", "item_produto", "O Produto informado não é usado pela Receita!")]
        if value and not rules.product
        else []
    )


def _origin(item: etree._Element, rules: GuideRules) -> list[Motive]:
    at, element = "item_documentoOrigem", item.find(f"{_N}documentoOrigem")
    if element is None:
        return [("216", at, "Documento de Origem não informado!")] if rules.document else []
    kind, value = element.get("tipo") or "", (element.text or "").strip()
    if kind not in rules.document_types:
        return [("217", at, "O Documento de Origem informado não é usado pela Receita!")]
    if kind == "22" and len(value) != 44:
        return [("298", at, "Chave do documento eletrônico inválida. A chave deve ter 44 dígitos!")]
    if kind == "22" and not key_valid(value):
        return [("300", at, "Chave do documento eletrônico inválida")]
    return []


def _dates(item: etree._Element, rules: GuideRules) -> list[Motive]:
    found: list[Motive] = []
    if rules.due and not _t(item, "dataVencimento"):
        found.append(("224", "item_dataVencimento", "Informe a Data de Vencimento!"))
    if rules.reference and not _t(item, "referencia/mes"):
        found.append(("253", "item_referencia", "Referência do tributo não informada!"))
    return found


def _values(item: etree._Element, rules: GuideRules) -> list[Motive]:
    given = {e.get("tipo") or "": (e.text or "").strip() for e in item.iterfind(f"{_N}valor")}
    if rules.value == "P" and not set(given) & set(PRINCIPAL):
        return [("227", "item_valorPrincipal", "Informe o Valor Principal!")]
    if rules.value == "T" and not set(given) & set(TOTAL):
        return [("228", "item_valorTotal", "Informe o Valor Total!")]
    if rules.fcp == "N" and given.keys() & {"12", "22"}:
        return [("281", "item_valorPrincipalFecp", "Deve-se informar ou o Valor Principal do Fecp!")]
    return []


def _recipient(item: etree._Element, rules: GuideRules) -> list[Motive]:
    at = "item_contribuinteDestinatario"
    element = item.find(f"{_N}contribuinteDestinatario")
    if element is None:
        return [("233", at, "Informe a identificação do destinatário!")] if rules.recipient else []
    cnpj, cpf = _t(element, "identificacao/CNPJ"), _t(element, "identificacao/CPF")
    found: list[Motive] = []
    if cnpj and not cnpj_valid(cnpj):
        found.append(("231", f"{at}_identificacao_CNPJ", "CNPJ do contribuinte destinatário inválido!"))
    if cpf and not cpf_valid(cpf):
        found.append(("232", f"{at}_identificacao_CPF", "CPF do contribuinte destinatário inválido!"))
    if not _t(element, "razaoSocial"):
        found.append(("235", f"{at}_razaoSocial", "Informe a razão social do destinatário!"))
    return found


def _extras(item: etree._Element, rules: GuideRules) -> list[Motive]:
    given = {_t(e, "codigo") for e in item.iterfind(f"{_N}camposExtras/{_N}campoExtra")}
    missing = [f for f in rules.fields if f.required and f.code not in given]
    found: list[Motive] = [
        ("238", "item_camposExtras_campoExtra", f"O Campo Extra '{f.title}' (Código: {f.code}) é obrigatório!")
        for f in missing
    ]
    if rules.agreement == "O" and not _t(item, "convenio"):
        found.append(("255", "item_convenio", "Convênio não informado!"))
    return found


_CHECKS: tuple[Check, ...] = (_detail, _product, _origin, _dates, _values, _recipient, _extras)


def _whole(guide: etree._Element, today: date) -> list[Motive]:
    found: list[Motive] = []
    paid = _t(guide, "dataPagamento")
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", paid):
        found.append(("225", "dataPagamento", "Informe a Data de Pagamento!"))
    elif date.fromisoformat(paid) < today:
        found.append(("226", "dataPagamento", "A Data de Pagamento deve ser maior ou igual a data atual!"))
    due = [_t(i, "dataVencimento") for i in guide.iterfind(f"{_N}itensGNRE/{_N}item") if _t(i, "dataVencimento")]
    if due and paid > min(due):
        found.append(("293", "dataPagamento", "A data de pagamento não poder ser maior que a data de vencimento."))
    if amount(guide) != sum_of(guide):
        found.append(("290", "valorGNRE", "O valor da GNRE diverge do somatório dos valores dos itens"))
    return found


def amount(guide: etree._Element) -> Decimal:
    return _decimal(_t(guide, "valorGNRE"))


def sum_of(guide: etree._Element) -> Decimal:
    """Totals where there are totals, else principals."""
    whole = Decimal(0)
    for item in guide.iterfind(f"{_N}itensGNRE/{_N}item"):
        given = {e.get("tipo") or "": _decimal(e.text or "") for e in item.iterfind(f"{_N}valor")}
        wanted = TOTAL if given.keys() & set(TOTAL) else PRINCIPAL
        whole += sum((given.get(kind, Decimal(0)) for kind in wanted), Decimal(0))
    return whole


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text.strip() or "0")
    except InvalidOperation:
        return Decimal(-1)
