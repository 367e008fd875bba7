"""A company with its worker and a simulated authority, and the API over it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.kit.db import Database
from hub.kit.vault import Vault
from tests.api import Api, api_over
from tests.fiscal.office import KEKS, Office, opened


@pytest.fixture
async def office(db: Database) -> AsyncIterator[Office]:
    async with opened(db) as made:
        yield made


@pytest.fixture
async def api(office: Office) -> AsyncIterator[Api]:
    async with api_over(office.db, office.reactor, Vault(office.db, KEKS)) as made:
        yield made
