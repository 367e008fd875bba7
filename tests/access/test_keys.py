"""API keys: shown once, kept as a hash, proven in constant time, gone when revoked or expired; tenants."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta

import pytest

from hub import access
from hub.access import ApiKey, KeyRing, NotAuthenticated, RoleUnknown, TenantExists
from hub.kit.clock import system_clock
from hub.kit.db import Database
from hub.kit.ids import new_id


async def make(db: Database, role: str = "ADMIN", *, tenant: int = 1, **given: object) -> ApiKey:
    async with db.unit(tenant=tenant, actor="test") as tx:
        return await access.make_key(tx, role, **given)  # type: ignore[arg-type]


async def test_a_key_proves_its_principal(db: Database) -> None:
    connection = new_id()
    key = await make(
        db, "PARTNER", tenant=3, scopes=["orders:read"], channel="shop", connection_id=connection, cost_bucket=0
    )
    assert re.fullmatch(r"hub_[a-z0-9]+_[A-Za-z0-9_-]{43}", key.token)
    seen = await KeyRing(db).prove(key.token)
    assert (seen.tenant, seen.actor, seen.role) == (3, f"key:{key.key_id}", "PARTNER")
    assert (seen.scopes, seen.channel, seen.connection_id, seen.cost_bucket) == (
        frozenset({"orders:read"}),
        "shop",
        connection,
        0,
    )


async def test_only_a_hash_of_the_secret_is_stored(db: Database) -> None:
    key = await make(db)
    secret = key.token.split("_", 2)[2]
    row = await db.worker.fetchrow("SELECT k::text AS text, secret_sha256 FROM api_keys k")
    assert row is not None
    assert secret not in row["text"]
    assert row["secret_sha256"] == hashlib.sha256(secret.encode()).digest()


async def test_nothing_else_proves_anybody(db: Database) -> None:
    ring, key, other = KeyRing(db), await make(db), await make(db)
    head, id_, secret = key.token.split("_", 2)
    flipped = ("B" if secret[0] == "A" else "A") + secret[1:]
    bad = [
        "",
        "hub_",
        key.token + "x",
        key.token + "\n",
        key.token[:-1],
        f"{head}_{id_}_{flipped}",
        f"{head}_{id_}_{other.token.split('_', 2)[2]}",
        f"{head}_{'0' * 16}_{secret}",
        key.token.upper(),
        f"{head}_' OR 1=1 --_{secret}",
    ]
    for token in bad:
        with pytest.raises(NotAuthenticated):
            await ring.prove(token)
    assert (await ring.prove(key.token)).tenant == 1


async def test_a_revoked_key_works_for_a_few_seconds_more_at_most(db: Database) -> None:
    time = 0.0
    ring, key = KeyRing(db, ticks=lambda: time), await make(db)
    await ring.prove(key.token)
    async with db.unit(tenant=2, actor="test") as tx:
        assert not await access.revoke_key(tx, key.key_id)
    async with db.unit(tenant=1, actor="test") as tx:
        assert await access.revoke_key(tx, key.key_id)
    time = 5.1
    with pytest.raises(NotAuthenticated):
        await ring.prove(key.token)


async def test_a_new_key_is_seen_even_if_it_was_asked_for_before(db: Database) -> None:
    time = 0.0
    ring, key = KeyRing(db, ticks=lambda: time), await make(db)
    await db.worker.fetch("SELECT 1")
    unknown = key.token.replace(key.key_id, "0" * 16)
    with pytest.raises(NotAuthenticated):
        await ring.prove(unknown)
    async with db.unit(tenant=1, actor="test") as tx:
        await tx.conn.execute("UPDATE api_keys SET key_id = repeat('0', 16)")
    time = 5.1
    assert (await ring.prove(unknown)).tenant == 1


async def test_a_key_expires(db: Database) -> None:
    key = await make(db, expires_at=system_clock() - timedelta(seconds=1))
    with pytest.raises(NotAuthenticated):
        await KeyRing(db).prove(key.token)


async def test_a_key_has_a_known_role(db: Database) -> None:
    with pytest.raises(RoleUnknown):
        await make(db, "ROOT")


async def test_tenants_get_numbers_of_their_own(db: Database) -> None:
    one, two = await access.create_tenant(db, "one", "One"), await access.create_tenant(db, "two", "Two")
    assert (one.tenant_id, two.tenant_id) == (1, 2)
    with pytest.raises(TenantExists):
        await access.create_tenant(db, "one", "Again")
    assert await access.find_tenant(db, "two") == two
    assert await access.tenants(db) == [one, two]
    async with db.unit(tenant=1, actor="test") as tx:
        assert await tx.conn.fetchval("SELECT count(*) FROM tenants") == 1
