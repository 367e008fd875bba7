"""`hub admin`: tenants, keys, connections and master data, entered by the person who runs the hub. Secrets come from files or the terminal, never
from the command line.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from hub.kit.errors import HubError

if TYPE_CHECKING:
    from hub.boot import Hub

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True)
Tenant = Annotated[str, typer.Option("--tenant", help="Code of the tenant.")]


@app.command()
def tenant(code: str, name: str) -> None:
    """Make a tenant."""
    from hub import access

    async def act(hub: Hub) -> str:
        made = await access.create_tenant(hub.db, code, name)
        return f"tenant {made.code} is number {made.tenant_id}"

    typer.echo(_with_hub(act))


@app.command()
def key(
    tenant_code: Annotated[str, typer.Argument(metavar="TENANT")],
    role: Annotated[str, typer.Option(help="STOREFRONT, PARTNER, OPERATOR, ANALYST or ADMIN.")] = "OPERATOR",
    label: str = "",
    channel: Annotated[str | None, typer.Option(help="A storefront's own channel.")] = None,
) -> None:
    """Make an API key; it is shown once."""
    from hub import access

    async def act(hub: Hub) -> str:
        async with hub.db.unit(tenant=await _tenant(hub, tenant_code), actor="admin") as tx:
            return (await access.make_key(tx, role, label=label, channel=channel)).token

    typer.echo(_with_hub(act))


@app.command()
def connect(
    adapter: str,
    code: Annotated[str, typer.Argument(help="The {account} of /hooks/{adapter}/{account}.")],
    tenant_code: Tenant,
    label: Annotated[str, typer.Option()] = "",
    config: Annotated[list[str] | None, typer.Option("--set", help="field=value, value as JSON or text.")] = None,
    secret: Annotated[list[str] | None, typer.Option(help="field=FILE, or field alone to be asked for it.")] = None,
    shadow: Annotated[bool, typer.Option(help="Plan everything, send nothing.")] = False,
) -> None:
    """Connect an account at an outside system; its fields stand in the adapter's manifest."""
    from hub import connections

    fields = dict(_pair(c) for c in config or ())
    secrets = [_secret(s) for s in secret or ()]

    async def act(hub: Hub) -> str:
        known = hub.adapters[adapter].manifest if adapter in hub.adapters else {}
        unknown = sorted(set(fields) - set(known.get("config", {})) - COMMON) if known else []
        if unknown:
            raise UnknownField(
                adapter=adapter, fields=", ".join(unknown), known=", ".join(sorted(known.get("config", {})))
            )
        async with hub.db.unit(tenant=await _tenant(hub, tenant_code), actor="admin") as tx:
            made = await connections.create(tx, adapter, code, label or code, config=fields, shadow=shadow)
            for field, value in secrets:
                await connections.add_secret(tx, hub.vault, made.connection_id, field, value)
        return f"{made.connection_id}  /hooks/{adapter}/{code}"

    typer.echo(_with_hub(act))


# What the hub itself reads of any account, beside the adapter's own fields.
COMMON = frozenset(
    [
        "base_url",
        "inbox",
        "outbox",
        "sweep",
        "ours",
        "usage",
        "sales_channel",
        "payment_medium",
        "payment_description",
        "intermediary_tax_id",
        "intermediary_account",
    ]
)


class UnknownField(HubError):
    """The adapter {adapter} has no field {fields}; it has: {known}"""

    code = "UNKNOWN_FIELD"


@app.command()
def load(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    tenant_code: Tenant,
) -> None:
    """Nodes, lanes and products from a YAML file (docs/how-to/master-data.md). The same file again changes what differs."""
    from hub.boot.masterdata import apply_data, read_data

    async def act(hub: Hub) -> str:
        data = read_data(file)
        async with hub.db.unit(tenant=await _tenant(hub, tenant_code), actor="admin") as tx:
            return await apply_data(tx, data)

    typer.echo(_with_hub(act))


def _pair(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _secret(text: str) -> tuple[str, str]:
    name, _, file = text.partition("=")
    if file:
        return name, Path(file).read_text(encoding="utf-8").rstrip("\n")
    return name, typer.prompt(name, hide_input=True)


async def _tenant(hub: Hub, code: str) -> int:
    from hub import access

    found = await access.find_tenant(hub.db, code)
    if found is None:
        raise UnknownTenant(tenant=code)
    return found.tenant_id


class UnknownTenant(HubError):
    """There is no tenant {tenant}; `hub admin tenant` makes one."""

    code = "UNKNOWN_TENANT"


def _with_hub(act: Callable[[Hub], Awaitable[T]]) -> T:
    async def main() -> T:
        async with _opened() as hub:
            return await act(hub)

    try:
        return asyncio.run(main())
    except HubError as error:
        typer.echo(error.sentence(), err=True)
        raise typer.Exit(1) from error


@asynccontextmanager
async def _opened() -> AsyncIterator[Hub]:
    from hub.boot import open_hub
    from hub.cli.run import database
    from hub.kit.settings import load_settings

    async with database() as dsn, open_hub(dsn, load_settings()) as hub:
        yield hub
