"""Whether an authority takes notes now: the question to its status service, or to that of the one that stands in, and what its answer means."""

from __future__ import annotations

from adapters.sefaz.authorities import authority_of, contingency_of
from adapters.sefaz.calls import STATUS, status_call
from adapters.sefaz.company import company
from adapters.sefaz.read import read_answer
from adapters.sefaz.soap import SERVICES, NotAnAnswer
from hub.canon.commands import AskAuthority, AuthorityReported
from hub.canon.ports import Account, Call, Done, NeverTry, Outcome, Response
from hub.kit.clock import system_clock

OPERATES = "107"


def plan_status(command: AskAuthority, account: Account) -> list[Call]:
    """One question. Off-line stands in for nobody who could be asked."""
    ours, model = company(account), str(command.model)
    on = (account.now or system_clock()).date()
    authority = authority_of(ours.uf, model, "1", on)
    if command.standby:
        authority, _ = contingency_of(ours.uf, model, on)
        if authority == "OFFLINE":
            raise NeverTry(f"nobody stands in for the authority of {ours.uf} for notes of model {model}")
    return [status_call(authority, model, ours)]


def judge_status(command: AskAuthority, response: Response | None, account: Account) -> Outcome:
    """Any answer is news, silence too: nothing is asked twice, the next question comes with its own time."""
    code = message = at = None
    if response is not None and response.status == 200:
        try:
            answer = read_answer(response.body, SERVICES[STATUS].answer)
        except NotAnAnswer as error:
            message = error.sentence()
        else:
            right = answer.environment == company(account).environment
            code, message, at = (answer.code, answer.message, answer.at) if right else (None, "other environment", None)
    elif response is not None:
        message = f"HTTP {response.status}"
    said = AuthorityReported(
        model=command.model, standby=command.standby, works=code == OPERATES, code=code, message=message, at=at
    )
    return Done(results=(said,))
