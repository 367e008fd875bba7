"""Waiting for something to become true, with an end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(true: Callable[[], bool], seconds: float = 30) -> None:
    """Return when `true()` is; `TimeoutError` when it stays false."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - the condition may be anything
            await asyncio.sleep(0.005)
