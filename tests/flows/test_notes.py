"""Orders and notes in Brazil: one for a pack, one of the counter for what is sold or collected there, none for goods that stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub import timers
from hub.canon.commands import CancelAsked, InvoiceReported, ReportedPackage
from hub.canon.order import Address, Pickup
from hub.canon.states import FulfillmentMethod
from hub.flows import cancel, capture
from hub.flows.in_store import hand_over
from hub.kit.db import Database
from hub.kit.ids import new_id
from hub.ledger import Cause
from tests.flows.test_random_life import broken
from tests.queues import make_due, take
from tests.world import World, new_world

REGISTRATIONS = {
    "CAJ": ("110042490114", "3509205"),
    "RIO": ("77134565", "3304557"),
    "EXT": ("0623079040081", "3125101"),
}
HOME = Address(
    country="BR", street="Rua A", number="1", district="Centro", city="São Paulo", region="SP", postal_code="01310100"
)


@pytest.fixture
async def brazil(db: Database) -> World:
    """Establishments that may issue notes, and a marketplace as the shop."""
    world = await new_world(db, country="BR", stock={("CAJ", "SKU-1"): 50, ("RIO", "SKU-1"): 9, ("RIO", "SKU-2"): 4})
    async with world.unit("seed") as tx:
        await tx.conn.execute(
            "INSERT INTO connections (connection_id, adapter, code, label) VALUES ($1, 'sefaz', 'sp', 'SEFAZ')",
            account := new_id(),
        )
        config = {
            "sales_channel": "marketplace",
            "payment_medium": "pix",
            "intermediary_tax_id": "11444777000161",
            "intermediary_account": "loja",
        }
        await tx.conn.execute("UPDATE connections SET config = $1 WHERE code = 'shop'", config)
        for code, (registration, municipality) in REGISTRATIONS.items():
            sql = """UPDATE nodes SET legal_name = 'Casa SA', state_registration = $2, municipality_code = $3, district = 'Centro', number = '1',
              tax_regime = 3, fiscal_series = 1, fiscal_connection_id = $4, postal_code = '07750000' WHERE code = $1"""
            await tx.conn.execute(sql, code, registration, municipality, account)
    return world


async def sell(world: World, name: str, *units: tuple[str, int], **given: Any) -> UUID:
    """An order of the shop's account."""
    [shop] = await world.rows("SELECT connection_id FROM connections WHERE code = 'shop'")
    draft = world.draft(name, *units, **{"ship_to": HOME, **given})
    async with world.unit() as tx:
        incoming = replace(world.incoming(draft), connection_id=shop["connection_id"])
        [outcome] = await capture(tx, [incoming], world.deps)
    assert outcome.captured is not None, outcome.faults
    return outcome.captured.order_id


async def notes(world: World) -> list[Any]:
    return await world.rows("SELECT * FROM fiscal_documents ORDER BY created_at, fiscal_document_id")


def key_of(document: Any) -> str:
    return f"{document['model']}{document['number']:042}"


async def says(world: World, document: Any, status: str, **given: Any) -> None:
    """The authority's answer."""
    told: dict[str, Any] = {"access_key": key_of(document), "protocol": "1" * 15} if status != "REJECTED" else {}
    said = InvoiceReported(invoice_id=document["fiscal_document_id"].hex, status=status, **{**told, **given})
    assert await world.tell(said) == [None]


async def to_the_door(world: World, order_id: UUID, tracking: str = "T1") -> UUID:
    [ful] = await world.fulfillments(order_id, "APPROVED")
    here: UUID = ful["fulfillment_id"]
    assert await world.report(here, "PACKED") is None
    package = ReportedPackage(carrier="LOGGI", tracking=tracking, weight_g=500)
    assert await world.report(here, "DISPATCHED", packages=[package]) is None
    return here


async def states(world: World, *order_ids: UUID) -> list[str]:
    return [(await world.order(o))["state"] for o in order_ids]


async def test_a_pack_leaves_with_one_note(brazil: World) -> None:
    ids = [await sell(brazil, f"M{n}", ("SKU-1", n), group_id="PACK-1") for n in (1, 2)]
    alone = await sell(brazil, "M3", ("SKU-1", 1))
    await to_the_door(brazil, ids[0])
    assert await notes(brazil) == []
    await to_the_door(brazil, ids[1])
    [note] = await notes(brazil)
    assert (note["model"], note["total"], note["order_id"]) == (55, Decimal(40), ids[0])
    items = note["invoice"]["items"]
    assert [(int(Decimal(i["quantity"])), i["order_reference"]) for i in items] == [(1, "M1"), (2, "M2")]
    assert sum(Decimal(p["amount"]) for p in note["invoice"]["payments"]) == note["total"]
    await says(brazil, note, "AUTHORIZED")
    assert await states(brazil, *ids, alone) == ["DISPATCHED", "DISPATCHED", "APPROVED"]
    told = await brazil.owed("ConfirmShipment")
    assert {c["order"]: c["access_key"] for c in told} == dict.fromkeys(("M1", "M2"), key_of(note))
    assert {c["access_key"] for c in await brazil.owed("ReleasePick")} == {key_of(note)}
    assert await broken(brazil) == {}


async def test_a_refused_note_of_a_pack_holds_all_its_orders(brazil: World) -> None:
    ids = [await sell(brazil, f"M{n}", ("SKU-1", n), group_id="PACK-1") for n in (1, 2)]
    for order_id in ids:
        await to_the_door(brazil, order_id)
    [note] = await notes(brazil)
    await says(brazil, note, "REJECTED", authority_code="778", authority_message="NCM")
    assert [await brazil.holds(o) for o in ids] == [["FISCAL"], ["FISCAL"]]
    rows = await brazil.rows("SELECT dispatch_requested_at FROM fulfillments")
    assert [r["dispatch_requested_at"] for r in rows] == [None, None]


async def test_orders_of_a_pack_to_two_places_have_two_notes(brazil: World) -> None:
    other = replace(HOME, street="Rua B")
    ids = [await sell(brazil, f"M{n}", ("SKU-1", 1), group_id="P", ship_to=a) for n, a in enumerate((HOME, other))]
    for order_id in ids:
        await to_the_door(brazil, order_id)
    assert len(await notes(brazil)) == 2


async def test_a_sale_over_the_counter_asks_for_its_note(brazil: World) -> None:
    over = {"handed_over": True, "pickup": Pickup(node="RIO"), "ship_to": None, "method": FulfillmentMethod.PICKUP}
    paid = (("payments", '[["cash", "20.00"], ["credit_card", "5.00"]]'),)
    order_id = await sell(brazil, "T1", ("SKU-1", 2), references=paid, **over)
    [note] = await notes(brazil)
    payments = note["invoice"]["payments"]
    assert [(p["medium"], int(Decimal(p["amount"]))) for p in payments] == [("01", 20), ("03", 5)]
    assert (note["kind"], note["model"], note["order_id"], note["total"]) == ("NFCE", 65, order_id, Decimal(25))
    assert note["invoice"]["buyer"]["tax_id"] == "52998224725"
    assert [c["invoice"]["model"] for c in await brazil.owed("AuthorizeInvoice")] == [65]
    await says(brazil, note, "AUTHORIZED")
    assert await states(brazil, order_id) == ["DELIVERED"]
    assert await broken(brazil) == {}


async def test_what_a_consumer_collects_gets_a_note_of_the_counter(brazil: World) -> None:
    kinds = {"CPF": ("52998224725", 65), "CNPJ": ("11444777000161", 55)}
    for n, (tax_id, model) in enumerate(kinds.values()):
        draft = brazil.draft(f"P{n}", ("SKU-2", 1))
        buyer = replace(draft.customer, tax_id=tax_id) if draft.customer else None
        order_id = await sell(brazil, f"P{n}", ("SKU-2", 1), pickup=Pickup(node="RIO"), customer=buyer)
        [ful] = await brazil.fulfillments(order_id)
        await brazil.report(ful["fulfillment_id"], "PACKED")
        [ful] = await brazil.fulfillments(order_id)
        async with brazil.unit() as tx:
            await hand_over(tx, ful["fulfillment_id"], ful["pickup_code"], {"name": "Ana"}, Cause(new_id(), None))
        note = (await notes(brazil))[-1]
        assert (note["order_id"], note["model"]) == (order_id, model)
        assert await states(brazil, order_id) == ["PACKED"]
        await says(brazil, note, "AUTHORIZED")
        assert await states(brazil, order_id) == ["DELIVERED"]


async def test_authorized_goods_stay_while_the_node_has_not_answered(brazil: World) -> None:
    order_id = await sell(brazil, "A1", ("SKU-1", 1))
    here = await to_the_door(brazil, order_id)
    [note] = await notes(brazil)
    await brazil.tell(CancelAsked(external_id="A1", reason="changed my mind", revision="2"))
    await says(brazil, note, "AUTHORIZED")
    assert await states(brazil, order_id) == ["PACKED"]
    await brazil.report(here, "CANCELLED")
    assert await states(brazil, order_id) == ["CANCELLED"]
    asked = [f for f in brazil.facts if f.type == "invoice.cancel_asked"]
    assert [f.subject_id for f in asked] == [note["fiscal_document_id"]]
    assert await brazil.stock("CAJ", "SKU-1") == (Decimal(50), Decimal(0))
    assert await brazil.owed("ReleasePick") == []
    assert await broken(brazil) == {}


async def test_authorized_goods_leave_when_the_node_goes_on(brazil: World) -> None:
    order_id = await sell(brazil, "A1", ("SKU-1", 1))
    here = await to_the_door(brazil, order_id)
    [note] = await notes(brazil)
    await brazil.tell(CancelAsked(external_id="A1", reason="changed my mind", revision="2"))
    await says(brazil, note, "AUTHORIZED")
    await brazil.report(here, "CANCEL_REFUSED", reason="on the truck")
    assert await states(brazil, order_id) == ["DISPATCHED"]
    assert len(await brazil.owed("ReleasePick")) == 1
    assert await brazil.incidents(order_id) == ["cancel_refused"]


async def test_what_was_asked_to_stop_takes_no_number(brazil: World) -> None:
    order_id = await sell(brazil, "A1", ("SKU-1", 1))
    [ful] = await brazil.fulfillments(order_id)
    await brazil.report(ful["fulfillment_id"], "PACKED")
    await brazil.tell(CancelAsked(external_id="A1", reason="no", revision="2"))
    await brazil.report(ful["fulfillment_id"], "DISPATCHED")
    assert await notes(brazil) == []
    await brazil.report(ful["fulfillment_id"], "CANCEL_REFUSED", reason="too late")
    assert [n["state"] for n in await notes(brazil)] == ["PENDING"]


async def test_a_pack_of_which_one_stays_gets_another_note(brazil: World) -> None:
    ids = [await sell(brazil, f"M{n}", ("SKU-1", n), group_id="PACK-1") for n in (1, 2)]
    works = [await to_the_door(brazil, o) for o in ids]
    [note] = await notes(brazil)
    await brazil.tell(CancelAsked(external_id="M2", reason="no", revision="2"))
    await says(brazil, note, "AUTHORIZED")
    assert await states(brazil, *ids) == ["PACKED", "PACKED"]
    await brazil.report(works[1], "CANCELLED")
    assert [f.subject_id for f in brazil.facts if f.type == "invoice.cancel_asked"] == [note["fiscal_document_id"]]
    await says(brazil, note, "CANCELLED")
    first, second = await notes(brazil)
    assert (first["state"], second["state"], second["total"]) == ("CANCELLED", "PENDING", Decimal(15))
    await says(brazil, second, "AUTHORIZED")
    assert await states(brazil, *ids) == ["DISPATCHED", "CANCELLED"]
    assert await broken(brazil) == {}


async def test_a_node_that_says_nothing_becomes_somebodys_business(brazil: World) -> None:
    order_id = await sell(brazil, "A1", ("SKU-1", 1))
    [ful] = await brazil.fulfillments(order_id)
    await brazil.tell(CancelAsked(external_id="A1", reason="no", revision="2"))
    await make_due(brazil.db, timers.QUEUE)
    leased = [r for r in await take(brazil.db, timers.QUEUE) if timers.fired(r).kind == cancel.KIND]
    async with brazil.unit("clock") as tx:
        await cancel.unanswered(tx, [timers.fired(r) for r in leased])
        await timers.complete(tx, leased)
    assert await brazil.incidents(order_id) == ["cancel_unanswered"]
    assert await states(brazil, order_id) == ["APPROVED"]
    await brazil.report(ful["fulfillment_id"], "CANCELLED")
    assert await states(brazil, order_id) == ["CANCELLED"]


async def test_a_cancellation_after_the_goods_have_left_is_refused_aloud(brazil: World) -> None:
    over = {"handed_over": True, "pickup": Pickup(node="RIO"), "ship_to": None, "method": FulfillmentMethod.PICKUP}
    order_id = await sell(brazil, "T1", ("SKU-1", 2), **over)
    await says(brazil, (await notes(brazil))[0], "AUTHORIZED")
    brazil.now += timedelta(minutes=31)  # longer than the authority cancels an NFC-e
    await brazil.tell(CancelAsked(external_id="T1", reason="VOID", revision="2"))
    assert "order.cancel_refused" in [f.type for f in brazil.facts]
    assert await states(brazil, order_id) == ["DELIVERED"]
    assert await brazil.incidents(order_id) == ["cancel_too_late"]
