"""The EDI desk, through the API: what came and left down to the segment, and what a person does with it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.x12.library import ROOT, Library
from adapters.x12.yamltext import BadGuide
from hub.boot import check_partner
from hub.boot.names import name_segments
from hub.flows.reread import Rereader
from hub.kit.clock import system_clock
from hub.kit.db import Database
from hub.kit.doorbell import Doorbell
from hub.kit.vault import Vault
from hub.web.commands import Desk as WriteDesk
from hub.web.commands import HubCommands
from schema.deps import SchemaDeps
from schema.desk import Desk
from schema.errors import Forbidden
from schema.plan.pool import open_read_pool
from schema.principal import Principal
from tests.partner import Partner, find, interchange, new_partner, purchase_order

ADMIN = Principal(tenant=1, actor="key:desk", role="ADMIN", cost_bucket=0)
FIELDS = """id direction sender receiver control test verdict ackState errorCount ack raw keptAs partner { code }
  groups { control version setCount rejectedCount } errors { code message }
  sets { id groupControl setControl setId version verdict ackState number order { number } data
    errors { code message segment place element value ak } segments { position id name raw elements } }"""


@dataclass(slots=True)
class Eye:
    """The API of the partner's hub."""

    desk: Desk
    partner: Partner

    async def ask(self, query: str, me: Principal = ADMIN, key: str | None = None, **variables: Any) -> Any:
        asked = self.desk.asked(me, {"query": query, "variables": variables})
        _, body = await self.desk.answer(asked, key, "application/json")
        return orjson.loads(body)["data"]

    async def exchanges(self, where: str = "", me: Principal = ADMIN) -> list[Any]:
        given = f"(where: {{ {where} }})" if where else ""
        found: list[Any] = (await self.ask(f"{{ exchanges{given} {{ nodes {{ {FIELDS} }} }} }}", me))["exchanges"][
            "nodes"
        ]
        return found

    async def act(self, mutation: str, given: str, key: str | None = None) -> Any:
        query = f"mutation {{ {mutation}(input: {{ {given} }}) {{ changed told replayed exchange {{ id }} userErrors {{ code message }} }} }}"
        return (await self.ask(query, key=key))[mutation]


@pytest.fixture
async def eye(db: Database, dsn: str, tmp_path: Path) -> AsyncIterator[Eye]:
    partner = await new_partner(db, tmp_path / "out")
    bell = await Doorbell(dsn).open()
    read = await open_read_pool(dsn, size=2)
    write = WriteDesk(partner.world.reactor, bell)
    rereader = Rereader(partner.world.reactor, partner.directory, partner.adapters)

    async def nobody(_header: str) -> Principal | None:
        return None

    deps = SchemaDeps(
        read_pool=read,
        tail_pool=db.tail,
        authenticate=nobody,
        commands=HubCommands(write, partner.directory, Vault(db, {}), rereader, check_partner),
        clock=system_clock,
    )
    desk = Desk(deps)
    yield Eye(desk, partner)
    await write.close()
    await desk.reads.pool.drain()
    await read.close()
    await bell.close()


async def test_an_interchange_is_shown_down_to_the_element_in_words(eye: Eye) -> None:
    assert await name_segments(eye.partner.world.db) > 1000
    assert await name_segments(eye.partner.world.db) == 0
    sets = [purchase_order("PO-1", "EA", "SKU-1"), purchase_order("PO-2", "EACH", "SKU-1")]
    text = interchange(101, "PO", sets)
    await eye.partner.receive(text)
    files = await eye.partner.send()
    [came] = await eye.exchanges("direction: IN")
    assert (came["sender"], came["receiver"], came["control"]) == ("ZZ/ACMERETAIL", "ZZ/HUBDEMO", "000000101")
    assert (came["partner"], came["raw"]) == ({"code": "acme-retail"}, text)
    assert came["ack"] == next(f for f in files if "ST*997" in f)
    assert came["keptAs"].startswith("msg_")
    assert came["groups"] == [{"control": "101", "version": "004010", "setCount": 2, "rejectedCount": 1}]
    good, bad = came["sets"]
    assert (good["setId"], good["verdict"], good["number"], good["order"]) == (
        "850",
        "accepted",
        "PO-1",
        {"number": "PO-1"},
    )
    assert good["data"]["external_id"] == "PO-1"
    line = next(s for s in good["segments"] if s["id"] == "PO1")
    assert (line["position"], line["raw"]) == (8, "PO1*1*2*EA*10**VN*SKU-1")
    assert line["name"]
    named = {e["place"]: (e["name"], e["value"]) for e in line["elements"]}
    assert "PO105" not in named
    assert named["PO102"][1] == "2"
    assert all(name for name, _ in named.values())
    fault = next(e for e in bad["errors"] if e["ak"])
    assert (fault["segment"], fault["place"], fault["element"], fault["value"]) == ("PO1", 8, 3, "EACH")


async def test_what_left_is_found_by_what_a_desk_knows_of_it(eye: Eye) -> None:
    await eye.partner.receive(eye.partner.orders("PO-1", "PO-2"))
    files = await eye.partner.send()
    answer = next(f for f in files if "ST*855" in f and "PO-1" in f)
    control = find(answer, "ISA")[13]
    [left] = await eye.exchanges(f'direction: OUT, control: {{ eq: "{control}" }}, ackState: WAITING')
    assert left["raw"] == answer
    [one] = left["sets"]
    assert next(s["raw"] for s in one["segments"] if s["id"] == "BAK").startswith("BAK*")
    con = left_con(eye)
    for where, count in (
        ('setId: { eq: "855" }', 2),
        ('number: { eq: "PO-1" }', 2),
        ('number: { eq: "PO-9" }', 0),
        (f'connectionId: "{con}", verdict: {{ eq: "accepted" }}', 1),
        ("test: true", 0),
        ("ackState: WAITING", 2),
        ('sender: { startsWith: "ZZ/ACME" }', 1),
        ('at: { lt: "2000-01-01T00:00:00Z" }', 0),
    ):
        assert len(await eye.exchanges(where)) == count, where
    group, st = find(answer, "GS")[6], find(answer, "ST")[2]
    await eye.partner.receive(eye.partner.ack(group, "R", ("855", st, "R")))
    [now] = await eye.exchanges("ackState: REJECTED")
    assert now["groups"][0]["rejectedCount"] == 1


def left_con(eye: Eye) -> str:
    return f"con_{eye.partner.connection.connection_id.hex}"


async def test_a_partner_sees_its_own_interchanges_only(eye: Eye) -> None:
    await eye.partner.receive(eye.partner.orders("PO-1"))
    own = replace(ADMIN, role="PARTNER", connection_id=eye.partner.connection.connection_id)
    other = replace(own, connection_id=eye.partner.world.wms)
    query = "{ exchanges { nodes { control sets { setId segments { id } } } } }"
    assert len((await _read(eye, own, query))["exchanges"]["nodes"]) == 1
    assert (await _read(eye, other, query))["exchanges"]["nodes"] == []


async def _read(eye: Eye, me: Principal, query: str) -> Any:
    asked = eye.desk.reads.ask(me, query, {})
    entry, _ = eye.desk.reads.entry(asked)
    return orjson.loads((await eye.desk.reads.read(asked, entry)).data)


async def test_what_waits_for_a_person_is_tried_again_or_set_aside(eye: Eye) -> None:
    await eye.partner.receive(interchange(101, "PO", [purchase_order("PO-1", "EACH", "SKU-1")]))
    [came] = await eye.exchanges("direction: IN")
    given = f'exchangeId: "{came["id"]}"'
    assert (await eye.act("retryExchange", given))["changed"] == 1
    assert (await eye.act("retryExchange", given))["userErrors"][0]["code"] == "NOT_PARKED"
    await eye.partner.read()
    assert (await eye.act("ignoreExchange", given))["userErrors"][0]["code"] == "REASON_REQUIRED"
    wrong = f'{given}, setControl: "0002", reason: "x"'
    assert (await eye.act("ignoreExchange", wrong))["userErrors"][0]["code"] == "NOT_PARKED"
    aside = await eye.act("ignoreExchange", f'{given}, setControl: "0001", reason: "the partner sends it anew"', "k1")
    assert (aside["changed"], aside["exchange"]["id"]) == (1, came["id"])
    again = await eye.act("ignoreExchange", f'{given}, setControl: "0001", reason: "the partner sends it anew"', "k1")
    assert (again["changed"], again["replayed"]) == (1, True)
    nothing = 'exchangeId: "xch_00000000000000000000000000000001", reason: "x"'
    assert (await eye.act("retryExchange", nothing))["userErrors"][0]["code"] == "NOT_FOUND"


async def test_an_interchange_is_read_again_and_its_ack_given_again(eye: Eye) -> None:
    await eye.partner.receive(eye.partner.orders("PO-1"))
    first = [f for f in await eye.partner.send() if "ST*997" in f]
    [came] = await eye.exchanges("direction: IN")
    given = f'exchangeId: "{came["id"]}"'
    told = await eye.act("replayExchange", f"{given}, dryRun: true")
    assert told["told"] == ["0001: the same as before"]
    told = await eye.act("replayExchange", f"{given}, ack: true")
    assert told["told"] == ["0001: the same as before", "the acknowledgement is owed again"]
    for path in eye.partner.out.iterdir():
        path.unlink()
    eye.partner.seen.clear()
    assert await eye.partner.send() == first
    assert len(await eye.partner.rows("SELECT 1 FROM orders")) == 1
    missing = await eye.act("replayExchange", f'{given}, setControl: "0009"')
    assert missing["userErrors"][0]["code"] == "NOT_FOUND"


async def test_what_left_is_sent_again_under_new_numbers(eye: Eye) -> None:
    await eye.partner.receive(eye.partner.orders("PO-1"))
    first = next(f for f in await eye.partner.send() if "ST*855" in f)
    [left] = await eye.exchanges('setId: { eq: "855" }')
    told = await eye.act("resendExchange", f'exchangeId: "{left["id"]}", reason: "they lost it"', "r1")
    assert told["told"] == ["855 PO-1 is owed again"]
    await eye.act("resendExchange", f'exchangeId: "{left["id"]}", reason: "they lost it"', "r1")
    [second] = await eye.partner.send()
    assert find(second, "BAK") == find(first, "BAK")
    assert find(second, "ISA")[13] == "000000003"
    came = (await eye.exchanges("direction: IN"))[0]
    refused = await eye.act("resendExchange", f'exchangeId: "{came["id"]}"', "r2")
    assert refused["userErrors"][0]["code"] == "NOT_FOUND"


# ------------------------------------------------------------------ partners
SET = """mutation($input: PartnerInput!) { setPartner(input: $input)
  { partner { id code name profile transports onboarding { step done why } } userErrors { code message field } } }"""


async def test_a_partner_is_set_by_the_api_and_trades_at_once(eye: Eye) -> None:
    profile = {
        "label": "Nova",
        "ids": [{"qualifier": "01", "id": "123456789"}],
        "ours": {"qualifier": "ZZ", "id": "HUBDEMO"},
        "ack": "997",
        "isa_version": "00501",
        "gs_version": "005010",
        "delimiters": {"terminator": "'", "element": "|"},
    }
    out = eye.partner.out.parent / "nova"
    given = {"code": "nova", "name": "Nova", "profile": profile, "transport": {"outbox": str(out)}}
    said = (await eye.ask(SET, input=given))["setPartner"]
    assert said["userErrors"] == []
    assert said["partner"]["profile"]["isa_version"] == "00501"
    open_steps = {s["step"] for s in said["partner"]["onboarding"] if not s["done"]}
    assert {"test_received", "live_received"} <= open_steps
    mine = next(c for c in await eye.partner.directory.all() if c.code == "nova")
    partner = replace(eye.partner, connection=mine, out=out, seen=set())
    text = interchange(7, "PO", [purchase_order("PO-7", "EA", "SKU-1")], sender="123456789").replace(
        "*ZZ*123456789", "*01*123456789"
    )
    await partner.receive(text)
    files = await partner.send()
    ack = next(f for f in files if "ST|997" in f)
    assert ack.startswith("ISA|00|")
    assert "|ZZ|HUBDEMO        |01|123456789      |" in ack
    assert len(await partner.rows("SELECT 1 FROM orders")) == 1
    again = (await eye.ask(SET, input={**given, "name": "Nova SA", "transport": None}))["setPartner"]
    assert (again["partner"]["id"], again["partner"]["name"]) == (said["partner"]["id"], "Nova SA")
    steps = {s["step"]: s["done"] for s in again["partner"]["onboarding"]}
    assert steps["live_received"]
    assert steps["ack_sent"]


async def test_a_profile_that_is_wrong_is_told_whole_and_changes_nothing(eye: Eye) -> None:
    wrong = {"ack": "998", "usage": "X", "nonsense": "1", "ids": [{"qualifier": "ZZ", "id": "A"}]}
    said = (await eye.ask(SET, input={"code": "nova", "name": "Nova", "profile": wrong}))["setPartner"]
    assert said["partner"] is None
    assert {e["code"] for e in said["userErrors"]} == {"PROFILE_INVALID"}
    assert len(said["userErrors"]) == 3
    secret = {"transport": "sftp", "sftp_key": "PRIVATE"}
    said = (await eye.ask(SET, input={"code": "nova", "name": "Nova", "partner": "acme-retail", "transport": secret}))[
        "setPartner"
    ]
    assert [e["code"] for e in said["userErrors"]] == ["TRANSPORT_INVALID"]
    said = (await eye.ask(SET, input={"code": "nova", "name": "Nova"}))["setPartner"]
    assert "no folder mappings/partners/nova" in said["userErrors"][0]["message"]
    assert await eye.partner.rows("SELECT 1 FROM connections WHERE code = 'nova'") == []


async def test_an_id_by_which_another_partner_signs_is_refused_and_changes_nothing(eye: Eye) -> None:
    async def asked(code: str, *, dry: bool = False, **given: Any) -> Any:
        profile = {"ids": [{"qualifier": "01", "id": "111"}], "ours": {"qualifier": "ZZ", "id": "HUBDEMO"}, **given}
        return (await eye.ask(SET, input={"code": code, "name": code, "profile": profile, "dryRun": dry}))["setPartner"]

    def why(said: Any) -> list[tuple[str, str]]:
        return [(e["code"], e["message"]) for e in said["userErrors"]]

    test_ids = [{"qualifier": "ZZ", "id": "NOVATEST"}]
    assert why(await asked("nova", test_ids=test_ids)) == []
    assert why(await asked("nova", test_ids=test_ids)) == []
    for dry in (True, False):
        taken = [{"qualifier": "14", "id": "222"}, *test_ids]
        held = ("PROFILE_INVALID", "ids: ZZ/NOVATEST belongs to the account nova")
        assert why(await asked("beta", dry=dry, ids=taken)) == [held]
        taken = [{"qualifier": "01", "id": "111"}]
        both = await asked("beta", dry=dry, ids=taken, test_ids=taken)
        assert [m for _, m in why(both)] == [f"{k}: 01/111 belongs to the account nova" for k in ("ids", "test_ids")]
        own = await asked("beta", dry=dry, ids=[{"qualifier": "ZZ", "id": "ACMERETAIL"}])
        assert why(own) == [("PROFILE_INVALID", "ids: ZZ/ACMERETAIL belongs to the account acme-retail")]
        assert await eye.partner.rows("SELECT 1 FROM connections WHERE code = 'beta'") == []
    assert why(await asked("beta", ids=[{"qualifier": "02", "id": "111"}])) == []
    await eye.partner.rows("DELETE FROM connections WHERE code = 'acme-retail'")
    folder = await asked("gamma", ids=[{"qualifier": "ZZ", "id": "ACMERETAIL"}])
    assert why(folder) == [("PROFILE_INVALID", "ids: ZZ/ACMERETAIL belongs to mappings/partners/acme-retail")]


OVERLAY = """mutation($input: GuideOverlayInput!) { setGuideOverlay(input: $input)
  { partner { code overlays { setId overlay sha256 } } userErrors { code message field } } }"""
NARROW = "overlay: {}\nsegments: {PO1: {3: {codes: [CA]}}}\n"


async def test_an_overlay_is_set_by_the_api_and_judges_the_next_document(eye: Eye) -> None:
    async def asked(**given: Any) -> Any:
        return (await eye.ask(OVERLAY, input={"code": "acme-retail", "setId": "850", **given}))["setGuideOverlay"]

    await eye.partner.receive(eye.partner.orders("PO-1"))
    dry = await asked(overlay=NARROW, dryRun=True)
    assert dry["userErrors"] == []
    await eye.partner.receive(eye.partner.orders("PO-2"))
    said = await asked(overlay=NARROW)
    assert said["userErrors"] == []
    [kept] = said["partner"]["overlays"]
    assert (kept["setId"], kept["overlay"]) == ("850", NARROW)
    assert kept["sha256"] == hashlib.sha256(NARROW.encode()).hexdigest()
    await eye.partner.receive(eye.partner.orders("PO-3"))
    await eye.partner.receive(eye.partner.orders("PO-4", unit="CA"))
    assert [r["external_id"] for r in await eye.partner.rows("SELECT external_id FROM orders ORDER BY 1")] == [
        "PO-1",
        "PO-2",
        "PO-4",
    ]
    gone = await asked()
    assert gone["partner"]["overlays"] == []
    await eye.partner.receive(eye.partner.orders("PO-5"))
    assert len(await eye.partner.rows("SELECT 1 FROM orders")) == 4
    facts = await eye.partner.rows(
        "SELECT data FROM business_events WHERE type = 'partner.overlay_set' ORDER BY position"
    )
    assert [f["data"]["sha256"] for f in facts] == [kept["sha256"], None]


async def test_a_wrong_overlay_is_refused_in_the_words_of_the_check_and_the_old_one_stays(
    eye: Eye, tmp_path: Path
) -> None:
    await eye.ask(OVERLAY, input={"code": "acme-retail", "setId": "850", "overlay": NARROW})
    wrong = "overlay: {}\n\nsegments: {PO1: {3: {codes: nowhere}}}\nmap: {x: BEG.40}\n"
    said = (await eye.ask(OVERLAY, input={"code": "acme-retail", "setId": "850", "overlay": wrong}))["setGuideOverlay"]
    assert said["partner"] is None
    assert {(e["code"], tuple(e["field"])) for e in said["userErrors"]} == {("OVERLAY_INVALID", ("input", "overlay"))}
    shutil.copytree(ROOT, tmp_path / "mappings")
    (tmp_path / "mappings" / "partners" / "acme-retail" / "850.yaml").write_text(wrong)
    with pytest.raises(BadGuide) as checked:
        Library(tmp_path / "mappings").guide("004010", "850", "acme-retail")
    assert [e["message"] for e in said["userErrors"]] == [str(f) for f in checked.value.data["faults"]]
    assert said["userErrors"][0]["message"].startswith("partners/acme-retail/850.yaml:3: codes: ")
    [mine] = (await eye.ask("{ partners { nodes { overlays { overlay } } } }"))["partners"]["nodes"]
    assert mine["overlays"] == [{"overlay": NARROW}]
    for code, set_id, text in (
        ("nobody", "850", NARROW),
        ("acme-retail", "123", NARROW),
        ("acme-retail", "850", "a: ["),
    ):
        given = {"code": code, "setId": set_id, "overlay": text}
        said = (await eye.ask(OVERLAY, input=given))["setGuideOverlay"]
        assert [e["code"] for e in said["userErrors"]] == ["NOT_FOUND" if code == "nobody" else "OVERLAY_INVALID"]


async def test_an_overlay_belongs_to_its_tenant_and_to_who_may_write_partners(eye: Eye) -> None:
    await eye.ask(OVERLAY, input={"code": "acme-retail", "setId": "850", "overlay": NARROW})
    given = {"code": "acme-retail", "setId": "850", "overlay": NARROW}
    other = replace(ADMIN, tenant=2)
    said = (await eye.ask(OVERLAY, other, input=given))["setGuideOverlay"]
    assert [e["code"] for e in said["userErrors"]] == ["NOT_FOUND"]
    assert (await eye.ask("{ partners { nodes { overlays { overlay } } } }", other))["partners"]["nodes"] == []
    with pytest.raises(Forbidden):
        await eye.ask(OVERLAY, replace(ADMIN, role="OPERATOR"), input=given)
