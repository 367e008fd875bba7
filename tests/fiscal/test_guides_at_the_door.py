"""Goods to a UF that stops unpaid cargo: from the packed order to the truck, with the authority and the portal simulated."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from adapters.gnre import ADAPTER as GNRE
from adapters.gnre.simulator import GnreSimulator
from adapters.gnre.wire import GnreWire
from hub import connections
from hub.canon.order import Address
from hub.fiscal import Mode
from hub.kit.db import Database
from hub.kit.ids import public_id
from hub.kit.vault import Vault
from tests.api import Api
from tests.fiscal.office import CNPJ, KEKS, Office, opened
from tests.fiscal.test_contingency import back, silence, switch
from tests.fiscal.test_invoice_api import codes

BELO_HORIZONTE = Address(
    country="BR",
    street="Rua Tres",
    number="30",
    district="Centro",
    city="Belo Horizonte",
    region="MG",
    postal_code="30110-000",
    municipality_code="3106200",
)
GUIDES = "fulfillment(id: $id) { state gnreGuides { id state line barcode pix pdfUrl beforeDispatch paidOn } shipments { trackingNumber gnreGuides { state } } }"


@dataclass(slots=True)
class Portal:
    simulator: GnreSimulator
    connection_id: UUID


@pytest.fixture
async def gnre() -> AsyncIterator[GnreSimulator]:
    simulator = GnreSimulator(seed=3)
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
async def office(db: Database, gnre: GnreSimulator) -> AsyncIterator[Office]:
    """MG stops what is not paid."""
    wire = GnreWire()
    takes = frozenset({"IssueGnreGuide", "ReadGnreRules"})
    async with opened(db, others={"gnre": (replace(GNRE, wire=wire), takes)}) as made:
        container, password = gnre.client(CNPJ)
        config = {
            "cnpj": CNPJ,
            "environment": "2",
            "base_url": gnre.base_url,
            "trust_pem": gnre.ca_pem,
            "guide_before_dispatch": ["MG"],
        }
        secrets = {"certificate": b64encode(container).decode(), "certificate_password": password}
        vault = Vault(db, KEKS)
        async with made.unit("seed") as tx:
            account = await connections.create(tx, "gnre", "gnre", "GNRE", config=config)
            for name, value in secrets.items():
                await connections.add_secret(tx, vault, account.connection_id, name, value)
        yield made
    await wire.aclose()


async def asked(office: Office, number: str = "A1") -> UUID:
    _, here = await office.packed(number, ship_to=BELO_HORIZONTE)
    await office.leave(here)
    return here


async def seen(api: Api, here: UUID) -> Any:
    return (await api(f"query($id: ID!) {{ {GUIDES} }}", id=public_id("ful", here)))["fulfillment"]


async def settled(office: Office) -> None:
    """The portal takes its time."""
    for _ in range(6):
        await office.work(later=timedelta(minutes=1))


async def test_goods_leave_with_their_paid_guide(office: Office, api: Api) -> None:
    here = await asked(office)
    await settled(office)
    [note] = await office.notes(here)
    assert (note["state"], await office.state(here)) == ("AUTHORIZED", "PACKED")
    waiting = await seen(api, here)
    [guide] = waiting["gnreGuides"]
    assert (guide["state"], guide["beforeDispatch"], len(guide["line"]), len(guide["barcode"])) == (
        "ISSUED",
        True,
        48,
        44,
    )
    assert guide["pix"]
    assert guide["pdfUrl"]
    paid = await api.do("payGnreGuide", "guide { state }", guideId=guide["id"], paidOn="2026-11-21")
    assert codes(paid) == []
    assert await office.state(here) == "DISPATCHED"
    gone = await seen(api, here)
    assert gone["gnreGuides"][0]["paidOn"] == "2026-11-21"
    assert [s["gnreGuides"] for s in gone["shipments"]] == [[{"state": "PAID"}]]


async def test_goods_of_a_note_in_contingency_wait_for_their_guide_too(office: Office, api: Api) -> None:
    """With its EPEC the note is legal before the authority has it, and the truck would be stopped all the same."""
    silence(office)
    await switch(office, Mode.EPEC)
    here = await asked(office)
    await settled(office)
    [note] = await office.notes(here)
    assert (note["state"], note["emission_type"]) == ("CONTINGENCY", 4)
    assert await office.state(here) == "PACKED"
    [guide] = (await seen(api, here))["gnreGuides"]
    assert guide["state"] == "ISSUED"
    [row] = await office.rows("SELECT guide FROM gnre_guides")
    [item] = row["guide"]["items"]
    back(office)
    await switch(office, Mode.NORMAL)
    await settled(office)
    [note] = await office.notes(here)
    assert note["state"] == "AUTHORIZED"
    assert (item["document_type"], item["document"]) == ("22", note["access_key"])
    assert len(await office.rows("SELECT 1 FROM gnre_guides")) == 1
    assert await office.state(here) == "PACKED"
    await api.do("payGnreGuide", "guide { state }", guideId=guide["id"], paidOn="2026-11-21")
    assert await office.state(here) == "DISPATCHED"


async def test_a_note_in_contingency_pays_nothing_that_holds_no_goods(office: Office) -> None:
    """The authority may still refuse it: the guide follows the authorization."""
    await office.rows("UPDATE connections SET config = config - 'guide_before_dispatch' WHERE adapter = 'gnre'")
    silence(office)
    await switch(office, Mode.EPEC)
    here = await asked(office)
    await settled(office)
    assert (await office.state(here), await office.rows("SELECT 1 FROM gnre_guides")) == ("DISPATCHED", [])
    back(office)
    await switch(office, Mode.NORMAL)
    await settled(office)
    [guide] = await office.rows("SELECT state FROM gnre_guides")
    assert guide["state"] == "ISSUED"
