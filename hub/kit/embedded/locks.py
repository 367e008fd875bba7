"""Kernel locks between the hubs of one data directory: released with the process, however it dies.

`start.lock` is held only while somebody starts or stops PostgreSQL. `hub.lock` is held shared for life by everyone who
uses it; whoever can make it exclusive is alone. Two files, because a shared lock cannot be made exclusive for a
restart while a second hub lives.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from hub.kit.embedded.account import Account

EVERY = 0.05  # seconds between two looks; a thread blocked in flock could not be cancelled


def open_lock(path: Path, account: Account) -> int:
    """A descriptor of the lock file, not inherited by children: a lock lives as long as its last descriptor."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    if account.switch:
        os.fchown(handle, account.uid, account.gid)
    return handle


def try_lock(handle: int, operation: int) -> bool:
    """LOCK_SH or LOCK_EX without waiting. A refused change of kind gives the held lock up, as flock(2) says."""
    try:
        fcntl.flock(handle, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@asynccontextmanager
async def alone(path: Path, account: Account) -> AsyncIterator[None]:
    """Nobody else starts or stops PostgreSQL in this data directory meanwhile."""
    handle = open_lock(path, account)
    try:
        while not try_lock(handle, fcntl.LOCK_EX):  # noqa: ASYNC110 - the kernel has no event for it
            await asyncio.sleep(EVERY)
        yield
    finally:
        os.close(handle)
