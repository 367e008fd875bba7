"""`hub edi control` and `hub edi replay`: what touches the register of exchanges; needs the database, unlike `hub edi check`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import typer

from hub.kit.errors import HubError

if TYPE_CHECKING:
    from hub.flows.reread import Again
    from hub.kit.db import Tx

control = typer.Typer(no_args_is_help=True, help="Control numbers.")
Account = Annotated[str, typer.Argument(help="Code of the partner's account.")]
Level = Annotated[str, typer.Argument(help="isa, gs or st.")]
Number = Annotated[int, typer.Argument(help="The number given next.")]
Usage = Annotated[str, typer.Option(help="P production, T test.")]
Reference = Annotated[str, typer.Argument(help="Id of the exchange.")]


class NoSuchAccount(HubError):
    """There is no X12 account {account}."""

    code = "NO_SUCH_ACCOUNT"


@control.command("set")
def set_(account: Account, level: Level, number: Number, *, usage: Usage = "P") -> None:
    """Go on from a number: a partner is moved here from another system. Audited as a fact."""
    if level not in ("isa", "gs", "st") or usage not in ("P", "T"):
        typer.echo("LEVEL is isa, gs or st; --usage is P or T", err=True)
        raise typer.Exit(2)
    try:
        typer.echo(asyncio.run(_set(account, level, number, usage)))
    except HubError as error:
        typer.echo(error.sentence(), err=True)
        raise typer.Exit(1) from error


async def _set(account: str, level: Any, number: int, usage: Literal["P", "T"] | Any) -> str:
    from hub.cli.opened import database, tenants

    async with database() as db:
        for tenant in await tenants(db, None):
            async with db.unit(tenant=tenant, actor="cli") as tx:
                if await set_control(tx, account, level, number, usage):
                    return f"The next {level} number for {account} ({usage}) is {number}."
    raise NoSuchAccount(account=account)


async def set_control(tx: Tx, account: str, level: Any, number: int, usage: Any) -> bool:
    """Whether this tenant has the account; then the counter stands at `number` and a fact says who did it."""
    from hub import connections
    from hub.ledger import Cause, append, fact

    found = next((c for c in await connections.of_tenant(tx, adapter="x12") if c.code == account), None)
    if found is None:
        return False
    ours = str(found.config.get("ours", ""))
    await connections.set_next(tx, found.connection_id, ours, usage, level, number)
    said = {"level": level, "ours": ours, "usage": usage, "next": number}
    append(
        tx, [fact(tx, "control_numbers.set", "connection", found.connection_id, said, Cause(tx.correlation_id, None))]
    )
    return True


def replay(
    exchange: Reference,
    *,
    one: Annotated[str | None, typer.Option("--set", help="Only this ST02.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be different, change nothing.")] = False,
    ack: Annotated[bool, typer.Option("--ack", help="Owe the acknowledgement again, the same bytes.")] = False,
) -> None:
    """Read the kept bytes of an exchange through the present guides; what was applied before is not applied twice."""
    from hub.flows.reread import Again

    try:
        asked = Again(exchange_id=UUID(exchange), only=one, dry_run=dry_run, ack=ack)
        for line in asyncio.run(_replay(asked)):
            typer.echo(line)
    except ValueError as error:
        typer.echo(f"{exchange} is no exchange id", err=True)
        raise typer.Exit(2) from error
    except HubError as error:
        typer.echo(error.sentence(), err=True)
        raise typer.Exit(1) from error


async def _replay(asked: Again) -> list[str]:
    from hub.boot import open_hub
    from hub.cli.opened import database, tenants
    from hub.flows.reread import Rereader
    from hub.kit.settings import load_settings

    async with database() as db, open_hub(db.dsn, load_settings()) as hub:
        reader = Rereader(hub.reactor, hub.directory, {name: f.adapter for name, f in hub.adapters.items()})
        for tenant in await tenants(db, None):
            found = await reader.again(tenant, asked)
            if found:
                return found
    return [f"There is no received exchange {asked.exchange_id}."]


def onboard(account: Account) -> None:
    """What is done and what is still missing before this partner trades in earnest. Exit status 1 while something is."""
    try:
        steps = asyncio.run(_onboard(account))
    except HubError as error:
        typer.echo(error.sentence(), err=True)
        raise typer.Exit(1) from error
    for step, done, why in steps:
        typer.echo(f"{'done' if done else 'open':<5} {step}: {why}")
    raise typer.Exit(0 if all(done for _, done, _ in steps) else 1)


async def _onboard(account: str) -> list[tuple[str, bool, str]]:
    from hub.cli.opened import database, tenants

    async with database() as db:
        for tenant in await tenants(db, None):
            async with db.unit(tenant=tenant, actor="cli") as tx:
                found = await onboarding(tx, account)
                if found:
                    return found
    raise NoSuchAccount(account=account)


async def onboarding(tx: Tx, account: str) -> list[tuple[str, bool, str]]:
    """(step, done, what it is about) of one account, as the API shows it."""
    sql = """SELECT s.step, s.done, s.why FROM v_partner_step s JOIN v_partner p USING (connection_id)
WHERE p.code = $1 ORDER BY s.position"""
    return [(r["step"], r["done"], r["why"]) for r in await tx.conn.fetch(sql, account)]
