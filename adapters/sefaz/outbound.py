"""The adapter's outbound port: commands become calls, answers become outcomes. Pure: same command and account, same bytes."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.sefaz.calls import query_call, send_call
from adapters.sefaz.company import company
from adapters.sefaz.events import event_asked, plan_event, plan_void, prepare_event, prepare_void, void_asked
from adapters.sefaz.judge import JUDGES, NOT_RECEIVED, Asked, throttled
from adapters.sefaz.judge_event import judge_event, judge_void
from adapters.sefaz.note import note_of, prepare_notes
from adapters.sefaz.read import read_answer
from adapters.sefaz.soap import SERVICES, NotAnAnswer
from adapters.sefaz.status import judge_status, plan_status
from hub.canon.commands import AskAuthority, AuthorizeInvoice, OutwardCommand, RegisterInvoiceEvent, VoidNumbers
from hub.canon.ports import Account, Call, NeverTry, Outcome, Prepared, Response, Unmapped

EARLIER_KEYS = "earlier_keys"  # reference: keys of the same document from builds before, blank-separated


def prepare(asked: Sequence[tuple[OutwardCommand, Account]]) -> list[Prepared]:
    """(access key or Id, signed bytes) of each note, event or request to void numbers. Notes go together, stage by stage."""
    notes = [(command.invoice, account) for command, account in asked if isinstance(command, AuthorizeInvoice)]
    signed = iter(prepare_notes(notes))
    return [next(signed) if isinstance(c, AuthorizeInvoice) else _alone(c, account) for c, account in asked]


def _alone(command: OutwardCommand, account: Account) -> Prepared:
    try:
        if isinstance(command, RegisterInvoiceEvent):
            return prepare_event(command, account)
        if isinstance(command, VoidNumbers):
            return prepare_void(command, account)
    except (NeverTry, Unmapped) as error:
        return error
    return NeverTry(f"{type(command).__name__} is not signed")


class SefazOutbound:
    """Notes, events and voided numbers. A POST whose fate is unknown is followed by a query, never by a second POST."""

    def plan(self, command: OutwardCommand, account: Account) -> list[Call]:
        if isinstance(command, RegisterInvoiceEvent):
            return plan_event(command, account)
        if isinstance(command, VoidNumbers):
            return plan_void(command, account)
        if isinstance(command, AskAuthority):
            return plan_status(command, account)
        if not isinstance(command, AuthorizeInvoice):
            raise NeverTry(f"no authority takes {type(command).__name__}")
        note, ours = note_of(command, account), company(account)
        if command.never_again or (command.asked_before and account.references.get(NOT_RECEIVED) != note.key):
            return [query_call(note.key, ours)]
        return [send_call(note.key, note.signed)]

    def outcome(self, command: OutwardCommand, call: Call, response: Response | None, account: Account) -> Outcome:
        if isinstance(command, RegisterInvoiceEvent):
            return judge_event(event_asked(command, call, account), response)
        if isinstance(command, VoidNumbers):
            return judge_void(void_asked(command, call, account), response)
        if isinstance(command, AskAuthority):
            return judge_status(command, response, account)
        if not isinstance(command, AuthorizeInvoice):
            raise NeverTry(f"no authority takes {type(command).__name__}")
        asked = Asked(
            note=note_of(command, account),
            call=call,
            ours=company(account),
            earlier=frozenset(account.references.get(EARLIER_KEYS, "").split()),
            never_again=command.never_again,
        )
        if response is None:
            return asked.unknown("no answer after sending")
        wait = throttled(response)
        if wait is not None:
            return wait
        try:
            answer = read_answer(response.body, SERVICES[call.operation].answer)
        except NotAnAnswer as error:
            return asked.unknown(f"HTTP {response.status}: {error.sentence()}")
        if response.status != 200 or answer.environment != asked.ours.environment:
            return asked.unknown(f"HTTP {response.status}, environment {answer.environment}: not what was asked")
        return JUDGES[call.operation](asked, answer)
