"""Ending background tasks."""

from __future__ import annotations

import asyncio
from typing import Any


async def ended(*tasks: asyncio.Future[Any]) -> None:
    """Cancel them and wait until they are over. A fault of theirs is raised; so is a cancellation of the caller meanwhile, which to suppress their
    `CancelledError` would swallow.
    """
    for task in tasks:
        task.cancel()
    for found in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(found, BaseException) and not isinstance(found, asyncio.CancelledError):
            raise found
