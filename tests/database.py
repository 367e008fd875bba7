"""The PostgreSQL server of a test run: an external one, or an embedded one that all workers attach to."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from hub.kit.embedded import Embedded

PREFIX = "hub-tests-"
ABANDONED_AFTER = 3600  # seconds without a lock holder
NEEDED = 4 << 30  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """`owner_dsn` belongs to a superuser; roles made by `admit` log in with `dsn`."""

    owner_dsn: str

    def dsn(self, *, role: str | None = None, database: str | None = None) -> str:
        """The owner's address, for another role or another database where one is named."""
        parts = urlsplit(self.owner_dsn)
        place = parts.netloc.rpartition("@")[2]
        who = parts.netloc.rpartition("@")[0] if role is None else f"{quote(role)}:{self._password(role)}"
        path = parts.path if database is None else f"/{quote(database)}"
        return urlunsplit((parts.scheme, f"{who}@{place}", path, parts.query, ""))

    def _password(self, role: str) -> str:
        return hashlib.sha256(f"{role} of a test".encode()).hexdigest()

    async def admit(self, roles: Sequence[str]) -> None:
        """Make the roles if they are missing, with a password that `dsn(role=...)` knows. Roles are of the whole server."""
        connection = await asyncpg.connect(self.owner_dsn)
        try:
            for role in roles:
                with suppress(asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError):
                    await connection.execute(f'CREATE ROLE "{role}" LOGIN')
                # one worker at a time: two at once would meet in "tuple concurrently updated"
                async with connection.transaction():
                    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('tests.admit'))")
                    await connection.execute(f"ALTER ROLE \"{role}\" LOGIN PASSWORD '{self._password(role)}'")
        finally:
            await connection.close()


@asynccontextmanager
async def embedded_server(run: str, *, durable: bool) -> AsyncIterator[Server]:
    """One cluster a run; the last worker to leave stops it."""
    async with Embedded(_data_of(run), durable=durable) as embedded:
        yield Server(owner_dsn=embedded.owner_dsn)


def _data_of(run: str) -> Path:
    return _home() / f"{PREFIX}{run}"


@cache
def _home() -> Path:
    """Memory where there is enough of it: a copy of the template is a thousand small files, 50 ms there and a second on a disk."""
    memory = Path("/dev/shm")  # noqa: S108 - a file system, no file
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > NEEDED:
        return memory
    return Path(tempfile.gettempdir())


def remove_data(run: str) -> None:
    """Remove the cluster of a finished run, if it had one."""
    shutil.rmtree(_data_of(run), ignore_errors=True)


def sweep_abandoned() -> None:
    """End and remove the clusters of runs that were killed: old, and no living process holds their lock."""
    for data in _home().glob(f"{PREFIX}*"):
        try:
            if time.time() - data.stat().st_mtime < ABANDONED_AFTER:
                continue
            handle = os.open(data / "hub.lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _end_postmaster(data)
            shutil.rmtree(data, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(handle)


def _end_postmaster(data: Path) -> None:
    """Only a process that works in this cluster is ended: a process id alone may have been given away again."""
    with suppress(OSError, ValueError, IndexError):
        cluster = data / "pg18"
        pid = int((cluster / "postmaster.pid").read_text().splitlines()[0])
        if Path(f"/proc/{pid}/cwd").resolve() == cluster.resolve():
            os.kill(pid, 3)
