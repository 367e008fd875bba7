"""Accounts are found by their address over all tenants; their secrets are sealed, rotate and stay with their row."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

from hub import connections
from hub.connections import Connection, ConnectionExists, ConnectionUnknown, Directory
from hub.kit.clock import system_clock
from hub.kit.db import Database
from hub.kit.ids import new_id
from hub.kit.vault import Unopenable, Vault

KEKS = {"a": os.urandom(32)}


async def make(db: Database, code: str = "main", *, tenant: int = 1, **secrets: str) -> Connection:
    async with db.unit(tenant=tenant, actor="test") as tx:
        made = await connections.create(tx, "shopify", code, "Main shop", config={"base": "https://shop.example"})
        for field, value in secrets.items():
            await connections.add_secret(tx, Vault(db, KEKS), made.connection_id, field, value)
    return made


async def test_a_hook_finds_its_account_of_whatever_tenant(db: Database) -> None:
    await make(db, "one", tenant=1, secret="s1")
    two = await make(db, "two", tenant=2, secret="s2", token="t2")
    directory = Directory(db, Vault(db, KEKS))
    connection, account = await directory.at("shopify", "two")
    assert connection == two
    assert (account.connection_id, account.code) == (two.connection_id.hex, "two")
    assert account.secrets == {"secret": ["s2"], "token": ["t2"]}
    assert account.config == {"base": "https://shop.example"}
    assert (await directory.of(two.connection_id))[0] == two
    assert [c.code for c in await directory.all()] == ["one", "two"]
    with pytest.raises(ConnectionUnknown):
        await directory.at("shopify", "three")
    with pytest.raises(ConnectionUnknown):
        await directory.of(new_id())


async def test_an_address_is_given_once(db: Database) -> None:
    await make(db, tenant=1)
    with pytest.raises(ConnectionExists):
        await make(db, tenant=2)


async def test_a_change_is_seen_after_a_few_seconds_or_when_forgotten(db: Database) -> None:
    time = 0.0
    made = await make(db)
    directory = Directory(db, Vault(db, KEKS), ticks=lambda: time)
    await directory.at("shopify", "main")
    async with db.unit(tenant=1, actor="test") as tx:
        await connections.set_state(tx, made.connection_id, "FAILING", error="401")
    assert (await directory.at("shopify", "main"))[0].state == "ACTIVE"
    time = 5.1
    found = (await directory.at("shopify", "main"))[0]
    assert (found.state, found.last_error, found.last_ok_at) == ("FAILING", "401", None)
    async with db.unit(tenant=1, actor="test") as tx:
        await connections.set_state(tx, made.connection_id, "ACTIVE")
    directory.forget()
    found = (await directory.at("shopify", "main"))[0]
    assert (found.state, found.last_error, found.last_ok_at is not None) == ("ACTIVE", None, True)


async def test_two_secrets_live_during_a_rotation(db: Database) -> None:
    made, vault = await make(db), Vault(db, KEKS)
    for value in ("first", "second", "third"):
        async with db.unit(tenant=1, actor="test") as tx:
            await connections.add_secret(tx, vault, made.connection_id, "secret", value, overlap=timedelta(hours=1))
    assert await connections.live_secrets(db, vault, made) == {"secret": ["third", "second"]}
    late = await Database(db.dsn, clock=lambda: system_clock() + timedelta(hours=2)).open()
    try:
        assert await connections.live_secrets(late, vault, made) == {"secret": ["third"]}
    finally:
        await late.close()
    async with db.unit(tenant=1, actor="test") as tx:
        assert await connections.drop_secret(tx, made.connection_id, "secret") == 2
    assert await connections.live_secrets(db, vault, made) == {}


async def test_a_sealed_secret_that_was_copied_to_another_row_does_not_open(db: Database) -> None:
    one, two = await make(db, "one", secret="s1"), await make(db, "two", secret="s2")
    async with db.unit(tenant=1, actor="test") as tx:
        await tx.conn.execute(
            "UPDATE connection_secrets SET value = (SELECT value FROM connection_secrets WHERE connection_id = $1) "
            "WHERE connection_id = $2",
            one.connection_id,
            two.connection_id,
        )
    with pytest.raises(Unopenable):
        await connections.live_secrets(db, Vault(db, KEKS), two)
    assert await connections.live_secrets(db, Vault(db, KEKS), one) == {"secret": ["s1"]}


async def test_no_secret_stands_readable_in_the_database(db: Database) -> None:
    await make(db, secret="a-canary-of-secrets")
    text = await db.worker.fetchval(
        "SELECT string_agg(s::text || encode(s.value, 'escape'), '') FROM connection_secrets s"
    )
    assert text
    assert "canary" not in text


async def test_config_and_sweeps_are_kept(db: Database) -> None:
    made = await make(db)
    async with db.unit(tenant=1, actor="test") as tx:
        await connections.set_config(tx, made.connection_id, {"a": 1}, shadow=True)
        await connections.mark_swept(tx, made.connection_id, "2026-01-01")
        (found,) = await connections.of_tenant(tx, adapter="shopify")
        assert await connections.of_tenant(tx, adapter="x12") == []
    assert (found.config, found.shadow, found.label, found.sweep_cursor) == ({"a": 1}, True, "Main shop", "2026-01-01")


async def test_another_tenant_sees_and_changes_nothing(db: Database) -> None:
    made = await make(db, secret="s")
    async with db.unit(tenant=2, actor="test") as tx:
        assert await connections.of_tenant(tx) == []
        with pytest.raises(ConnectionUnknown):
            await connections.set_state(tx, made.connection_id, "PAUSED")
        with pytest.raises(ConnectionUnknown):
            await connections.add_secret(tx, Vault(db, KEKS), made.connection_id, "secret", "mine")
        assert await connections.drop_secret(tx, made.connection_id, "secret") == 0
