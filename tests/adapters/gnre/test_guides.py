"""From a canonical guide to payment data over mutual TLS: waiting, refusals, lost answers, failed batches, payment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from adapters.gnre.read import barcode_of
from adapters.gnre.simulator import Fault, FaultKind, GnreSimulator
from adapters.gnre.simulator.ufs import DIFAL, FCP, NAMES, ST, rules_of
from adapters.gnre.soap import SERVICES
from hub.canon.commands import GnreGuideReported, GnreRulesReported, ReadGnreRules
from hub.canon.ports import Accepted, Done, NeverTry, Outcome, Rejected, Response, Retry, TryAgain, Unknown
from hub.canon.taxids import UF_CODES
from tests.adapters.gnre.guides import Desk, account_of, command

SEND, RESULT, ASK, ASKED = (
    "GnreLoteRecepcao",
    "GnreResultadoLote",
    "GnreLoteRecepcaoConsulta",
    "GnreResultadoLoteConsulta",
)


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[GnreSimulator]:
    simulator = GnreSimulator(seed=5)
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
def portal(running: GnreSimulator) -> GnreSimulator:
    running.app.faults.clear()
    running.app.guides.clear()
    running.app.enabled = None
    running.app.looks = 1
    return running


@pytest.fixture
async def desk(portal: GnreSimulator) -> AsyncIterator[Desk]:
    desk = Desk(account_of(portal))
    yield desk
    await desk.wire.aclose()


def news(outcome: Outcome, place: int = 0) -> GnreGuideReported:
    assert isinstance(outcome, (Done, Rejected, Unknown)), outcome
    report = outcome.results[place]
    assert isinstance(report, GnreGuideReported)
    return report


async def test_a_guide_is_issued_after_waiting(portal: GnreSimulator, desk: Desk) -> None:
    report = news(await desk.deliver(command()))
    assert report.status == "ISSUED"
    assert report.payment is not None
    assert report.payment.line is not None
    assert report.payment.barcode == barcode_of(report.payment.line)
    assert report.payment.total == Decimal("60.00")
    assert len(report.payment.pix or "") >= 100
    assert desk.calls == [SEND, RESULT, RESULT]
    assert min(desk.waits) >= timedelta(seconds=30)


async def test_a_lost_answer_is_asked_for_by_document_and_not_sent_again(portal: GnreSimulator, desk: Desk) -> None:
    portal.app.faults.append(Fault(kind=FaultKind.ANSWER_LOST, service=SEND, times=1))
    report = news(await desk.deliver(command(number=2)))
    assert report.status == "ISSUED"
    assert desk.calls.count(SEND) == 1
    assert len(portal.app.guides) == 1


async def test_what_never_arrived_is_sent_again_once(portal: GnreSimulator, desk: Desk) -> None:
    portal.app.faults.append(Fault(kind=FaultKind.CUT_BEFORE, service=SEND, times=1))
    assert news(await desk.deliver(command(number=3))).status == "ISSUED"
    assert desk.calls.count(SEND) == 2
    assert len(portal.app.guides) == 1


async def test_a_send_after_a_crash_asks_first(portal: GnreSimulator, desk: Desk) -> None:
    assert news(await desk.deliver(command(number=4))).status == "ISSUED"
    desk.calls.clear()
    again = await desk.deliver(command(number=4, asked_before=True))
    assert news(again).status == "ISSUED"
    assert SEND not in desk.calls
    assert len(portal.app.guides) == 1


@pytest.mark.parametrize("kind", [FaultKind.HTML, FaultKind.HTTP_500])
async def test_an_unreadable_answer_is_no_success(portal: GnreSimulator, desk: Desk, kind: FaultKind) -> None:
    portal.app.faults.append(Fault(kind=kind, service=SEND, times=1))
    assert news(await desk.deliver(command(number=5))).status == "ISSUED"
    assert len(portal.app.guides) == 1


async def test_a_failed_batch_is_sent_again(portal: GnreSimulator, desk: Desk) -> None:
    portal.app.faults.append(Fault(kind=FaultKind.BATCH_FAILED, service=SEND, times=1))
    assert news(await desk.deliver(command(number=6))).status == "ISSUED"
    assert desk.calls.count(SEND) == 2
    assert len(portal.app.guides) == 1


async def test_a_uf_that_was_not_reached_is_tried_again(portal: GnreSimulator, desk: Desk) -> None:
    portal.app.faults.append(Fault(kind=FaultKind.UNREACHED, service=SEND, times=1))
    assert news(await desk.deliver(command(number=7))).status == "ISSUED"
    assert len(portal.app.guides) == 1


async def test_a_pending_guide_is_waited_for(portal: GnreSimulator, desk: Desk) -> None:
    portal.app.faults.append(Fault(kind=FaultKind.PENDING, service=SEND, times=1))
    assert news(await desk.deliver(command(number=8))).status == "ISSUED"
    assert timedelta(minutes=5) in desk.waits
    assert desk.calls.count(SEND) == 1


async def test_a_refused_guide_names_code_and_field(portal: GnreSimulator, desk: Desk) -> None:
    asked = command(number=9)
    late = replace(asked.guide, pay_by=asked.guide.pay_by - timedelta(days=9))
    outcome = await desk.deliver(replace(asked, guide=late))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "226"
    assert news(outcome).status == "REJECTED"
    assert news(outcome).fields[0][:2] == ("dataPagamento", "226")


async def test_a_company_that_is_not_enabled_is_told(portal: GnreSimulator, desk: Desk) -> None:
    portal.app.enabled = frozenset({"00000000000191"})
    outcome = await desk.deliver(command(number=10))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "102"


async def test_payment_is_seen_when_it_is_asked_for(portal: GnreSimulator, desk: Desk) -> None:
    await desk.deliver(command(number=11))
    portal.app.pay("11")
    outcome = await desk.deliver(command(number=11, asked_before=True))
    assert [news(outcome, n).status for n in (0, 1)] == ["ISSUED", "PAID"]


async def test_what_the_uf_wants_and_we_lack_is_named_before_anything_is_sent(desk: Desk) -> None:
    with pytest.raises(NeverTry) as refused:
        await desk.deliver(command("RJ"))
    assert [f["message"] for f in refused.value.data["faults"]] == ["Chave de Acesso da NF-e"]
    with pytest.raises(NeverTry) as refused:
        await desk.deliver(command("BA"))
    assert refused.value.data["faults"][0]["at"] == "items[0].detail"
    assert desk.calls == []


@pytest.mark.parametrize("region", sorted(UF_CODES))
async def test_rules_of_every_uf_are_read_as_they_are(portal: GnreSimulator, desk: Desk, region: str) -> None:
    for revenue in (*NAMES, "100110"):
        outcome = await desk.deliver(ReadGnreRules(region=region, revenue=revenue, environment=2))
        desk.calls.clear()
        assert isinstance(outcome, Done)
        (report,) = outcome.results
        assert isinstance(report, GnreRulesReported)
        expected = rules_of(region, revenue)
        if expected.offered:
            expected = replace(expected, most_guides=50, most_items=100)
        assert report.rules == expected


async def test_an_unknown_situation_is_no_outcome(desk: Desk) -> None:
    asked = command(number=12)
    call = desk.outbound.plan(asked, replace(desk.account, references={"receipt": "1"}))[0]
    body = b'<TResultLote_GNRE xmlns="http://www.gnre.pe.gov.br"><ambiente>2</ambiente><situacaoProcess><codigo>499</codigo></situacaoProcess></TResultLote_GNRE>'
    with pytest.raises(Exception, match="499"):
        desk.outbound.outcome(asked, call, Response(status=200, headers={}, body=body), desk.account)


async def test_an_untrusted_portal_and_a_plain_address_are_refused(portal: GnreSimulator) -> None:
    other = GnreSimulator()
    for changes in ({"trust_pem": other.ca_pem}, {"base_url": "http://127.0.0.1:1"}):
        desk = Desk(account_of(portal, **changes))
        with pytest.raises(NeverTry):
            await desk.deliver(command())
        await desk.wire.aclose()


async def test_nobody_there_is_tried_again_later(portal: GnreSimulator) -> None:
    desk = Desk(account_of(portal, base_url="https://127.0.0.1:9"))
    with pytest.raises(TryAgain):
        await desk.deliver(command())
    await desk.wire.aclose()


@pytest.mark.parametrize("body", [b"", b"<html>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"\xff" * 30])
async def test_garbage_is_never_believed(desk: Desk, body: bytes) -> None:
    asked = command(number=13)
    send = desk.outbound.plan(asked, desk.account)[0]
    look = desk.outbound.plan(asked, replace(desk.account, references={"receipt": "1"}))[0]
    answer = Response(status=200, headers={}, body=body)
    assert isinstance(desk.outbound.outcome(asked, send, answer, desk.account), Unknown)
    assert isinstance(desk.outbound.outcome(asked, look, answer, desk.account), Retry)


def test_a_working_batch_is_looked_at_again(desk: Desk) -> None:
    asked = command(number=14)
    look = desk.outbound.plan(asked, replace(desk.account, references={"receipt": "1"}))[0]
    body = b'<TResultLote_GNRE xmlns="http://www.gnre.pe.gov.br"><ambiente>2</ambiente><situacaoProcess><codigo>401</codigo></situacaoProcess></TResultLote_GNRE>'
    outcome = desk.outbound.outcome(asked, look, Response(status=200, headers={}, body=body), desk.account)
    assert isinstance(outcome, Accepted)
    assert {DIFAL, ST, FCP} == set(NAMES)
    assert SERVICES[look.operation].version == "1.00"
