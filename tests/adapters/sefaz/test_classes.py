"""Each class of cStat, by what its answer to a send makes of the note."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.sefaz.outbound import SefazOutbound
from adapters.sefaz.rules import StatusClass, status_class
from adapters.sefaz.simulator import SefazSimulator
from hub.canon.commands import AuthorizeInvoice
from hub.canon.ports import Accepted, Account, Done, NeverTry, Outcome, Rejected, Response, Retry, Unknown
from hub.kit.clock import system_clock
from tests.adapters.sefaz.desk import account_of, authorize, fresh, news

NFE = "http://www.portalfiscal.inf.br/nfe"
SERVICE = "http://www.portalfiscal.inf.br/nfe/wsdl/NFeAutorizacao4"


@pytest.fixture
def account(sefaz: SefazSimulator) -> Account:
    return account_of(sefaz)


def answered(account: Account, code: str, *, of_note: bool = False, more: str = "") -> Outcome:
    """The outcome of a send that is answered so, for the batch or for the note in it."""
    command, outbound = authorize(fresh(), account), SefazOutbound()
    [call] = outbound.plan(command, account)
    assert command.signed is not None
    return outbound.outcome(command, call, _response(command, code, of_note=of_note, more=more), account)


def _response(command: AuthorizeInvoice, code: str, *, of_note: bool, more: str) -> Response:
    assert command.signed is not None
    signed, at = command.signed.decode(), system_clock().isoformat(timespec="seconds")
    key, digest = signed.split('Id="NFe')[1][:44], signed.split("<DigestValue>")[1].split("<")[0]
    protocol = (
        f'<protNFe versao="4.00"><infProt><tpAmb>2</tpAmb><verAplic>T</verAplic><chNFe>{key}</chNFe><dhRecbto>{at}</dhRecbto>'
        f"<nProt>135260000000001</nProt><digVal>{digest}</digVal><cStat>{code}</cStat><xMotivo>Motivo</xMotivo></infProt></protNFe>"
    )
    batch = "104" if of_note else code
    body = (
        '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body>'
        f'<nfeResultMsg xmlns="{SERVICE}"><retEnviNFe xmlns="{NFE}" versao="4.00"><tpAmb>2</tpAmb><verAplic>T</verAplic>'
        f"<cStat>{batch}</cStat><xMotivo>Motivo</xMotivo><cUF>35</cUF><dhRecbto>{at}</dhRecbto>{more}{protocol if of_note else ''}"
        "</retEnviNFe></nfeResultMsg></e:Body></e:Envelope>"
    )
    return Response(status=200, headers={}, body=body.encode())


@pytest.mark.parametrize("code", ["100", "150"])
def test_authorized(account: Account, code: str) -> None:
    outcome = answered(account, code, of_note=True)
    assert isinstance(outcome, Done)
    assert news(outcome).status == "AUTHORIZED"


def test_processing_is_polled(account: Account) -> None:
    outcome = answered(account, "103", more="<infRec><nRec>351000000000001</nRec><tMed>3</tMed></infRec>")
    assert isinstance(outcome, Accepted)
    assert (outcome.after, outcome.poll.operation) == (timedelta(seconds=3), "NFeRetAutorizacao4")


@pytest.mark.parametrize("code", ["108", "109", "999"])
def test_stopped_is_an_outage_and_no_try(account: Account, code: str) -> None:
    outcome = answered(account, code)
    assert isinstance(outcome, Retry)
    assert outcome.outage


def test_pacing_waits_an_hour(account: Account) -> None:
    outcome = answered(account, "656")
    assert isinstance(outcome, Retry)
    assert outcome.after == timedelta(hours=1)


@pytest.mark.parametrize("code", ["204", "218"])
def test_a_duplicate_is_asked_for_by_its_key(account: Account, code: str) -> None:
    outcome = answered(account, code, of_note=True)
    assert isinstance(outcome, Unknown)
    assert outcome.check is not None
    assert outcome.check.operation == "NFeConsultaProtocolo4"


@pytest.mark.parametrize("code", ["110", "301", "302", "303", "205"])
def test_denied_is_read_though_no_new_note_is(account: Account, code: str) -> None:
    outcome = answered(account, code, of_note=True)
    assert isinstance(outcome, Rejected)
    assert news(outcome).status == "DENIED"


@pytest.mark.parametrize("code", ["280", "283", "286", "213"])
def test_a_refused_certificate_ends_the_trying(account: Account, code: str) -> None:
    with pytest.raises(NeverTry, match=f"certificate is refused: {code}"):
        answered(account, code)


@pytest.mark.parametrize("code", ["113", "114"])
def test_a_standby_that_is_not_active_refuses(account: Account, code: str) -> None:
    outcome = answered(account, code)
    assert isinstance(outcome, Rejected)
    assert (outcome.code, news(outcome).status) == (code, "REJECTED")


@pytest.mark.parametrize("code", ["228", "225", "610", "1022", "1026", "1036", "1037", "1115", "1118", "1999"])
def test_late_rejected_and_unheard_of_codes_reject_with_code_and_words(account: Account, code: str) -> None:
    outcome = answered(account, code, of_note=True)
    assert isinstance(outcome, Rejected)
    report = news(outcome)
    assert (report.status, report.authority_code, report.authority_message) == ("REJECTED", code, "Motivo")


@pytest.mark.parametrize("code", ["101", "102", "107", "128", "135", "136", "155", "138"])
def test_a_done_that_is_no_answer_to_a_send_is_never_read_as_success(account: Account, code: str) -> None:
    outcome = answered(account, code, of_note=True)
    assert isinstance(outcome, Unknown)
    assert news(outcome).status == "UNKNOWN"


def test_no_class_is_without_a_test() -> None:
    """`not_there` answers questions, never a send: `test_journey` has it (217, 106)."""
    tested = ("100", "103", "108", "656", "204", "302", "280", "113", "228", "610", "101", "217")
    assert {status_class(code, system_clock().date()) for code in tested} == set(StatusClass)
