"""The database that a command works on: the external one of the settings, or the embedded one, which serves inside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.kit.db import Database


@asynccontextmanager
async def database() -> AsyncIterator[Database]:
    from hub.kit.db import Database
    from hub.kit.embedded import Embedded
    from hub.kit.log import configure_logging
    from hub.kit.settings import load_settings

    settings = load_settings()
    configure_logging(level=settings.log_level, style=settings.log_format)
    if settings.database_url is not None:
        opened = await Database(settings.database_url.get_secret_value()).open()
        try:
            yield opened
        finally:
            await opened.close()
        return
    async with Embedded(settings.data, db_user=settings.db_user) as embedded:
        opened = await Database(embedded.owner_dsn).open()
        try:
            yield opened
        finally:
            await opened.close()


async def tenants(db: Database, one: str | None) -> list[int]:
    """The number of the one that is named by its code or number; of every one where none is."""
    if one is not None:
        from hub.cli.reach import tenant_number

        return [await tenant_number(db, one)]
    return [r["tenant_id"] for r in await db.worker.fetch("SELECT tenant_id FROM tenants ORDER BY tenant_id")]
