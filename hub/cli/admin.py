"""`hub admin`: tenants, keys, connections and master data, entered by the person who runs the hub. Secrets come from files or the terminal, never
from the command line.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from hub.cli.reach import UnknownTenant
from hub.kit.errors import HubError

if TYPE_CHECKING:
    from hub.boot import Hub
    from hub.connections import Connection
    from hub.kit.db import Tx

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
    scope: Annotated[
        list[str] | None, typer.Option(help="Narrows the role: orders:read, orders:write, approve:<role>, ...")
    ] = None,
) -> None:
    """Make an API key; it is shown once."""
    from hub import access

    async def act(hub: Hub) -> str:
        async with hub.db.unit(tenant=await _tenant(hub, tenant_code), actor="admin") as tx:
            return (await access.make_key(tx, role, label=label, channel=channel, scopes=scope or ())).token

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
    from hub.flows import live_rates

    fields = dict(_pair(c) for c in config or ())
    secrets = [_secret(s) for s in secret or ()]

    async def act(hub: Hub) -> str:
        known = _fields(hub, adapter, str(fields.get("transport", "")))
        unknown = sorted(set(fields) - known - COMMON) if known else []
        if unknown:
            raise UnknownField(adapter=adapter, fields=", ".join(unknown), known=", ".join(sorted(known)))
        async with hub.db.unit(tenant=await _tenant(hub, tenant_code), actor="admin") as tx:
            made = await connections.create(tx, adapter, code, label or code, config=fields, shadow=shadow)
            await live_rates.begin(tx, made.connection_id)
            for field, value in secrets:
                await connections.add_secret(tx, hub.vault, made.connection_id, field, value)
        return f"{made.connection_id}  /hooks/{adapter}/{code}"

    typer.echo(_with_hub(act))


def _fields(hub: Hub, adapter: str, transport: str) -> set[str]:
    """The config fields of an adapter, and of the transport that the account names."""
    named = [hub.adapters[n].manifest for n in (adapter, transport) if n in hub.adapters]
    return {field for manifest in named for field in manifest.get("config", {})}


@app.command()
def secret(
    adapter: str,
    code: Annotated[str, typer.Argument(help="Code of the account.")],
    tenant_code: Tenant,
    fields: Annotated[list[str], typer.Option("--secret", help="field=FILE, or field alone to be asked for it.")],
) -> None:
    """Store newer secrets of an account. The ones before stay live for a day, so that both sides can change over."""
    from hub import connections

    given = [_secret(s) for s in fields]

    async def act(hub: Hub) -> str:
        async with hub.db.unit(tenant=await _tenant(hub, tenant_code), actor="admin") as tx:
            account = await _account(tx, adapter, code)
            for field, value in given:
                await connections.add_secret(tx, hub.vault, account.connection_id, field, value)
        return f"{len(given)} stored for {adapter}/{code}"

    typer.echo(_with_hub(act))


@app.command()
def door(
    code: Annotated[str, typer.Argument(help="Code of the partner's x12 account, which is its user name too.")],
    tenant_code: Tenant,
    key: Annotated[list[Path], typer.Option(help="A public SSH key of the partner.", exists=True, dir_okay=False)],
) -> None:
    """Let a partner in by SFTP: it writes to /in and fetches from /out. Workers open the door with HUB_SFTP_PORT."""
    import re

    from hub import connections

    async def act(hub: Hub) -> str:
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,63}", code):
            raise NoUserName(code=code)
        home = hub.settings.data.resolve() / "sftp" / code
        async with hub.db.unit(tenant=await _tenant(hub, tenant_code), actor="admin") as tx:
            account = await _account(tx, "x12", code)
            keys = "\n".join(k.read_text(encoding="utf-8").strip() for k in key)
            more = {"sftp_home": str(home), "sftp_keys": keys, "inbox": str(home / "in"), "outbox": str(home / "out")}
            await connections.set_config(tx, account.connection_id, {**account.config, **more})
        return f"{code} may log in; its files lie in {home}"

    typer.echo(_with_hub(act))


@app.command()
def rewrap() -> None:
    """Wrap every tenant's data key anew under the first key of HUB_KEK_FILE or HUB_KEK; the older ones may be taken away afterwards."""

    async def act(hub: Hub) -> str:
        return f"{await hub.vault.rewrap()} data keys wrapped anew"

    typer.echo(_with_hub(act))


class NoUserName(HubError):
    """{code} cannot be a user name: it needs 1 to 64 of a-z, 0-9, dot, dash, underscore."""

    code = "NO_USER_NAME"


class UnknownAccount(HubError):
    """The tenant has no account {account} at {adapter}."""

    code = "UNKNOWN_ACCOUNT"


async def _account(tx: Tx, adapter: str, code: str) -> Connection:
    from hub import connections

    found = next((c for c in await connections.of_tenant(tx, adapter=adapter) if c.code == code), None)
    if found is None:
        raise UnknownAccount(adapter=adapter, account=code)
    return found


# What the hub itself reads of any account, beside the adapter's own fields.
COMMON = frozenset(
    [
        "base_url",
        "fetch_every",
        "inbox",
        "outbox",
        "pace",
        "sweep",
        "transport",
        "stock",
        "rates",
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
    if file.endswith((".pfx", ".p12")):
        return name, base64.b64encode(Path(file).read_bytes()).decode()
    if file:
        return name, Path(file).read_text(encoding="utf-8").rstrip("\n")
    return name, typer.prompt(name, hide_input=True)


async def _tenant(hub: Hub, code: str) -> int:
    from hub import access

    found = await access.find_tenant(hub.db, code)
    if found is None:
        raise UnknownTenant(tenant=code)
    return found.tenant_id


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
