"""`hub db`: backup and restore of the embedded PostgreSQL (an external one is its provider's to keep), dump and load of any."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, NoReturn

import typer

from hub.kit.errors import HubError

if TYPE_CHECKING:
    from hub.kit.settings import Settings

app = typer.Typer(no_args_is_help=True)


class DatabaseIsExternal(HubError):
    """HUB_DATABASE_URL is set: backups of an external PostgreSQL are its provider's."""

    code: ClassVar[str] = "REFUSED"


# A new cluster counts its transactions from the beginning: facts with the old numbers would be invisible to every
# reader of the ledger until it has caught up. 3 is the first number that a cluster gives.
AFTER_LOADING = ("UPDATE business_events SET xid = '3'",)


def _settings() -> Settings:
    from hub.kit.log import configure_logging
    from hub.kit.settings import load_settings

    settings = load_settings()
    configure_logging(level=settings.log_level, style=settings.log_format)
    return settings


def _embedded_settings() -> Settings:
    settings = _settings()
    if settings.database_url is not None:
        raise DatabaseIsExternal
    return settings


@asynccontextmanager
async def _database() -> AsyncIterator[str]:
    """The owner's address of the external or the embedded database, which serves inside."""
    from hub.kit.embedded import Embedded

    settings = _settings()
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    async with Embedded(settings.data, db_user=settings.db_user) as embedded:
        yield embedded.owner_dsn


def _fail(fault: HubError) -> NoReturn:
    typer.echo(str(fault), err=True)
    raise typer.Exit(1)


@app.command()
def backup(
    *,
    keep_days: Annotated[int, typer.Option(min=1, help="Older backups go, except the newest.")] = 30,
) -> None:
    """Copy the running cluster into the data directory's `backup`, verify the copy, print its path."""
    try:
        typer.echo(asyncio.run(_backup(_embedded_settings(), timedelta(days=keep_days))))
    except HubError as fault:
        _fail(fault)


async def _backup(settings: Settings, keep: timedelta) -> Path:
    from hub.kit.clock import system_clock
    from hub.kit.embedded import Embedded
    from hub.kit.embedded.backup import back_up, prune

    async with Embedded(settings.data, db_user=settings.db_user) as embedded:
        made = await back_up(embedded, now=system_clock())
    await asyncio.to_thread(prune, made.parent, now=system_clock(), keep=keep)
    return made


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help="A directory that `hub db backup` printed.")],
    target: Annotated[Path, typer.Argument(metavar="DIR", help="A new data directory; must not exist.")],
) -> None:
    """Make a new data directory from a backup, never over an old one; use it with HUB_DATA."""
    from hub.kit.embedded.backup import restore as restore_backup

    try:
        asyncio.run(restore_backup(source, target, db_user=_embedded_settings().db_user))
        (source / "restored").touch()  # the metric hub_restore_ok
    except HubError as fault:
        _fail(fault)
    typer.echo(f"HUB_DATA={target.absolute()}")


@app.command()
def export(file: Annotated[Path, typer.Argument(help="Written in PostgreSQL's custom format.")]) -> None:
    """Write the database into one file, to load it into another major version with `hub db import`."""
    try:
        asyncio.run(_export(file.absolute()))
    except HubError as fault:
        _fail(fault)


async def _export(file: Path) -> None:
    from hub.kit.embedded.dump import export_to

    async with _database() as dsn:
        await export_to(file, dsn=dsn)


@app.command(name="import")
def import_(file: Annotated[Path, typer.Argument(exists=True, help="A file that `hub db export` wrote.")]) -> None:
    """Load a dump into an empty database, then bring it to this version."""
    try:
        asyncio.run(_import(file.absolute()))
    except HubError as fault:
        _fail(fault)


async def _import(file: Path) -> None:
    from hub.kit.db import ROLES
    from hub.kit.embedded.dump import load_from
    from hub.migrations import migrate

    async with _database() as dsn:
        await load_from(file, dsn=dsn, roles=ROLES, afterwards=AFTER_LOADING)
        await migrate(dsn)
