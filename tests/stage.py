"""A stage for whole stories: web, worker, simulators over a copy of the migrated template, one for all tests of a module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.cli.story.script import Story
from hub.cli.story.stage import Stage, staged
from tests.database import Server
from tests.db import fresh


@pytest.fixture(scope="module")
async def stage(database_server: Server, template: str) -> AsyncIterator[Stage]:
    async with fresh(database_server, template) as dsn, staged(dsn=dsn) as made:
        yield made


@pytest.fixture(scope="module")
def story(stage: Stage) -> Story:
    """The verbs of the demo's script against the stage."""
    return Story(stage, lambda _: None)
