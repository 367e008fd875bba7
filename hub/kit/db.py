"""The database: pools that work under one role each, and the unit, one transaction with its tenant, actor and correlation id.

One login, several roles: each pool starts its sessions with `role` set, so that row-level security binds it (docs/adr/0002).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import asyncpg
import orjson

from hub.kit.clock import Clock, system_clock
from hub.kit.errors import HubError
from hub.kit.ids import new_id

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = PoolConnectionProxy[asyncpg.Record] | asyncpg.Connection[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection = Any
    Pool = Any

ROLES = ("hub_app", "hub_read", "hub_worker", "hub_tail")


class Unavailable(HubError):
    """The database cannot be reached just now."""

    code: ClassVar[str] = "UNAVAILABLE"


@dataclass(slots=True, kw_only=True)
class Tx:
    """One transaction. Commands take it first, never commit it, and reach no network while it is open."""

    conn: Connection
    tenant: int
    actor: str
    correlation_id: UUID
    now: datetime
    database: str = ""  # which database: what a process remembers of one must not serve another
    facts: list[Any] = field(default_factory=list)  # appended in this unit, written by the ledger before the commit
    answered: int = 0  # how many of them the flows have seen
    born: set[UUID] = field(default_factory=set)  # subjects made in this unit: they have no earlier facts
    remembered: dict[str, Any] = field(default_factory=dict)  # master data read once a unit, by its room
    before_commit: list[Callable[[Tx], Awaitable[None]]] = field(default_factory=list)
    after_commit: list[Callable[[], None]] = field(default_factory=list)


def _json_out(value: Any) -> bytes:
    return b"\x01" + orjson.dumps(value, default=str)


def _json_in(raw: bytes) -> Any:
    return orjson.loads(memoryview(raw)[1:])


async def prepare(conn: asyncpg.Connection[asyncpg.Record]) -> None:
    """JSONB crosses the driver as Python values."""
    await conn.set_type_codec("jsonb", schema="pg_catalog", encoder=_json_out, decoder=_json_in, format="binary")


async def _keep(_conn: Any) -> None:
    """Nothing to reset: units end their transactions themselves, and `RESET ALL` would cost a round trip a request."""


async def open_pool(
    dsn: str, role: str, *, size: int, settings: dict[str, str] | None = None, json: bool = True
) -> Pool:
    """A pool whose sessions run as `role` with `settings`; UTC, no JIT."""
    given = {"role": role, "TimeZone": "UTC", "jit": "off", "application_name": role, **(settings or {})}
    try:
        return await asyncpg.create_pool(
            dsn,
            min_size=min(2, size),
            max_size=size,
            init=prepare if json else None,
            reset=_keep,
            server_settings=given,
            max_inactive_connection_lifetime=0,
            statement_cache_size=500,
            max_cached_statement_lifetime=0,
            max_cacheable_statement_size=0,
        )
    except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError) as error:
        raise Unavailable from error


# Queues fill and empty, and a new tenant's tables grow, faster than their statistics: whatever those say, a statement
# goes by index and touches what it takes.
_BY_INDEX = dict.fromkeys(("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin"), "off")


class Database:
    """The pools of one process. `app`: units. `worker`: claims across tenants. `tail`: reads the ledger across tenants."""

    def __init__(self, dsn: str, *, clock: Clock = system_clock, app_size: int = 8) -> None:
        self.dsn = dsn
        self.clock = clock
        self._app_size = app_size
        self.app: Pool
        self.worker: Pool
        self.tail: Pool

    async def open(self) -> Database:
        hot = {"plan_cache_mode": "force_generic_plan"}
        patient = {
            **hot,
            **_BY_INDEX,
            "lock_timeout": "10s",
        }  # a command that waits longer than that for another one gives up
        self.app = await open_pool(self.dsn, "hub_app", size=self._app_size, settings=patient)
        self.worker = await open_pool(self.dsn, "hub_worker", size=4, settings={**hot, **_BY_INDEX})
        self.tail = await open_pool(self.dsn, "hub_tail", size=2, settings=hot)
        return self

    async def close(self) -> None:
        for pool in (self.app, self.worker, self.tail):
            try:
                await asyncio.wait_for(pool.close(), 10)
            except TimeoutError:
                pool.terminate()

    @asynccontextmanager
    async def unit(
        self, *, tenant: int, actor: str, correlation_id: UUID | None = None, now: datetime | None = None
    ) -> AsyncIterator[Tx]:
        """A transaction of that tenant. Committed when the block ends, rolled back when it raises."""
        async with self.app.acquire() as conn:
            await conn.execute(f"BEGIN; SELECT set_config('hub.tenant', '{tenant:d}', true)")
            tx = Tx(
                conn=conn,
                tenant=tenant,
                actor=actor,
                correlation_id=correlation_id or new_id(),
                now=now or self.clock(),
                database=self.dsn,
            )
            try:
                yield tx
                for hook in tx.before_commit:
                    await hook(tx)
                await conn.execute("COMMIT")
            except BaseException:
                await _roll_back(conn)
                raise
        for done in tx.after_commit:
            done()


async def _roll_back(conn: Connection) -> None:
    """Leave no open transaction in the pool: a connection that cannot roll back is thrown away."""
    try:
        await asyncio.shield(asyncio.wait_for(conn.execute("ROLLBACK"), 5))
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        with suppress(asyncpg.InterfaceError):  # it was lost, and the pool has let it go already
            conn.terminate()
