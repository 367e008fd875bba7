"""A note in words for a terminal: parties, items, taxes, totals, protocol. Reads what is there and judges nothing."""

from __future__ import annotations

from lxml import etree

from adapters.sefaz.soap import parse

NFE = "http://www.portalfiscal.inf.br/nfe"
_N = f"{{{NFE}}}"


def described(body: bytes) -> str:
    """Lines for one document; a document without a note gets one line that says so."""
    root = parse(body)
    info = root if etree.QName(root).localname == "infNFe" else root.find(f".//{_N}infNFe")
    if info is None:
        return f"{etree.QName(root).localname}: no note inside\n"
    lines = [*_head(info), *_items(info), *_totals(info), *_protocol(root)]
    return "\n".join(lines) + "\n"


def _t(element: etree._Element, path: str) -> str:
    return (element.findtext("/".join(_N + step for step in path.split("/"))) or "").strip()


def _head(info: etree._Element) -> list[str]:
    kind = {"55": "NF-e", "65": "NFC-e"}.get(_t(info, "ide/mod"), "note")
    place = {"1": "production", "2": "homologation"}.get(_t(info, "ide/tpAmb"), "")
    buyer = _t(info, "dest/xNome") or "not named"
    return [
        f"{kind} {_t(info, 'ide/serie')}/{_t(info, 'ide/nNF')} of {_t(info, 'ide/dhEmi')} ({place})",
        f"key      {(info.get('Id') or '').removeprefix('NFe')}",
        f"issuer   {_t(info, 'emit/xNome')} {_t(info, 'emit/CNPJ') or _t(info, 'emit/CPF')} {_t(info, 'emit/enderEmit/UF')}",
        f"buyer    {buyer} {_t(info, 'dest/CNPJ') or _t(info, 'dest/CPF')} {_t(info, 'dest/enderDest/UF')}",
        f"purpose  {_t(info, 'ide/natOp')}",
    ]


def _items(info: etree._Element) -> list[str]:
    lines = []
    for item in info.iterfind(f"{_N}det"):
        lines.append(
            f"{item.get('nItem'):>4} {_t(item, 'prod/cProd')} {_t(item, 'prod/xProd')} NCM {_t(item, 'prod/NCM')} "
            f"CFOP {_t(item, 'prod/CFOP')} {_t(item, 'prod/qCom')} {_t(item, 'prod/uCom')} x {_t(item, 'prod/vUnCom')} "
            f"= {_t(item, 'prod/vProd')}"
        )
        lines.extend(f"       {line}" for line in _taxes(item))
    return lines


def _taxes(item: etree._Element) -> list[str]:
    groups = item.find(f"{_N}imposto")
    if groups is None:
        return []
    lines = []
    for tax in groups:
        values = [
            f"{etree.QName(each).localname} {each.text}"
            for each in tax.iter()
            if isinstance(each.tag, str) and len(each) == 0 and etree.QName(each).localname[:1] in {"v", "p", "C"}
        ]
        lines.append(f"{etree.QName(tax).localname}: {', '.join(values)}")
    return lines


def _totals(info: etree._Element) -> list[str]:
    total = info.find(f"{_N}total/{_N}ICMSTot")
    if total is None:
        return []
    shown = [f"{etree.QName(each).localname} {each.text}" for each in total if (each.text or "").strip("0.")]
    return [f"total    {', '.join(shown)}"]


def _protocol(root: etree._Element) -> list[str]:
    found = root.find(f".//{_N}protNFe/{_N}infProt")
    if found is None:
        return ["protocol none"]
    return [f"protocol {_t(found, 'nProt')} {_t(found, 'cStat')} {_t(found, 'xMotivo')} at {_t(found, 'dhRecbto')}"]
