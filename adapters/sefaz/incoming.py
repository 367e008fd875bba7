"""A foreign note (`nfeProc`) in our words. What it lacks or bends is named, all at once; nothing is judged."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from lxml import etree

from hub.canon.incoming import IncomingItem, IncomingNote
from hub.canon.ports import NeverTry

_N = "{http://www.portalfiscal.inf.br/nfe}"
NO_GTIN = "SEM GTIN"


def incoming(root: etree._Element) -> IncomingNote:
    """The note inside; `NeverTry` names every element that is missing or no number."""
    info = next(root.iter(f"{_N}infNFe"), None)
    if info is None:
        raise NeverTry("the document has no note")
    reader = _Reader()
    note = _note(reader, root, info)
    if reader.faults:
        raise NeverTry("the note cannot be read", faults=tuple(reader.faults))
    return note


class _Reader:
    """Collects what is wrong while values are taken out."""

    def __init__(self) -> None:
        self.faults: list[dict[str, str]] = []

    def text(self, element: etree._Element, path: str) -> str:
        found = optional(element, path)
        if found is None:
            self.faults.append({"at": path, "code": "MISSING"})
        return found or ""

    def number(self, element: etree._Element, path: str) -> Decimal:
        text = self.text(element, path)
        try:
            value = Decimal(text or "0")
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite():
            self.faults.append({"at": path, "code": "BAD_NUMBER", "message": text[:40]})
            return Decimal(0)
        return value

    def count(self, element: etree._Element, path: str) -> int:
        return int(self.number(element, path))

    def moment(self, element: etree._Element, path: str) -> datetime:
        text = self.text(element, path)
        try:
            found: datetime | None = datetime.fromisoformat(text)
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            self.faults.append({"at": path, "code": "BAD_DATE", "message": text[:40]})
            return datetime.min.replace(tzinfo=UTC)
        return found


def optional(element: etree._Element, path: str) -> str | None:
    text = element.findtext("/".join(_N + step for step in path.split("/")))
    return text.strip() or None if text is not None else None


def _note(r: _Reader, root: etree._Element, info: etree._Element) -> IncomingNote:
    protocol = next(root.iter(f"{_N}infProt"), None)
    return IncomingNote(
        access_key=(info.get("Id") or "").removeprefix("NFe"),
        model=r.count(info, "ide/mod"),
        series=r.count(info, "ide/serie"),
        number=r.count(info, "ide/nNF"),
        issued_at=r.moment(info, "ide/dhEmi"),
        purpose=r.count(info, "ide/finNFe"),
        outgoing=r.text(info, "ide/tpNF") == "1",
        operation=r.text(info, "ide/natOp"),
        issuer_tax_id=optional(info, "emit/CNPJ") or r.text(info, "emit/CPF"),
        issuer_name=r.text(info, "emit/xNome"),
        recipient_tax_id=optional(info, "dest/CNPJ") or optional(info, "dest/CPF"),
        total=r.number(info, "total/ICMSTot/vNF"),
        items=tuple(_item(r, each) for each in info.iterfind(f"{_N}det")),
        protocol=optional(protocol, "nProt") if protocol is not None else None,
        authority_code=optional(protocol, "cStat") if protocol is not None else None,
        referenced_keys=tuple((e.text or "").strip() for e in info.iterfind(f"{_N}ide/{_N}NFref/{_N}refNFe")),
        order_reference=optional(info, "compra/xPed"),
    )


def _item(r: _Reader, element: etree._Element) -> IncomingItem:
    gtin = optional(element, "prod/cEAN")
    return IncomingItem(
        number=int(element.get("nItem") or 0),
        sku=r.text(element, "prod/cProd"),
        title=r.text(element, "prod/xProd"),
        quantity=r.number(element, "prod/qCom"),
        unit=r.text(element, "prod/uCom"),
        unit_price=r.number(element, "prod/vUnCom"),
        total=r.number(element, "prod/vProd"),
        gtin=gtin if gtin != NO_GTIN else None,
        ncm=optional(element, "prod/NCM"),
        cfop=optional(element, "prod/CFOP"),
        order_reference=optional(element, "prod/xPed"),
        order_item=optional(element, "prod/nItemPed"),
    )
