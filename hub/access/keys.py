"""API keys `hub_<key id>_<43 characters>`: 256 random bits, of which only the SHA-256 is kept, and the principal that a key proves."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from hub.access.store import ROLES
from hub.kit.db import Database, Tx
from hub.kit.errors import HubError
from hub.kit.sqlfile import statements

SQL = statements(__file__, "access.sql")
_FORM = re.compile(r"hub_([a-z0-9]{16})_([A-Za-z0-9_-]{43})\Z")
_NOBODY = b"\0" * 32
FRESH = 5.0  # seconds for which a looked-up key is believed: a revoked key works no longer than that
CACHED = 10_000


class NotAuthenticated(HubError):
    """This key is not valid."""

    code: ClassVar[str] = "UNAUTHENTICATED"


class RoleUnknown(HubError):
    """There is no role {role}."""

    code: ClassVar[str] = "ROLE_UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks, as proven. `scopes` narrow the role; empty: all that it may. `cost_bucket` 0: unlimited."""

    tenant: int
    actor: str  # `key:<key id>`, `user:...`, `portal:...`; the scope of idempotency keys
    role: str
    scopes: frozenset[str] = frozenset()
    channel: str | None = None  # a storefront's own channel
    connection_id: UUID | None = None  # a partner's own connection
    cost_bucket: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key just made. `token` is shown once and kept nowhere."""

    key_id: str
    token: str


async def make_key(
    tx: Tx,
    role: str,
    *,
    scopes: Iterable[str] = (),
    label: str = "",
    channel: str | None = None,
    connection_id: UUID | None = None,
    cost_bucket: int = 20_000,
    expires_at: datetime | None = None,
) -> ApiKey:
    """Make a key of the unit's tenant."""
    if role not in ROLES:
        raise RoleUnknown(role=role)
    key_id, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    await tx.conn.execute(
        SQL["add_key"],
        tx.tenant,
        key_id,
        _digest(secret),
        role,
        sorted(set(scopes)),
        label,
        channel,
        connection_id,
        cost_bucket,
        expires_at,
        tx.now,
    )
    return ApiKey(key_id=key_id, token=f"hub_{key_id}_{secret}")


async def revoke_key(tx: Tx, key_id: str) -> bool:
    """Whether there was such a key. Other processes believe it for `FRESH` seconds more."""
    return bool(await tx.conn.fetch(SQL["revoke_key"], tx.tenant, key_id, tx.now))


class KeyRing:
    """Proves tokens, of all tenants; remembers a looked-up key for a few seconds. Never holds a secret."""

    def __init__(self, db: Database, *, ticks: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._ticks = ticks
        self._known: OrderedDict[str, tuple[float, Any]] = OrderedDict()

    async def prove(self, token: str) -> Principal:
        """The principal of that token; `NotAuthenticated` never says what was wrong with it."""
        form = _FORM.match(token)
        if not form:
            raise NotAuthenticated
        row = await self._find(form[1])
        same = hmac.compare_digest(row["secret_sha256"] if row else _NOBODY, _digest(form[2]))
        if not row or not same or (row["expires_at"] is not None and row["expires_at"] <= self._db.clock()):
            raise NotAuthenticated
        return Principal(
            tenant=row["tenant_id"],
            actor=f"key:{row['key_id']}",
            role=row["role"],
            scopes=frozenset(row["scopes"]),
            channel=row["channel"],
            connection_id=row["connection_id"],
            cost_bucket=row["cost_bucket"],
        )

    async def _find(self, key_id: str) -> Any:
        """The key's row or None; unknown ids are remembered too, so that guessing costs the database little."""
        now = self._ticks()
        found = self._known.get(key_id)
        if found and found[0] > now:
            return found[1]
        row = await self._db.worker.fetchrow(SQL["find_key"], key_id)
        self._known[key_id] = (now + FRESH, row)
        self._known.move_to_end(key_id)
        if len(self._known) > CACHED:
            self._known.popitem(last=False)
        return row


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
