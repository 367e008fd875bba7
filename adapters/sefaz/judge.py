"""What the authority's answers about a note mean: each code of the tables becomes one outcome. Believes only what agrees with what was sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from adapters.sefaz.calls import QUERY, RECEIPT, SEND, query_call, receipt_call
from adapters.sefaz.company import Company
from adapters.sefaz.note import Note
from adapters.sefaz.read import Answer, Protocol
from adapters.sefaz.rules import CANCELLED_CODES, StatusClass, status_class
from hub.canon.commands import InvoiceReported
from hub.canon.ports import Accepted, Call, Done, FieldFault, NeverTry, Outcome, Rejected, Response, Retry, Unknown

STOPPED_PAUSE = timedelta(seconds=30)
PACING_PAUSE = timedelta(hours=1)
SILENCE_PAUSE = timedelta(seconds=5)
LONGEST_POLL = 60  # seconds
NOT_RECEIVED = "not_received"  # reference: the key that the authority said it does not have (217)
ALREADY_THERE = frozenset({"204", "218", "539"})

_ASKED = re.compile(rb"<chNFe>([0-9A-Z]{44})</chNFe>")
_OTHER = re.compile(r"chNFe:? ?([0-9A-Z]{44})")
_ITEM = re.compile(r"nItem:? ?([0-9]{1,3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call of ours with everything that its answer is judged by."""

    note: Note
    call: Call
    ours: Company
    earlier: frozenset[str]
    never_again: bool = False  # whatever became of it, it is not sent a second time

    def unknown(self, reason: str) -> Outcome:
        """After a send: ask by key. After a question: ask again."""
        if self.call.repeatable:
            return Retry(after=SILENCE_PAUSE, reason=reason)
        check = query_call(self.note.key, self.ours)
        return Unknown(check=check, reason=reason, results=(self.note.reported("UNKNOWN"),))

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


PAUSES: Mapping[StatusClass, timedelta] = {StatusClass.STOPPED: STOPPED_PAUSE, StatusClass.PACING: PACING_PAUSE}


def throttled(response: Response) -> Retry | None:
    """HTTP 429: a gateway refused before the authority saw it."""
    if response.status != 429:
        return None
    wait = response.headers.get("retry-after", "")
    return Retry(after=timedelta(seconds=int(wait) if wait.isdigit() else 60), reason="HTTP 429")


def paused(kind: StatusClass, code: str, message: str) -> Retry:
    """What a stopped or overfull service asks for; `NeverTry` when it is our certificate that it refuses."""
    if kind not in PAUSES:
        raise NeverTry(f"the certificate is refused: {code} {message}")
    return Retry(after=PAUSES[kind], reason=f"{code} {message}", outage=True)


def _judge_send(asked: Asked, answer: Answer) -> Outcome:
    if answer.code == "103" and answer.receipt:
        wait = min(max(answer.wait or 1, 1), LONGEST_POLL)
        return Accepted(poll=receipt_call(answer.receipt, 1, asked.note.key, asked.ours), after=timedelta(seconds=wait))
    if answer.code == "104":
        return _judge_protocol(asked, answer)
    return _judge_code(asked, None, answer)


def _judge_receipt(asked: Asked, answer: Answer) -> Outcome:
    if answer.code == "105" and answer.receipt:
        turn = int(asked.call.key.rpartition("-")[2]) + 1
        return Accepted(
            poll=receipt_call(answer.receipt, turn, asked.note.key, asked.ours),
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
    if kind in PAUSES or kind is StatusClass.CERTIFICATE:
        return paused(kind, said.code, said.message)
    if kind is StatusClass.DENIED:
        return asked.rejected(protocol, answer, "DENIED")
    if said.code in ALREADY_THERE or said.code in CANCELLED_CODES:
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
    if kind is StatusClass.NOT_THERE and asked.never_again:
        return Done(results=(asked.note.reported("VOID_PENDING", None, answer),))
    if kind is StatusClass.NOT_THERE:
        return Done(references={NOT_RECEIVED: asked.note.key}, again=True, momentary=(NOT_RECEIVED,))
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


JUDGES: Mapping[str, Callable[[Asked, Answer], Outcome]] = {
    SEND: _judge_send,
    RECEIPT: _judge_receipt,
    QUERY: _judge_query,
}
