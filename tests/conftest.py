"""What every test may ask for: a PostgreSQL server shared by all workers of the run."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator

import pytest

from tests.database import Server, embedded_server, remove_data, sweep_abandoned
from tests.db import db, dsn, template

__all__ = ["database_server", "db", "dsn", "template"]

RUN = "HUB_TEST_RUN"


def pytest_configure(config: pytest.Config) -> None:
    """Workers inherit the name of the run from the process that starts them."""
    if not hasattr(config, "workerinput"):
        os.environ[RUN] = secrets.token_hex(6)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Only the starting process removes the data: a worker may come when another has already left."""
    if not hasattr(session.config, "workerinput"):
        remove_data(os.environ[RUN])


@pytest.fixture(scope="session")
async def database_server() -> AsyncIterator[Server]:
    """HUB_TEST_DATABASE_URL (a superuser's) if set, else one embedded PostgreSQL 18 for all workers.

    HUB_TEST_FSYNC=off makes the embedded one quicker and forgetful; never set it for tests that kill PostgreSQL.
    """
    url = os.environ.get("HUB_TEST_DATABASE_URL")
    if url:
        yield Server(owner_dsn=url)
        return
    sweep_abandoned()
    async with embedded_server(os.environ[RUN], durable=os.environ.get("HUB_TEST_FSYNC") != "off") as server:
        yield server
