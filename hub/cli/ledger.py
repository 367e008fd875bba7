"""`hub ledger`: verify the chains of every tenant, replay the facts and compare with what stands, move old months into archives."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.opened import database, tenants
from hub.kit.errors import HubError

app = typer.Typer(no_args_is_help=True)

Folder = Annotated[Path | None, typer.Option(help="The archives' directory; <HUB_DATA>/archive without it.")]
Tenant = Annotated[str | None, typer.Option(help="Code of one tenant; all without it.")]


@app.command()
def verify(*, tenant: Tenant = None, archives: Folder = None) -> None:
    """Walk every subject's chain of hashes, archives included; exit 1 and name what is broken."""
    raise typer.Exit(asyncio.run(_verify(tenant, _folder(archives))))


async def _verify(one: str | None, folder: Path) -> int:
    from hub import ledger
    from hub.ledger import archive as store

    worst = 0
    try:
        heads = store.verify(store.facts(folder))
    except HubError as fault:
        typer.echo(fault.sentence(), err=True)
        return 1
    async with database() as db:
        for tenant in await tenants(db, one):
            async with db.unit(tenant=tenant, actor="cli") as tx:
                count, broken = await ledger.verify(tx, archived=heads)
            typer.echo(f"tenant {tenant}: {count} facts, {len(broken)} broken chains")
            for each in broken:
                typer.echo(f"  {each.subject_id} at version {each.version}: {each.reason}", err=True)
            worst = max(worst, bool(broken))
    return worst


@app.command()
def replay(*, tenant: Tenant = None, archives: Folder = None) -> None:
    """Sum up all facts from the first, archives included, and compare with the tables; exit 1 and name each difference."""
    raise typer.Exit(asyncio.run(_replay(tenant, _folder(archives))))


async def _replay(one: str | None, folder: Path) -> int:
    from hub.flows.replay import differences
    from hub.flows.replay import replay as replay_facts
    from hub.ledger import archive as store

    worst = 0
    async with database() as db:
        for tenant in await tenants(db, one):
            async with db.unit(tenant=tenant, actor="cli") as tx:
                await tx.conn.execute("SET TRANSACTION READ ONLY")
                told = await replay_facts(tx, archives=store.facts(folder, tenant))
                found = await differences(tx, told)
            typer.echo(f"tenant {tenant}: {told.facts} facts, {len(told.orders)} orders, {len(found)} differences")
            for d in found:
                typer.echo(f"  {d.what} {d.key} {d.field}: facts say {d.told}, the table {d.stands}", err=True)
            worst = max(worst, bool(found))
    return worst


@app.command()
def archive(
    *,
    before: Annotated[datetime, typer.Option(formats=["%Y-%m"], help="Months that ended by then, e.g. 2026-08.")],
    to: Folder = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Write and verify the files, leave the database as it is.")
    ] = False,
) -> None:
    """Move whole months of the ledger into compressed files, each read again and verified before its month is dropped."""
    raise typer.Exit(asyncio.run(_archive(before.replace(tzinfo=UTC), _folder(to), keep=keep)))


async def _archive(before: datetime, folder: Path, *, keep: bool) -> int:
    from hub.ledger import archive as store
    from hub.migrations import drop_archived, past_months

    async with database() as db:
        try:
            for part, start, end in await past_months(db.dsn, before):
                made = store.Writer(folder, part)
                async with db.tail.acquire() as conn, conn.transaction():
                    async for row in conn.cursor(store.MONTH, start, end, prefetch=5_000):
                        made.add(row)
                made.close()
                store.verify(store.facts(folder))
                gone = not keep and await drop_archived(db.dsn, part, made.facts)
                typer.echo(f"{part}: {made.facts} facts in {made.file}{', dropped' if gone else ''}")
                if not keep and not gone:
                    typer.echo(f"{part} changed meanwhile and stays", err=True)
                    return 1
        except HubError as fault:
            typer.echo(fault.sentence(), err=True)
            return 1
    return 0


def _folder(given: Path | None) -> Path:
    from hub.kit.settings import load_settings

    return given or load_settings().data / "archive"
