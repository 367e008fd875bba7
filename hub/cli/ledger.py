"""`hub ledger`: verify the chains of every tenant, replay the facts and compare with what stands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hub.kit.db import Database

app = typer.Typer(no_args_is_help=True)

Tenant = Annotated[int | None, typer.Option(help="One tenant; all without it.")]


@asynccontextmanager
async def _database() -> AsyncIterator[Database]:
    """The external or the embedded database, which serves inside."""
    from hub.kit.db import Database
    from hub.kit.embedded import Embedded
    from hub.kit.log import configure_logging
    from hub.kit.settings import load_settings

    settings = load_settings()
    configure_logging(level=settings.log_level, style=settings.log_format)
    if settings.database_url is not None:
        database = await Database(settings.database_url.get_secret_value()).open()
        try:
            yield database
        finally:
            await database.close()
        return
    async with Embedded(settings.data, db_user=settings.db_user) as embedded:
        database = await Database(embedded.owner_dsn).open()
        try:
            yield database
        finally:
            await database.close()


async def _tenants(db: Database, one: int | None) -> list[int]:
    if one is not None:
        return [one]
    return [r["tenant_id"] for r in await db.worker.fetch("SELECT tenant_id FROM tenants ORDER BY tenant_id")]


@app.command()
def verify(*, tenant: Tenant = None) -> None:
    """Walk every subject's chain of hashes; exit 1 and name what is broken."""
    raise typer.Exit(asyncio.run(_verify(tenant)))


async def _verify(one: int | None) -> int:
    from hub import ledger

    worst = 0
    async with _database() as db:
        for tenant in await _tenants(db, one):
            async with db.unit(tenant=tenant, actor="cli") as tx:
                count, broken = await ledger.verify(tx)
            typer.echo(f"tenant {tenant}: {count} facts, {len(broken)} broken chains")
            for each in broken:
                typer.echo(f"  {each.subject_id} at version {each.version}: {each.reason}", err=True)
            worst = max(worst, bool(broken))
    return worst


@app.command()
def replay(*, tenant: Tenant = None) -> None:
    """Sum up all facts from the first and compare with the tables; exit 1 and name each difference."""
    raise typer.Exit(asyncio.run(_replay(tenant)))


async def _replay(one: int | None) -> int:
    from hub.flows.replay import differences
    from hub.flows.replay import replay as replay_facts

    worst = 0
    async with _database() as db:
        for tenant in await _tenants(db, one):
            async with db.unit(tenant=tenant, actor="cli") as tx:
                await tx.conn.execute("SET TRANSACTION READ ONLY")
                told = await replay_facts(tx)
                found = await differences(tx, told)
            typer.echo(f"tenant {tenant}: {told.facts} facts, {len(told.orders)} orders, {len(found)} differences")
            for d in found:
                typer.echo(f"  {d.what} {d.key} {d.field}: facts say {d.told}, the table {d.stands}", err=True)
            worst = max(worst, bool(found))
    return worst
