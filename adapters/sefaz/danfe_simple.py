"""DANFE Simplificado Tipo 2 (`tpImp` 6, NT 2026.003): a narrow receipt of a model 55 note with its QR code. Draws what the note says, computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from lxml import etree

_N = "{http://www.portalfiscal.inf.br/nfe}"
WIDTH, MARGIN, LINE = 80, 4, 3.6  # millimetres
QR = 34  # millimetres; the code itself must not be under 22
MEDIA = {
    "01": "Dinheiro",
    "02": "Cheque",
    "03": "Cartão de crédito",
    "04": "Cartão de débito",
    "05": "Crédito da loja",
    "10": "Vale-alimentação",
    "11": "Vale-refeição",
    "12": "Vale-presente",
    "13": "Vale-combustível",
    "15": "Boleto",
    "16": "Depósito",
    "17": "PIX",
    "18": "Transferência",
    "19": "Fidelidade",
    "20": "PIX",
    "90": "Sem pagamento",
}

Line = tuple[str, str, str]  # font style, alignment, text
RULE: Line = ("", "C", "-" * 60)


def simplified(fpdf: Any, info: etree._Element, protocol: tuple[str, str] | None) -> bytes:
    """The receipt as PDF. `protocol`: (number, time), None while there is none."""
    lines = [*_head(info, authorized=protocol is not None), *_items(info), *_totals(info), *_foot(info, protocol)]
    link = info.getparent()
    code = "" if link is None else (link.findtext(f"{_N}infNFeSupl/{_N}qrCode") or "").strip()
    draft = _drawn(fpdf, lines, code, 2000)
    return bytes(_drawn(fpdf, lines, code, draft.get_y() + (QR + 2 if code else 0) + MARGIN).output())


def _drawn(fpdf: Any, lines: Sequence[Line], code: str, height: float) -> Any:
    pdf = fpdf.FPDF(unit="mm", format=(WIDTH, height))
    pdf.core_fonts_encoding = "cp1252"
    pdf.set_margins(MARGIN, MARGIN, MARGIN)
    pdf.set_auto_page_break(auto=False)
    pdf.add_page()
    for style, align, text in lines:
        pdf.set_font("Helvetica", style, 8 if style else 7)
        pdf.multi_cell(0, LINE, _printable(text), align=align, new_x="LMARGIN", new_y="NEXT")
    if code:
        _draw_code(pdf, code)
    return pdf


def _printable(text: str) -> str:
    return text.encode("cp1252", "replace").decode("cp1252")


def _t(element: etree._Element, path: str) -> str:
    return (element.findtext("/".join(_N + step for step in path.split("/"))) or "").strip()


def _n(element: etree._Element, path: str) -> str:
    """A number as it is printed: with a decimal comma."""
    return _t(element, path).replace(".", ",")


def moment(text: str) -> str:
    """Day and time of `dhEmi` and its like as they are printed; the clock of the note stays."""
    day, _, clock = text[:19].partition("T")
    return f"{'/'.join(reversed(day.split('-')))} {clock}".strip()


def _tax_id(text: str) -> str:
    if len(text) == 14:
        return f"CNPJ {text[:2]}.{text[2:5]}.{text[5:8]}/{text[8:12]}-{text[12:]}"
    return f"CPF {text[:3]}.{text[3:6]}.{text[6:9]}-{text[9:]}" if len(text) == 11 else text


def _head(info: etree._Element, *, authorized: bool) -> list[Line]:
    place = ", ".join(
        x for x in (_t(info, f"emit/enderEmit/{n}") for n in ("xLgr", "nro", "xBairro", "xMun", "UF")) if x
    )
    lines: list[Line] = [
        ("B", "C", "DANFE Simplificado - Documento Auxiliar da Nota Fiscal Eletrônica"),
        ("B", "C", _t(info, "emit/xNome")),
        ("", "C", f"{_tax_id(_t(info, 'emit/CNPJ') or _t(info, 'emit/CPF'))}  IE {_t(info, 'emit/IE')}"),
        ("", "C", place),
    ]
    if _t(info, "ide/tpAmb") != "1":
        lines.append(("B", "C", "EMITIDA EM AMBIENTE DE HOMOLOGAÇÃO - SEM VALOR FISCAL"))
    if _t(info, "ide/tpEmis") != "1":
        waits = "" if authorized else " - pendente de autorização"
        lines.append(("B", "C", f"EMITIDA EM CONTINGÊNCIA{waits}"))
    return [*lines, RULE]


def _items(info: etree._Element) -> list[Line]:
    lines: list[Line] = []
    for item in info.iterfind(f"{_N}det"):
        lines.append(("", "L", f"{item.get('nItem')} {_t(item, 'prod/cProd')} {_t(item, 'prod/xProd')}"))
        amount = (
            f"{_n(item, 'prod/qCom')} {_t(item, 'prod/uCom')} x {_n(item, 'prod/vUnCom')} = {_n(item, 'prod/vProd')}"
        )
        lines.append(("", "R", amount))
    return [*lines, RULE]


def _totals(info: etree._Element) -> list[Line]:
    total = "total/ICMSTot/"
    parts = (
        ("Produtos", "vProd"),
        ("Frete", "vFrete"),
        ("Seguro", "vSeg"),
        ("Outras despesas", "vOutro"),
        ("IPI", "vIPI"),
        ("ICMS ST", "vST"),
        ("FCP ST", "vFCPST"),
        ("Desconto", "vDesc"),
        ("ICMS desonerado", "vICMSDeson"),
    )
    lines: list[Line] = [
        ("", "R", f"{name} {_n(info, total + tag)}") for name, tag in parts if _t(info, total + tag) not in {"", "0.00"}
    ]
    lines.append(("B", "R", f"TOTAL R$ {_n(info, total + 'vNF')}"))
    lines += [
        ("", "R", f"{MEDIA.get(_t(paid, 'tPag'), _t(paid, 'xPag') or _t(paid, 'tPag'))} {_n(paid, 'vPag')}")
        for paid in info.iterfind(f"{_N}pag/{_N}detPag")
    ]
    return [*lines, RULE]


def _foot(info: etree._Element, protocol: tuple[str, str] | None) -> list[Line]:
    key = (info.get("Id") or "").removeprefix("NFe")
    said = f"Protocolo {protocol[0]} de {moment(protocol[1])}" if protocol else "Sem protocolo de autorização"
    buyer = _tax_id(_t(info, "dest/CNPJ") or _t(info, "dest/CPF"))
    return [
        ("B", "C", f"NF-e nº {_t(info, 'ide/nNF')}  Série {_t(info, 'ide/serie')}"),
        ("", "C", f"Emissão {moment(_t(info, 'ide/dhEmi'))}"),
        ("", "C", f"Destinatário {_t(info, 'dest/xNome')} {buyer}".strip()),
        ("B", "C", "Chave de acesso"),
        ("", "C", " ".join(key[i : i + 4] for i in range(0, len(key), 4))),
        ("", "C", said),
    ]


def _draw_code(pdf: Any, text: str) -> None:
    made = import_module("qrcode").make(text, border=1)
    pdf.image(made.get_image(), x=(WIDTH - QR) / 2, y=pdf.get_y() + 2, w=QR, h=QR)
