"""A till takes back what it sold: inside the window of the NFC-e the note ends and the goods are back, later somebody decides."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hub.canon.commands import CancelAsked
from tests.fiscal.office import Office
from tests.fiscal.test_contingency import back, silence, sold

BEFORE = Decimal(10)  # of SKU-1 in the store


async def void(office: Office, revision: str = "2") -> None:
    assert await office.tell(CancelAsked(external_id="T1", reason="VOID", revision=revision)) == [None]
    await office.work()


async def in_store(office: Office) -> Decimal:
    [row] = await office.rows("SELECT on_hand FROM stock WHERE node_id = $1 AND sku = 'SKU-1'", office.nodes["LOJ"])
    return Decimal(row["on_hand"])


async def test_a_void_cancels_the_note_and_puts_the_goods_back_once(office: Office) -> None:
    await sold(office)
    await office.work()
    assert await in_store(office) == BEFORE - 1
    await void(office)
    [note] = await office.notes()
    assert (note["state"], await in_store(office), await office.open_incidents()) == ("CANCELLED", BEFORE, [])
    assert (note["access_key"], "110111", 1) in office.sefaz.app.store.events
    await void(office, "3")
    assert (await in_store(office), await office.open_incidents()) == (BEFORE, ["cancel_too_late"])


async def test_a_void_before_the_note_left_gives_its_number_up(office: Office) -> None:
    await sold(office)
    await void(office)
    await office.work(later=timedelta(hours=2))
    [note] = await office.notes()
    assert (note["state"], await in_store(office), await office.open_incidents()) == ("VOIDED", BEFORE, [])


async def test_a_void_after_half_an_hour_is_somebodys_business(office: Office) -> None:
    await sold(office)
    await office.work()
    await office.work(later=timedelta(minutes=31))
    await void(office)
    [note] = await office.notes()
    assert (note["state"], await in_store(office)) == ("AUTHORIZED", BEFORE - 1)
    assert await office.open_incidents() == ["cancel_too_late"]


async def test_a_void_while_the_authority_is_silent_waits_for_the_fate_of_the_note(office: Office) -> None:
    await sold(office)
    silence(office)
    await office.work()
    await void(office)
    back(office)
    await office.work(later=timedelta(hours=1))
    await office.work(later=timedelta(hours=2))
    [note] = await office.notes()
    assert note["state"] in {"CANCELLED", "VOIDED"}
    assert await in_store(office) == BEFORE
