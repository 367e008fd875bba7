"""What flows ask of connections inside a unit: which adapter serves one, and its plain configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from hub.kit.db import Tx
from hub.kit.errors import HubError


class UnknownConnection(HubError):
    """There is no connection {connection}."""

    code: ClassVar[str] = "UNKNOWN_CONNECTION"


async def configs(tx: Tx) -> dict[UUID, Mapping[str, Any]]:
    """Connection -> config of the unit's tenant. Never a secret."""
    return {
        r["connection_id"]: r["config"] for r in await tx.conn.fetch("SELECT connection_id, config FROM connections")
    }


async def adapters(tx: Tx) -> dict[UUID, str]:
    """Connection -> name of its adapter."""
    rows = await tx.conn.fetch("SELECT connection_id, adapter FROM connections WHERE state <> 'PAUSED'")
    return {r["connection_id"]: r["adapter"] for r in rows}
