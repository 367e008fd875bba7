"""Nobody changes a fact: not the app, not the owner; who gets around both is found by `verify`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import product
from uuid import UUID

import asyncpg
import pytest

from hub import ledger
from hub.kit.db import ROLES, Database
from hub.kit.ids import new_id
from hub.ledger import Broken
from tests.ledger.test_reading import write

CHANGES = {
    "update": "UPDATE {table} SET type = 'order.forged'",
    "delete": "DELETE FROM {table}",
    "truncate": "TRUNCATE {table}",
}


@pytest.fixture
async def owner(dsn: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    conn = await asyncpg.connect(dsn)
    try:
        yield conn
    finally:
        await conn.close()


async def tables(owner: asyncpg.Connection[asyncpg.Record]) -> list[str]:
    """The ledger and each of its partitions."""
    sql = "SELECT relid::regclass::text FROM pg_partition_tree('business_events')"
    return [r[0] for r in await owner.fetch(sql)]


async def test_the_owner_is_refused_by_trigger_on_every_partition(
    db: Database, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    written = await write(db, new_id(), count=3)
    names = await tables(owner)
    assert len(names) >= 5
    for name, how in product(names, CHANGES):
        if how == "truncate" or await owner.fetchval(f"SELECT EXISTS (SELECT 1 FROM {name})"):  # noqa: S608 - from the catalog
            with pytest.raises(asyncpg.PostgresError, match="append-only") as refused:
                await owner.execute(CHANGES[how].format(table=name))
            assert refused.value.sqlstate == "HUB01"
    assert await owner.fetchval("SELECT count(*) FROM business_events") == len(written)


async def test_no_role_of_the_hub_has_the_right(db: Database, owner: asyncpg.Connection[asyncpg.Record]) -> None:
    await write(db, new_id())
    for name in await tables(owner):
        for role, how in product(ROLES, CHANGES):
            await owner.execute(f"SET ROLE {role}")
            try:
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await owner.execute(CHANGES[how].format(table=name))
            finally:
                await owner.execute("RESET ROLE")


async def verified(db: Database, tenant: int = 1) -> tuple[int, list[Broken]]:
    async with db.unit(tenant=tenant, actor="test") as tx:
        return await ledger.verify(tx, page=4)


async def chains(db: Database, count: int) -> list[UUID]:
    """Subjects of five facts each."""
    subjects = [new_id() for _ in range(count)]
    for subject in subjects:
        await write(db, subject, count=2)
        await write(db, subject, count=3)
    return subjects


# what is done to a chain, and the version at which `verify` must notice
TAMPERED = {
    "UPDATE business_events SET data = '{\"n\": 99}' WHERE subject_id = $1 AND subject_version = 3": 3,
    "UPDATE business_events SET at = at + interval '1 us' WHERE subject_id = $1 AND subject_version = 2": 2,
    "UPDATE business_events SET actor = 'else' WHERE subject_id = $1 AND subject_version = 1": 1,
    "UPDATE business_events SET causation_id = event_id WHERE subject_id = $1 AND subject_version = 5": 5,
    "DELETE FROM business_events WHERE subject_id = $1 AND subject_version = 4": 5,
    "DELETE FROM business_events WHERE subject_id = $1 AND subject_version = 5": 5,
}


async def test_tampering_by_a_superuser_with_triggers_off_is_found(
    db: Database, owner: asyncpg.Connection[asyncpg.Record]
) -> None:
    whole, *victims = await chains(db, 1 + len(TAMPERED))
    assert await verified(db) == (5 * (1 + len(TAMPERED)), [])
    await owner.execute("SET session_replication_role = replica")
    for subject, statement in zip(victims, TAMPERED, strict=True):
        assert (await owner.execute(statement, subject)).endswith(" 1")
    _, broken = await verified(db)
    found = {b.subject_id: b.version for b in broken}
    assert found == dict(zip(victims, TAMPERED.values(), strict=True))
    assert whole not in found
