"""The database that the commands find: that of the test."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator

import pytest

from hub.kit.db import Database
from tests.fiscal.office import KEKS, Office, opened


@pytest.fixture
async def office(dsn: str, db: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """The database is named by HUB_DATABASE_URL, its secrets open with HUB_KEK."""
    monkeypatch.setenv("HUB_DATABASE_URL", dsn)
    monkeypatch.setenv("HUB_KEK", "a:" + b64encode(KEKS["a"]).decode())
    monkeypatch.setenv("HUB_OUTBOUND_ALLOW", "127.0.0.1/32")
    async with opened(db) as made:
        yield made
