"""Fills the names of segments and elements that the inspector shows, when the guides have changed since they were filled."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any

from hub.kit.db import Database

MARK = ("", "", "", 0)  # the row whose name is the fingerprint of the guides


async def name_segments(db: Database) -> int:
    """How many names were written; 0 when they are those of the present guides."""
    library: Any = import_module("adapters.x12.library").Library()
    naming: Any = import_module("adapters.x12.naming")
    fingerprint = await asyncio.to_thread(naming.fingerprint, library)
    held = await db.worker.fetchval(
        "SELECT name FROM segment_names WHERE version = '' AND set_id = '' AND segment = ''"
    )
    if held == fingerprint:
        return 0
    rows = await asyncio.to_thread(lambda: [*naming.names(library), (*MARK, fingerprint)])
    columns = [list(c) for c in zip(*rows, strict=True)]
    async with db.worker.acquire() as conn, conn.transaction():
        await conn.execute("SELECT pg_advisory_xact_lock(727004)")
        await conn.execute("DELETE FROM segment_names")
        sql = "INSERT INTO segment_names (version, set_id, segment, element, name) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[])"
        await conn.execute(sql, *columns)
    return len(rows)
