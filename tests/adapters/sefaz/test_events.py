"""Events and voided numbers against the simulated authority: registered once, adopted when known, refused for the right reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from lxml import etree

from adapters.sefaz import xsd
from adapters.sefaz.events import prepare_event, prepare_void
from adapters.sefaz.sample import ISSUER_CNPJ
from adapters.sefaz.sign import verify
from adapters.sefaz.simulator import Fault, FaultKind, SefazSimulator
from adapters.sefaz.simulator.profiles import PROFILES
from adapters.sefaz.soap import parse
from hub.canon.commands import InvoiceEventReported, NumbersReported, RegisterInvoiceEvent, VoidNumbers
from hub.canon.invoice_json import invoice_to_json
from hub.canon.ports import Done, NeverTry, Outcome, Rejected, Retry, Unknown
from hub.kit.clock import system_clock
from tests.adapters.sefaz.desk import Desk, account_of, authorize, fresh, news

EVENT, QUERY, VOID = "NFeRecepcaoEvento4", "NFeConsultaProtocolo4", "NFeInutilizacao4"
BUYER = "12ABC34501DE35"


async def authorized(desk: Desk, **changes: Any) -> Any:
    """The report of a note that has just been authorized; the desk's calls begin anew."""
    report = news(await desk.deliver(authorize(fresh(**changes), desk.account)))
    assert report.status == "AUTHORIZED"
    desk.calls.clear()
    return report


def cancel(report: Any, **changes: Any) -> RegisterInvoiceEvent:
    command = RegisterInvoiceEvent(
        event_id="e1",
        invoice_id=report.invoice_id,
        kind="CANCEL",
        access_key=report.access_key,
        author=ISSUER_CNPJ,
        at=system_clock(),
        text="Pedido desfeito pelo cliente",
        protocol=report.protocol,
    )
    return replace(command, **changes)


def told(outcome: Outcome) -> InvoiceEventReported:
    assert isinstance(outcome, (Done, Rejected, Unknown)), outcome
    return next(each for each in outcome.results if isinstance(each, InvoiceEventReported))


async def test_a_cancellation_is_registered_and_cancels_the_note(desk: Desk) -> None:
    report = await authorized(desk)
    outcome = await desk.deliver(cancel(report))
    event = told(outcome)
    assert (event.status, event.authority_code, news(outcome).status, desk.calls) == (
        "REGISTERED",
        "135",
        "CANCELLED",
        [EVENT],
    )
    assert event.xml is not None
    assert xsd.faults(parse(event.xml), "110111") == []
    assert news(await desk.deliver(authorize(fresh(), desk.account))).status == "AUTHORIZED"


async def test_a_cancelled_note_is_found_cancelled(desk: Desk) -> None:
    command = authorize(fresh(), desk.account)
    report = news(await desk.deliver(command))
    await desk.deliver(cancel(report))
    assert news(await desk.deliver(replace(command, asked_before=True))).status == "CANCELLED"


async def test_a_lost_answer_is_found_in_the_history(sefaz: SefazSimulator, desk: Desk) -> None:
    report = await authorized(desk)
    sefaz.app.faults.add(Fault(kind=FaultKind.ANSWER_LOST, service=EVENT, times=1))
    outcome = await desk.deliver(cancel(report))
    assert (told(outcome).status, desk.calls) == ("REGISTERED", [EVENT, QUERY])


async def test_an_event_that_never_arrived_is_sent_again(sefaz: SefazSimulator, desk: Desk) -> None:
    report = await authorized(desk)
    sefaz.app.faults.add(Fault(kind=FaultKind.CUT_BEFORE, service=EVENT, times=1))
    outcome = await desk.deliver(cancel(report))
    assert (told(outcome).status, desk.calls) == ("REGISTERED", [EVENT, QUERY, EVENT])


async def test_573_adopts_what_is_there(desk: Desk) -> None:
    report = await authorized(desk)
    first = told(await desk.deliver(cancel(report)))
    again = told(await desk.deliver(cancel(report)))
    assert (again.status, again.protocol, desk.calls) == ("REGISTERED", first.protocol, [EVENT, EVENT, QUERY])


async def test_too_late_is_refused_or_taken_late(sefaz: SefazSimulator, desk: Desk) -> None:
    one, two = await authorized(desk), await authorized(desk)
    sefaz.app.time.shift = timedelta(hours=30)
    late = await desk.deliver(cancel(one))
    assert isinstance(late, Rejected)
    assert (late.code, told(late).status) == ("501", "REJECTED")
    sefaz.app.behavior = replace(PROFILES["SP"], late_cancel=True)
    assert told(await desk.deliver(cancel(two))).authority_code == "155"


async def test_a_foreign_protocol_is_refused(desk: Desk) -> None:
    outcome = await desk.deliver(cancel(await authorized(desk), protocol="135260000000001"))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "222"


async def test_corrections_follow_one_another(desk: Desk) -> None:
    report = await authorized(desk)
    for sequence in (1, 2):
        command = cancel(
            report, kind="CORRECT", sequence=sequence, text="Onde se lê azul, leia-se verde", protocol=None
        )
        assert told(await desk.deliver(command)).status == "REGISTERED"
    with pytest.raises(NeverTry) as caught:
        await desk.deliver(cancel(report, kind="CORRECT", sequence=21, text="Onde se lê azul, leia-se verde"))
    assert caught.value.data["faults"][0]["code"] == "594"


async def test_a_cancelled_note_takes_no_correction(desk: Desk) -> None:
    report = await authorized(desk)
    await desk.deliver(cancel(report))
    outcome = await desk.deliver(cancel(report, kind="CORRECT", text="Onde se lê azul, leia-se verde"))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "580"


async def test_a_stopped_service_is_left_alone(sefaz: SefazSimulator, desk: Desk) -> None:
    report = await authorized(desk)
    sefaz.app.faults.add(Fault(kind=FaultKind.STOPPED, service=EVENT, times=1))
    assert isinstance(await desk.deliver(cancel(report)), Retry)


async def test_epec_makes_a_contingency_note_acceptable(desk: Desk) -> None:
    invoice = fresh(emission_type=4, contingency_at=system_clock(), contingency_reason="Autorizadora fora do ar")
    command = authorize(invoice, desk.account)
    refused = await desk.deliver(command)
    assert isinstance(refused, Rejected)
    assert refused.code == "468"
    key = news(refused).access_key
    assert key is not None
    epec = RegisterInvoiceEvent(
        event_id="e2",
        kind="EPEC",
        access_key=key,
        author=ISSUER_CNPJ,
        at=system_clock(),
        invoice=invoice_to_json(invoice),
    )
    assert told(await desk.deliver(epec)).authority_code == "136"
    assert told(await desk.deliver(replace(epec, asked_before=True))).status == "REGISTERED"
    assert news(await desk.deliver(command)).status == "AUTHORIZED"


@pytest.mark.parametrize(("kind", "text"), [("AWARE", None), ("CONFIRMED", None), ("UNKNOWN_SALE", None), ("NOT_DONE", "Mercadoria recusada na porta")])  # fmt: skip
async def test_a_buyer_manifests(sefaz: SefazSimulator, desk: Desk, kind: str, text: str | None) -> None:
    report = await authorized(desk)
    buyer = Desk(account_of(sefaz, BUYER))
    command = cancel(report, kind=kind, text=text, protocol=None, author=BUYER, invoice_id=None)
    event = told(await buyer.deliver(command))
    await buyer.wire.aclose()
    assert (event.status, event.authority_code) == ("REGISTERED", "135")


def test_events_are_canonical_and_signed(sefaz: SefazSimulator) -> None:
    command = RegisterInvoiceEvent(
        event_id="e3",
        kind="CORRECT",
        access_key="35261112ABC34501DE3555001000000302148211907" + "1",
        author=ISSUER_CNPJ,
        at=system_clock(),
        text='Leia-se "Caixa & Tampa <G>"',
    )
    name, signed = prepare_event(command, account_of(sefaz))
    assert name == "ID110110" + command.access_key + "01"
    assert verify(parse(signed)).verdict == "valid"
    assert etree.tostring(parse(signed), method="c14n") == signed


def test_every_fault_of_an_event_is_told(sefaz: SefazSimulator) -> None:
    command = RegisterInvoiceEvent(
        event_id="e4",
        kind="CANCEL",
        access_key="1" * 44,
        author=ISSUER_CNPJ,
        at=system_clock(),
        sequence=2,
        text="curto",
    )
    with pytest.raises(NeverTry) as caught:
        prepare_event(command, account_of(sefaz))
    assert {fault["at"] for fault in caught.value.data["faults"]} == {"access_key", "sequence", "protocol", "text"}


# ------------------------------------------------------------------ voided numbers
_ranges = count(500_000, 100)


def void(first: int | None = None, last: int | None = None) -> VoidNumbers:
    start = next(_ranges) if first is None else first
    return VoidNumbers(
        request_id="v1",
        issuer=ISSUER_CNPJ,
        model=55,
        series=1,
        year=system_clock().year,
        first=start,
        last=start + 4 if last is None else last,
        reason="Falha na sequencia do sistema",
    )


def numbers(outcome: Outcome) -> NumbersReported:
    assert isinstance(outcome, (Done, Rejected, Unknown)), outcome
    report = outcome.results[0]
    assert isinstance(report, NumbersReported)
    return report


async def test_numbers_are_voided_and_no_note_may_have_them(desk: Desk) -> None:
    command = void()
    report = numbers(await desk.deliver(command))
    assert (report.status, report.authority_code) == ("VOIDED", "102")
    assert report.xml is not None
    assert xsd.faults(parse(report.xml)) == []
    outcome = await desk.deliver(authorize(fresh(number=command.first), desk.account))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "206"


async def test_a_lost_answer_of_voiding_is_settled_by_the_same_request(sefaz: SefazSimulator, desk: Desk) -> None:
    sefaz.app.faults.add(Fault(kind=FaultKind.ANSWER_LOST, service=VOID, times=1))
    command = void()
    assert isinstance(await desk.deliver(command), Retry)
    report = numbers(await desk.deliver(command))
    assert (report.status, report.authority_code, desk.calls) == ("VOIDED", "563", [VOID, VOID])


async def test_numbers_in_use_or_partly_voided_are_refused(desk: Desk) -> None:
    invoice = fresh(number=400_000)
    await desk.deliver(authorize(invoice, desk.account))
    used = numbers(await desk.deliver(void(399_999, 400_001)))
    assert (used.status, used.authority_code) == ("REJECTED", "241")
    command = void()
    await desk.deliver(command)
    partly = numbers(await desk.deliver(void(command.first + 2, command.last + 2)))
    assert (partly.status, partly.authority_code) == ("REJECTED", "256")


def test_the_request_has_its_official_id(sefaz: SefazSimulator) -> None:
    name, signed = prepare_void(replace(void(320, 329), year=2026), account_of(sefaz))
    assert name == "ID3526" + ISSUER_CNPJ + "55" + "001" + "000000320" + "000000329"
    assert verify(parse(signed)).verdict == "valid"
