"""Events of the tax reform that a seller sends: by their official schemas where these are configured, refused before sending else."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from adapters.sefaz.xsd import SCHEMA_FOLDER
from hub.fiscal import EventAsk
from hub.flows.note_events import tell_authority
from hub.kit.ids import new_id
from hub.ledger import Cause
from tests.fiscal.office import Office
from tests.shared import shared_path

ITEM = {"number": 1, "ibs": "0.10", "cbs": "0.90", "quantity": "1", "unit": "UN"}
CASES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("PAID", "112110", None),
    ("LOST", "112130", {"items": [{**ITEM, "credit_ibs": "0.05", "credit_cbs": "0.45"}]}),
    ("NOT_SUPPLIED", "112140", {"items": [ITEM]}),
    ("DELIVERY_FORECAST", "112150", {"date": "2026-12-24"}),
]


async def sold(office: Office) -> UUID:
    _, here = await office.packed()
    await office.leave(here)
    await office.work()
    [note] = await office.notes()
    found: UUID = note["fiscal_document_id"]
    return found


async def say(office: Office, document_id: UUID, kind: str, details: dict[str, Any] | None) -> Any:
    async with office.unit() as tx:
        ask = EventAsk(document_id=document_id, kind=kind, details=details, cause=Cause(new_id(), None))
        await tell_authority(tx, [ask], office.deps)
    await office.work()
    [event] = await office.rows("SELECT * FROM fiscal_events WHERE kind = $1 ORDER BY sequence DESC LIMIT 1", kind)
    return event


async def test_each_is_registered_and_can_be_undone(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SCHEMA_FOLDER, str(shared_path("reference/fiscal/rtc_events")))
    note = await sold(office)
    for kind, code, details in CASES:
        event = await say(office, note, kind, details)
        assert (event["state"], event["sequence"]) == ("REGISTERED", 1), event["authority_message"]
        undone = await say(office, note, "UNDO", {"event": code, "protocol": event["protocol"]})
        assert undone["state"] == "REGISTERED", undone["authority_message"]


async def test_what_the_schema_refuses_is_not_sent(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SCHEMA_FOLDER, str(shared_path("reference/fiscal/rtc_events")))
    note = await sold(office)
    event = await say(office, note, "DELIVERY_FORECAST", {"date": "amanha"})
    assert (event["state"], event["authority_code"]) == ("REJECTED", "NEVER_TRY")
    missing = await say(office, note, "LOST", {"items": [{"number": 1}]})
    assert "details.items[0].ibs" in missing["authority_message"]
    assert "NFeRecepcaoEvento4" not in office.sefaz.app.calls


async def test_without_official_schemas_none_is_sent(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SCHEMA_FOLDER, raising=False)
    note = await sold(office)
    event = await say(office, note, "PAID", None)
    assert event["state"] == "REJECTED"
    assert SCHEMA_FOLDER in event["authority_message"]
    assert "NFeRecepcaoEvento4" not in office.sefaz.app.calls
