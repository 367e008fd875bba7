"""What each service does with a message: authorize, look up, register events, void numbers. No HTTP here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta

from lxml import etree

from adapters.sefaz import xsd
from adapters.sefaz.sign import verify
from adapters.sefaz.simulator import answers
from adapters.sefaz.simulator.checks import Sent, fault_of, sent
from adapters.sefaz.simulator.distribution import distribute
from adapters.sefaz.simulator.parts import Authority, Message, text_of
from adapters.sefaz.simulator.registry import consult, refused
from adapters.sefaz.simulator.store import Event, Note, Receipt, Store, Voided, moment
from hub.canon.certificates import BASE, cnpj_of
from hub.canon.taxids.ufs import UF_CODES

NFE = "http://www.portalfiscal.inf.br/nfe"
_N = f"{{{NFE}}}"
HIGHEST_SEQUENCE: Mapping[str, int] = {
    "110110": 20,
    "110111": 1,
    "110112": 1,
    "110130": 99,
    "110131": 99,
    "110192": 99,
    "110193": 99,
    "110140": 1,
    "210200": 1,
    "210210": 1,
    "210220": 1,
    "210240": 1,
}


CANCELS = frozenset({"110111", "110112"})
UNDOES: Mapping[str, str] = {"110131": "110130", "110193": "110192"}
OFFLINE = "9"  # tpEmis
SUBSTITUTE_WITHIN = timedelta(hours=168)


def slices(raw: bytes, tag: bytes) -> list[bytes]:
    """The elements of that name as the bytes that came: what was signed must not be written anew."""
    found, begins, ends, at = [], b"<" + tag + b" ", b"</" + tag + b">", 0
    while (start := raw.find(begins, at)) >= 0 and (stop := raw.find(ends, start)) >= 0:
        at = stop + len(ends)
        found.append(raw[start:at])
    return found


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
    number = text_of(message.element, "nRec")
    found = authority.store.receipts.get(number)
    if found is None:
        return answers.polled(authority.stamp(), number, "106")
    if found.left > 0:
        authority.store.add_receipt(replace(found, left=found.left - 1))
        return answers.polled(authority.stamp(), number, "105")
    return answers.polled(authority.stamp(), number, "104", found.answer)


def query(authority: Authority, message: Message) -> str:
    key = text_of(message.element, "chNFe")
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
    issuer, model, series = text_of(info, "CNPJ"), text_of(info, "mod"), int(text_of(info, "serie"))
    first, last = int(text_of(info, "nNFIni")), int(text_of(info, "nNFFin"))
    code = _void_fault(authority.store, (issuer, model, series), first, last)
    if code is not None:
        return answers.voided(authority.stamp(), code)
    number = authority.number()
    authority.store.add_voided(
        Voided(
            issuer=issuer,
            model=model,
            series=series,
            year=text_of(info, "ano"),
            first=first,
            last=last,
            protocol=number,
        )
    )
    names = ("ano", "CNPJ", "mod", "serie", "nNFIni", "nNFFin")
    fields = "".join(f"<{name}>{text_of(info, name)}</{name}>" for name in names)
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
    event_type = "" if event is None else text_of(event, "infEvento/tpEvento")
    organ = "" if event is None else text_of(event, "infEvento/cOrgao")
    batch_id = text_of(message.element, "idLote") or "0"
    faults = xsd.faults(message.element, event_type)
    if faults is None:
        faults = xsd.detail_faults(message.element, event_type)
    if faults is None:
        return answers.events(authority.stamp(), organ or UF_CODES[b.uf], batch_id, "491")
    if faults or event is None:
        return answers.events(authority.stamp(), organ or UF_CODES[b.uf], batch_id, "215")
    one = _register_one(authority, event, slices(message.raw, b"evento")[0].decode())
    return answers.events(authority.stamp(), organ, batch_id, "128", one)


def _register_one(authority: Authority, event: etree._Element, raw: str) -> str:
    b, store = authority.behavior, authority.store
    key, event_type = text_of(event, "infEvento/chNFe"), text_of(event, "infEvento/tpEvento")
    sequence, at = int(text_of(event, "infEvento/nSeqEvento")), authority.at()
    code = _event_fault(authority, event, key, event_type, sequence)
    organ = text_of(event, "infEvento/cOrgao")
    about = {"environment": b.environment, "organ": organ, "at": at, "key": key, "event_type": event_type}
    if code not in {"135", "136", "155"}:
        return answers.event(**about, code=code, sequence=sequence)
    number = authority.number()
    answer = answers.event(**about, code=code, sequence=sequence, number=number)
    whole = f'<procEventoNFe xmlns="{NFE}" versao="1.00">{raw}{answer}</procEventoNFe>'
    author = text_of(event, "infEvento/CNPJ") or text_of(event, "infEvento/CPF")
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
    if event_type in CANCELS:
        store.add_note(replace(store.notes[key], code="101"))
    return answer


def _event_fault(authority: Authority, event: etree._Element, key: str, event_type: str, sequence: int) -> str:
    """The code of the answer: 135, 136 or 155 when it is registered."""
    store, signed = authority.store, verify(event)
    author = text_of(event, "infEvento/CNPJ") or text_of(event, "infEvento/CPF")
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
    if event_type in UNDOES:
        return _undo_fault(store, event, key, UNDOES[event_type])
    return _cancel_fault(authority, event, note, event_type) if event_type in CANCELS else "135"


def _cancel_fault(authority: Authority, event: etree._Element, note: Note, event_type: str) -> str:
    b = authority.behavior
    if text_of(event, "infEvento/detEvento/nProt") != note.protocol:
        return "222"
    if event_type == "110112":
        return _substitution_fault(authority, note, text_of(event, "infEvento/detEvento/chNFeRef"))
    if authority.clock() - moment(note.at) <= b.cancel_within:
        return "135"
    return "155" if b.late_cancel else "501"


def _undo_fault(store: Store, event: etree._Element, key: str, undone: str) -> str:
    """An event can be taken back that is registered for this note under that protocol."""
    number = text_of(event, "infEvento/detEvento/nProtEvento")
    known = [e for (about, kind, _), e in store.events.items() if about == key and kind == undone]
    return "135" if any(e.protocol == number for e in known) else "222"


def _substitution_fault(authority: Authority, note: Note, substitute: str) -> str:
    """Only an NFC-e, in favor of another of the same issuer that left in contingency (tpEmis 9)."""
    other = authority.store.notes.get(substitute)
    if note.model != "65":
        return "491"
    if other is None:
        return "494"
    if other.code != "100" or other.model != "65" or other.key[34] != OFFLINE or other.issuer != note.issuer:
        return "580"
    return "135" if authority.clock() - moment(note.at) <= SUBSTITUTE_WITHIN else "501"


HANDLERS: Mapping[str, Callable[[Authority, Message], str]] = {
    "NFeAutorizacao4": authorize,
    "NFeRetAutorizacao4": poll,
    "NFeConsultaProtocolo4": query,
    "NFeStatusServico4": status,
    "NFeInutilizacao4": void,
    "NFeRecepcaoEvento4": register,
    "NFeDistribuicaoDFe": distribute,
    "CadConsultaCadastro4": consult,
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
    if service == "CadConsultaCadastro4":
        return refused(authority, code, element)
    return answers.batch(authority.stamp(), code)


def _about(element: etree._Element | None, name: str, otherwise: str) -> str:
    return otherwise if element is None else text_of(element, name) or otherwise
