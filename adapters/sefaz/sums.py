"""Totals of a foreign note recomputed from its items, to the cent, by the rule of the fiscal page (section "Totals")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import cache

from lxml import etree

NFE = "http://www.portalfiscal.inf.br/nfe"
_N = f"{{{NFE}}}"
_PLAIN = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,10})?", re.ASCII)
ZERO = Decimal(0)
PAID_BEFORE = frozenset({"ICMS60", "ICMSST", "ICMSSN500"})  # groups that state what others paid: not summed

# field of ICMSTot -> where it stands in an item
GOODS: Mapping[str, str] = {
    "vProd": "prod/vProd",
    "vFrete": "prod/vFrete",
    "vSeg": "prod/vSeg",
    "vDesc": "prod/vDesc",
    "vOutro": "prod/vOutro",
    "vII": "imposto/II/vII",
    "vIPI": "imposto/IPI/IPITrib/vIPI",
    "vFCPUFDest": "imposto/ICMSUFDest/vFCPUFDest",
    "vICMSUFDest": "imposto/ICMSUFDest/vICMSUFDest",
    "vICMSUFRemet": "imposto/ICMSUFDest/vICMSUFRemet",
}
STATE: Mapping[str, str] = {
    "vBC": "vBC",
    "vICMS": "vICMS",
    "vICMSDeson": "vICMSDeson",
    "vFCP": "vFCP",
    "vBCST": "vBCST",
    "vST": "vICMSST",
    "vFCPST": "vFCPST",
}
CONTRIBUTIONS: Mapping[str, str] = {"vPIS": "PIS", "vCOFINS": "COFINS"}
ADDED = ("vProd", "vST", "vFCPST", "vICMSMonoReten", "vFrete", "vSeg", "vOutro", "vII", "vIPI", "vIPIDevol")
TAKEN = ("vDesc", "vICMSDeson")


def wrong_total(note: etree._Element) -> str | None:
    """The first field of ICMSTot that does not agree, an empty text when all do; None when it cannot be judged (services, no total)."""
    total = note.find(f".//{_N}total/{_N}ICMSTot")
    if total is None or note.find(f".//{_N}ISSQN") is not None:
        return None
    items = note.findall(f".//{_N}det")
    try:
        stated = {etree.QName(each).localname: _number(each.text or "") for each in total if isinstance(each.tag, str)}
        sums = _sums(items)
    except InvalidOperation:
        return "vNF"
    for field, value in sums.items():
        if stated.get(field, ZERO) != value:
            return field
    if any((item.findtext(f"{_N}prod/{_N}CFOP") or "").startswith("3") for item in items):
        return ""
    whole = sum((stated.get(field, ZERO) for field in ADDED), ZERO) - sum(
        (stated.get(field, ZERO) for field in TAKEN), ZERO
    )
    return "" if stated.get("vNF", ZERO) == whole else "vNF"


def _sums(items: list[etree._Element]) -> dict[str, Decimal]:
    sums = dict.fromkeys((*GOODS, *STATE, *CONTRIBUTIONS), ZERO)
    for item in items:
        for field, path in GOODS.items():
            if field != "vProd" or item.findtext(f"{_N}prod/{_N}indTot") != "0":
                sums[field] += _amount(item, path)
        group = item.find(f"{_N}imposto/{_N}ICMS/*")
        if group is not None and etree.QName(group).localname not in PAID_BEFORE:
            for field, tag in STATE.items():
                sums[field] += _amount(group, tag)
        for field, name in CONTRIBUTIONS.items():
            sums[field] += _amount(item, f"imposto/{name}/*/{field}")
    return sums


def _number(text: str) -> Decimal:
    """A plain amount; `InvalidOperation` for words, exponents and infinities, which would spoil the sums."""
    if not _PLAIN.fullmatch(text.strip()):
        raise InvalidOperation(text[:40])
    return Decimal(text.strip())


@cache
def _steps(path: str) -> str:
    return "/".join(step if step == "*" else _N + step for step in path.split("/"))


def _amount(element: etree._Element, path: str) -> Decimal:
    text = element.findtext(_steps(path))
    return _number(text) if text else ZERO
