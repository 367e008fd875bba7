"""What is sent and what its answer means: notes are planned as calls, answers become outcomes. Pure: same command and account, same bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from adapters.sefaz import xsd
from adapters.sefaz.authorities import authority_of
from adapters.sefaz.certificates import CertificateRefused, check_certificate
from adapters.sefaz.company import Company, company, identity
from adapters.sefaz.read import NFE, Answer, Protocol, read_answer
from adapters.sefaz.rules import CANCELLED_CODES, StatusClass, faults_of, status_class
from adapters.sefaz.sign import sign
from adapters.sefaz.soap import SERVICES, NotAnAnswer, media_type, parse, wrap
from adapters.sefaz.write import write_invoice
from hub.canon.commands import AuthorizeInvoice, InvoiceReported, OutwardCommand
from hub.canon.invoice_json import InvoiceUnreadable, invoice_from_json
from hub.canon.ports import (
    Accepted,
    Account,
    Call,
    Done,
    FieldFault,
    NeverTry,
    Outcome,
    Rejected,
    Response,
    Retry,
    Unknown,
)
from hub.canon.taxids.ufs import UF_BY_CODE

SEND, RECEIPT, QUERY = "NFeAutorizacao4", "NFeRetAutorizacao4", "NFeConsultaProtocolo4"
ANSWER_TIME = timedelta(seconds=30)
STOPPED_PAUSE = timedelta(seconds=30)
PACING_PAUSE = timedelta(hours=1)
LONGEST_POLL = 60  # seconds
NOT_RECEIVED = "not_received"  # reference: the key that the authority said it does not have (217)
EARLIER_KEYS = "earlier_keys"  # reference: keys of the same document from builds before, blank-separated

_NOTE = re.compile(rb"<NFe[ >].*</NFe>", re.DOTALL)
_KEY = re.compile(rb' Id="NFe([0-9A-Z]{44})"')
_DIGEST = re.compile(rb"<DigestValue>([^<]+)</DigestValue>")
_ASKED = re.compile(rb"<chNFe>([0-9A-Z]{44})</chNFe>")
_OTHER = re.compile(r"chNFe:? ?([0-9A-Z]{44})")
_ITEM = re.compile(r"nItem:? ?([0-9]{1,3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A signed note as far as its answers need it."""

    invoice_id: str
    key: str
    digest: str
    signed: bytes
    on: date  # emission, which chooses the rules

    def reported(self, status: str, protocol: Protocol | None = None, answer: Answer | None = None) -> InvoiceReported:
        said = protocol or answer
        return InvoiceReported(
            invoice_id=self.invoice_id,
            status=status,
            access_key=self.key,
            protocol=protocol.number if protocol else None,
            authority_code=said.code if said else None,
            authority_message=said.message if said else None,
            at=said.at if said else None,
            signed_xml=self.signed,
            protocol_xml=protocol.xml if protocol else None,
        )


def prepare(invoice_json: Mapping[str, Any], account: Account) -> tuple[str, bytes]:
    """(access key, signed note) of an invoice: built, checked by our rules, signed, valid by the schema. Store the bytes before the first send.

    `NeverTry` names everything that is wrong at once. Deterministic: the same invoice and certificate give the same bytes.
    """
    try:
        invoice = invoice_from_json(invoice_json)
    except InvoiceUnreadable as error:
        raise NeverTry("the stored invoice cannot be read", faults=error.data["faults"]) from error
    ours, key = company(account), identity(account)
    faults = faults_of(invoice)
    if faults:
        raise NeverTry("the authority would reject this invoice", faults=tuple(faults))
    if str(invoice.environment) != ours.environment:
        raise NeverTry("the invoice is of another environment than the account")
    try:
        check_certificate(key, issuer=invoice.issuer.tax_id or "", at=account.now or invoice.issued_at)
    except CertificateRefused as error:
        raise NeverTry(error.sentence()) from error
    written = write_invoice(invoice, ours.profile)
    signed = sign(written.xml, key.key)
    found = xsd.faults(parse(signed))
    if found:
        raise NeverTry(
            "the note is not valid by the schema", faults=tuple({"at": "xml", "message": each} for each in found)
        )
    return written.key, signed


def note_of(command: AuthorizeInvoice, account: Account) -> Note:
    """The command's note: its stored bytes, else the bytes that `prepare` gives."""
    signed = command.signed if command.signed is not None else prepare(command.invoice, account)[1]
    key, digest = _KEY.search(signed), _DIGEST.search(signed)
    if key is None or digest is None:
        raise NeverTry("the stored bytes are no signed note")
    emitted = datetime.fromisoformat(str(command.invoice["issued_at"])).date()
    return Note(
        invoice_id=command.invoice_id, key=key[1].decode(), digest=digest[1].decode(), signed=signed, on=emitted
    )


# ------------------------------------------------------------------ calls
def _call(service: str, message: bytes, key: str, ours: Company, about: str, *, write: bool = False) -> Call:
    """`about`: the access key that the message speaks of; it says which authority answers."""
    return Call(
        key=key,
        operation=service,
        path=service,
        purpose="write" if write else "read",
        body=wrap(service, message),
        media_type=media_type(service),
        bucket=service,
        repeatable=not write,
        timeout=ANSWER_TIME,
        soap_authority=_authority(about),
    )


def _authority(key: str) -> str:
    """`<authority>:<model>` for a key: its UF, model, emission type, and the day on which that UF's row must hold."""
    on = date(2000 + int(key[2:4]), int(key[4:6]), 1)
    return f"{authority_of(UF_BY_CODE[key[:2]], key[20:22], key[34], on)}:{key[20:22]}"


def send_call(note: Note, ours: Company) -> Call:
    """A batch of one note, answered at once (`indSinc` 1)."""
    head = f'<enviNFe xmlns="{NFE}" versao="4.00"><idLote>{int(note.key[25:34])}</idLote><indSinc>1</indSinc>'
    return _call(SEND, head.encode() + note.signed + b"</enviNFe>", "0", ours, note.key, write=True)


def query_call(key: str, ours: Company) -> Call:
    """What the authority knows of a key."""
    message = (
        f'<consSitNFe xmlns="{NFE}" versao="4.00"><tpAmb>{ours.environment}</tpAmb><xServ>CONSULTAR</xServ>'
        f"<chNFe>{key}</chNFe></consSitNFe>"
    )
    return _call(QUERY, message.encode(), "query", ours, key)


def receipt_call(receipt: str, turn: int, note: Note, ours: Company) -> Call:
    """The result of a batch that was taken for later; `turn` counts the questions."""
    message = f'<consReciNFe xmlns="{NFE}" versao="4.00"><tpAmb>{ours.environment}</tpAmb><nRec>{receipt}</nRec></consReciNFe>'
    return _call(RECEIPT, message.encode(), f"poll-{turn}", ours, note.key)


# ------------------------------------------------------------------ outcomes
@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call of ours with everything that its answer is judged by."""

    note: Note
    call: Call
    ours: Company
    earlier: frozenset[str]

    def unknown(self, reason: str) -> Unknown:
        return Unknown(
            check=query_call(self.note.key, self.ours), reason=reason, results=(self.note.reported("UNKNOWN"),)
        )

    def rejected(self, protocol: Protocol | None, answer: Answer, status: str = "REJECTED") -> Rejected:
        said = protocol or answer
        item = _ITEM.search(said.message)
        fields = (FieldFault(at=f"items[{int(item[1]) - 1}]", code=said.code, message=said.message),) if item else ()
        return Rejected(
            code=said.code,
            message=said.message,
            fields=fields,
            results=(self.note.reported(status, protocol, None if protocol else answer),),
        )


class SefazOutbound:
    """Notes to the authority. Sends once, then asks: a POST whose fate is unknown is followed by a query, never by a second POST."""

    def plan(self, command: OutwardCommand, account: Account) -> list[Call]:
        if not isinstance(command, AuthorizeInvoice):
            raise NeverTry(f"no authority takes {type(command).__name__}")
        note, ours = note_of(command, account), company(account)
        if command.asked_before and account.references.get(NOT_RECEIVED) != note.key:
            return [query_call(note.key, ours)]
        return [send_call(note, ours)]

    def outcome(self, command: OutwardCommand, call: Call, response: Response | None, account: Account) -> Outcome:
        if not isinstance(command, AuthorizeInvoice):
            raise NeverTry(f"no authority takes {type(command).__name__}")
        asked = Asked(
            note=note_of(command, account),
            call=call,
            ours=company(account),
            earlier=frozenset(account.references.get(EARLIER_KEYS, "").split()),
        )
        if response is None:
            return asked.unknown("no answer after sending")
        try:
            answer = read_answer(response.body, SERVICES[call.operation].answer)
        except NotAnAnswer as error:
            return asked.unknown(f"HTTP {response.status}: {error.sentence()}")
        if response.status != 200 or answer.environment != asked.ours.environment:
            return asked.unknown(f"HTTP {response.status}, environment {answer.environment}: not what was asked")
        return _JUDGES[call.operation](asked, answer)


def _judge_send(asked: Asked, answer: Answer) -> Outcome:
    if answer.code == "103" and answer.receipt:
        wait = min(max(answer.wait or 1, 1), LONGEST_POLL)
        return Accepted(poll=receipt_call(answer.receipt, 1, asked.note, asked.ours), after=timedelta(seconds=wait))
    if answer.code == "104":
        return _judge_protocol(asked, answer)
    return _judge_code(asked, None, answer)


def _judge_receipt(asked: Asked, answer: Answer) -> Outcome:
    if answer.code == "105" and answer.receipt:
        turn = int(asked.call.key.rpartition("-")[2]) + 1
        return Accepted(
            poll=receipt_call(answer.receipt, turn, asked.note, asked.ours),
            after=timedelta(seconds=min(2 ** (turn - 1), LONGEST_POLL)),
        )
    if answer.code == "104":
        return _judge_protocol(asked, answer)
    if status_class(answer.code, asked.note.on) is StatusClass.NOT_THERE:
        return asked.unknown(f"{answer.code}: the receipt is not known there")
    return _judge_code(asked, None, answer)


def _judge_protocol(asked: Asked, answer: Answer) -> Outcome:
    protocol = answer.protocol(asked.note.key)
    if protocol is None or protocol.environment != asked.ours.environment:
        return asked.unknown("the answer speaks of another note")
    if status_class(protocol.code, asked.note.on) is StatusClass.AUTHORIZED:
        if protocol.digest != asked.note.digest or not protocol.number:
            return asked.unknown("the protocol is of other content")
        return Done(results=(asked.note.reported("AUTHORIZED", protocol),))
    return _judge_code(asked, protocol, answer)


def _judge_code(asked: Asked, protocol: Protocol | None, answer: Answer) -> Outcome:
    """Everything but an authorization, said of the note or of the batch."""
    said = protocol or answer
    kind = status_class(said.code, asked.note.on)
    if kind is StatusClass.STOPPED:
        return Retry(after=STOPPED_PAUSE, reason=f"{said.code} {said.message}")
    if kind is StatusClass.PACING:
        return Retry(after=PACING_PAUSE, reason=f"{said.code} {said.message}")
    if kind is StatusClass.CERTIFICATE:
        raise NeverTry(f"the certificate is refused: {said.code} {said.message}")
    if kind is StatusClass.DENIED:
        return asked.rejected(protocol, answer, "DENIED")
    if kind is StatusClass.DUPLICATE or said.code in {"218", *CANCELLED_CODES}:
        return _judge_duplicate(asked, protocol, answer)
    if kind in {StatusClass.DONE, StatusClass.PROCESSING, StatusClass.AUTHORIZED}:
        return asked.unknown(f"{said.code} without a protocol of ours")
    return asked.rejected(protocol, answer)


def _judge_duplicate(asked: Asked, protocol: Protocol | None, answer: Answer) -> Outcome:
    """204: our key is there, so ask for it. 539: the number is there under another key; only a key that was ours is asked for."""
    said = protocol or answer
    other = _OTHER.search(said.message)
    if other is None or other[1] == asked.note.key:
        return asked.unknown(f"{said.code}: the authority has this key")
    if other[1] in asked.earlier:
        return Unknown(
            check=query_call(other[1], asked.ours),
            reason=f"{said.code}: the authority has an earlier build of this note",
            results=(asked.note.reported("UNKNOWN"),),
        )
    taken = asked.rejected(protocol, answer)
    at = FieldFault(at="number", code=said.code, message=other[1])
    return Rejected(code=taken.code, message=taken.message, fields=(*taken.fields, at), results=taken.results)


def _judge_query(asked: Asked, answer: Answer) -> Outcome:
    """What a query by key found: ours, other content under our key, an earlier build of ours, or nothing."""
    found = _ASKED.search(asked.call.body)
    key = found[1].decode() if found else asked.note.key
    if answer.key is not None and answer.key != key:
        return asked.unknown("the answer speaks of another note")
    protocol, kind = answer.protocol(key), status_class(answer.code, asked.note.on)
    if kind is StatusClass.NOT_THERE:
        return Done(references={NOT_RECEIVED: asked.note.key}, again=True)
    if kind is StatusClass.AUTHORIZED or answer.code in CANCELLED_CODES:
        return _judge_found(asked, answer, protocol, key)
    if kind is StatusClass.DENIED:
        return asked.rejected(protocol, answer, "DENIED")
    if kind in {StatusClass.STOPPED, StatusClass.PACING, StatusClass.CERTIFICATE, StatusClass.DUPLICATE}:
        return _judge_code(asked, None, answer)
    return Unknown(
        check=None,
        reason=f"the query was answered {answer.code} {answer.message}",
        results=(asked.note.reported("UNKNOWN"),),
    )


def _judge_found(asked: Asked, answer: Answer, protocol: Protocol | None, key: str) -> Outcome:
    note = asked.note
    if protocol is None or protocol.environment != asked.ours.environment:
        return asked.unknown("an authorization without its protocol")
    if key == note.key and protocol.digest != note.digest:
        message = "the authority has other content under this key"
        return Rejected(code="DIGEST_DIFFERS", message=message, results=(note.reported("UNKNOWN", protocol),))
    status = "CANCELLED" if answer.code in CANCELLED_CODES else "AUTHORIZED"
    reported = note.reported(status, protocol)
    if key != note.key:  # an earlier build: its bytes are stored where it was built
        earlier = InvoiceReported(
            invoice_id=note.invoice_id,
            status=status,
            access_key=key,
            protocol=protocol.number,
            authority_code=protocol.code,
            authority_message=protocol.message,
            at=protocol.at,
            protocol_xml=protocol.xml,
        )
        return Rejected(code="EARLIER_BUILD", message="an earlier build of this note is authorized", results=(earlier,))
    return Done(results=(reported,))


_JUDGES: Mapping[str, Callable[[Asked, Answer], Outcome]] = {
    SEND: _judge_send,
    RECEIPT: _judge_receipt,
    QUERY: _judge_query,
}
