"""A partner who trades by AS2, played by another implementation in a process of its own (tests/as2_station.py, which rests on `openssl`)."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from hub import connections
from hub.flows.folders import take_in
from hub.flows.receive import Receiver
from hub.kit.db import Database
from hub.kit.doorbell import Doorbell
from hub.kit.vault import Vault
from hub.web.as2 import as2_routes
from tests.as2_side import PASSWORD, Station, person, serving, station_at
from tests.as2_station import request
from tests.http_sides import listening
from tests.partner import Partner, find, new_partner

PLACES = ("ok", "mic", "reject", "unsigned", "unsigned-reject", "silent", "async", "broken")


@dataclass(slots=True)
class Trade:
    """Both sides, up. `url`: where the hub receives."""

    station: Station
    partner: Partner
    url: str

    async def rows(self, sql: str) -> list[Any]:
        return await self.partner.rows(sql)

    async def send(self, content: str, **options: Any) -> dict[str, Any]:
        """From the partner to the hub; what was kept is read."""
        said = await self.station.send(self.url, content.encode(), **options)
        await self.partner.read()
        return said

    async def configure(self, **more: Any) -> None:
        async with self.partner.world.db.unit(tenant=1, actor="test") as tx:
            config = {**self.partner.connection.config, **more}
            await connections.set_config(tx, self.partner.connection.connection_id, config)
        self.partner.directory.forget()

    async def orders(self) -> int:
        return len(await self.rows("SELECT 1 FROM orders"))

    async def states(self) -> list[str]:
        """Of what we sent."""
        rows = await self.rows("SELECT state FROM transmissions WHERE direction = 'OUT' ORDER BY at, transmission_id")
        return [r["state"] for r in rows]


@pytest.fixture
async def trade(db: Database, dsn: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Trade]:
    """The parameter, if any, says who has an EC key."""
    async with serving(station_at(tmp_path / "station", curves=getattr(request, "param", ()))) as station:
        config = {**station.config(), "outbox": ""}
        allow = [f"127.0.0.1:{station.port}"]
        partner = await new_partner(db, tmp_path / "none", config=config, secrets=station.secrets, allow=allow)
        bell = await Doorbell(dsn).open()
        receiver = Receiver(partner.world.reactor, partner.directory, partner.adapters)
        async with listening(Starlette(routes=as2_routes(receiver, bell))) as port:
            yield Trade(station, partner, f"http://127.0.0.1:{port}/as2/x12/acme-retail")
        await partner.http.close()
        await bell.close()


# ------------------------------------------------------------------ what arrives
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"crlf": False},
        {"stream": True, "encrypt": "aes128"},
        {"encrypt": "aes192"},
        {"encrypt": "des3", "sign": "sha1", "micalg": "sha1"},
        {"compress": True, "sign": "sha512", "micalg": "sha-512"},
        {"more": ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"], "micalg": "sha384, sha256"},
        {"receipt": "plain"},
    ],
    ids=lambda o: "-".join(f"{k}" for k in o) or "usual",
)
async def test_an_order_is_opened_kept_and_receipted(trade: Trade, options: dict[str, Any]) -> None:
    said = await trade.send(trade.partner.orders("PO-1"), **options)
    assert (said["status"], said["disposition"]) == (200, "automatic-action/MDN-sent-automatically; processed")
    assert said["signed"] is (options.get("receipt") != "plain")
    assert said["message_id"] == "<1@station>"
    if options.get("micalg", "sha-256") == "sha-256" and options.get("receipt") != "plain":
        assert said["received_mic"] == f"{said['mic']}, sha-256"
    assert await trade.orders() == 1
    assert await trade.partner.incidents() == []
    [row] = await trade.rows("SELECT state, mic, receipt FROM transmissions")
    assert (row["state"], row["mic"]) == ("answered", said["received_mic"])
    assert b64encode(hashlib.sha256(row["receipt"]).digest()).decode() == said["raw"]


@pytest.mark.parametrize(("digest", "name"), [("sha-384", "sha384"), ("SHA256", "sha256"), ("sha1", "sha1")])
async def test_the_digest_is_over_the_exact_bytes_in_the_way_that_was_asked_for(
    trade: Trade, digest: str, name: str
) -> None:
    body = trade.partner.orders("PO-1")
    said = await trade.send(body, micalg=f"nonsense, {digest}", crlf=False)
    head = 'Content-Type: application/edi-x12\r\nContent-Disposition: attachment; filename="order.edi"\r\n\r\n'
    wanted = b64encode(hashlib.new(name, (head + body).encode()).digest()).decode()
    assert said["received_mic"] == f"{wanted}, {digest}"


async def test_the_same_message_again_gets_the_same_receipt_and_makes_nothing(trade: Trade) -> None:
    order = trade.partner.orders("PO-1")
    first = await trade.send(order)
    again = await asyncio.gather(*(trade.station.send(trade.url, order.encode()) for _ in range(3)))
    await trade.partner.read()
    assert {a["raw"] for a in again} == {first["raw"]}
    assert await trade.orders() == 1
    assert len(await trade.rows("SELECT 1 FROM transmissions")) == 1


async def test_what_was_signed_once_is_not_applied_twice_under_another_id(trade: Trade) -> None:
    order = trade.partner.orders("PO-1")
    await trade.send(order)
    replayed = await trade.send(order, id="<2@elsewhere>")
    assert replayed["disposition"].endswith("processed")
    assert await trade.orders() == 1


async def test_the_same_file_by_two_ways_at_once_gives_one_set_of_orders_and_one_ack(trade: Trade) -> None:
    order, partner = trade.partner.orders("PO-1", "PO-2"), trade.partner
    by_as2 = [trade.station.send(trade.url, order.encode(), id=f"<{n}@station>") for n in range(2)]
    by_file = [
        take_in(partner.world.db, partner.directory, partner.adapters, partner.connection, f"{n}.edi", order.encode())
        for n in range(3)
    ]
    await asyncio.gather(*by_as2, *by_file)
    await partner.read()
    assert await trade.orders() == 2
    await partner.send()
    acks = {content for _, content in trade.station.got() if b"ST*997" in content}
    assert len(acks) == 1


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"tamper": "inside"}, "authentication-failed"),
    ({"tamper": "outside"}, ""),  # the padding, or what it then holds
    ({"from": "SOMEBODY"}, "authentication-failed"),
    ({"to": "SOMEBODY"}, "authentication-failed"),
    ({"sign": ""}, "insufficient-message-security"),
    ({"encrypt": ""}, "insufficient-message-security"),
]


@pytest.mark.parametrize(("options", "reason"), REFUSALS, ids=[str(o) for o, _ in REFUSALS])
async def test_what_is_not_proven_is_told_kept_apart_and_used_for_nothing(
    trade: Trade, options: dict[str, Any], reason: str
) -> None:
    said = await trade.send(trade.partner.orders("PO-1"), **options)
    assert said["signed"]
    assert f"processed/error: {reason}" in said["disposition"]
    assert await trade.orders() == 0
    assert await trade.rows("SELECT 1 FROM inbox") == []
    assert await trade.partner.incidents() == ["transmission_refused"]
    [row] = await trade.rows("SELECT state, content FROM transmissions")
    assert row["state"] == "refused"
    assert row["content"]
    good = await trade.send(trade.partner.orders("PO-1"))
    assert good["disposition"].endswith("; processed")
    assert await trade.orders() == 1


async def test_another_ones_signature_is_refused_also_when_its_certificate_comes_along(trade: Trade) -> None:
    other = station_at(trade.station.folder.parent / "other")
    (other.folder / "hub.pem").write_text(trade.station.hub.pem)
    said = await other.send(trade.url, trade.partner.orders("PO-1").encode())
    assert "authentication-failed" in said["disposition"]
    assert await trade.rows("SELECT 1 FROM inbox") == []


async def test_what_unpacks_to_a_mountain_is_refused(trade: Trade) -> None:
    said = await trade.send("ISA" + " " * 60_000_000, compress=True)
    assert "decompression-failed" in said["disposition"]
    assert await trade.rows("SELECT 1 FROM inbox") == []


async def test_a_receipt_by_a_call_of_our_own_goes_to_the_partner_only(trade: Trade) -> None:
    place = f"http://127.0.0.1:{trade.station.port}/as2"
    said = await trade.send(trade.partner.orders("PO-1"), receipt=place)
    assert (said["status"], said["disposition"]) == (200, None)
    assert await trade.orders() == 1
    before = len(trade.station.got())
    await trade.partner.send()
    [(receipt, _)] = [g for g in trade.station.got()[before:] if "multipart/report" in g[0]["kind"]]
    assert receipt["headers"]["as2-from"] == "HUB"
    elsewhere = "http://127.0.0.2:1/as2"
    await trade.send(trade.partner.orders("PO-2"), receipt=elsewhere, sign="", id="<2@station>")
    kinds = await trade.rows("SELECT 1 FROM outbox WHERE kind = 'Transmit'")
    assert kinds == []


async def test_certificates_overlap_while_they_are_changed(trade: Trade) -> None:
    """Ours and the partner's at once: what was made for the old ones is still good, what we make is made with the new."""
    new_hub, new_partner_key = person("hub 2"), person("station 2")
    vault = Vault(trade.partner.world.db, {"a": b"k" * 32})
    async with trade.partner.world.db.unit(tenant=1, actor="test") as tx:
        for name, value in (
            ("as2_key", new_hub.pfx),
            ("as2_key_password", PASSWORD),
            ("as2_partner_certificate", new_partner_key.pem),
        ):
            await connections.add_secret(tx, vault, trade.partner.connection.connection_id, name, value)
    trade.partner.directory.forget()
    (trade.station.folder / "hub.pem").write_text(trade.station.hub.pem + new_hub.pem)
    said = await trade.send(trade.partner.orders("PO-1"))
    assert said["disposition"].endswith("; processed")
    assert await trade.orders() == 1


# ------------------------------------------------------------------ what leaves
@pytest.mark.parametrize(
    ("more", "layers"),
    [
        ({}, ["encrypted", "signed"]),
        ({"as2_compress": "true"}, ["encrypted", "signed", "compressed"]),
        ({"as2_encrypt": "aes128", "as2_sign": "sha512"}, ["encrypted", "signed"]),
        ({"as2_encrypt": "none"}, ["signed"]),
        ({"as2_sign": "none"}, ["encrypted"]),
        ({"as2_sign": "none", "as2_compress": "true"}, ["encrypted", "compressed"]),
        ({"as2_sign": "none", "as2_encrypt": "none"}, []),
    ],
    ids=str,
)
async def test_our_answers_are_opened_there_and_their_receipts_settle_them(
    trade: Trade, more: dict[str, str], layers: list[str]
) -> None:
    digest = {"as2_sign": "sha256"} | more
    await trade.configure(**more)
    await trade.partner.receive(trade.partner.orders("PO-1"))
    await trade.partner.send()
    got = trade.station.got()
    assert [g["layers"] for g, _ in got] == [layers] * 2
    assert [g for g, _ in got if "error" in g] == []
    assert sorted(find(content.decode(), "ST")[1] for _, content in got) == ["855", "997"]
    if digest["as2_sign"] in ("sha256", "none"):
        assert await trade.states() == ["acknowledged"] * 2
        assert await trade.partner.incidents() == []
        rows = await trade.rows("SELECT receipt, receipt_headers FROM transmissions")
        assert all(b"disposition-notification" in r["receipt"] for r in rows)


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("mic", "the receipt names the digest"), ("reject", "did not take it")],
)
async def test_a_receipt_that_says_no_or_names_another_digest_is_an_incident_and_nothing_is_sent_again(
    trade: Trade, mode: str, reason: str
) -> None:
    await trade.configure(**trade.station.config(mode))
    await trade.partner.receive(trade.partner.orders("PO-1"))
    await trade.partner.send()
    assert await trade.partner.incidents() == ["delivery_parked"] * 2
    assert len(trade.station.got()) == 2
    for row in await trade.rows("SELECT last_error FROM outbox WHERE state = 3"):
        assert reason in row["last_error"]


@pytest.mark.parametrize(
    ("mode", "told"),
    [("silent", []), ("broken", []), *((m, ["transmission_refused"]) for m in ("unsigned", "unsigned-reject"))],
)
async def test_without_a_receipt_that_proves_anything_the_same_message_goes_out_again(
    trade: Trade, mode: str, told: list[str]
) -> None:
    await trade.configure(**trade.station.config(mode))
    await trade.partner.receive(trade.partner.orders("PO-1"))
    await trade.partner.send()
    assert await trade.states() == ["waiting", "waiting"]
    await trade.configure(**trade.station.config("ok"))
    await trade.partner.rows("UPDATE outbox SET run_at = now() WHERE state = 0 RETURNING 1")
    await trade.rows("DELETE FROM destination_state RETURNING 1")
    await trade.partner.send()
    assert await trade.states() == ["acknowledged", "acknowledged"]
    ids = [g["headers"]["message-id"] for g, _ in trade.station.got()]
    assert len(ids) == 4
    assert len(set(ids)) == 2
    assert await trade.partner.incidents() == told
    kept = await trade.rows("SELECT content, reason FROM transmissions WHERE state = 'refused'")
    assert len(kept) == 2 * len(told)
    assert all(b"disposition-notification" in r["content"] and "not signed" in r["reason"] for r in kept)


async def test_a_refusal_that_nobody_signed_stops_no_sending(trade: Trade) -> None:
    await trade.configure(**trade.station.config("silent"), as2_receipt="async", as2_receipt_url=trade.url)
    await trade.partner.receive(trade.partner.orders("PO-1"))
    await trade.partner.send()
    message_id = trade.station.got()[0][0]["headers"]["message-id"]
    kind = 'multipart/report; report-type=disposition-notification; boundary="b"'
    says = "Disposition: automatic-action/MDN-sent-automatically; processed/error: decryption-failed"
    fields = f"Original-Message-ID: {message_id}\r\n{says}\r\n"
    body = f"--b\r\nContent-Type: message/disposition-notification\r\n\r\n{fields}\r\n--b--\r\n".encode()
    headers = {"AS2-From": "ACME", "AS2-To": "HUB", "Message-ID": "<forged@nowhere>"}
    status, _, _ = await asyncio.to_thread(request, trade.url, kind, body, headers)
    assert status == 401
    assert await trade.states() == ["waiting", "waiting"]
    assert len(await trade.rows("SELECT 1 FROM timers WHERE kind = 'receipt_overdue' AND state = 0")) == 2
    assert await trade.partner.incidents() == ["transmission_refused"]
    [kept] = await trade.rows("SELECT foreign_id, content FROM transmissions WHERE state = 'refused'")
    assert (kept["foreign_id"], kept["content"]) == ("<forged@nowhere>", body)


async def test_an_asynchronous_receipt_settles_what_waits_and_what_gets_none_is_sent_five_times_in_a_day(
    trade: Trade,
) -> None:
    later = {"as2_receipt": "async", "as2_receipt_url": trade.url}
    await trade.configure(**trade.station.config("async"), **later)
    await trade.partner.receive(trade.partner.orders("PO-1"))
    await trade.partner.send()
    settled = ["acknowledged", "acknowledged"]
    async with asyncio.timeout(20):
        while await trade.states() != settled:  # noqa: ASYNC110 - another process answers
            await asyncio.sleep(0.05)
    assert await trade.rows("SELECT 1 FROM timers WHERE kind = 'receipt_overdue'") == []
    await trade.configure(**trade.station.config("silent"), **later)
    await trade.partner.receive(trade.partner.orders("PO-2"))
    await trade.partner.send()
    before = len(trade.station.got())
    for _ in range(6):
        await trade.partner.later(timedelta(hours=11), "receipt_overdue")
        await trade.partner.send()
    assert len(trade.station.got()) - before == 2 * 4
    assert await trade.states() == ["acknowledged", "acknowledged", "silent", "silent"]
    assert await trade.partner.incidents() == ["receipt_overdue", "receipt_overdue"]


async def test_a_receipt_for_nothing_and_a_forged_one_change_nothing(trade: Trade) -> None:
    await trade.configure(**trade.station.config("silent"), as2_receipt="async", as2_receipt_url=trade.url)
    await trade.partner.receive(trade.partner.orders("PO-1"))
    await trade.partner.send()
    message_id = trade.station.got()[0][0]["headers"]["message-id"]
    other = station_at(trade.station.folder.parent / "other")
    assert (await other.run("receipt", str(other.folder), trade.url, message_id, "x"))["status"] == 401
    assert (await trade.station.run("receipt", str(trade.station.folder), trade.url, "<no@hub>", "x"))["status"] == 200
    assert await trade.states() == ["waiting", "waiting"]
    wrong = await trade.station.run("receipt", str(trade.station.folder), trade.url, message_id, "wrong")
    assert wrong["status"] == 200
    assert sorted(await trade.states()) == ["rejected", "waiting"]
    assert await trade.partner.incidents() == ["receipt_negative", "receipt_unmatched", "transmission_refused"]


async def test_a_partner_that_is_not_configured_for_it_is_not_there(trade: Trade) -> None:
    elsewhere = replace(trade, url=trade.url.replace("acme-retail", "nobody"))
    assert (await elsewhere.send(trade.partner.orders("PO-1")))["status"] == 404
    await trade.configure(transport="")
    assert (await trade.send(trade.partner.orders("PO-1")))["status"] == 404


# ------------------------------------------------------------------ elliptic curves
@pytest.mark.parametrize("trade", [("partner",)], indirect=True)
async def test_a_partner_with_an_ec_key_is_proven_and_nothing_is_encrypted_for_it(trade: Trade) -> None:
    said = await trade.send(trade.partner.orders("PO-1"))
    assert (said["status"], said["disposition"]) == (200, "automatic-action/MDN-sent-automatically; processed")
    await trade.partner.send()
    assert trade.station.got() == []
    parked = await trade.rows("SELECT last_error FROM outbox WHERE state = 3")
    assert parked
    assert all(
        "nothing can be encrypted for it" in r["last_error"] and "as2_encrypt" in r["last_error"] for r in parked
    )
    await trade.configure(as2_encrypt="none")
    await trade.send(trade.partner.orders("PO-2"), id="<2@station>")
    await trade.partner.send()
    assert [b"ST*997" in content or b"ST*855" in content for _, content in trade.station.got()] == [True, True]
    assert await trade.states() == ["acknowledged", "acknowledged"]


@pytest.mark.parametrize("trade", [("hub",)], indirect=True)
async def test_with_an_ec_key_of_ours_we_sign_and_what_is_encrypted_for_it_is_refused_with_the_reason(
    trade: Trade,
) -> None:
    said = await trade.send(trade.partner.orders("PO-1"))
    assert "decryption-failed" in said["disposition"]
    assert await trade.orders() == 0
    [row] = await trade.rows("SELECT reason FROM transmissions")
    assert "encrypt for our RSA certificate" in row["reason"]
    await trade.configure(as2_accept="signed")
    said = await trade.send(trade.partner.orders("PO-1"), encrypt="", id="<2@station>")
    assert (said["signed"], said["disposition"]) == (True, "automatic-action/MDN-sent-automatically; processed")
    await trade.partner.send()
    assert await trade.states() == ["acknowledged", "acknowledged"]
    assert [seen["layers"][-1] for seen, _ in trade.station.got()] == ["signed", "signed"]
