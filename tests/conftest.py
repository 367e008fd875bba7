"""What every test may ask for: a PostgreSQL server shared by all workers of the run."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest

from tests.database import Server, embedded_server, sweep_abandoned


@pytest.fixture(scope="session")
async def database_server(testrun_uid: str) -> AsyncIterator[Server]:
    """HUB_TEST_DATABASE_URL (a superuser's) if set, else one embedded PostgreSQL 18 for all workers.

    HUB_TEST_FSYNC=off makes the embedded one quicker and forgetful; never set it for tests that kill PostgreSQL.
    """
    url = os.environ.get("HUB_TEST_DATABASE_URL")
    if url:
        yield Server(owner_dsn=url)
        return
    sweep_abandoned()
    async with embedded_server(testrun_uid, durable=os.environ.get("HUB_TEST_FSYNC") != "off") as server:
        yield server
