"""One running authority for the folder, at rest before each test, and a desk that talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from adapters.sefaz.simulator import SefazSimulator
from adapters.sefaz.simulator.profiles import PROFILES
from tests.adapters.sefaz.desk import Desk, account_of


@pytest.fixture(scope="package")
async def running() -> AsyncIterator[SefazSimulator]:
    simulator = SefazSimulator(seed=7)
    await simulator.start()
    yield simulator
    await simulator.stop()


@pytest.fixture
async def sefaz(running: SefazSimulator) -> SefazSimulator:
    running.app.faults.clear()
    running.app.behavior = PROFILES["SP"]
    running.app.time.shift = timedelta()
    running.app.store.rests.clear()
    running.app.store.asks.clear()
    return running


@pytest.fixture
async def desk(sefaz: SefazSimulator) -> AsyncIterator[Desk]:
    desk = Desk(account_of(sefaz))
    yield desk
    await desk.wire.aclose()
