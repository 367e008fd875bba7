"""`hub explain ORDER`: why an order is where it is. Looks into a database that runs; never starts one."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from hub.kit.errors import HubError

if TYPE_CHECKING:
    from hub.flows.explain import Choice, Explained

Order = Annotated[str, typer.Argument(help="Its number, its id at the channel, or ord_...")]
Tenant = Annotated[str | None, typer.Option(help="Code of the tenant; every one is searched otherwise.")]


def explain(
    order: Order,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    tenant: Tenant = None,
) -> None:
    """State, why this node, what is awaited, and what happened so far."""
    from hub.cli.reach import address

    try:
        found = asyncio.run(_explain(address(), order, tenant))
    except HubError as error:
        typer.echo(error.sentence(), err=True)
        raise typer.Exit(1) from error
    typer.echo(json.dumps(asdict(found), default=str, ensure_ascii=False) if as_json else "\n".join(_text(found)))


async def _explain(dsn: str, order: str, tenant: str | None) -> Explained:
    from hub.cli.opened import tenants
    from hub.flows.explain import OrderNotFound, explain
    from hub.kit.db import Database

    db = await Database(dsn, app_size=1).open()
    try:
        for one in await tenants(db, tenant):
            async with db.unit(tenant=one, actor="cli") as tx:
                try:
                    return await explain(tx, order)
                except OrderNotFound:
                    continue
    finally:
        await db.close()
    raise OrderNotFound(order=order[:80])


def _text(e: Explained) -> list[str]:
    lines = [f"{e.number} of {e.channel} ({e.order}) is {e.state}" + (", held" if e.on_hold else "")]
    lines.append(f"  payment {e.payment_state}; it may go on to: {', '.join(e.allowed) or 'nothing'}")
    for f in e.fulfillments:
        note = f", NF-e {f['note']} {f['note_state']}" if f["note"] else ""
        lines.append(f"  {f['node']}: {f['state']}, {f['carrier'] or '-'} {f['service'] or ''}{note}")
    lines += ["", "Why this node"]
    lines += [line for c in e.choices for line in _choice(c)] or ["  no node was looked for yet"]
    lines += ["", "What is awaited"]
    lines += [f"  {a.kind}: {a.what}" for a in e.awaited] or ["  nothing"]
    lines += ["", "What happened"]
    lines += [f"  {h.at:%Y-%m-%d %H:%M:%S}  {h.type:<26} {h.sentence}  [{h.actor}]" for h in e.timeline]
    return lines


def _choice(c: Choice) -> list[str]:
    head = f"  by {c.rules} ({c.version[:8]})" + (f", again because {c.why}" if c.why else "")
    return [
        head,
        *(
            f"   {'*' if x.chosen else ' '} {x.node:<12} {'score ' + x.score if x.score else '-':<16} {x.reason}"
            + "".join(f", {n} x {sku}" for sku, n in x.shares)
            for x in c.candidates
        ),
        *(f"     nobody has {n} x {sku}" for sku, n in c.unplaced),
    ]
