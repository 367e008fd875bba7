"""Connections: one configured account at an outside system each. Plain config in the open, secrets sealed, looked up by everybody, cached briefly."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal
from uuid import UUID

import asyncpg

from hub.canon.ports import Account, Secrets
from hub.kit.db import Database, Tx
from hub.kit.errors import HubError
from hub.kit.ids import new_id
from hub.kit.sqlfile import statements
from hub.kit.vault import Place, Vault

SQL = statements(__file__, "connections.sql")
REMEMBERED = "connections.of_tenant"
FRESH = 5.0  # seconds for which a looked-up account is believed
State = Literal["ACTIVE", "PAUSED", "FAILING"]


class ConnectionUnknown(HubError):
    """There is no such connection."""

    code: ClassVar[str] = "CONNECTION_UNKNOWN"


class ConnectionExists(HubError):
    """The account {account} at {adapter} is connected already."""

    code: ClassVar[str] = "CONNECTION_EXISTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """`code` is the {account} of its hook's address, unique per adapter over all tenants. `shadow`: everything is planned, nothing sent."""

    tenant: int
    connection_id: UUID
    adapter: str
    code: str
    label: str
    state: State
    shadow: bool
    config: Mapping[str, Any]
    sweep_cursor: str | None
    swept_at: datetime | None
    last_ok_at: datetime | None
    last_error: str | None

    def destination(self, port: str) -> str:
        """The name under which deliveries to this connection's port are owed, limited and broken off."""
        return f"{self.connection_id.hex}:{port}"


def _connection(row: asyncpg.Record) -> Connection:
    names = ("connection_id", "adapter", "code", "label", "state", "shadow", "config", "sweep_cursor")
    more = ("swept_at", "last_ok_at", "last_error")
    return Connection(tenant=row["tenant_id"], **{n: row[n] for n in (*names, *more)})


async def create(
    tx: Tx, adapter: str, code: str, label: str, *, config: Mapping[str, Any] | None = None, shadow: bool = False
) -> Connection:
    """Connect an account; raises `ConnectionExists`."""
    tx.remembered.pop(REMEMBERED, None)
    try:
        row = await tx.conn.fetchrow(
            SQL["create"], tx.tenant, new_id(), adapter, code, label, shadow, dict(config or {}), tx.now
        )
    except asyncpg.UniqueViolationError as error:
        raise ConnectionExists(adapter=adapter, account=code) from error
    return _found(row)


def _found(row: asyncpg.Record | None) -> Connection:
    if row is None:
        raise ConnectionUnknown
    return _connection(row)


async def of_tenant(tx: Tx, *, adapter: str | None = None) -> list[Connection]:
    """Sorted by adapter and code; read once a unit."""
    found: list[Connection] | None = tx.remembered.get(REMEMBERED)
    if found is None:
        found = tx.remembered[REMEMBERED] = [_connection(r) for r in await tx.conn.fetch(SQL["of_tenant"], tx.tenant)]
    return [c for c in found if adapter is None or c.adapter == adapter]


async def set_state(tx: Tx, connection_id: UUID, state: State, *, error: str | None = None) -> Connection:
    """`error` None: it works, as of now."""
    tx.remembered.pop(REMEMBERED, None)
    return _found(await tx.conn.fetchrow(SQL["set_state"], tx.tenant, connection_id, state, error, tx.now))


async def set_config(
    tx: Tx, connection_id: UUID, config: Mapping[str, Any], *, shadow: bool | None = None, label: str | None = None
) -> Connection:
    """Replace the plain config; None leaves the rest as it is."""
    tx.remembered.pop(REMEMBERED, None)
    return _found(await tx.conn.fetchrow(SQL["set_config"], tx.tenant, connection_id, dict(config), shadow, label))


async def mark_swept(tx: Tx, connection_id: UUID, cursor: str | None) -> Connection:
    """After the envelopes of a page are kept: where the next sweep goes on."""
    tx.remembered.pop(REMEMBERED, None)
    return _found(await tx.conn.fetchrow(SQL["mark_swept"], tx.tenant, connection_id, cursor, tx.now))


async def claim_sweep(tx: Tx, connection_id: UUID, until: datetime) -> Connection | None:
    """Sweep it, alone, until then; None while somebody else does or the other side wants a pause."""
    tx.remembered.pop(REMEMBERED, None)
    row = await tx.conn.fetchrow(SQL["claim_sweep"], tx.tenant, connection_id, tx.now, until)
    return None if row is None else _connection(row)


async def rest_sweep(tx: Tx, connection_id: UUID, until: datetime) -> None:
    """No sweep before that time."""
    await tx.conn.fetchval(SQL["rest_sweep"], tx.tenant, connection_id, until)


# ------------------------------------------------------------------ secrets
def _place(connection_id: UUID, field: str, no: int) -> Place:
    return Place(table="connection_secrets", column="value", row=f"{connection_id.hex}|{field}|{no}")


async def add_secret(
    tx: Tx, vault: Vault, connection_id: UUID, field: str, value: str, *, overlap: timedelta = timedelta(days=1)
) -> None:
    """The newest value of a secret field; the one before stays live for `overlap`, older ones are forgotten."""
    no = await tx.conn.fetchval(SQL["next_secret"], tx.tenant, connection_id, field)
    if no is None:
        raise ConnectionUnknown
    sealed = await vault.seal(tx, _place(connection_id, field, no), value.encode())
    ends = tx.now + overlap
    await tx.conn.execute(SQL["add_secret"], tx.tenant, connection_id, field, no, sealed, ends, tx.now)
    await tx.conn.execute(SQL["forget_secrets"], tx.tenant, connection_id, field, no - 1)


async def drop_secret(tx: Tx, connection_id: UUID, field: str) -> int:
    """Forget every value of a field, at once. Returns how many there were."""
    return len(await tx.conn.fetch(SQL["drop_secret"], tx.tenant, connection_id, field))


async def live_secrets(db: Database, vault: Vault, connection: Connection) -> Secrets:
    """Field -> live values, newest first."""
    rows = await db.worker.fetch(SQL["live_secrets"], connection.tenant, connection.connection_id, db.clock())
    found: dict[str, list[str]] = {}
    for row in rows:
        place = _place(connection.connection_id, row["field"], row["no"])
        value = await vault.open(connection.tenant, place, row["value"])
        found.setdefault(row["field"], []).append(value.decode())
    return found


# ------------------------------------------------------------------ lookup across tenants
class Directory:
    """Connections of all tenants with their opened secrets, by account or id; what was looked up is believed for a few seconds."""

    def __init__(self, db: Database, vault: Vault, *, ticks: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._vault = vault
        self._ticks = ticks
        self._known: dict[tuple[str, ...], tuple[float, Connection, Secrets]] = {}

    async def at(self, adapter: str, code: str) -> tuple[Connection, Account]:
        """The connection behind `/hooks/{adapter}/{account}`. Raises `ConnectionUnknown`."""
        return await self._look((adapter, code), SQL["by_account"], adapter, code)

    async def of(self, connection_id: UUID) -> tuple[Connection, Account]:
        """By its id. Raises `ConnectionUnknown`."""
        return await self._look((connection_id.hex,), SQL["by_id"], connection_id)

    async def all(self) -> list[Connection]:
        """Every connection of every tenant, read anew: for sweeps and start-up checks."""
        return [_connection(r) for r in await self._db.worker.fetch(SQL["all"])]

    def forget(self) -> None:
        """Look everything up anew, after a change made by this process."""
        self._known.clear()

    async def _look(self, key: tuple[str, ...], sql: str, *given: Any) -> tuple[Connection, Account]:
        now = self._ticks()
        known = self._known.get(key)
        if known is None or known[0] <= now:
            connection = _found(await self._db.worker.fetchrow(sql, *given))
            known = (now + FRESH, connection, await live_secrets(self._db, self._vault, connection))
            self._known[key] = known
        _, connection, secrets = known
        account = Account(
            connection_id=connection.connection_id.hex,
            code=connection.code,
            config=connection.config,
            secrets=secrets,
            now=self._db.clock(),
        )
        return connection, account
