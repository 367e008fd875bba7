"""A seeded world for tests of fulfillments."""

from __future__ import annotations

import pytest

from hub.kit.db import Database
from tests.world import World, new_world


@pytest.fixture
async def world(db: Database) -> World:
    """Portugal: a hundred units of each SKU at LIS and OPO."""
    return await new_world(db)
