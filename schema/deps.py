"""What the outside gives this floor: the database, who asks, who acts, and the settings of the edge."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from hub.kit.clock import Clock, system_clock
from hub.kit.db import Pool
from schema.commands import Commands
from schema.principal import Authenticate
from schema.roles import OPEN_DOCUMENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`open_documents`: roles that may send documents of their own. `origins`: of browsers that may open a socket; the page's
    own host always may. `epoch`: of ledger cursors. `docs`: where errors are explained.
    """

    open_documents: frozenset[str] = OPEN_DOCUMENTS
    origins: frozenset[str] = frozenset()
    epoch: str = "1"
    docs: str = "/docs/errors"
    heartbeat: float = 12.0
    multipart_heartbeat: float = 5.0
    poll: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaDeps:
    """`read_pool` from `schema.plan.pool.open_read_pool`; `tail_pool` reads the ledger across tenants (Database.tail)."""

    read_pool: Pool
    tail_pool: Pool
    authenticate: Authenticate
    commands: Commands
    clock: Clock = system_clock
    settings: Settings = field(default_factory=Settings)
    monotonic: Callable[[], float] = time.monotonic
