"""The server that the suite shares: one for all workers, reachable as its owner and as an admitted role."""

from __future__ import annotations

import asyncpg

from tests.database import Server


async def test_one_server_serves_owner_and_roles(database_server: Server) -> None:
    owner = await asyncpg.connect(database_server.owner_dsn)
    try:
        assert await owner.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is True
        assert await owner.fetchval("SELECT current_setting('server_version_num')::int") >= 150000
    finally:
        await owner.close()


async def test_an_admitted_role_logs_in_where_it_is_sent(database_server: Server) -> None:
    await database_server.admit(["hub_test_guest"])
    guest = await asyncpg.connect(database_server.dsn(role="hub_test_guest", database="postgres"))
    try:
        assert await guest.fetchval("SELECT current_user || ' ' || current_database()") == "hub_test_guest postgres"
    finally:
        await guest.close()
