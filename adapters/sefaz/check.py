"""`hub nfe check`: what one document is and whether it is well made, in one line of JSON. Judges neither trust nor dates."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from lxml import etree

from adapters.sefaz import xsd
from adapters.sefaz.sign import verify
from adapters.sefaz.soap import NotXml, is_wrapper, parse
from adapters.sefaz.sums import wrong_total
from hub.canon.taxids import key_valid

NFE = "http://www.portalfiscal.inf.br/nfe"
_N = f"{{{NFE}}}"
NOTES, EVENTS = frozenset({"NFe", "nfeProc"}), frozenset({"evento", "procEventoNFe"})
BATCHES = {"enviNFe": "NFe", "envEvento": "evento"}
_KEY = re.compile(r"[0-9]{6}[0-9A-Z]{12}[0-9]{26}", re.ASCII)


def check_document(file: str, body: bytes) -> dict[str, Any]:
    """The line for one file; every field is there, unknown ones are None."""
    try:
        root = parse(body)
    except NotXml as error:
        return _line(
            file, kind="unknown", count=0, schema_valid=False, schema_errors=[error.sentence()], signature="absent"
        )
    document, count = _document(root)
    kind = _kind(document)
    if document is None or kind == "unknown":
        return _line(file, kind="unknown", count=0, schema_valid=None, schema_errors=[], signature="absent")
    faults = xsd.faults(document, document.findtext(f".//{_N}tpEvento"), as_published=True)
    facts: dict[str, Any] = {
        "kind": kind,
        "count": count,
        "schema_valid": None if faults is None else not faults,
        "schema_errors": faults or [],
        "signature": "absent",
        **_READERS.get(kind, _returned)(document),
    }
    return _line(file, **facts)


def unreadable(file: str, reason: str) -> dict[str, Any]:
    """The line for a file that could not be opened."""
    return _line(file, kind="unknown", count=0, schema_valid=False, schema_errors=[reason], signature="absent")


FIELDS = (
    "file", "kind", "count", "schema_valid", "schema_errors", "key", "key_valid", "key_matches", "signature",
    "issuer", "number", "series", "model", "total", "totals_consistent",
)  # fmt: skip


def _line(file: str, **facts: Any) -> dict[str, Any]:
    return {name: file if name == "file" else facts.get(name) for name in FIELDS}


def _document(root: etree._Element) -> tuple[etree._Element | None, int]:
    """The document under its wrappers, and how many the batch holds."""
    current, count = root, 1
    while True:
        name = etree.QName(current).localname
        inner = [each for each in current if isinstance(each.tag, str)]
        if name in BATCHES:
            inner = [each for each in inner if etree.QName(each).localname == BATCHES[name]]
            count = len(inner)
        elif is_wrapper(current):
            inner = [each for each in inner if etree.QName(each).localname != "Header"]
        else:
            return current, count
        if not inner:
            return None, 0
        current = inner[0]


def _kind(document: etree._Element | None) -> str:
    if document is None:
        return "unknown"
    name = etree.QName(document).localname
    if name in NOTES | EVENTS | {"inutNFe"}:
        return name
    return "retorno" if name.startswith("ret") else "unknown"


def _first(document: etree._Element, name: str) -> etree._Element | None:
    """The element of that name: the document itself or the one inside."""
    return document if etree.QName(document).localname == name else document.find(f"{_N}{name}")


@cache
def _steps(path: str) -> str:
    return "/".join(_N + step for step in path.split("/"))


def _text(element: etree._Element, path: str) -> str | None:
    text = element.findtext(_steps(path))
    return text.strip() if text is not None else None


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 16 else None


def _key_facts(key: str | None) -> dict[str, Any]:
    """Number, series and model as the key says them, where it has the form of one."""
    if not key:
        return {"key": None, "key_valid": None}
    facts: dict[str, Any] = {"key": key, "key_valid": key_valid(key)}
    if _KEY.fullmatch(key):
        facts |= {"number": int(key[25:34]), "series": int(key[22:25]), "model": key[20:22]}
    return facts


def _note(document: etree._Element) -> dict[str, Any]:
    note = _first(document, "NFe")
    info = None if note is None else note.find(f"{_N}infNFe")
    if note is None or info is None:
        return {}
    identifier = (info.get("Id") or "").removeprefix("NFe")
    key = identifier if _KEY.fullmatch(identifier) else None
    wrong = wrong_total(note)
    return {
        "key": key,
        "key_valid": None if key is None else key_valid(key),
        "key_matches": None if key is None else key == key_of_fields(info),
        "signature": verify(note).verdict,
        "issuer": _text(info, "emit/CNPJ") or _text(info, "emit/CPF"),
        "number": _whole(_text(info, "ide/nNF")),
        "series": _whole(_text(info, "ide/serie")),
        "model": _text(info, "ide/mod"),
        "total": _text(info, "total/ICMSTot/vNF"),
        "totals_consistent": None if wrong is None else wrong == "",
    }


def key_of_fields(info: etree._Element) -> str:
    """The 44 characters that the fields of a note make (CPF padded; `dEmi` in old layouts)."""
    emitted = _text(info, "ide/dhEmi") or _text(info, "ide/dEmi") or ""
    issuer = _text(info, "emit/CNPJ") or _text(info, "emit/CPF") or ""

    def field(name: str, width: int) -> str:
        return (_text(info, f"ide/{name}") or "").rjust(width, "0")

    return (
        f"{field('cUF', 2)}{emitted[2:4]}{emitted[5:7]}{issuer:0>14}{field('mod', 2)}{field('serie', 3)}"
        f"{field('nNF', 9)}{field('tpEmis', 1)}{field('cNF', 8)}{field('cDV', 1)}"
    )


def _event(document: etree._Element) -> dict[str, Any]:
    event = _first(document, "evento")
    info = None if event is None else event.find(f"{_N}infEvento")
    if event is None or info is None:
        return {}
    return {
        **_key_facts(_text(info, "chNFe")),
        "signature": verify(event).verdict,
        "issuer": _text(info, "CNPJ") or _text(info, "CPF"),
    }


def _void(document: etree._Element) -> dict[str, Any]:
    info = document.find(f"{_N}infInut")
    if info is None:
        return {}
    return {
        "signature": verify(document).verdict,
        "issuer": _text(info, "CNPJ") or _text(info, "CPF"),
        "number": _whole(_text(info, "nNFIni")),
        "series": _whole(_text(info, "serie")),
        "model": _text(info, "mod"),
    }


def _returned(document: etree._Element) -> dict[str, Any]:
    key = next((each.text.strip() for each in document.iter(f"{_N}chNFe") if each.text), None)
    return _key_facts(key)


_READERS = {
    "NFe": _note,
    "nfeProc": _note,
    "evento": _event,
    "procEventoNFe": _event,
    "inutNFe": _void,
}
