"""`hub inventory`: what lies where, moves and counts by hand, and whether every unit is explained by movements, orders and carts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar

import typer

from hub.cli.opened import database, tenants
from hub.kit.errors import HubError

if TYPE_CHECKING:
    from hub.kit.db import Tx
    from hub.network import Network

app = typer.Typer(no_args_is_help=True)
T = TypeVar("T")
Tenant = Annotated[str, typer.Option("--tenant", help="Code of the tenant.")]
Sku = Annotated[str, typer.Argument(help="As in the catalog.")]
Units = Annotated[str, typer.Argument(help="A number above zero.")]
LotName = Annotated[str | None, typer.Option(help="Of this lot only.")]


class NotThere(HubError):
    """There is no {what} {name}."""

    code: ClassVar[str] = "NOT_THERE"


class NoNumber(HubError):
    """{text} is no quantity."""

    code: ClassVar[str] = "NO_NUMBER"


@app.callback()
def group() -> None:
    """Stock as the hub keeps it."""


@app.command()
def show(sku: Sku, *, tenant: Tenant) -> None:
    """Units of a SKU at every node: on hand, reserved, safety, available, announced, and its lots."""

    async def act(tx: Tx, places: Network) -> list[str]:
        codes = {n.node_id: n.code for n in places.nodes.values()}
        rows = await tx.conn.fetch("SELECT * FROM v_stock_level WHERE sku = $1 ORDER BY condition, location_id", sku)
        lots = await tx.conn.fetch(
            "SELECT * FROM v_stock_lot WHERE sku = $1 AND on_hand > 0 ORDER BY expiry_key, lot", sku
        )
        said = []
        for r in rows:
            units = ", ".join(f"{n} {_plain(r[n])}" for n in ("on_hand", "reserved", "safety", "available", "incoming"))
            said.append(f"{codes[r['location_id']]:<16} {r['condition']:<10} {units.replace('_', ' ')}")
            said += [
                f"  lot {x['lot']}: {_plain(x['on_hand'])}, {_plain(x['claimed'])} chosen, expires {x['expires_on'] or 'never'}"
                for x in lots
                if x["stock_id"] == r["stock_id"]
            ]
        return said or [f"nobody keeps {sku}"]

    _say(tenant, act)


@app.command()
def transfer(
    sku: Sku,
    units: Units,
    *,
    from_: Annotated[str, typer.Option("--from", help="Code of the node.")],
    to: Annotated[str, typer.Option(help="Code of the node.")],
    tenant: Tenant,
    lot: LotName = None,
    arrives: Annotated[datetime | None, typer.Option(help="On the way until then (UTC); else there at once.")] = None,
    reference: Annotated[str, typer.Option(help="Under which it is announced.")] = "by hand",
) -> None:
    """Move free units from one node to another."""
    from datetime import UTC

    from hub import inventory
    from hub.ledger import Cause

    async def act(tx: Tx, places: Network) -> list[str]:
        way = inventory.Transfer(
            from_node_id=_node(places, from_),
            to_node_id=_node(places, to),
            sku=sku,
            quantity=_number(units),
            lot=lot,
            arrives_at=arrives.replace(tzinfo=UTC) if arrives else None,
        )
        await inventory.transfer(tx, reference, [way], Cause(tx.correlation_id, None))
        return [f"{units} x {sku} from {from_} to {to}" + (f", there on {arrives:%Y-%m-%d}" if arrives else "")]

    _say(tenant, act)


@app.command()
def count(
    sku: Sku,
    units: Annotated[str, typer.Argument(help="What is there.")],
    *,
    node: Annotated[str, typer.Option(help="Code of the node.")],
    seen: Annotated[str, typer.Option(help="What the hub showed before: refused when it has changed since.")],
    tenant: Tenant,
    lot: LotName = None,
    reason: Annotated[str, typer.Option()] = "counted",
) -> None:
    """Set the stock of a SKU to what was counted."""
    from hub import inventory
    from hub.ledger import Cause

    async def act(tx: Tx, places: Network) -> list[str]:
        change = inventory.Adjustment(
            node_id=_node(places, node), sku=sku, quantity=_number(units), change_from=_number(seen), lot=lot
        )
        await inventory.adjust(tx, [change], reason, Cause(tx.correlation_id, None))
        return [f"{units} x {sku} at {node}"]

    _say(tenant, act)


@app.command()
def verify(*, tenant: Annotated[str | None, typer.Option(help="Code of one tenant; all without it.")] = None) -> None:
    """Sum the movements of every stock key and lot and compare; exit 1 and name what differs."""
    raise typer.Exit(asyncio.run(_verify(tenant)))


async def _verify(one: str | None) -> int:
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


def _say(tenant: str, act: Callable[[Tx, Network], Awaitable[list[str]]]) -> None:
    """Do it in one unit that flows answer, so that channels are told and waiting orders are served."""
    from hub.cli.reach import acting

    async def inside(tx: Tx) -> list[str]:
        from hub import network

        return await act(tx, await network.load(tx))

    for line in acting(tenant, inside):
        typer.echo(line)


def _node(places: Network, code: str) -> Any:
    node = places.node(code)
    if node is None:
        raise NotThere(what="node", name=code)
    return node.node_id


def _number(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation as error:
        raise NoNumber(text=text) from error
    if not found.is_finite():
        raise NoNumber(text=text)
    return found


def _plain(n: Decimal) -> str:
    return f"{n.normalize():f}"
