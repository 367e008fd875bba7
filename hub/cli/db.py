"""`hub db`: backup and restore of the embedded PostgreSQL. An external one is its provider's to keep."""

from __future__ import annotations

import asyncio
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


def _settings() -> Settings:
    from hub.kit.log import configure_logging
    from hub.kit.settings import load_settings

    settings = load_settings()
    configure_logging(level=settings.log_level, style=settings.log_format)
    if settings.database_url is not None:
        raise DatabaseIsExternal
    return settings


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
        typer.echo(asyncio.run(_backup(_settings(), timedelta(days=keep_days))))
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
        asyncio.run(restore_backup(source, target, db_user=_settings().db_user))
    except HubError as fault:
        _fail(fault)
    typer.echo(f"HUB_DATA={target.absolute()}")
