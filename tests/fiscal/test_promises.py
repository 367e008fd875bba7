"""What must hold over everything: no goods without a legal note, no unheard-of code lost, no secret and no person in logs or on disk."""

from __future__ import annotations

import json
import tempfile
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from adapters.sefaz import ADAPTER
from adapters.sefaz.simulator import Fault, FaultKind
from adapters.sefaz.wire import SefazWire
from hub.canon.ports import Account, Call, Response
from hub.kit.db import Database
from tests.fiscal.office import CNPJ, Office, opened

SEND = "NFeAutorizacao4"
UNCOVERED = """SELECT f.fulfillment_id FROM fulfillments f WHERE f.state = 'DISPATCHED' AND NOT EXISTS (
  SELECT 1 FROM fiscal_documents d WHERE d.fulfillment_id = f.fulfillment_id
  AND (d.state = 'AUTHORIZED' AND d.protocol IS NOT NULL OR d.state = 'CONTINGENCY'))"""


class Renaming(SefazWire):
    """An authority that rejects with a code that nobody has heard of."""

    async def send(self, call: Call, account: Account) -> Response:
        response = await super().send(call, account)
        return replace(response, body=response.body.replace(b"<cStat>703</cStat>", b"<cStat>1999</cStat>"))


async def test_an_unknown_code_rejects_holds_and_is_an_incident(db: Database) -> None:
    wire = Renaming()
    others = {"sefaz": (replace(ADAPTER, wire=wire), frozenset({"AuthorizeInvoice"}))}
    async with opened(db, others=others) as office:
        order_id, here = await office.packed()
        office.sefaz.app.time.shift -= timedelta(hours=2)  # to the authority the note comes from the future
        await office.leave(here)
        await office.work()
        [note] = await office.notes()
        assert (note["state"], note["authority_code"]) == ("REJECTED", "1999")
        assert await office.holds(order_id) == ["FISCAL"]
        assert "invoice_rejected" in await office.open_incidents()
        assert await office.state(here) == "PACKED"
    await wire.aclose()


async def test_no_goods_leave_without_protocol_or_legal_contingency(office: Office) -> None:
    for kind in (FaultKind.ANSWER_LOST, FaultKind.CUT_BEFORE, FaultKind.HTML, FaultKind.STOPPED):
        office.sefaz.app.faults.add(Fault(kind=kind, rate=0.15))
    left = []
    for n in range(12):
        _, here = await office.packed(f"A{n}")
        await office.leave(here)
        left.append(here)
        await office.work()
        assert await office.rows(UNCOVERED) == []
    for _ in range(12):
        await office.work(later=timedelta(minutes=2))
        assert await office.rows(UNCOVERED) == []
    office.sefaz.app.faults.clear()
    await office.work(later=timedelta(hours=2))
    assert await office.rows(UNCOVERED) == []
    assert {await office.state(here) for here in left} == {"DISPATCHED"}
    assert len({n["fulfillment_id"] for n in await office.notes()}) == 12


async def test_no_secret_and_no_person_in_logs_or_on_disk(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    office.sefaz.app.faults.add(Fault(kind=FaultKind.HTML, service=SEND, times=1))
    with structlog.testing.capture_logs() as logs:
        for number in ("A1", "A2"):
            _, here = await office.packed(number)
            await office.leave(here)
            await office.work()
        await office.work(later=timedelta(hours=1))
        office.sefaz.app.time.shift -= timedelta(hours=5)
        _, here = await office.packed("A3")
        await office.leave(here)
        await office.work()
        _, here = await office.packed("A4")
        await office.leave(here)
        await office.rows("UPDATE outbox SET payload = payload - 'invoice_id'")  # what nobody expects is logged
        await office.work()
    assert sorted({n["state"] for n in await office.notes()}) == ["AUTHORIZED", "PENDING", "REJECTED"]
    container, password = office.sefaz.client(CNPJ)
    assert [each["event"] for each in logs] == ["A row was given back."]
    said = json.dumps(logs, default=str)
    for secret in (password, b64encode(container).decode()[:60], "PRIVATE KEY", "52998224725", "ana@example.com"):
        assert secret not in said
    assert list(tmp_path.iterdir()) == []
    stored = await office.rows("SELECT config::text AS text FROM connections")
    assert all(password not in r["text"] and "PRIVATE KEY" not in r["text"] for r in stored)
