"""`hub ledger`: verify the chains of every tenant, replay the facts and compare with what stands."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from hub.cli.opened import database, tenants

app = typer.Typer(no_args_is_help=True)

Tenant = Annotated[int | None, typer.Option(help="One tenant; all without it.")]


@app.command()
def verify(*, tenant: Tenant = None) -> None:
    """Walk every subject's chain of hashes; exit 1 and name what is broken."""
    raise typer.Exit(asyncio.run(_verify(tenant)))


async def _verify(one: int | None) -> int:
    from hub import ledger

    worst = 0
    async with database() as db:
        for tenant in await tenants(db, one):
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
    async with database() as db:
        for tenant in await tenants(db, one):
            async with db.unit(tenant=tenant, actor="cli") as tx:
                await tx.conn.execute("SET TRANSACTION READ ONLY")
                told = await replay_facts(tx)
                found = await differences(tx, told)
            typer.echo(f"tenant {tenant}: {told.facts} facts, {len(told.orders)} orders, {len(found)} differences")
            for d in found:
                typer.echo(f"  {d.what} {d.key} {d.field}: facts say {d.told}, the table {d.stands}", err=True)
            worst = max(worst, bool(found))
    return worst
