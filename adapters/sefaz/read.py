"""Answers of the authorities in our words. Judges nothing but this: an answer is believed only if it speaks of what was asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from adapters.sefaz.sign import c14n
from adapters.sefaz.soap import NotAnAnswer, unwrap

NFE = "http://www.portalfiscal.inf.br/nfe"
_N = f"{{{NFE}}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """protNFe: what was decided of one note."""

    environment: str  # tpAmb
    key: str  # chNFe
    code: str  # cStat
    message: str  # xMotivo
    at: datetime | None  # dhRecbto
    number: str | None  # nProt
    digest: str | None  # digVal
    xml: bytes  # the element as a document of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """retEvento: what became of one event."""

    environment: str
    key: str | None
    event_type: str | None  # tpEvento
    sequence: int | None  # nSeqEvento
    code: str
    message: str
    at: datetime | None  # dhRegEvento
    number: str | None  # nProt
    xml: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Any answer. `key` is what it says it speaks of, `receipt` and `wait` (seconds) come with asynchronous processing."""

    root: str
    environment: str | None
    code: str  # cStat
    message: str  # xMotivo
    at: datetime | None
    key: str | None = None
    receipt: str | None = None  # nRec
    wait: int | None = None  # tMed
    protocol_number: str | None = None  # nProt of an answer that has it at its own level (inutilização)
    xml: bytes = b""  # the answer as a document of its own
    protocols: tuple[Protocol, ...] = ()
    events: tuple[Registered, ...] = ()

    def protocol(self, key: str) -> Protocol | None:
        return next((each for each in self.protocols if each.key == key), None)


def read_answer(body: bytes, root: str) -> Answer:
    """The answer whose element is `root`, in or out of its envelope; `NotAnAnswer` when it is none or lacks a cStat."""
    element = unwrap(body, root)
    inside = (element.find(f"{_N}{name}") for name in ("infInut", "infCons"))
    fields = next((each for each in inside if each is not None), element)
    code = _text(fields, "cStat")
    if code is None or not (code.isascii() and code.isdigit()):
        raise NotAnAnswer(reason=f"{root} without cStat")
    wait = _text(element, f"infRec/{_N}tMed") or _text(element, "tMed")
    return Answer(
        root=root,
        environment=_text(fields, "tpAmb"),
        code=code,
        message=_text(fields, "xMotivo") or "",
        at=_moment(_text(fields, "dhRecbto") or _text(fields, "dhResp")),
        key=_text(element, "chNFe"),
        receipt=_text(element, f"infRec/{_N}nRec") or _text(element, "nRec"),
        wait=int(wait) if wait is not None and wait.isascii() and wait.isdigit() else None,
        protocol_number=_text(fields, "nProt"),
        xml=c14n(element),
        protocols=tuple(_protocol(each) for each in element.iterfind(f"{_N}protNFe")),
        events=tuple(_registered(each) for each in element.iter(f"{_N}retEvento")),
    )


def _protocol(element: etree._Element) -> Protocol:
    info = _required(element, "infProt")
    return Protocol(
        environment=_text(info, "tpAmb") or "",
        key=_text(info, "chNFe") or "",
        code=_text(info, "cStat") or "",
        message=_text(info, "xMotivo") or "",
        at=_moment(_text(info, "dhRecbto")),
        number=_text(info, "nProt"),
        digest=_text(info, "digVal"),
        xml=c14n(element),
    )


def _registered(element: etree._Element) -> Registered:
    info = _required(element, "infEvento")
    sequence = _text(info, "nSeqEvento")
    return Registered(
        environment=_text(info, "tpAmb") or "",
        key=_text(info, "chNFe"),
        event_type=_text(info, "tpEvento"),
        sequence=int(sequence) if sequence is not None and sequence.isascii() and sequence.isdigit() else None,
        code=_text(info, "cStat") or "",
        message=_text(info, "xMotivo") or "",
        at=_moment(_text(info, "dhRegEvento")),
        number=_text(info, "nProt"),
        xml=c14n(element),
    )


def _required(element: etree._Element, name: str) -> etree._Element:
    found = element.find(_N + name)
    if found is None:
        raise NotAnAnswer(reason=f"{etree.QName(element).localname} without {name}")
    return found


def _text(element: etree._Element, path: str) -> str | None:
    text = element.findtext(_N + path)
    return text.strip() or None if text is not None else None


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def event_processed(signed: bytes, answer: bytes) -> bytes:
    """`procEventoNFe`: the signed event and what was answered."""
    return b'<procEventoNFe xmlns="' + NFE.encode() + b'" versao="1.00">' + signed + answer + b"</procEventoNFe>"


def void_processed(signed: bytes, answer: bytes) -> bytes:
    """`ProcInutNFe`: the signed request and what was answered."""
    return b'<ProcInutNFe xmlns="' + NFE.encode() + b'" versao="4.00">' + signed + answer + b"</ProcInutNFe>"
