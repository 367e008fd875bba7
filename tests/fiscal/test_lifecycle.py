"""Cancelled, corrected, given up: what is said about a note after its birth, inside its windows, and what every number ends as."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from adapters.sefaz.simulator import Fault, FaultKind
from hub import fiscal, orders
from hub.canon.commands import CancelAsked
from hub.canon.states import HoldKind
from hub.fiscal import EventAsk, Series
from hub.flows.note_events import owe_voids, tell_authority
from hub.kit.ids import new_id
from hub.ledger import Cause, append, fact
from tests.fiscal.office import CNPJ, Office

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SERIES = Series(issuer=CNPJ, environment=2, model=55, number=1)


async def authorized(office: Office, number: str = "A1") -> tuple[UUID, UUID, UUID]:
    """(order, fulfillment, document) of goods that left."""
    order_id, here = await office.packed(number)
    await office.leave(here)
    await office.work()
    [note] = await office.notes(here)
    assert (note["state"], await office.state(here)) == ("AUTHORIZED", "DISPATCHED")
    return order_id, here, note["fiscal_document_id"]


async def say(office: Office, document_id: UUID, kind: str, text: str) -> None:
    async with office.unit() as tx:
        ask = EventAsk(document_id=document_id, kind=kind, text=text, cause=Cause(new_id(), None))
        await tell_authority(tx, [ask], office.deps)
    await office.work()


async def events(office: Office) -> list[tuple[str, int, str]]:
    rows = await office.rows("SELECT kind, sequence, state FROM fiscal_events ORDER BY asked_at, sequence")
    return [(r["kind"], r["sequence"], r["state"]) for r in rows]


async def test_a_note_is_cancelled_and_keeps_its_own_protocol(office: Office) -> None:
    *_, document_id = await authorized(office)
    [before] = await office.notes()
    await say(office, document_id, "CANCEL", "Cliente desistiu da compra")
    [note] = await office.notes()
    assert (note["state"], note["protocol"]) == ("CANCELLED", before["protocol"])
    assert await events(office) == [("CANCEL", 1, "REGISTERED")]
    [kept] = await office.rows("SELECT xml FROM fiscal_events")
    assert kept["xml"].startswith(b"<procEventoNFe")
    assert office.sefaz.app.store.notes[note["access_key"]].code == "101"


async def test_a_cancellation_whose_answer_is_lost_is_asked_for(office: Office) -> None:
    *_, document_id = await authorized(office)
    office.sefaz.app.faults.add(Fault(kind=FaultKind.ANSWER_LOST, service="NFeRecepcaoEvento4", times=1))
    await say(office, document_id, "CANCEL", "Cliente desistiu da compra")
    [note] = await office.notes()
    assert note["state"] == "CANCELLED"
    assert office.sefaz.app.calls["NFeRecepcaoEvento4"] == 1


async def test_corrections_are_counted_and_the_last_one_counts(office: Office) -> None:
    *_, document_id = await authorized(office)
    for n in (1, 2):
        await say(office, document_id, "CORRECT", f"Volume correto: {n} caixas de papelao")
    assert await events(office) == [("CORRECT", 1, "REGISTERED"), ("CORRECT", 2, "REGISTERED")]
    assert len(office.sefaz.app.store.events) == 2


async def test_nothing_is_said_outside_of_its_window(office: Office) -> None:
    *_, document_id = await authorized(office)
    office.time.shift += 21 * DAY
    with pytest.raises(fiscal.WindowClosed, match="SP took it until"):
        await say(office, document_id, "CANCEL", "Cliente desistiu da compra")
    office.time.shift += 10 * DAY
    with pytest.raises(fiscal.WindowClosed):
        await say(office, document_id, "CORRECT", "Volume correto: uma caixa de papelao")
    assert await events(office) == []
    assert "NFeRecepcaoEvento4" not in office.sefaz.app.calls


@pytest.mark.parametrize(("kind", "text"), [("CANCEL", "curto"), ("CORRECT", "x" * 1001)])
async def test_a_text_of_the_wrong_length_is_refused_at_once(office: Office, kind: str, text: str) -> None:
    *_, document_id = await authorized(office)
    with pytest.raises(fiscal.BadEventText):
        await say(office, document_id, kind, text)


async def test_a_refused_event_leaves_the_next_one_free(office: Office) -> None:
    *_, document_id = await authorized(office)
    office.sefaz.app.time.shift += 3 * DAY  # the authority's clock says that it is too late
    await say(office, document_id, "CANCEL", "Cliente desistiu da compra")
    assert await events(office) == [("CANCEL", 1, "REJECTED")]
    assert await office.open_incidents() == ["invoice_event_rejected"]
    office.sefaz.app.time.shift -= 3 * DAY
    await say(office, document_id, "CANCEL", "Cliente desistiu da compra")
    [note] = await office.notes()
    assert note["state"] == "CANCELLED"


# ------------------------------------------------------------------ orders that end
async def cancel_order(office: Office, number: str = "A1") -> None:
    await office.tell(CancelAsked(external_id=number, reason="no", revision="2"))


async def test_an_order_that_ends_before_its_note_was_sent_gives_the_number_up(office: Office) -> None:
    _, here = await office.packed()
    await office.leave(here)
    await cancel_order(office)
    [note] = await office.notes()
    assert note["state"] == "VOID_PENDING"
    await office.work()
    assert office.sefaz.app.calls == {}  # the note on its way was stopped
    await office.work(later=HOUR)
    [note] = await office.notes()
    assert note["state"] == "VOIDED"
    assert [(v.first, v.last) for v in office.sefaz.app.store.voided] == [(1, 1)]
    assert await office.told("invoice.number_voided") != []
    async with office.unit() as tx:
        [account] = await fiscal.accounts(tx)
    assert (account.taken, account.voided, account.open, account.missing) == (1, 1, 0, ())


async def test_an_order_that_ends_while_its_note_is_unknown_ends_it_when_the_answer_is_there(office: Office) -> None:
    _, here = await office.packed()
    await office.leave(here)
    for fault in (
        Fault(kind=FaultKind.ANSWER_LOST, service="NFeAutorizacao4", times=1),
        Fault(kind=FaultKind.HTTP_500, service="NFeConsultaProtocolo4", times=1),
    ):
        office.sefaz.app.faults.add(fault)
    await office.work()
    [note] = await office.notes()
    assert note["state"] == "UNKNOWN"
    await cancel_order(office)
    [note] = await office.notes()
    assert note["unwanted"]
    await office.work(later=HOUR)
    [note] = await office.notes()
    assert note["state"] == "CANCELLED"
    assert await office.state(here) == "CANCELLED"


async def test_what_never_arrived_and_nobody_wants_is_not_sent_again(office: Office) -> None:
    _, here = await office.packed()
    await office.leave(here)
    office.sefaz.app.faults.add(Fault(kind=FaultKind.CUT_BEFORE, service="NFeAutorizacao4", times=1))
    office.sefaz.app.faults.add(Fault(kind=FaultKind.HTTP_500, service="NFeConsultaProtocolo4", times=1))
    await office.work()
    await cancel_order(office)
    await office.work(later=HOUR)
    await office.work(later=HOUR)
    [note] = await office.notes()
    assert (note["state"], office.sefaz.app.store.notes) == ("VOIDED", {})
    assert office.sefaz.app.calls["NFeAutorizacao4"] == 1


async def test_neighbours_are_voided_together(office: Office) -> None:
    for number in ("A1", "A2", "A3"):
        _, here = await office.packed(number)
        await office.leave(here)
    for number in ("A1", "A2"):
        await cancel_order(office, number)
    await office.work(later=HOUR)
    assert [(v.first, v.last) for v in office.sefaz.app.store.voided] == [(1, 2)]
    assert [n["state"] for n in await office.notes()] == ["VOIDED", "VOIDED", "AUTHORIZED"]


async def test_used_numbers_and_future_ones_are_never_voided(office: Office) -> None:
    await authorized(office)
    given: dict[str, Any] = {
        "region": "SP",
        "reason": "Numeros pulados por falha do sistema",
        "tables": office.deps.tables,
    }
    async with office.unit() as tx:
        with pytest.raises(fiscal.NumbersUsed, match=r"1 \(AUTHORIZED\)"):
            await fiscal.void_range(tx, SERIES, office.accounts["CAJ"], first=1, last=1, **given)
        with pytest.raises(fiscal.BadRange, match="next number of the series is 2"):
            await fiscal.void_range(tx, SERIES, office.accounts["CAJ"], first=2, last=3, **given)


async def test_a_gap_is_seen_and_can_be_voided(office: Office) -> None:
    await authorized(office)
    await office.rows("UPDATE fiscal_numbers SET next = 5")  # as a series taken over from another system
    async with office.unit() as tx:
        [account] = await fiscal.accounts(tx)
        assert account.missing == (2, 3, 4)
        owed = await fiscal.void_range(
            tx,
            SERIES,
            office.accounts["CAJ"],
            region="SP",
            first=2,
            last=4,
            reason="Numeros pulados por falha do sistema",
            tables=office.deps.tables,
        )
        await owe_voids(tx, [owed])
    await office.work()
    async with office.unit() as tx:
        [account] = await fiscal.accounts(tx)
    assert account.missing == ()


async def test_a_refused_range_is_somebodys_business(office: Office) -> None:
    _, here = await office.packed()
    await office.leave(here)
    await cancel_order(office)
    office.sefaz.app.store.numbers[CNPJ, "55", 1, 1] = "3" * 44  # another system used the number
    await office.work(later=HOUR)
    assert await office.open_incidents() == ["void_rejected"]
    [note] = await office.notes()
    assert note["state"] == "VOID_PENDING"


# ------------------------------------------------------------------ corrected notes
async def test_a_rejected_note_is_corrected_under_its_number_and_leaves(office: Office) -> None:
    order_id, here = await office.packed()
    await office.leave(here)
    office.sefaz.app.time.shift -= timedelta(hours=2)  # 703: emitted in the future
    await office.work()
    [note] = await office.notes()
    assert (note["state"], note["authority_code"]) == ("REJECTED", "703")
    assert await office.holds(order_id) == ["FISCAL"]
    first = note["access_key"]
    office.sefaz.app.time.shift += timedelta(hours=2)
    async with office.unit() as tx:
        freed = orders.HoldReleased(order_id=order_id, kind=HoldKind.FISCAL, cause=Cause(new_id(), None))
        await orders.release(tx, [freed], note="the clock is right again")
    await office.work()
    [note] = await office.notes()
    assert (note["state"], note["number"]) == ("AUTHORIZED", 1)
    assert note["access_key"] != first
    assert await office.state(here) == "DISPATCHED"
    learnt = await office.rows("SELECT value FROM foreign_refs WHERE name = 'earlier_keys'")
    assert [r["value"] for r in learnt] == [first]


async def test_an_unknown_fact_of_a_note_that_is_gone_changes_nothing(office: Office) -> None:
    *_, document_id = await authorized(office)
    async with office.unit() as tx:
        said = {"reason": "no", "order_id": new_id(), "fulfillment_id": new_id()}
        append(tx, [fact(tx, "invoice.cancel_asked", "fiscal_document", document_id, said, Cause(new_id(), None))])
    await office.work()
    [note] = await office.notes()
    assert note["state"] == "CANCELLED"
