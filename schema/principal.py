"""Who asks: made from the proof alone by `Authenticate`, which the web room wires to `hub.access`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """`scopes` empty: all that the role may. `cost_bucket` 0: none. `expires_at`: when live streams must end."""

    tenant: int
    actor: str
    role: str
    scopes: frozenset[str] = frozenset()
    channel: str | None = None
    connection_id: UUID | None = None
    order_id: UUID | None = None
    cost_bucket: int = 20_000
    expires_at: datetime | None = None

    @property
    def reader(self) -> Reader:
        return Reader(role=self.role, scopes=self.scopes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What of a principal decides a plan; the ids that it owns are binds."""

    role: str
    scopes: frozenset[str] = frozenset()


Authenticate = Callable[[str], Awaitable[Principal | None]]  # the text of the Authorization header
