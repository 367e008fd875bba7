"""Read connections that keep their tenant for the session: one round trip a read instead of four."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import asyncpg

from hub.kit.db import Pool, Unavailable, open_pool
from schema.errors import TimedOut

SECONDS = 10
SETTINGS = {
    "plan_cache_mode": "force_generic_plan",
    "default_transaction_read_only": "on",
    "statement_timeout": f"{SECONDS}s",
    "enable_seqscan": "off",  # a plan for all values believes that a rare one is soon found by looking at everything
    "hub.epoch": "1",
}


async def open_read_pool(dsn: str, *, size: int = 8, epoch: str = "1") -> Pool:
    """The pool of section 4.5: generic plans, read only, a time limit; JSON stays text."""
    return await open_pool(dsn, "hub_read", size=size, settings={**SETTINGS, "hub.epoch": epoch}, json=False)


class ReadPool:
    """Keeps its connections at hand, with the tenant that each was last set to: asyncpg's own hand-over costs more than a small read.
    Any error closes the connection, because its tenant would be in doubt. `drain` must come before the pool is closed.
    """

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self._places = asyncio.Semaphore(pool.get_max_size())
        self._free: list[tuple[Any, int]] = []

    def acquire(self, tenant: int) -> Held:
        return Held(self, tenant)

    async def fetchrow(self, tenant: int, sql: str, binds: list[Any]) -> Any:
        async with Held(self, tenant) as conn:
            return await conn.fetchrow(sql, *binds)

    async def take(self, tenant: int) -> Any:
        """A connection of that tenant; the longest waits 10 s for a free place."""
        if self._places.locked():
            async with asyncio.timeout(SECONDS):
                await self._places.acquire()
        else:
            await self._places.acquire()
        conn = None
        try:
            conn, last = await self._open(tenant)
            if last != tenant:
                await conn.execute(f"SELECT set_config('hub.tenant', '{tenant:d}', false)")
        except BaseException:
            await self.drop(conn)
            raise
        return conn

    async def _open(self, tenant: int) -> tuple[Any, int | None]:
        while self._free:
            at = next((i for i in range(len(self._free) - 1, -1, -1) if self._free[i][1] == tenant), -1)
            conn, last = self._free.pop(at)
            if _alive(conn):
                return conn, last
            await self.pool.release(conn)
        return await self.pool.acquire(timeout=SECONDS), None

    def give(self, conn: Any, tenant: int) -> None:
        self._free.append((conn, tenant))
        self._places.release()

    async def drop(self, conn: Any) -> None:
        """Close the connection, if there is one, and give its place back."""
        try:
            if conn is not None:
                with suppress(asyncpg.InterfaceError):
                    conn.terminate()
                await self.pool.release(conn)
        finally:
            self._places.release()

    async def drain(self) -> None:
        """Give every idle connection back to the pool."""
        while self._free:
            conn, _ = self._free.pop()
            await self.pool.release(conn)


class Held:
    """A connection of the pool for the length of a block."""

    __slots__ = ("conn", "reads", "tenant")

    def __init__(self, reads: ReadPool, tenant: int) -> None:
        self.reads, self.tenant = reads, tenant
        self.conn: Any = None

    async def __aenter__(self) -> Any:
        try:
            self.conn = await self.reads.take(self.tenant)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise Unavailable from error
        return self.conn

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        conn, self.conn = self.conn, None
        if error is None:
            self.reads.give(conn, self.tenant)
            return
        await self.reads.drop(conn)
        if isinstance(error, asyncpg.QueryCanceledError):
            raise TimedOut(seconds=SECONDS) from error
        if isinstance(error, _AWAY):
            raise Unavailable from error


def _alive(conn: Any) -> bool:
    """Whether the session is still there: asyncpg takes back the handle of one that PostgreSQL has ended."""
    try:
        return not conn.is_closed()
    except asyncpg.InterfaceError:
        return False


_AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg says when PostgreSQL ended the session between two of its messages
)


class OneAtATime:
    """A connection whose reads wait for one another: the executor's resolvers run side by side."""

    def __init__(self, conn: Any) -> None:
        self._conn, self._lock = conn, asyncio.Lock()

    async def fetch(self, sql: str, *binds: Any) -> Any:
        async with self._lock:
            return await self._conn.fetch(sql, *binds)
