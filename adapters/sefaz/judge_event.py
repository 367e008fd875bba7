"""What the authority's answers about events and voided numbers mean."""

from __future__ import annotations

from datetime import date

from adapters.sefaz.calls import QUERY, query_call
from adapters.sefaz.events import CANCELS, EventAsked, VoidAsked, name_of
from adapters.sefaz.judge import NOT_RECEIVED, PAUSES, SILENCE_PAUSE, paused, throttled
from adapters.sefaz.read import Answer, Registered, event_processed, read_answer, void_processed
from adapters.sefaz.rules import CANCELLED_CODES, StatusClass, status_class
from adapters.sefaz.soap import SERVICES, NotAnAnswer
from hub.canon.commands import InvoiceEventReported, InvoiceReported, NumbersReported
from hub.canon.ports import Done, Outcome, Rejected, Response, Retry, Unknown

REGISTERED = frozenset({"135", "136", "155"})
REGISTERED_BEFORE = "573"
VOIDED, VOIDED_BEFORE = "102", frozenset({"563", "206"})


def judge_event(asked: EventAsked, response: Response | None) -> Outcome:
    """One event. A cancellation also reports its note as CANCELLED."""
    if response is None:
        return _unknown(asked, "no answer after sending")
    wait = throttled(response)
    if wait is not None:
        return wait
    try:
        answer = read_answer(response.body, SERVICES[asked.call.operation].answer)
    except NotAnAnswer as error:
        return _unknown(asked, f"HTTP {response.status}: {error.sentence()}")
    if response.status != 200 or answer.environment != asked.ours.environment:
        return _unknown(asked, f"HTTP {response.status}, environment {answer.environment}: not what was asked")
    one = _ours(asked, answer)
    if asked.call.operation == QUERY:
        return _judge_history(asked, answer, one)
    if one is None:
        kind = status_class(answer.code, asked.command.at.date())
        if kind in PAUSES or kind is StatusClass.CERTIFICATE:
            return paused(kind, answer.code, answer.message)
        if answer.code == "128":
            return _unknown(asked, "the answer speaks of another event")
        return _rejected(asked, answer.code, answer.message)
    return _judge_one(asked, one)


def _judge_one(asked: EventAsked, one: Registered) -> Outcome:
    if one.code in REGISTERED:
        return _registered(asked, one)
    kind = status_class(one.code, asked.command.at.date())
    if kind in PAUSES or kind is StatusClass.CERTIFICATE:
        return paused(kind, one.code, one.message)
    if one.code == REGISTERED_BEFORE:
        if asked.kind.national:  # nobody there tells the history: that it is registered is all we can learn
            return _registered(asked, one)
        return _unknown(asked, f"{one.code}: the authority has this event")
    return _rejected(asked, one.code, one.message)


def _judge_history(asked: EventAsked, answer: Answer, one: Registered | None) -> Outcome:
    """What a query by key says of the event."""
    if one is not None and one.code in REGISTERED:
        return _registered(asked, one)
    kind = status_class(answer.code, asked.command.at.date())
    if kind in PAUSES or kind is StatusClass.CERTIFICATE:
        return paused(kind, answer.code, answer.message)
    if answer.code in CANCELLED_CODES and asked.command.kind in CANCELS:
        return Done(results=(_event(asked, "REGISTERED"), _cancelled(asked, None)))
    if kind is StatusClass.AUTHORIZED:
        return Done(references={NOT_RECEIVED: name_of(asked.command)}, again=True, momentary=(NOT_RECEIVED,))
    return _rejected(asked, answer.code, answer.message)


def _ours(asked: EventAsked, answer: Answer) -> Registered | None:
    """Our event in the answer. An event that is refused before it is read may lack key and type."""
    command = asked.command
    for each in answer.events:
        about = (each.key or command.access_key, each.event_type or asked.kind.code, each.sequence or command.sequence)
        if about == (command.access_key, asked.kind.code, command.sequence):
            return each
    return None


def _event(asked: EventAsked, status: str, one: Registered | None = None) -> InvoiceEventReported:
    command = asked.command
    whole = event_processed(asked.signed, one.xml) if one is not None and status == "REGISTERED" else None
    return InvoiceEventReported(
        event_id=command.event_id,
        invoice_id=command.invoice_id,
        kind=command.kind,
        status=status,
        access_key=command.access_key,
        sequence=command.sequence,
        protocol=one.number if one else None,
        authority_code=one.code if one else None,
        authority_message=one.message if one else None,
        at=one.at if one else None,
        xml=whole,
    )


def _cancelled(asked: EventAsked, one: Registered | None) -> InvoiceReported:
    return InvoiceReported(
        invoice_id=asked.command.invoice_id or "",
        status="CANCELLED",
        access_key=asked.command.access_key,
        protocol=one.number if one else None,
        authority_code=one.code if one else None,
        authority_message=one.message if one else None,
        at=one.at if one else None,
    )


def _registered(asked: EventAsked, one: Registered) -> Done:
    event = _event(asked, "REGISTERED", one)
    if asked.command.kind in CANCELS and asked.command.invoice_id:
        return Done(results=(event, _cancelled(asked, one)))
    return Done(results=(event,))


def _rejected(asked: EventAsked, code: str, message: str) -> Rejected:
    command = asked.command
    report = InvoiceEventReported(
        event_id=command.event_id,
        invoice_id=command.invoice_id,
        kind=command.kind,
        status="REJECTED",
        access_key=command.access_key,
        sequence=command.sequence,
        authority_code=code,
        authority_message=message,
    )
    return Rejected(code=code, message=message, results=(report,))


def _unknown(asked: EventAsked, reason: str) -> Outcome:
    """Ask by key. The national environment has no query: there the event itself is the question, answered 573 when it is known."""
    if asked.call.repeatable:
        return Retry(after=SILENCE_PAUSE, reason=reason)
    check = query_call(asked.command.access_key, asked.ours)
    return Unknown(check=check, reason=reason, results=(_event(asked, "UNKNOWN"),))


# ------------------------------------------------------------------ voided numbers
def judge_void(asked: VoidAsked, response: Response | None) -> Outcome:
    """Nobody answers which numbers are voided: after a lost answer the same request is the question, answered 563 when it is known."""
    if response is None:
        return _void_unknown("no answer after sending")
    wait = throttled(response)
    if wait is not None:
        return wait
    try:
        answer = read_answer(response.body, SERVICES[asked.call.operation].answer)
    except NotAnAnswer as error:
        return _void_unknown(f"HTTP {response.status}: {error.sentence()}")
    if response.status != 200 or answer.environment != asked.ours.environment:
        return _void_unknown(f"HTTP {response.status}, environment {answer.environment}: not what was asked")
    kind = status_class(answer.code, answer.at.date() if answer.at else _year_end(asked))
    if kind in PAUSES or kind is StatusClass.CERTIFICATE:
        return paused(kind, answer.code, answer.message)
    if answer.code == VOIDED or (answer.code in VOIDED_BEFORE and _whole_range(asked, answer.code)):
        return Done(results=(_numbers(asked, "VOIDED", answer),))
    return Rejected(code=answer.code, message=answer.message, results=(_numbers(asked, "REJECTED", answer),))


def _whole_range(asked: VoidAsked, code: str) -> bool:
    """563 speaks of the same range; 206 of one number, which is the range only when it has one."""
    return code == "563" or asked.command.first == asked.command.last


def _year_end(asked: VoidAsked) -> date:
    return date(asked.command.year, 12, 31)


def _numbers(asked: VoidAsked, status: str, answer: Answer | None) -> NumbersReported:
    return NumbersReported(
        request_id=asked.command.request_id,
        status=status,
        protocol=answer.protocol_number if answer else None,
        authority_code=answer.code if answer else None,
        authority_message=answer.message if answer else None,
        at=answer.at if answer else None,
        xml=void_processed(asked.signed, answer.xml) if answer and answer.code == VOIDED else None,
    )


def _void_unknown(reason: str) -> Retry:
    return Retry(after=SILENCE_PAUSE, reason=reason)
