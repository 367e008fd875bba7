"""What a seller tells the authority about the goods of a note, through the API and by itself: delivery, carriers, substitutes at a till."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from adapters.sefaz.simulator import Fault, FaultKind
from adapters.sefaz.xsd import SCHEMA_FOLDER
from hub.fiscal import Mode
from hub.kit.ids import public_id
from tests.api import Api
from tests.fiscal.office import Office
from tests.fiscal.test_contingency import SEND, back, ends, silence, sold, switch
from tests.fiscal.test_invoice_api import NOTE, codes, left
from tests.shared import shared_path

PROOF = b64encode(b"a picture of a signature").decode()


async def events(office: Office) -> list[tuple[str, int, str]]:
    rows = await office.rows("SELECT kind, sequence, state FROM fiscal_events ORDER BY asked_at, kind, sequence")
    return [(r["kind"], r["sequence"], r["state"]) for r in rows]


def public(note: Any) -> str:
    found: UUID = note["fiscal_document_id"]
    return public_id("fis", found)


# ------------------------------------------------------------------ delivery and carriers
async def test_a_delivery_is_told_and_taken_back(office: Office, api: Api) -> None:
    note, _ = await left(office)
    given = {"name": "Maria", "document": "52998224725", "at": "2026-11-20T18:00:00Z", "proof": PROOF}
    early = await api.do("tellDeliveryEvent", NOTE, invoiceId=note, kind="UNDO_DELIVERED")
    assert codes(early) == ["NOTHING_TO_UNDO"]
    bad = await api.do("tellDeliveryEvent", NOTE, invoiceId=note, kind="DELIVERED", **{**given, "proof": "no base64!"})
    assert codes(bad) == ["BAD_PROOF"]
    done = await api.do("tellDeliveryEvent", NOTE, invoiceId=note, kind="DELIVERED", **given)
    assert codes(done) == []
    await office.work()
    again = await api.do("tellDeliveryEvent", NOTE, invoiceId=note, kind="UNDO_DELIVERED")
    assert codes(again) == []
    await office.work()
    assert await events(office) == [("DELIVERED", 1, "REGISTERED"), ("UNDO_DELIVERED", 1, "REGISTERED")]
    assert office.sefaz.app.served["AN", "NFeRecepcaoEvento4"] == 2
    [kept] = await office.rows("SELECT details FROM fiscal_events WHERE kind = 'DELIVERED'")
    assert PROOF not in str(kept["details"])


async def test_a_failed_delivery_is_told_with_its_reason(office: Office, api: Api) -> None:
    note, _ = await left(office)
    given = {"at": "2026-11-20T18:00:00Z", "proof": PROOF, "kind": "UNDELIVERED", "attempt": 1}
    await api.do("tellDeliveryEvent", NOTE, invoiceId=note, failure="OTHER", reason="curto", **given)
    await office.work()
    assert await office.open_incidents() == ["invoice_event_rejected"]
    reason = "Rua interditada pela prefeitura o dia todo"
    await api.do("tellDeliveryEvent", NOTE, invoiceId=note, failure="OTHER", reason=reason, **given)
    await office.work()
    assert sorted(await events(office)) == [("UNDELIVERED", 1, "REGISTERED"), ("UNDELIVERED", 1, "REJECTED")]


async def test_a_carrier_may_fetch_the_note_and_nobody_of_a_till(office: Office, api: Api) -> None:
    note, _ = await left(office)
    for tax_id in ("12ABC34501DE35", "52998224725"):
        done = await api.do("shareInvoice", NOTE, invoiceId=note, taxId=tax_id)
        assert codes(done) == []
        await office.work()
    assert await events(office) == [("INTERESTED", 1, "REGISTERED"), ("INTERESTED", 2, "REGISTERED")]
    await sold(office)
    await office.work()
    receipt = next(n for n in await office.notes() if n["model"] == 65)
    refused = await api.do("shareInvoice", NOTE, invoiceId=public(receipt), taxId="52998224725")
    assert codes(refused) == ["EVENT_NOT_OFFERED"]


# ------------------------------------------------------------------ substitutes
async def twins(office: Office) -> tuple[Any, Any]:
    """Two NFC-e of one sale: the first arrived and its answer was lost, the second left off-line."""
    office.sefaz.app.faults.add(Fault(kind=FaultKind.ANSWER_LOST, service=SEND, times=1))
    office.sefaz.app.faults.add(Fault(kind=FaultKind.HTTP_500, service="NFeConsultaProtocolo4", times=1))
    await sold(office)
    await office.work()
    silence(office)
    await switch(office, Mode.OFFLINE, node="LOJ", model=65)
    await office.work()
    first, second = await office.notes()
    assert await ends(office) == {1: ("UNKNOWN", 1), 2: ("CONTINGENCY", 9)}
    return first, second


async def test_a_receipt_that_arrived_after_all_is_cancelled_in_favor_of_its_substitute(office: Office) -> None:
    await twins(office)
    back(office)
    await switch(office, Mode.NORMAL, node="LOJ", model=65)
    await office.work(later=timedelta(hours=20))  # too late for a common cancellation
    await office.work(later=timedelta(hours=1))
    assert await ends(office) == {1: ("CANCELLED", 1), 2: ("AUTHORIZED", 9)}
    assert await events(office) == [("SUBSTITUTED", 1, "REGISTERED")]
    first, second = await office.notes()
    event = office.sefaz.app.store.events[first["access_key"], "110112", 1]
    assert f"<chNFeRef>{second['access_key']}</chNFeRef>" in event.xml
    assert "note_not_cancelled" not in await office.open_incidents()


async def test_a_person_names_the_substitute_and_no_other_note_is_taken(office: Office, api: Api) -> None:
    await sold(office, "T1")
    await sold(office, "T2")
    await office.work()
    first, second = await office.notes()
    given = {"invoiceId": public(first), "reason": "Venda registrada duas vezes no caixa"}
    for other in (first, second):
        assert codes(await api.do("cancelInvoice", NOTE, substituteId=public(other), **given)) == ["NOT_A_SUBSTITUTE"]
    await switch(office, Mode.OFFLINE, node="LOJ", model=65)
    await sold(office, "T3")
    await switch(office, Mode.NORMAL, node="LOJ", model=65)
    await office.work()
    third = (await office.notes())[-1]
    assert (third["state"], third["emission_type"]) == ("AUTHORIZED", 9)
    assert codes(await api.do("cancelInvoice", NOTE, substituteId=public(third), **given)) == []
    await office.work()
    assert [n["state"] for n in await office.notes()] == ["CANCELLED", "AUTHORIZED", "AUTHORIZED"]


# ------------------------------------------------------------------ the tax reform and retries, through the API
async def test_an_event_of_the_reform_is_told_through_the_api(
    office: Office, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SCHEMA_FOLDER, str(shared_path("reference/fiscal/rtc_events")))
    note, _ = await left(office)
    given = {"invoiceId": note, "kind": "DELIVERY_FORECAST", "details": {"date": "2026-12-24"}}
    done = await api.do("tellReformEvent", NOTE, **given)
    assert done["invoice"]["events"] == [{"kind": "DELIVERY_FORECAST", "state": "ASKED", "sequence": 1}]
    assert codes(await api.do("tellReformEvent", NOTE, **{**given, "details": {"date": "2026-12-26"}})) == [
        "EVENT_WAITS"
    ]
    await office.work()
    assert await events(office) == [("DELIVERY_FORECAST", 1, "REGISTERED")]


async def test_a_rejected_note_is_retried_under_its_number_with_the_data_as_they_are_now(
    office: Office, api: Api
) -> None:
    order_id, here = await office.packed()
    office.sefaz.app.time.shift -= timedelta(hours=2)  # to the authority the note comes from the future: 703
    await office.leave(here)
    await office.work()
    [note] = await office.notes()
    assert (note["state"], note["authority_code"]) == ("REJECTED", "703")
    assert await office.holds(order_id) == ["FISCAL"]
    office.sefaz.app.time.shift += timedelta(hours=2)
    assert codes(await api.do("retryInvoice", NOTE, invoiceId=public(note))) == []
    await office.work()
    [again] = await office.notes()
    assert (again["state"], again["number"]) == ("AUTHORIZED", note["number"])
    refused = await api.do("retryInvoice", NOTE, invoiceId=public(again))
    assert codes(refused) == ["ILLEGAL_FISCAL_MOVE"]
