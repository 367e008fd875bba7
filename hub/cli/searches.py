"""`hub searches`: filters of lists that people keep under a name."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from hub.cli.ask import Say, run, shown

app = typer.Typer(help="Keep, show and forget searches.", no_args_is_help=True)

Tenant = Annotated[str, typer.Option("--tenant", help="Code of the tenant.")]
Json = Annotated[str | None, typer.Option(help="JSON, as the list's argument of that name takes it.")]


@app.command("list")
def list_searches(
    tenant: Tenant, *, about: Annotated[str | None, typer.Option(help="orders, holds, ...")] = None
) -> None:
    """One's own and the shared ones."""

    async def act(say: Say) -> Any:
        return await say("searches", {"where": {"about": {"eq": about}}} if about else {})

    shown(run(tenant, act))


@app.command()
def save(
    name: str,
    about: Annotated[str, typer.Argument(help="ORDERS, FULFILLMENTS, HOLDS, INCIDENTS, ...")],
    tenant: Tenant,
    *,
    where: Json = None,
    order_by: Json = None,
    shared: bool = False,
) -> None:
    """Keep or replace one; refused with the field that its list would not take."""
    asked = {
        "name": name,
        "about": about,
        "where": json.loads(where) if where else None,
        "orderBy": json.loads(order_by) if order_by else None,
        "shared": shared,
    }

    async def act(say: Say) -> Any:
        return await say("saveSearch", {"input": asked})

    shown(run(tenant, act))


@app.command()
def delete(search_ids: list[str], tenant: Tenant) -> None:
    """Forget searches of one's own."""

    async def act(say: Say) -> Any:
        return await say("deleteSearches", {"input": {"searchIds": search_ids}})

    shown(run(tenant, act))
