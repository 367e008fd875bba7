"""Secrets open where they were sealed and nowhere else; keys rotate; a wrong or missing key is said at start."""

from __future__ import annotations

import asyncio
import os

import pytest

from hub.kit.db import Database
from hub.kit.vault import BLOCK, MOST_USES, KekMissing, KekUnfit, KekUnknown, KekWrong, Place, Unopenable, Vault

HERE = Place(table="connection_secrets", column="value", row="r1")
OLD, NEW = os.urandom(32), os.urandom(32)


async def seal(db: Database, vault: Vault, secret: bytes = b"secret", *, tenant: int = 1, place: Place = HERE) -> bytes:
    async with db.unit(tenant=tenant, actor="test") as tx:
        return await vault.seal(tx, place, secret)


async def test_it_opens_what_it_sealed_also_in_another_process(db: Database) -> None:
    sealed = await seal(db, Vault(db, {"a": OLD}), b"\x00\xffpfx")
    assert b"pfx" not in sealed
    assert await Vault(db, {"a": OLD}).open(1, HERE, sealed) == b"\x00\xffpfx"


async def test_a_value_that_was_moved_or_changed_does_not_open(db: Database) -> None:
    vault = Vault(db, {"a": OLD})
    sealed = await seal(db, vault)
    await seal(db, vault, tenant=2)
    places = [
        Place(table="connection_secrets", column="value", row="r2"),
        Place(table="connection_secrets", column="other", row="r1"),
        Place(table="other", column="value", row="r1"),
        Place(table="connection_secretsv", column="alue", row="r1"),
    ]
    for place in places:
        with pytest.raises(Unopenable):
            await vault.open(1, place, sealed)
    with pytest.raises(Unopenable):
        await vault.open(2, HERE, sealed)
    for n in range(len(sealed)):
        changed = sealed[:n] + bytes([sealed[n] ^ 1]) + sealed[n + 1 :]
        with pytest.raises(Unopenable):
            await vault.open(1, HERE, changed)
    for cut in (b"", sealed[:20], sealed[:-1]):
        with pytest.raises(Unopenable):
            await vault.open(1, HERE, cut)


async def test_the_same_secret_never_looks_the_same(db: Database) -> None:
    vault = Vault(db, {"a": OLD})
    assert len({await seal(db, vault) for _ in range(50)}) == 50


async def test_wrong_unknown_and_missing_keys_are_said_at_start(db: Database) -> None:
    assert await Vault(db, {}).check() == 0
    with pytest.raises(KekMissing):
        await seal(db, Vault(db, {}))
    await seal(db, Vault(db, {"a": OLD}))
    with pytest.raises(KekWrong, match="a in HUB_KEK_FILE or HUB_KEK"):
        await Vault(db, {"a": NEW}).check()
    with pytest.raises(KekUnknown):
        await Vault(db, {"b": NEW}).check()
    with pytest.raises(KekMissing, match="HUB_KEK"):
        await Vault(db, {}).check()
    assert await Vault(db, {"a": OLD}).check() == 1
    with pytest.raises(KekUnfit):
        Vault(db, {"a": b"short"})


async def test_the_key_encryption_key_is_rotated(db: Database) -> None:
    sealed = {t: await seal(db, Vault(db, {"old": OLD}), tenant=t) for t in (1, 2)}
    both = Vault(db, {"new": NEW, "old": OLD})
    assert await both.rewrap() == 2
    assert await both.rewrap() == 0
    alone = Vault(db, {"new": NEW})
    assert await alone.check() == 2
    assert {await alone.open(t, HERE, s) for t, s in sealed.items()} == {b"secret"}


async def test_rotation_under_load_loses_nothing(db: Database) -> None:
    vault = Vault(db, {"old": OLD})
    first = await seal(db, vault)
    both = Vault(db, {"new": NEW, "old": OLD})
    stop = asyncio.Event()
    opened = 0

    async def reader() -> None:
        nonlocal opened
        while not stop.is_set():
            fresh = Vault(db, {"new": NEW, "old": OLD})
            assert await fresh.open(1, HERE, first) == b"secret"
            assert await vault.open(1, HERE, await seal(db, vault)) == b"secret"
            opened += 1

    readers = [asyncio.create_task(reader()) for _ in range(3)]
    for _ in range(3):
        await both.renew(1)
        await both.rewrap()
    stop.set()
    await asyncio.gather(*readers)
    assert opened >= 3


async def test_a_data_key_is_replaced(db: Database) -> None:
    vault = Vault(db, {"a": OLD})
    old = await seal(db, vault)
    assert await vault.renew(1) == 2
    new = await seal(db, vault)
    assert (old[1:5], new[1:5]) == ((1).to_bytes(4), (2).to_bytes(4))
    assert await vault.open(1, HERE, old) == await vault.open(1, HERE, new) == b"secret"


async def test_a_data_key_that_is_used_up_is_replaced(db: Database) -> None:
    await seal(db, Vault(db, {"a": OLD}))
    async with db.unit(tenant=1, actor="test") as tx:
        assert await tx.conn.fetchval("SELECT uses FROM data_keys") == BLOCK
        await tx.conn.execute("UPDATE data_keys SET uses = $1", MOST_USES - 1)
    sealed = await seal(db, Vault(db, {"a": OLD}))
    assert int.from_bytes(sealed[1:5]) == 2


async def test_first_use_by_many_processes_makes_one_key(db: Database) -> None:
    await asyncio.gather(*(seal(db, Vault(db, {"a": OLD})) for _ in range(4)))
    assert await db.worker.fetchval("SELECT count(*) FROM data_keys") == 1
