"""`hub nfe` does with kept notes what the API does: what is asked here leaves through the worker and comes back from a simulated authority."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.gnre.simulator import GnreSimulator
from adapters.sefaz.xsd import SCHEMA_FOLDER
from hub.cli import fiscal, nfe
from hub.kit.ids import public_id
from tests.fiscal import test_guides as issuing
from tests.fiscal import test_incoming as receiving
from tests.fiscal.notes import CONSUMER
from tests.fiscal.office import CNPJ, Office
from tests.shared import shared_path

REASON = "Cliente desistiu da compra"
portal = issuing.portal
issuer = pytest.fixture(name="issuer")(issuing.place.__wrapped__)  # type: ignore[attr-defined]
buyer = pytest.fixture(name="buyer")(receiving.place.__wrapped__)  # type: ignore[attr-defined]


async def hub(app: Any, *words: str) -> tuple[int, str]:
    """(exit status, what was printed)"""
    result = await asyncio.to_thread(CliRunner().invoke, app, [*words, "--tenant", "demo"])
    return result.exit_code, result.output


async def said(app: Any, *words: str) -> Any:
    status, text = await hub(app, *words)
    assert status == 0, text
    return json.loads(text)


async def sold(office: Office, number: str = "A1", units: int = 1) -> str:
    """The access key of goods that left."""
    _, here = await office.packed(number, units=units)
    await office.leave(here)
    await office.work()
    [note] = await office.notes(here)
    assert note["state"] == "AUTHORIZED"
    return str(note["access_key"])


async def test_a_note_is_found_explained_corrected_and_cancelled(office: Office) -> None:
    key = await sold(office)
    [found] = (await said(nfe.app, "list", "--code", "100"))["nodes"]
    assert (found["accessKey"], found["order"]["number"]) == (key, "A1")
    assert "nodes" not in await said(nfe.app, "list", "--code", "225")
    whole = await said(nfe.app, "explain", key)
    icms = next(t for t in whole["taxPlan"] if t["tax"] == "icms")
    assert {"base", "rate", "rule", "source", "value"} <= icms.keys()
    assert (await hub(nfe.app, "correct", key, "curta"))[0] == 1
    letter = await said(nfe.app, "correct", key, "Volume correto: duas caixas")
    assert letter["invoice"]["events"] == [
        {"kind": "CORRECT", "state": "ASKED", "sequence": 1, "text": "Volume correto: duas caixas"}
        | {"askedAt": letter["invoice"]["events"][0]["askedAt"]}
    ]
    status, text = await hub(nfe.app, "cancel", key, "--reason", REASON)
    assert (status, text.startswith("input.invoiceId: The goods left")) == (1, True)
    await office.work()
    await said(nfe.app, "cancel", found["id"], "--reason", REASON, "--goods-stayed")
    await office.work()
    whole = await said(nfe.app, "explain", key)
    assert (whole["state"], [e["state"] for e in whole["events"]]) == ("CANCELLED", ["REGISTERED", "REGISTERED"])
    assert (await hub(nfe.app, "explain", "3" * 44))[1].startswith("There is no note 333")
    status, text = await hub(nfe.app, "retry", key)
    assert (status, "CANCELLED" in text) == (1, True)


async def test_what_became_of_the_goods_is_told_and_taken_back(office: Office, tmp_path: Path) -> None:
    key, picture = await sold(office), tmp_path / "signature.png"
    picture.write_bytes(b"a picture of a signature")
    status, text = await hub(nfe.app, "delivery", key, "UNDO_DELIVERED")
    assert (status, text.startswith("input")) == (1, True), text
    words = ("--at", office.time().isoformat(), "--name", "Maria", "--document", "52998224725", "--latitude", "-23.55")
    told = await said(nfe.app, "delivery", key, "delivered", *words, "--longitude", "-46.63", "--proof", str(picture))
    assert [(e["kind"], e["state"]) for e in told["invoice"]["events"]] == [("DELIVERED", "ASKED")]
    await office.work()
    await said(nfe.app, "delivery", key, "undo_delivered")
    await office.work()
    whole = await said(nfe.app, "explain", key)
    assert [(e["kind"], e["state"]) for e in whole["events"]] == [
        ("DELIVERED", "REGISTERED"),
        ("UNDO_DELIVERED", "REGISTERED"),
    ]
    assert (await hub(nfe.app, "delivery", key, "EATEN"))[0] == 1


async def test_a_failed_delivery_is_told_with_its_reason(office: Office, tmp_path: Path) -> None:
    key, picture = await sold(office), tmp_path / "door.png"
    picture.write_bytes(b"a picture of a door")
    words = ("--at", office.time().isoformat(), "--failure", "OTHER", "--attempt", "1", "--proof", str(picture))
    reason = "Rua interditada pela prefeitura o dia todo"
    await said(nfe.app, "delivery", key, "UNDELIVERED", *words, "--reason", reason)
    await office.work()
    [event] = (await said(nfe.app, "explain", key))["events"]
    assert (event["kind"], event["state"]) == ("UNDELIVERED", "REGISTERED")


async def test_an_event_of_the_reform_leaves_where_its_schema_is(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, details = await sold(office), tmp_path / "forecast.json"
    details.write_text(json.dumps({"date": "2026-12-24"}))
    words = ("reform", key, "delivery_forecast", "--details", str(details))
    await said(nfe.app, *words)
    await office.work()
    [event] = (await said(nfe.app, "explain", key))["events"]
    assert (event["kind"], event["state"]) == ("DELIVERY_FORECAST", "REJECTED")
    assert SCHEMA_FOLDER in event["authorityMessage"]
    monkeypatch.setenv(SCHEMA_FOLDER, str(shared_path("reference/fiscal/rtc_events")))
    await said(nfe.app, *words)
    await office.work()
    events = (await said(nfe.app, "explain", key))["events"]
    assert sorted(e["state"] for e in events) == ["REGISTERED", "REJECTED"]
    assert (await hub(nfe.app, "reform", key, "EATEN"))[0] == 1


async def test_goods_come_back_move_and_numbers_are_voided(office: Office) -> None:
    key = await sold(office, units=3)
    back = await said(nfe.app, "return", key, "--unit", "SKU-1=2", "--note", "Arrependimento")
    assert back["invoice"]["operation"] == "sale_return"
    status, text = await hub(nfe.app, "return", key, "--unit", "SKU-1=2")
    assert (status, text.strip()) == (
        1,
        "input: So many units of SKU-1 were not sold with this note, or came back already: 1 are left.",
    )
    sent = await said(nfe.app, "issue", "transfer", "CAJ", "--to", "LOJ", "--line", "SKU-1=5@7.50")
    assert sent["invoice"]["operation"] == "transfer"
    assert (await hub(nfe.app, "issue", "transfer", "CAJ", "--to", "LOJ", "--line", "SKU-1=5")) == (
        1,
        "Write SKU=units@price, not SKU-1=5.\n",
    )
    assert (await hub(nfe.app, "issue", "transfer", "NOPE", "--line", "SKU-1=5@7.50"))[1] == (
        "There is no location with the code NOPE.\n"
    )
    await office.work()
    assert [n["state"] for n in await office.notes()] == ["AUTHORIZED"] * 3
    await office.rows("UPDATE fiscal_numbers SET next = 6")
    words = ("void", "CAJ", "--series", "1", "--reason", "Numeros pulados por falha")
    assert (await hub(nfe.app, *words, "3", "5"))[0] == 1
    await said(nfe.app, *words, "4", "5")
    await office.work()
    [gone] = (await said(nfe.app, "voids"))["nodes"]
    assert (gone["first"], gone["last"], gone["state"]) == (4, 5, "VOIDED")


async def test_a_remittance_names_its_recipient_in_a_file(office: Office, tmp_path: Path) -> None:
    who = tmp_path / "who.json"
    address = {
        "street": "Rua Tres",
        "district": "Centro",
        "city": "Campinas",
        "region": "SP",
        "postcode": "13010000",
        "countryCode": "BR",
    }
    who.write_text(json.dumps({"name": "Oficina Exemplo", "taxId": "52998224725", "address": address}))
    await said(nfe.app, "issue", "repair", "CAJ", "--recipient", str(who), "--line", "SKU-1=1@9.90")
    await office.work()
    [note] = await office.notes()
    assert b"<CFOP>5915</CFOP>" in note["signed_xml"]


async def test_contingency_is_entered_and_left(office: Office) -> None:
    words = ("contingency", "caj")
    status, text = await hub(nfe.app, *words, "SVC", "--reason", "curto")
    assert (status, text.startswith("input")) == (1, True)
    on = await said(nfe.app, *words, "svc", "--reason", "Sem comunicacao com a SEFAZ de origem")
    assert (on["authority"]["mode"], on["authority"]["modeBy"]) == ("SVC", "OPERATOR")
    [row] = await said(nfe.app, "authorities")
    assert (row["region"], row["mode"]) == ("SP", "SVC")
    off = await said(nfe.app, *words, "off")
    assert off["authority"]["mode"] == "NORMAL"
    assert await hub(nfe.app, "contingency", "xyz", "off") == (
        1,
        "There is no account xyz with an authority; there are: caj, loj\n",
    )


async def test_a_certificate_is_replaced_and_its_password_is_never_on_the_command_line(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container, password = office.sefaz.client(CNPJ)
    file = tmp_path / "new.pfx"
    file.write_bytes(container)
    monkeypatch.setenv("HUB_CERTIFICATE_PASSWORD", "wrong")
    status, text = await hub(nfe.app, "certificate", "caj", str(file))
    assert (status, text.startswith("input.pkcs12: ")) == (1, True)
    monkeypatch.setenv("HUB_CERTIFICATE_PASSWORD", password)
    done = await said(nfe.app, "certificate", "caj", str(file))
    assert (done["connection"]["account"], done["endsAt"][:2]) == ("caj", "20")
    assert password not in json.dumps(done)
    await sold(office)


async def test_a_rejected_note_is_retried(office: Office) -> None:
    _, here = await office.packed()
    office.sefaz.app.time.shift -= timedelta(hours=2)  # to the authority the note comes from the future: 703
    await office.leave(here)
    await office.work()
    [bad] = (await said(nfe.app, "list", "--state", "REJECTED"))["nodes"]
    assert bad["authorityCode"] == "703"
    office.sefaz.app.time.shift += timedelta(hours=2)
    await said(nfe.app, "retry", bad["id"])
    await office.work()
    [good] = (await said(nfe.app, "list"))["nodes"]
    assert (good["state"], good["number"]) == ("AUTHORIZED", bad["number"])


# ------------------------------------------------------------------ guides, and notes issued to us
@pytest.fixture
def demo(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands find the test's database and open its secrets."""
    monkeypatch.setenv("HUB_DATABASE_URL", dsn)
    monkeypatch.setenv("HUB_KEK", "a:" + b64encode(issuing.KEKS["a"]).decode())


async def named(place: Any) -> None:
    await place.rows("INSERT INTO tenants (tenant_id, code, name) VALUES (1, 'demo', 'Demo')")


@pytest.mark.usefixtures("demo")
async def test_a_guide_is_shown_and_paid(issuer: issuing.Place, portal: GnreSimulator) -> None:
    await named(issuer)
    await issuer.sell(CONSUMER)
    [guide] = (await said(fiscal.app, "guides", "list", "--region", "MG"))["nodes"]
    status, text = await hub(fiscal.app, "guides", "pay", guide["id"], "--on", "2026-11-21")
    assert (status, text.startswith("input")) == (1, True)  # it has no payment data yet
    await issuer.work()
    shown = await said(fiscal.app, "guides", "show", guide["id"])
    assert (shown["state"], len(shown["line"]), len(shown["barcode"])) == ("ISSUED", 48, 44)
    paid = await said(fiscal.app, "guides", "pay", guide["id"], "--on", "2026-11-21")
    assert (paid["guide"]["state"], paid["guide"]["paidOn"]) == ("PAID", date(2026, 11, 21).isoformat())
    assert (await hub(fiscal.app, "guides", "retry", guide["id"]))[0] == 1
    assert (await hub(fiscal.app, "guides", "show", f"gnr_{'0' * 32}"))[1].startswith("There is no guide gnr_0")
    assert portal is issuer.portal


@pytest.mark.usefixtures("demo")
async def test_a_note_issued_to_us_is_answered_and_matched(buyer: receiving.Place) -> None:
    await named(buyer)
    key = await buyer.sold_to_us()
    await buyer.look()
    [note] = (await said(fiscal.app, "incoming", "list", "--unmatched"))["nodes"]
    assert note["accessKey"] == key
    assert (await said(fiscal.app, "incoming", "show", key))["items"][0]["title"]
    status, text = await hub(fiscal.app, "incoming", "manifest", key, "not_done")
    assert (status, "15 to 255" in text) == (1, True)
    await said(fiscal.app, "incoming", "manifest", key, "aware")
    await buyer.worker.run_until_idle()
    assert (await said(fiscal.app, "incoming", "show", key))["stance"] == "AWARE"
    order = public_id("por", (await buyer.note(key))["incoming_note_id"])
    await said(fiscal.app, "incoming", "match", note["id"], "--purchase", order)
    assert "nodes" not in await said(fiscal.app, "incoming", "list", "--unmatched")
