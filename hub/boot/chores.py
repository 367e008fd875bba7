"""Chores of a process: done again and again, whatever the database does meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import structlog

from hub.kit.db import Unavailable

log = structlog.get_logger()


async def every(seconds: float, what: Callable[[], Awaitable[int]]) -> None:
    """Again and again; a database that is away is waited for."""
    while True:
        try:
            await what()
        except (
            OSError,
            Unavailable,
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            asyncpg.InternalClientError,
        ) as error:
            log.warning("a chore has to wait", action="chore", reason=type(error).__name__)
        await asyncio.sleep(seconds)
