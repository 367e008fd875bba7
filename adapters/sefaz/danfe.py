"""DANFE: the printed form of a note as PDF, by the layout of its emission date. Slow: run it in a process of its own (`hub.kit.processes`)."""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar

from lxml import etree

from adapters.sefaz.danfe_simple import moment, simplified
from adapters.sefaz.soap import inner, parse
from hub.kit.errors import HubError

_N = "{http://www.portalfiscal.inf.br/nfe}"
SIMPLIFIED = "6"  # tpImp: DANFE Simplificado Tipo 2
LEGAL_WITHOUT_PROTOCOL = frozenset({"4", "9"})  # tpEmis: EPEC, off-line
CONTINGENCY = {"4": "EPEC", "5": "FS-DA", "6": "SVC-AN", "7": "SVC-RS", "9": "OFF-LINE"}
BAND = 6  # millimetres that the contingency mark takes from the top


class DanfeUnavailable(HubError):
    """Printing needs the extra `danfe`: install it with `pip install order-hub[danfe]`."""

    code: ClassVar[str] = "DANFE_UNAVAILABLE"


class NotPrintable(HubError):
    """This cannot be printed as a DANFE: {reason}."""

    code: ClassVar[str] = "NOT_PRINTABLE"


def render(body: bytes, *, cancelled: bool = False) -> bytes:
    """The PDF of an `NFe`, `nfeProc` or registered correction (`procEventoNFe`), 70 ms and more. Raises `DanfeUnavailable` without
    the extra, `NotXml` or `NotPrintable` for other documents.
    """
    root = inner(parse(body))
    letter = root is not None and etree.QName(root).localname == "procEventoNFe"
    info = None if letter else _note(root)
    try:
        fpdf = import_module("fpdf")
        import_module("brazilfiscalreport")
    except ModuleNotFoundError as error:
        raise DanfeUnavailable from error
    if info is None:
        return bytes(import_module("brazilfiscalreport.dacce").DaCCe(xml=body.decode()).output())
    if _t(info, "ide/mod") == "65":
        return bytes(import_module("brazilfiscalreport.danfce").Danfce(xml=body.decode()).output())
    if _t(info, "ide/tpImp") == SIMPLIFIED:
        return simplified(fpdf, info, _protocol(info))
    return _sheet(body, info, cancelled=cancelled)


def _note(root: etree._Element | None) -> etree._Element:
    info = None if root is None else next(root.iter(f"{_N}infNFe"), None)
    if root is None or info is None or etree.QName(root).localname not in {"NFe", "nfeProc"}:
        raise NotPrintable(reason="it is no note")
    if _t(info, "ide/mod") not in {"55", "65"}:
        raise NotPrintable(reason=f"model {_t(info, 'ide/mod') or 'unknown'}")
    return info


def _t(element: etree._Element, path: str) -> str:
    return (element.findtext("/".join(_N + step for step in path.split("/"))) or "").strip()


def _protocol(info: etree._Element) -> tuple[str, str] | None:
    """(number, time) of the authorization that came with the note."""
    found = next(info.getroottree().getroot().iter(f"{_N}infProt"), None)
    return None if found is None else (_t(found, "nProt"), _t(found, "dhRecbto"))


def _sheet(body: bytes, info: etree._Element, *, cancelled: bool) -> bytes:
    """The A4 sheet. The library decides the layout by dhEmi; the contingency marks are ours."""
    danfe = import_module("brazilfiscalreport.danfe")
    layouts = import_module("brazilfiscalreport.danfe.danfe")
    emission, xml = _t(info, "ide/tpEmis"), body.decode()
    config = danfe.DanfeConfig(watermark_cancelled=cancelled)
    if emission in CONTINGENCY:
        config.margins = danfe.Margins(top=5 + BAND, right=5, bottom=5, left=5)
    new = layouts.resolve_layout(xml) is danfe.DanfeLayout.NT_2026_010
    kind = layouts.DanfeNt2026010 if new else layouts.DanfeMoc70
    production = _t(info, "ide/tpAmb") == "1"
    if emission in LEGAL_WITHOUT_PROTOCOL and production and not cancelled:
        kind = type("Contingent", (kind,), {"_draw_void_watermark": lambda _self: None})  # legal without a protocol
    pdf = kind(xml, config=config)
    if emission in CONTINGENCY:
        _mark(pdf, info, emission)
    return bytes(pdf.output())


def _mark(pdf: Any, info: etree._Element, emission: str) -> None:
    """`DANFE EM CONTINGÊNCIA` with mode, time and reason at the top of each page."""
    text = f"DANFE EM CONTINGÊNCIA - {CONTINGENCY[emission]} - {moment(_t(info, 'ide/dhCont'))}"
    reason = _t(info, "ide/xJust")
    for page in range(1, pdf.page + 1):
        pdf.page = page
        pdf.set_font(pdf.default_font, "B", 11)
        pdf.text(5, 6, text)
        pdf.set_font(pdf.default_font, "", 8)
        pdf.text(5, 9.5, reason[:130])
