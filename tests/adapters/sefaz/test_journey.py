"""From a canonical invoice to an authorization over mutual TLS, and every row of the recovery table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.sefaz import xsd
from adapters.sefaz.note import prepare
from adapters.sefaz.simulator import Fault, FaultKind, SefazSimulator
from adapters.sefaz.simulator.profiles import PROFILES
from adapters.sefaz.soap import parse
from hub.canon.commands import AuthorizeInvoice
from hub.canon.invoice_json import invoice_to_json
from hub.canon.ports import Accepted, NeverTry, Rejected, Retry, TryAgain, Unknown
from hub.canon.processed import processed
from tests.adapters.sefaz.desk import Desk, account_of, authorize, fresh, news
from tests.adapters.sefaz.notes import with_item

SEND, QUERY, POLL = "NFeAutorizacao4", "NFeConsultaProtocolo4", "NFeRetAutorizacao4"


def held(sefaz: SefazSimulator, command: AuthorizeInvoice) -> bool:
    assert command.signed is not None
    return any(command.signed == note.xml.encode() for note in sefaz.app.store.notes.values())


async def test_a_note_is_authorized(sefaz: SefazSimulator, desk: Desk) -> None:
    command = authorize(fresh(), desk.account)
    report = news(await desk.deliver(command))
    assert (report.status, report.authority_code, desk.calls) == ("AUTHORIZED", "100", [SEND])
    assert report.protocol is not None
    assert len(report.protocol) == 15
    assert report.at is not None
    assert report.at.utcoffset() == timedelta(hours=-3)
    assert held(sefaz, command)


async def test_note_and_protocol_make_a_valid_document(desk: Desk) -> None:
    report = news(await desk.deliver(authorize(fresh(), desk.account)))
    assert report.signed_xml is not None
    assert report.protocol_xml is not None
    assert xsd.faults(parse(processed(report.signed_xml, report.protocol_xml))) == []


async def test_the_same_invoice_gives_the_same_bytes(desk: Desk) -> None:
    data = invoice_to_json(fresh())
    assert prepare(data, desk.account) == prepare(data, desk.account)


@pytest.mark.parametrize(
    "kind", [FaultKind.ANSWER_LOST, FaultKind.CUT_INSIDE, FaultKind.HTML, FaultKind.TRUNCATED, FaultKind.OTHER_NOTE]
)
async def test_a_lost_answer_is_asked_for_never_sent_again(sefaz: SefazSimulator, desk: Desk, kind: FaultKind) -> None:
    sefaz.app.faults.add(Fault(kind=kind, service=SEND, times=1))
    report = news(await desk.deliver(authorize(fresh(), desk.account)))
    assert (report.status, desk.calls) == ("AUTHORIZED", [SEND, QUERY])


@pytest.mark.parametrize("kind", [FaultKind.CUT_BEFORE, FaultKind.HTTP_500])
async def test_what_was_not_received_is_sent_again_byte_for_byte(
    sefaz: SefazSimulator, desk: Desk, kind: FaultKind
) -> None:
    sefaz.app.faults.add(Fault(kind=kind, service=SEND, times=1))
    command = authorize(fresh(), desk.account)
    report = news(await desk.deliver(command))
    assert (report.status, desk.calls) == ("AUTHORIZED", [SEND, QUERY, SEND])
    assert held(sefaz, command)


async def test_unknown_is_reported_until_the_query_answers(sefaz: SefazSimulator, desk: Desk) -> None:
    sefaz.app.faults.add(Fault(kind=FaultKind.ANSWER_LOST, service=SEND, times=1))
    sefaz.app.faults.add(Fault(kind=FaultKind.HTTP_500, service=QUERY, times=1))
    command = authorize(fresh(), desk.account)
    first = await desk.once(command, desk.outbound.plan(command, desk.account)[0])
    assert isinstance(first, Unknown)
    assert news(first).status == "UNKNOWN"
    assert first.check is not None
    assert isinstance(await desk.once(command, first.check), Retry)
    desk.calls.clear()
    assert news(await desk.deliver(replace(command, asked_before=True))).status == "AUTHORIZED"
    assert desk.calls == [QUERY]


async def test_a_crash_between_sending_and_answer_is_settled_by_a_query(desk: Desk) -> None:
    command = authorize(fresh(), desk.account)
    await desk.wire.send(desk.outbound.plan(command, desk.account)[0], desk.account)
    assert news(await desk.deliver(replace(command, asked_before=True))).status == "AUTHORIZED"
    assert desk.calls == [QUERY]


async def test_asked_before_but_never_arrived_is_sent(desk: Desk) -> None:
    command = authorize(fresh(), desk.account, asked_before=True)
    assert news(await desk.deliver(command)).status == "AUTHORIZED"
    assert desk.calls == [QUERY, SEND]


async def test_204_adopts_what_is_there(desk: Desk) -> None:
    command = authorize(fresh(), desk.account)
    first = news(await desk.deliver(command))
    again = news(await desk.deliver(command))
    assert (again.status, again.protocol) == ("AUTHORIZED", first.protocol)
    assert desk.calls == [SEND, SEND, QUERY]


async def test_539_of_a_stranger_is_rejected_and_names_the_key(desk: Desk) -> None:
    invoice = fresh()
    first = news(await desk.deliver(authorize(invoice, desk.account)))
    outcome = await desk.deliver(authorize(replace(invoice, random_code="77123456"), desk.account))
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.fields[-1].message, news(outcome).status) == ("539", first.access_key, "REJECTED")


async def test_539_of_our_earlier_build_is_adopted_with_an_incident(desk: Desk) -> None:
    invoice = fresh()
    first = news(await desk.deliver(authorize(invoice, desk.account)))
    assert first.access_key is not None
    rebuilt = authorize(replace(invoice, random_code="77123456"), desk.account)
    outcome = await desk.deliver(rebuilt, references={"earlier_keys": first.access_key})
    assert isinstance(outcome, Rejected)
    assert outcome.code == "EARLIER_BUILD"
    assert (news(outcome).status, news(outcome).access_key) == ("AUTHORIZED", first.access_key)


async def test_other_content_under_our_key_stops(desk: Desk) -> None:
    invoice = fresh()
    await desk.deliver(authorize(invoice, desk.account))
    outcome = await desk.deliver(authorize(replace(invoice, notes="other content"), desk.account))
    assert isinstance(outcome, Rejected)
    assert (outcome.code, news(outcome).status) == ("DIGEST_DIFFERS", "UNKNOWN")


async def test_a_batch_taken_for_later_is_polled(sefaz: SefazSimulator, desk: Desk) -> None:
    sefaz.app.behavior = replace(PROFILES["SP"], asynchronous=True, polls=2)
    report = news(await desk.deliver(authorize(fresh(), desk.account)))
    assert (report.status, desk.calls) == ("AUTHORIZED", [SEND, POLL, POLL, POLL])


async def test_a_receipt_that_nobody_knows_leads_to_the_key(sefaz: SefazSimulator, desk: Desk) -> None:
    sefaz.app.behavior = replace(PROFILES["SP"], asynchronous=True)
    command = authorize(fresh(), desk.account)
    desk.calls.clear()
    first = await desk.once(command, desk.outbound.plan(command, desk.account)[0])
    sefaz.app.store.receipts.clear()
    assert isinstance(first, Accepted)
    assert isinstance(await desk.once(command, first.poll), Retry)
    assert news(await desk.deliver(replace(command, asked_before=True))).status == "AUTHORIZED"


@pytest.mark.parametrize(
    ("kind", "after"), [(FaultKind.STOPPED, 30), (FaultKind.STOPPED_LONG, 30), (FaultKind.PACING, 3600)]
)
async def test_a_stopped_service_is_left_alone(sefaz: SefazSimulator, desk: Desk, kind: FaultKind, after: int) -> None:
    sefaz.app.faults.add(Fault(kind=kind, service=SEND, times=1))
    outcome = await desk.deliver(authorize(fresh(), desk.account))
    assert isinstance(outcome, Retry)
    assert outcome.after == timedelta(seconds=after)


async def test_a_rejection_says_the_item_and_keeps_the_number(sefaz: SefazSimulator, desk: Desk) -> None:
    command = authorize(fresh(), desk.account)
    sefaz.app.time.shift = timedelta(days=9)
    outcome = await desk.deliver(command)
    assert isinstance(outcome, Rejected)
    assert (outcome.code, news(outcome).status) == ("228", "REJECTED")
    assert not held(sefaz, command)


async def test_our_own_checks_come_first(desk: Desk) -> None:
    bad = with_item(fresh(), cfop="6102", gtin="7891234567890")
    with pytest.raises(NeverTry) as caught:
        authorize(bad, desk.account)
    assert {fault["code"] for fault in caught.value.data["faults"]} == {"733", "611"}


async def test_a_certificate_of_another_company_never_signs(sefaz: SefazSimulator) -> None:
    other = account_of(sefaz, "12ABC34501DE35")
    with pytest.raises(NeverTry, match="another company"):
        authorize(fresh(), other)


async def test_an_untrusted_server_gets_nothing(sefaz: SefazSimulator) -> None:
    stranger = SefazSimulator(seed=1)
    account = account_of(sefaz, trust_pem=stranger.ca_pem)
    desk = Desk(account)
    command = authorize(fresh(), account)
    with pytest.raises(NeverTry, match="not trusted"):
        await desk.deliver(command)
    await desk.wire.aclose()
    assert not held(sefaz, command)


async def test_no_connection_is_certainly_nothing_sent(sefaz: SefazSimulator) -> None:
    account = account_of(sefaz, base_url="https://127.0.0.1:9")
    desk = Desk(account)
    with pytest.raises(TryAgain):
        await desk.deliver(authorize(fresh(), account))
    await desk.wire.aclose()


async def test_plain_http_is_refused(sefaz: SefazSimulator) -> None:
    account = account_of(sefaz, base_url=sefaz.base_url.replace("https", "http"))
    with pytest.raises(NeverTry) as caught:
        authorize(fresh(), account)
    assert caught.value.data["faults"][0]["code"] == "NOT_HTTPS"
