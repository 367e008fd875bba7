"""What each service does with a message: authorize, look up, register events, void numbers, hand out the feed. No HTTP here."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from gzip import compress

from cryptography import x509
from lxml import etree

from adapters.sefaz import xsd
from adapters.sefaz.clocks import local
from adapters.sefaz.sign import verify
from adapters.sefaz.simulator import answers
from adapters.sefaz.simulator.checks import Sent, fault_of, sent
from adapters.sefaz.simulator.profiles import Behavior
from adapters.sefaz.simulator.store import Event, Note, Receipt, Store, Voided, moment
from hub.canon.certificates import BASE, cnpj_of
from hub.canon.taxids.ufs import UF_CODES

NFE = "http://www.portalfiscal.inf.br/nfe"
_N = f"{{{NFE}}}"
FEED_PAGE = 50
HIGHEST_SEQUENCE: Mapping[str, int] = {
    "110110": 20,
    "110111": 1,
    "110140": 1,
    "210200": 1,
    "210210": 1,
    "210220": 1,
    "210240": 1,
}


@dataclass(slots=True)
class Authority:
    """One authority at work: its behavior, its memory, its clock."""

    behavior: Behavior
    store: Store
    clock: Callable[[], datetime]

    def at(self) -> str:
        return local(self.clock(), self.behavior.uf).isoformat()

    def stamp(self) -> answers.Stamp:
        return answers.Stamp(self.behavior.environment, self.behavior.uf, self.at())

    def number(self) -> str:
        return answers.protocol_number(self.behavior.uf, self.clock(), self.store.next_serial())


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What came: parsed, as bytes, and whose certificate opened the connection (None: no TLS)."""

    element: etree._Element
    raw: bytes
    peer: x509.Certificate | None = None


def slices(raw: bytes, tag: bytes) -> list[bytes]:
    """The elements of that name as the bytes that came: what was signed must not be written anew."""
    found, begins, ends, at = [], b"<" + tag + b" ", b"</" + tag + b">", 0
    while (start := raw.find(begins, at)) >= 0 and (stop := raw.find(ends, start)) >= 0:
        at = stop + len(ends)
        found.append(raw[start:at])
    return found


def _text(element: etree._Element, path: str) -> str:
    return (element.findtext("/".join(_N + step for step in path.split("/"))) or "").strip()


# ------------------------------------------------------------------ authorization
def authorize(authority: Authority, message: Message) -> str:
    b = authority.behavior
    faults = xsd.faults(message.element)
    if faults:
        return answers.batch(authority.stamp(), "225", more=faults[0][:120])
    raws = slices(message.raw, b"NFe")
    notes = message.element.findall(f"{_N}NFe")
    if len(raws) != len(notes):  # a note that does not name its namespace
        return answers.batch(authority.stamp(), "225", more="NFe")
    protocols = [_decide(authority, note, raw) for note, raw in zip(notes, raws, strict=True)]
    if not b.asynchronous and len(notes) == 1:
        return answers.batch(authority.stamp(), "104", protocols[0])
    number = f"{UF_CODES[b.uf]}{authority.store.next_serial():013d}"
    authority.store.add_receipt(Receipt(number=number, answer="".join(protocols), left=b.polls))
    return answers.batch(authority.stamp(), "103", answers.receipt(number, 1))


def _decide(authority: Authority, element: etree._Element, raw: bytes) -> str:
    """`protNFe` of one note; an authorized one is remembered first."""
    b, now = authority.behavior, authority.clock()
    one = sent(element, now, b, authority.store)
    at, fault = authority.at(), fault_of(one)
    if fault is not None:
        code, more = fault
        return answers.protocol(
            key=one.identifier, environment=b.environment, at=at, code=code, more=more, digest=one.signed.digest
        )
    number, digest = authority.number(), one.signed.digest or ""
    protocol = answers.protocol(
        key=one.identifier, environment=b.environment, at=at, code="100", number=number, digest=digest
    )
    authority.store.add_note(_remembered(one, raw, at=at, number=number, protocol=protocol))
    return protocol


def _remembered(one: Sent, raw: bytes, *, at: str, number: str, protocol: str) -> Note:
    return Note(
        key=one.identifier,
        issuer=one.issuer,
        model=one.text("ide/mod"),
        series=int(one.text("ide/serie")),
        number=int(one.text("ide/nNF")),
        digest=one.signed.digest or "",
        protocol=number,
        at=at,
        code="100",
        protocol_xml=protocol,
        xml=raw.decode(),
        buyer=one.text("dest/CNPJ") or None,
    )


def poll(authority: Authority, message: Message) -> str:
    number = _text(message.element, "nRec")
    found = authority.store.receipts.get(number)
    if found is None:
        return answers.polled(authority.stamp(), number, "106")
    if found.left > 0:
        authority.store.add_receipt(replace(found, left=found.left - 1))
        return answers.polled(authority.stamp(), number, "105")
    return answers.polled(authority.stamp(), number, "104", found.answer)


def query(authority: Authority, message: Message) -> str:
    key = _text(message.element, "chNFe")
    note = authority.store.notes.get(key)
    if note is None:
        return answers.situation(authority.stamp(), key, "217")
    history = "".join(event.xml for (about, _, _), event in authority.store.events.items() if about == key)
    return answers.situation(authority.stamp(), key, note.code, note.protocol_xml + history)


def status(authority: Authority, message: Message) -> str:
    b = authority.behavior
    return answers.status(authority.stamp(), b.stopped or "107")


# ------------------------------------------------------------------ voided numbers
def void(authority: Authority, message: Message) -> str:
    info = message.element.find(f"{_N}infInut")
    if xsd.faults(message.element) or info is None:
        return answers.voided(authority.stamp(), "215")
    signed = verify(message.element)
    if signed.verdict != "valid":
        return answers.voided(authority.stamp(), "297" if signed.form else "298")
    issuer, model, series = _text(info, "CNPJ"), _text(info, "mod"), int(_text(info, "serie"))
    first, last = int(_text(info, "nNFIni")), int(_text(info, "nNFFin"))
    code = _void_fault(authority.store, (issuer, model, series), first, last)
    if code is not None:
        return answers.voided(authority.stamp(), code)
    number = authority.number()
    authority.store.add_voided(
        Voided(
            issuer=issuer, model=model, series=series, year=_text(info, "ano"), first=first, last=last, protocol=number
        )
    )
    names = ("ano", "CNPJ", "mod", "serie", "nNFIni", "nNFFin")
    fields = "".join(f"<{name}>{_text(info, name)}</{name}>" for name in names)
    return answers.voided(authority.stamp(), "102", fields, number)


def _void_fault(store: Store, series: tuple[str, str, int], first: int, last: int) -> str | None:
    """563 the same range, 256 a part of it, 241 a number of a note."""
    before = store.voided_numbers(*series)
    if any((v.first, v.last) == (first, last) for v in before):
        return "563"
    if any(v.first <= last and first <= v.last for v in before):
        return "256"
    return "241" if store.used(*series, first, last) else None


# ------------------------------------------------------------------ events
def register(authority: Authority, message: Message) -> str:
    b, event = authority.behavior, message.element.find(f"{_N}evento")
    event_type = "" if event is None else _text(event, "infEvento/tpEvento")
    organ = "" if event is None else _text(event, "infEvento/cOrgao")
    batch_id = _text(message.element, "idLote") or "0"
    faults = xsd.faults(message.element, event_type)
    if faults is None:
        return answers.events(authority.stamp(), organ or UF_CODES[b.uf], batch_id, "491")
    if faults or event is None:
        return answers.events(authority.stamp(), organ or UF_CODES[b.uf], batch_id, "215")
    one = _register_one(authority, event, slices(message.raw, b"evento")[0].decode())
    return answers.events(authority.stamp(), organ, batch_id, "128", one)


def _register_one(authority: Authority, event: etree._Element, raw: str) -> str:
    b, store = authority.behavior, authority.store
    key, event_type = _text(event, "infEvento/chNFe"), _text(event, "infEvento/tpEvento")
    sequence, at = int(_text(event, "infEvento/nSeqEvento")), authority.at()
    code = _event_fault(authority, event, key, event_type, sequence)
    organ = _text(event, "infEvento/cOrgao")
    about = {"environment": b.environment, "organ": organ, "at": at, "key": key, "event_type": event_type}
    if code not in {"135", "136", "155"}:
        return answers.event(**about, code=code, sequence=sequence)
    number = authority.number()
    answer = answers.event(**about, code=code, sequence=sequence, number=number)
    whole = f'<procEventoNFe xmlns="{NFE}" versao="1.00">{raw}{answer}</procEventoNFe>'
    author = _text(event, "infEvento/CNPJ") or _text(event, "infEvento/CPF")
    store.add_event(
        Event(
            key=key,
            event_type=event_type,
            sequence=sequence,
            issuer=author,
            protocol=number,
            at=at,
            code=code,
            xml=whole,
        )
    )
    if event_type == "110111":
        store.add_note(replace(store.notes[key], code="101"))
    return answer


def _event_fault(authority: Authority, event: etree._Element, key: str, event_type: str, sequence: int) -> str:
    """The code of the answer: 135, 136 or 155 when it is registered."""
    b, store, signed = authority.behavior, authority.store, verify(event)
    author = _text(event, "infEvento/CNPJ") or _text(event, "infEvento/CPF")
    if signed.verdict != "valid":
        return "297" if signed.form else "298"
    holder = cnpj_of(signed.certificate) if signed.certificate else None
    if holder is None or holder[:BASE] != author[:BASE]:
        return "213"
    if sequence > HIGHEST_SEQUENCE.get(event_type, 20):
        return "594"
    if (key, event_type, sequence) in store.events:
        return "573"
    if event_type == "110140":
        return "136"
    note = store.notes.get(key)
    if note is None:
        return "494"
    if event_type.startswith("11") and author[:BASE] != note.issuer[:BASE]:
        return "574"
    if note.code != "100":
        return "580"
    if event_type != "110111":
        return "135"
    if _text(event, "infEvento/detEvento/nProt") != note.protocol:
        return "222"
    if authority.clock() - moment(note.at) <= b.cancel_within:
        return "135"
    return "155" if b.late_cancel else "501"


# ------------------------------------------------------------------ the feed
def distribute(authority: Authority, message: Message) -> str:
    """`distNSU` only: the next documents after `ultNSU` for the CNPJ."""
    cnpj = _text(message.element, "CNPJ")
    feed = authority.store.feeds.get(cnpj, [])
    last = int(_text(message.element, "distNSU/ultNSU") or "0")
    if message.peer is not None and (cnpj_of(message.peer) or "")[:BASE] != cnpj[:BASE]:
        return answers.distribution(authority.stamp(), "593", last, len(feed))
    if last > len(feed):
        return answers.distribution(authority.stamp(), "589", last, len(feed))
    page = feed[last : last + FEED_PAGE]
    if not page:
        return answers.distribution(authority.stamp(), "137", last, len(feed))
    documents = "".join(
        f'<docZip NSU="{last + n:015d}" schema="{schema}">{b64encode(compress(xml.encode(), mtime=0)).decode()}</docZip>'
        for n, (schema, xml) in enumerate(page, start=1)
    )
    return answers.distribution(authority.stamp(), "138", last + len(page), len(feed), documents)


HANDLERS: Mapping[str, Callable[[Authority, Message], str]] = {
    "NFeAutorizacao4": authorize,
    "NFeRetAutorizacao4": poll,
    "NFeConsultaProtocolo4": query,
    "NFeStatusServico4": status,
    "NFeInutilizacao4": void,
    "NFeRecepcaoEvento4": register,
    "NFeDistribuicaoDFe": distribute,
}


def whole_batch_answer(authority: Authority, service: str, code: str, element: etree._Element | None) -> str:
    """The answer of a service that refuses before it looks at the content: 108, 109, 656, 214, 243, 404, 588, 28x."""
    if service == "NFeRetAutorizacao4":
        return answers.polled(authority.stamp(), _about(element, "nRec", "0" * 15), code)
    if service == "NFeConsultaProtocolo4":
        return answers.situation(authority.stamp(), _about(element, "chNFe", "0" * 44), code)
    if service == "NFeStatusServico4":
        return answers.status(authority.stamp(), code)
    if service == "NFeInutilizacao4":
        return answers.voided(authority.stamp(), code)
    if service == "NFeRecepcaoEvento4":
        return answers.events(authority.stamp(), UF_CODES[authority.behavior.uf], _about(element, "idLote", "0"), code)
    if service == "NFeDistribuicaoDFe":
        return answers.distribution(authority.stamp(), code, 0, 0)
    return answers.batch(authority.stamp(), code)


def _about(element: etree._Element | None, name: str, otherwise: str) -> str:
    return otherwise if element is None else _text(element, name) or otherwise
