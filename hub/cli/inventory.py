"""`hub inventory`: is every unit of stock explained by its movements, and every reservation by an order or a soft reservation."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from hub.cli.opened import database, tenants

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keeps `verify` a word of its own."""


@app.command()
def verify(*, tenant: Annotated[int | None, typer.Option(help="One tenant; all without it.")] = None) -> None:
    """Sum the movements of every stock key and compare; exit 1 and name what differs."""
    raise typer.Exit(asyncio.run(_verify(tenant)))


async def _verify(one: int | None) -> int:
    from hub import inventory

    worst = 0
    async with database() as db:
        for tenant in await tenants(db, one):
            async with db.unit(tenant=tenant, actor="cli") as tx:
                faults = await inventory.faults(tx)
                keys = await inventory.count_keys(tx)
            for fault in faults:
                typer.echo(f"tenant {tenant}: {fault}", err=True)
            typer.echo(f"tenant {tenant}: {keys} stock keys, {len(faults)} faults")
            worst = max(worst, 1 if faults else 0)
    return worst
