"""The chaos harness, short: each target dies once or twice under load and nothing that was acknowledged is missing."""

from __future__ import annotations

import pytest

from tests.chaos.harness import chaos

pytestmark = pytest.mark.slow


async def test_a_few_kills_lose_nothing() -> None:
    found = await chaos(kills=5, seed=3)
    assert found.kills == {"worker": 2, "web": 2, "postgres": 1}
    assert found.ok, found
