"""An authority that is silent: who stands in, what is issued anew, and how every note of the outage comes to its end."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from adapters.sefaz.simulator import Fault, FaultKind
from hub import fiscal
from hub.canon.order import Pickup
from hub.canon.taxids import parse_key
from hub.fiscal import Mode, Station
from hub.kit.db import Database
from hub.kit.ids import new_id
from hub.ledger import Cause
from tests.fiscal.office import Office, opened

MINUTE = timedelta(minutes=1)
SEND = "NFeAutorizacao4"


def station(office: Office, node: str = "CAJ", model: int = 55) -> Station:
    return Station(connection_id=office.accounts[node], model=model, region="SP", environment=2)


async def switch(office: Office, mode: Mode, *, node: str = "CAJ", model: int = 55) -> None:
    """As an operator does."""
    async with office.unit() as tx:
        cause = Cause(new_id(), None)
        reason = "Sem comunicacao com a SEFAZ de origem"
        await fiscal.set_mode(tx, station(office, node, model), mode, reason, by="OPERATOR", cause=cause)


async def mode(office: Office, model: int = 55) -> str:
    rows = await office.rows("SELECT mode FROM fiscal_authorities WHERE model = $1", model)
    return rows[0]["mode"] if rows else "NORMAL"


async def outage(office: Office, minutes: int) -> None:
    """So long nobody answers; the hub looks every minute."""
    for _ in range(minutes):
        await office.work(later=MINUTE)


def silence(office: Office) -> None:
    office.sefaz.app.halls.control({"authority": "SP", "state": "dark"})


def back(office: Office) -> None:
    office.sefaz.app.halls.control({"authority": "SP", "state": "open"})


async def ends(office: Office) -> dict[int, tuple[str, int]]:
    """Number -> (state, tpEmis)"""
    return {n["number"]: (n["state"], n["emission_type"]) for n in await office.notes()}


async def test_the_hub_changes_to_who_stands_in_and_back(office: Office) -> None:
    """A dark authority: after ten minutes SVC, with a new number and key; what was sent before is asked for when it is back."""
    office.sefaz.app.halls.control({"authority": "SVCAN", "state": "active"})
    _, here = await office.packed()
    await office.leave(here)
    silence(office)
    await office.work()
    await outage(office, 9)
    assert (await mode(office), await office.state(here)) == ("NORMAL", "PACKED")
    await outage(office, 4)
    assert await mode(office) == "SVC"
    assert "contingency" in await office.open_incidents()
    assert await office.state(here) == "DISPATCHED"
    assert (await ends(office))[2] == ("AUTHORIZED", 6)
    assert office.sefaz.app.served["SVCAN", SEND] == 1
    second = (await office.notes())[1]
    assert parse_key(second["access_key"]).emission_type == 6
    assert b"<dhCont>" in second["signed_xml"]
    back(office)
    await outage(office, 5)
    assert await mode(office) == "NORMAL"
    assert await office.open_incidents() == []
    await office.work(later=timedelta(hours=2))
    await office.work(later=timedelta(hours=2))
    assert await ends(office) == {1: ("VOIDED", 1), 2: ("AUTHORIZED", 6)}
    assert len(office.sefaz.app.store.notes) == 1


async def test_what_was_authorized_after_all_is_cancelled(office: Office) -> None:
    """The send arrived, its answer was lost, the goods left with another note: the first one is adopted and cancelled."""
    office.sefaz.app.halls.control({"authority": "SVCAN", "state": "active"})
    _, here = await office.packed()
    await office.leave(here)
    office.sefaz.app.faults.add(Fault(kind=FaultKind.ANSWER_LOST, service=SEND, times=1))
    office.sefaz.app.faults.add(Fault(kind=FaultKind.HTTP_500, service="NFeConsultaProtocolo4", times=1))
    await office.work()
    silence(office)
    await switch(office, Mode.SVC)
    await office.work()
    assert (await ends(office), await office.state(here)) == (
        {1: ("UNKNOWN", 1), 2: ("AUTHORIZED", 6)},
        "DISPATCHED",
    )
    back(office)
    await switch(office, Mode.NORMAL)
    await office.work(later=timedelta(hours=1))
    await office.work()
    assert await ends(office) == {1: ("CANCELLED", 1), 2: ("AUTHORIZED", 6)}


async def test_nobody_stands_in_so_a_summary_goes_to_the_nation(office: Office) -> None:
    _, here = await office.packed()
    await office.leave(here)
    silence(office)
    await office.work()
    await outage(office, 13)
    assert await mode(office) == "EPEC"
    assert await office.state(here) == "DISPATCHED"
    assert (await ends(office))[2] == ("CONTINGENCY", 4)
    assert office.sefaz.app.served["AN", "NFeRecepcaoEvento4"] == 1
    back(office)
    await outage(office, 5)
    await office.work(later=timedelta(hours=2))
    await office.work(later=timedelta(hours=2))
    assert await mode(office) == "NORMAL"
    assert await ends(office) == {1: ("VOIDED", 1), 2: ("AUTHORIZED", 4)}
    note = (await office.notes())[1]
    assert note["contingency"]
    assert office.sefaz.app.store.notes[note["access_key"]].xml.encode() == note["signed_xml"]


async def test_who_stands_in_is_switched_off_again(office: Office) -> None:
    """114: the mode ends, the note is written anew under its own number, the goods wait for nobody."""
    office.sefaz.app.halls.control({"authority": "SVCAN", "state": "active"})
    await switch(office, Mode.SVC)
    office.sefaz.app.halls.control({"authority": "SVCAN", "state": "off"})
    order_id, here = await office.packed()
    await office.leave(here)
    await office.work()
    assert await mode(office) == "NORMAL"
    assert (await ends(office), await office.holds(order_id)) == ({1: ("AUTHORIZED", 1)}, [])
    assert await office.state(here) == "DISPATCHED"


async def test_a_mode_that_a_person_chose_is_left_by_a_person(office: Office) -> None:
    office.sefaz.app.halls.control({"authority": "SVCAN", "state": "active"})
    await switch(office, Mode.SVC)
    await outage(office, 6)
    assert await mode(office) == "SVC"
    await switch(office, Mode.NORMAL)
    assert await mode(office) == "NORMAL"


async def test_an_account_that_leaves_it_to_people_is_never_switched(db: Database) -> None:
    async with opened(db, contingency="manual") as office:
        _, here = await office.packed()
        await office.leave(here)
        silence(office)
        await office.work()
        await outage(office, 15)
        assert await mode(office) == "NORMAL"
        [row] = await office.rows("SELECT silent_since, code FROM fiscal_authorities")
        assert row["silent_since"] is not None


async def test_modes_that_a_model_has_not_are_refused(office: Office) -> None:
    with pytest.raises(fiscal.ModeNotOffered):
        await switch(office, Mode.OFFLINE)
    with pytest.raises(fiscal.ModeNotOffered):
        await switch(office, Mode.EPEC, model=65)


# ------------------------------------------------------------------ tills
async def sold(office: Office, number: str = "T1") -> tuple[UUID, UUID]:
    """(order, fulfillment) of goods that left over the counter."""
    order_id = await office.place(office.draft(number, ("SKU-1", 1), handed_over=True, pickup=Pickup(node="LOJ")))
    [row] = await office.fulfillments(order_id)
    assert row["state"] == "DELIVERED"
    return order_id, row["fulfillment_id"]


async def test_a_sale_at_the_till_gets_its_receipt(office: Office) -> None:
    await sold(office)
    await office.work()
    [note] = await office.notes()
    assert (note["kind"], note["model"], note["state"]) == ("NFCE", 65, "AUTHORIZED")
    assert f"{note['access_key']}|3|2".encode() in note["signed_xml"]  # QR code version 3
    assert b"<CPF>52998224725</CPF>" in note["signed_xml"]


async def test_off_line_receipts_are_legal_at_once_and_sent_afterwards(office: Office) -> None:
    silence(office)
    await switch(office, Mode.OFFLINE, node="LOJ", model=65)
    await sold(office)
    await office.work()
    [note] = await office.notes()
    assert (note["state"], note["emission_type"]) == ("CONTINGENCY", 9)
    assert office.sefaz.app.calls == {}
    signed = note["signed_xml"]
    back(office)
    await switch(office, Mode.NORMAL, node="LOJ", model=65)
    await office.work()
    [note] = await office.notes()
    assert (note["state"], note["contingency"], note["signed_xml"]) == ("AUTHORIZED", True, signed)
    await office.work(later=timedelta(days=2))
    assert await office.open_incidents() == []


async def test_an_off_line_receipt_that_never_arrives_becomes_urgent(office: Office) -> None:
    silence(office)
    await switch(office, Mode.OFFLINE, node="LOJ", model=65)
    await sold(office)
    await office.work()
    await office.work(later=timedelta(hours=25))
    assert "contingency_not_sent" in await office.open_incidents()


async def test_receipts_that_waited_are_issued_anew_off_line(office: Office) -> None:
    await sold(office)
    silence(office)
    await office.work()
    await outage(office, 12)
    assert await mode(office, 65) == "OFFLINE"
    last = (await office.notes())[-1]
    assert (last["state"], last["emission_type"]) == ("CONTINGENCY", 9)
    back(office)
    await outage(office, 6)
    await office.work(later=timedelta(hours=2))
    await office.work(later=timedelta(hours=2))
    assert await ends(office) == {1: ("VOIDED", 1), 2: ("AUTHORIZED", 9)}
