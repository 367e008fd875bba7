"""The relay process: the ledger's facts to NATS JetStream, nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

from hub import ledger
from hub.kit.db import Database
from hub.kit.doorbell import Doorbell
from hub.kit.errors import HubError
from hub.kit.settings import Settings
from hub.kit.tasks import ended


class NoBroker(HubError):
    """HUB_NATS_URL names no broker, so there is nothing to relay to."""

    code: ClassVar[str] = "NO_BROKER"


@asynccontextmanager
async def relaying(dsn: str, settings: Settings) -> AsyncIterator[ledger.Relay]:
    """Publish while the block runs."""
    if settings.broker is None:
        raise NoBroker
    db = await Database(dsn, app_size=1).open()
    bell = await Doorbell(dsn).open()
    try:
        async with ledger.connected(settings.broker) as (_, js):
            relay = ledger.Relay(db, bell, js, stream=settings.nats_stream, replicas=settings.nats_replicas)
            running = asyncio.create_task(relay.run())
            try:
                yield relay
            finally:
                await ended(running)
    finally:
        await bell.close()
        await db.close()
