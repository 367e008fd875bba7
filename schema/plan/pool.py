"""Read connections that keep their tenant for the session: one round trip a read instead of four."""

from __future__ import annotations

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

import asyncpg

from hub.kit.db import Pool, Unavailable, open_pool
from schema.errors import TimedOut

SECONDS = 10
SETTINGS = {
    "plan_cache_mode": "force_generic_plan",
    "default_transaction_read_only": "on",
    "statement_timeout": f"{SECONDS}s",
    "hub.epoch": "1",
}


async def open_read_pool(dsn: str, *, size: int = 8, epoch: str = "1") -> Pool:
    """The pool of section 4.5: generic plans, read only, a time limit; JSON stays text."""
    return await open_pool(dsn, "hub_read", size=size, settings={**SETTINGS, "hub.epoch": epoch}, json=False)


class ReadPool:
    """Hands out connections under one tenant. Any error closes the connection: its tenant would be in doubt."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.tenants: WeakKeyDictionary[Any, int] = WeakKeyDictionary()

    def acquire(self, tenant: int) -> Held:
        return Held(self, tenant)

    async def fetchrow(self, tenant: int, sql: str, binds: list[Any]) -> Any:
        async with Held(self, tenant) as conn:
            return await conn.fetchrow(sql, *binds)


class Held:
    """A connection of the pool for the length of a block."""

    def __init__(self, reads: ReadPool, tenant: int) -> None:
        self.reads, self.tenant = reads, tenant
        self.conn: Any = None

    async def __aenter__(self) -> Any:
        try:
            self.conn = await self.reads.pool.acquire(timeout=SECONDS)
            inner = self.conn._con  # noqa: SLF001 - the proxy is new at each acquire, the connection below stays
            if self.reads.tenants.get(inner) != self.tenant:
                await self.conn.execute(f"SELECT set_config('hub.tenant', '{self.tenant:d}', false)")
                self.reads.tenants[inner] = self.tenant
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            await self._drop()
            raise Unavailable from error
        return self.conn

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if error is None:
            await self.reads.pool.release(self.conn)
            return
        await self._drop()
        if isinstance(error, asyncpg.QueryCanceledError):
            raise TimedOut(seconds=SECONDS) from error
        if isinstance(error, _AWAY):
            raise Unavailable from error

    async def _drop(self) -> None:
        conn, self.conn = self.conn, None
        if conn is not None:
            conn.terminate()
            await self.reads.pool.release(conn)


_AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
)


class OneAtATime:
    """A connection whose reads wait for one another: the executor's resolvers run side by side."""

    def __init__(self, conn: Any) -> None:
        self._conn, self._lock = conn, asyncio.Lock()

    async def fetch(self, sql: str, *binds: Any) -> Any:
        async with self._lock:
            return await self._conn.fetch(sql, *binds)
