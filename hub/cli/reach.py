"""The database that runs: HUB_DATABASE_URL, else the embedded one of HUB_DATA; and acting on it as the hub does. Starts nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, ClassVar, TypeVar

from hub.kit.errors import HubError

if TYPE_CHECKING:
    from hub.connections import Directory
    from hub.kit.db import Database, Tx
    from hub.kit.settings import Settings

T = TypeVar("T")


class UnknownTenant(HubError):
    """There is no tenant {tenant}; `hub admin tenant` makes one."""

    code: ClassVar[str] = "UNKNOWN_TENANT"


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


async def tenant_number(db: Database, tenant: str) -> int:
    """Of a tenant by its code, or by the number itself."""
    from hub import access

    if tenant.isdecimal():
        return int(tenant)
    found = await access.find_tenant(db, tenant)
    if found is None:
        raise UnknownTenant(tenant=tenant)
    return found.tenant_id


def acting(tenant_code: str, act: Callable[[Tx], Awaitable[T]]) -> T:
    """What `act` gives, done in one unit of that tenant which the flows answer. An error is told in one sentence and ends the command."""
    import typer

    async def main() -> T:
        from hub import access
        from hub.boot import open_hub
        from hub.kit.settings import load_settings

        async with open_hub(address(), load_settings()) as hub:
            found = await access.find_tenant(hub.db, tenant_code)
            if found is None:
                raise UnknownTenant(tenant=tenant_code)
            async with hub.reactor.unit(tenant=found.tenant_id, actor="cli") as tx:
                return await act(tx)

    try:
        return asyncio.run(main())
    except HubError as error:
        typer.echo(error.sentence(), err=True)
        raise typer.Exit(1) from error


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
