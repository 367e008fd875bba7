"""`hub up`, `hub serve`, `hub work`, `hub migrate`: the processes of the hub."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from hub.kit.errors import HubError

Port = Annotated[int | None, typer.Option(help="Port of the web process; HUB_PORT otherwise.")]


def up(port: Port = None) -> None:
    """Embedded PostgreSQL, web and worker on this machine."""
    _run(lambda stop: _together(stop, port, web=True, worker=True))


def serve(port: Port = None) -> None:
    """The web process alone."""
    _run(lambda stop: _together(stop, port, web=True, worker=False))


def work() -> None:
    """A worker alone."""
    _run(lambda stop: _together(stop, None, web=False, worker=True))


def relay() -> None:
    """Publish the ledger to NATS JetStream for many web processes; any number may run, one works."""
    _run(_relay)


def migrate() -> None:
    """Bring the database to this version."""
    _run(_migrate)


async def _relay(stop: asyncio.Event) -> None:
    from hub.boot.relay import relaying
    from hub.kit.log import configure_logging
    from hub.kit.settings import load_settings

    settings = load_settings()
    configure_logging(level=settings.log_level, style=settings.log_format)
    async with database() as dsn, relaying(dsn, settings):
        await stop.wait()


async def _migrate(_stop: asyncio.Event) -> None:
    from hub.migrations import current_version

    async with database() as dsn:
        typer.echo(f"the database is at {(await current_version(dsn))[0]}")


@asynccontextmanager
async def database() -> AsyncIterator[str]:
    """The DSN of a migrated database: the external one of HUB_DATABASE_URL, else the embedded one, started or attached to."""
    from hub.kit.embedded import Embedded
    from hub.kit.settings import load_settings
    from hub.migrations import migrate as bring_up

    settings = load_settings()
    if settings.database_url is not None:
        dsn = settings.database_url.get_secret_value()
        await bring_up(dsn)
        yield dsn
        return
    async with Embedded(settings.data, db_user=settings.db_user) as embedded:
        await bring_up(embedded.owner_dsn)
        yield embedded.owner_dsn


async def _together(stop: asyncio.Event, port: int | None, *, web: bool, worker: bool) -> None:
    from hub.boot import find_adapters, load_data, open_hub
    from hub.boot.internal import internal
    from hub.boot.web import serving
    from hub.boot.worker import work as worker_loop
    from hub.kit.heap import settle
    from hub.kit.log import configure_logging
    from hub.kit.settings import load_settings
    from hub.kit.telemetry import exporting

    settings = load_settings()
    configure_logging(level=settings.log_level, style=settings.log_format)
    load_data(find_adapters())  # a wrong file is told before the database is touched
    role = "hub-web" if web else "hub-work"
    async with (
        exporting("hub" if web and worker else role),
        database() as dsn,
        open_hub(dsn, settings) as hub,
        internal(hub, host=settings.internal_host, port=settings.internal_port),
    ):
        jobs: list[Awaitable[None]] = []
        if worker:
            jobs.append(worker_loop(hub, stop=stop))
        if web:
            jobs.append(serving(hub, host=settings.host, port=port or settings.port, stop=stop))
        settle()
        await asyncio.gather(*jobs)


def _run(what: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run until done or told to stop; an error of ours is a sentence, not a trace."""

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for one in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(one, stop.set)
        await what(stop)

    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(main())
    except HubError as error:
        typer.echo(error.sentence(), err=True)
        raise typer.Exit(1) from error


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop where it exists."""
    try:
        import uvloop
    except ImportError:
        return None
    made: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return made
