"""The address of a database that runs: HUB_DATABASE_URL, else the embedded one of HUB_DATA. Starts nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, ClassVar

from hub.kit.errors import HubError

if TYPE_CHECKING:
    from hub.connections import Directory
    from hub.kit.db import Database
    from hub.kit.settings import Settings


class NothingRuns(HubError):
    """No hub's database runs below {data}; start `hub up`, or set HUB_DATABASE_URL or HUB_DATA."""

    code: ClassVar[str] = "NOTHING_RUNS"


def address() -> str:
    """The owner's address. It holds a password: never log it."""
    from hub.kit.embedded import running_dsn
    from hub.kit.settings import load_settings

    settings = load_settings()
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    found = running_dsn(settings.data, db_user=settings.db_user)
    if found is None:
        raise NothingRuns(data=settings.data)
    return found


@asynccontextmanager
async def accounts(settings: Settings) -> AsyncIterator[tuple[Database, Directory]]:
    """The accounts of the hub that runs, with their secrets where HUB_KEK is set."""
    from hub.connections import Directory
    from hub.kit.db import Database
    from hub.kit.vault import Vault

    db = await Database(address(), app_size=1).open()
    try:
        yield db, Directory(db, Vault(db, settings.keks()))
    finally:
        await db.close()
