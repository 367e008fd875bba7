"""Guides to the portal: sent once, then asked for. A send whose fate is unknown is followed by a question for the document, never by a second send."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from adapters.gnre.company import Company, company
from adapters.gnre.read import Guide, Motive, Result, read_receipt, read_result, read_rules
from adapters.gnre.soap import NotFromPortal, media_type, wrap
from adapters.gnre.write import batch, question, result_question, rules_question
from hub.canon.commands import GnreGuideReported, GnreRulesReported, IssueGnreGuide, OutwardCommand, ReadGnreRules
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
    Unmapped,
)

SEND, RESULT, RULES = "GnreLoteRecepcao", "GnreResultadoLote", "GnreConfigUF"
ASK, ASKED = "GnreLoteRecepcaoConsulta", "GnreResultadoLoteConsulta"
RECEIPT, QUESTION, NOT_FOUND = "receipt", "question_receipt", "not_found"  # references
FIRST_LOOK, PENDING, SILENCE = timedelta(seconds=30), timedelta(minutes=5), timedelta(seconds=30)
ANSWER_TIME = timedelta(seconds=30)
RECEIVED, FOUND_RULES, RECEPTION_FAILED = "100", "450", "197"
WORKING = frozenset({"400", "401"})
DONE, WITH_PENDING, SEND_AGAIN = "402", "403", "404"
OK, REFUSED, UNREACHED, LATER = "0", frozenset({"1", "2"}), "3", "4"  # situacaoGuia
NOT_THERE = "709"


class GnreOutbound:
    """`IssueGnreGuide` is asynchronous there: a receipt first, the guide later. `ReadGnreRules` is answered at once."""

    def plan(self, command: OutwardCommand, account: Account) -> list[Call]:
        ours = company(account)
        if isinstance(command, ReadGnreRules):
            _same_environment(command.environment, ours)
            return [_call(RULES, rules_question(command.region, command.revenue, ours.environment), ours)]
        if not isinstance(command, IssueGnreGuide):
            raise NeverTry(f"the GNRE portal takes no {type(command).__name__}")
        _same_environment(command.guide.environment, ours)
        message = batch(command.guide, command.rules)
        learnt = account.references
        if learnt.get(RECEIPT):
            return [_result(learnt[RECEIPT], ours, command)]
        if command.asked_before and learnt.get(NOT_FOUND) != command.guide.identifier:
            if learnt.get(QUESTION):
                return [_asked(learnt[QUESTION], ours, command)]
            return [_ask(command, ours)]
        return [_call(SEND, message, ours, write=True)]

    def outcome(self, command: OutwardCommand, call: Call, response: Response | None, account: Account) -> Outcome:
        ours = company(account)
        if response is not None and response.status == 429:
            wait = response.headers.get("retry-after", "")
            return Retry(after=timedelta(seconds=int(wait) if wait.isdigit() else 60), reason="HTTP 429", outage=True)
        if isinstance(command, ReadGnreRules):
            return _judge_rules(command, response, ours)
        if not isinstance(command, IssueGnreGuide):
            raise NeverTry(f"the GNRE portal takes no {type(command).__name__}")
        asked = _Asked(command, call, ours)
        if response is None:
            return asked.silent("no answer after sending")
        try:
            if response.status != 200:
                return asked.silent(f"HTTP {response.status}")
            if call.operation in {SEND, ASK}:
                return _judge_receipt(asked, response.body)
            return _judge_result(asked, response.body)
        except NotFromPortal as error:
            return asked.silent(error.sentence())


def _same_environment(environment: int, ours: Company) -> None:
    if str(environment) != ours.environment:
        raise NeverTry("the guide is of another environment than the account")


def _call(service: str, message: bytes, ours: Company, *, write: bool = False) -> Call:
    return Call(
        key=service,
        operation=service,
        path=service,
        purpose="write" if write else "read",
        body=wrap(service, message, ours.header),
        media_type=media_type(service),
        bucket=service,
        repeatable=not write,
        timeout=ANSWER_TIME,
    )


def _result(receipt: str, ours: Company, command: IssueGnreGuide) -> Call:
    return _call(RESULT, result_question(receipt, ours.environment, sheet=command.with_sheet), ours)


def _ask(command: IssueGnreGuide, ours: Company) -> Call:
    return _call(ASK, question(command.guide), ours)


def _asked(receipt: str, ours: Company, command: IssueGnreGuide) -> Call:
    return _call(ASKED, result_question(receipt, ours.environment, sheet=command.with_sheet), ours)


# ------------------------------------------------------------------ outcomes
@dataclass(frozen=True, slots=True)
class _Asked:
    """A call of ours with what its answer is judged by."""

    command: IssueGnreGuide
    call: Call
    ours: Company

    def silent(self, reason: str) -> Outcome:
        """After a send: ask for the document. After a question: ask again."""
        if self.call.repeatable:
            return Retry(after=SILENCE, reason=reason)
        if self.command.guide.items[0].document is None:
            return Unknown(check=None, reason=reason, results=(self.reported("UNKNOWN"),))
        return Unknown(check=_ask(self.command, self.ours), reason=reason, results=(self.reported("UNKNOWN"),))

    def reported(
        self, status: str, *, code: str | None = None, message: str | None = None, guide: Guide | None = None
    ) -> GnreGuideReported:
        motives = guide.motives if guide else ()
        return GnreGuideReported(
            guide_id=self.command.guide_id,
            status=status,
            code=code,
            message=message,
            payment=guide.payment if guide and status in {"ISSUED", "PAID"} else None,
            paid_on=guide.paid_on if guide else None,
            fields=tuple((m.field or "", m.code, m.message) for m in motives),
        )

    def rejected(self, code: str, message: str, guide: Guide | None = None) -> Rejected:
        fields = (
            tuple(FieldFault(at=m.field or "", code=m.code, message=m.message) for m in guide.motives) if guide else ()
        )
        news = self.reported("REJECTED", code=code, message=message, guide=guide)
        return Rejected(code=code, message=message, fields=fields, results=(news,))


def _judge_receipt(asked: _Asked, body: bytes) -> Outcome:
    """A batch was taken, or refused as a whole."""
    said = read_receipt(body)
    if said.environment not in {None, asked.ours.environment}:
        return asked.silent(f"an answer of environment {said.environment}")
    if said.code == RECEPTION_FAILED:
        return asked.silent(f"{said.code} {said.message}")
    if said.code != RECEIVED:
        return asked.rejected(said.code, said.message)
    if said.number is None:
        return asked.silent("100 without a receipt")
    wait = max(FIRST_LOOK, timedelta(milliseconds=said.wait or 0))
    if asked.call.operation == ASK:
        return Accepted(
            poll=_asked(said.number, asked.ours, asked.command), after=wait, references={QUESTION: said.number}
        )
    return Accepted(
        poll=_result(said.number, asked.ours, asked.command),
        after=wait,
        references={RECEIPT: said.number, QUESTION: ""},
    )


def _judge_result(asked: _Asked, body: bytes) -> Outcome:
    said = read_result(body)
    if said.environment not in {None, asked.ours.environment}:
        return asked.silent(f"an answer of environment {said.environment}")
    if said.code in WORKING:
        return Accepted(poll=asked.call, after=FIRST_LOOK)
    if said.code == SEND_AGAIN:
        return _begin_again(asked, f"{said.code} {said.message}")
    if said.code not in {DONE, WITH_PENDING}:
        raise Unmapped("situacaoProcess", f"{said.code} {said.message}")
    return _judge_guide(asked, said)


def _judge_guide(asked: _Asked, said: Result) -> Outcome:
    guide = said.guide(asked.command.guide.identifier)
    if guide is None or NOT_THERE in {m.code for m in guide.motives}:
        return _absent(asked, said)
    if guide.situation == OK:
        if not guide.agrees or not (guide.payment.line or guide.payment.barcode or guide.payment.pix):
            return asked.silent("payment data that contradict one another")
        return Done(results=_issued(asked, guide, said.sheet))
    if guide.situation == LATER:
        return Accepted(poll=asked.call, after=PENDING)
    if guide.situation == UNREACHED:
        return _begin_again(asked, _words(guide.motives) or "the UF could not be reached")
    if guide.situation in REFUSED:
        first = guide.motives[0] if guide.motives else Motive(code=said.code, message=said.message, field=None)
        return asked.rejected(first.code, _words(guide.motives) or said.message, guide)
    raise Unmapped("situacaoGuia", f"{guide.situation} {_words(guide.motives)}")


def _issued(asked: _Asked, guide: Guide, sheet: bytes | None) -> tuple[GnreGuideReported, ...]:
    issued = replace(asked.reported("ISSUED", guide=guide), pdf=sheet)
    return (issued, asked.reported("PAID", guide=guide)) if guide.paid_on else (issued,)


def _absent(asked: _Asked, said: Result) -> Outcome:
    """A question that found nothing: it was never received. A result that lacks our guide: something is wrong there."""
    if asked.call.operation == ASKED:
        known = asked.command.guide.identifier
        return Done(references={NOT_FOUND: known, QUESTION: ""}, again=True, momentary=(NOT_FOUND,))
    return Unknown(check=None, reason=f"the result {said.receipt} has no guide of ours")


def _begin_again(asked: _Asked, reason: str) -> Outcome:
    """It was certainly not issued: after a pause the receipt is forgotten, the document is asked for, and then it is sent again."""
    return Accepted(
        poll=_ask(asked.command, asked.ours), after=PENDING, references={RECEIPT: "", QUESTION: "", "why": reason}
    )


def _words(motives: tuple[Motive, ...]) -> str:
    return "; ".join(f"{m.code} {m.message}" for m in motives)


def _judge_rules(command: ReadGnreRules, response: Response | None, ours: Company) -> Outcome:
    if response is None or response.status != 200:
        return Retry(after=SILENCE, reason="no answer" if response is None else f"HTTP {response.status}")
    try:
        code, message, environment, rules = read_rules(response.body, command.region, command.revenue)
    except NotFromPortal as error:
        return Retry(after=SILENCE, reason=error.sentence())
    if environment != ours.environment:
        return Retry(after=SILENCE, reason=f"an answer of environment {environment}")
    if code != FOUND_RULES:
        return Rejected(code=code, message=message)
    return Done(results=(GnreRulesReported(environment=command.environment, rules=rules),))
