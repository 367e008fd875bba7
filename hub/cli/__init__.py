"""The `hub` command: one file a group, imported only when its name is asked for, so that `hub --help` stays quick."""

from __future__ import annotations

import sys
from importlib import import_module

from hub.kit.errors import HubError

# group -> (module that holds `app`, help)
GROUPS: dict[str, tuple[str, str]] = {
    "admin": ("hub.cli.admin", "Tenants, keys, connections, master data."),
    "orders": ("hub.cli.orders", "Find, show, amend, hold, bundle and hand over placed orders."),
    "searches": ("hub.cli.searches", "Filters of lists, kept under a name."),
    "map": ("hub.cli.map", "Run, explain and check the mappings of channels."),
    "edi": ("hub.cli.edi", "X12: check, explain, guides, control numbers, replay."),
    "nfe": ("hub.cli.nfe", "NF-e: check, print, list, cancel, correct, return, void, contingency."),
    "fiscal": ("hub.cli.fiscal", "Tax, identifiers, numbers, guides, notes issued to us."),
    "sim": ("hub.cli.sim", "Simulators of the other sides."),
    "db": ("hub.cli.db", "Backup, restore, import."),
    "ledger": ("hub.cli.ledger", "Verify and replay the ledger."),
    "inventory": ("hub.cli.inventory", "Show, move, count stock; verify it against its movements."),
    "routing": ("hub.cli.routing", "Test routing rules, see what shadow rules would change."),
    "schema": ("hub.cli.schema", "Print and check the public contracts."),
}

# command -> (module that holds a function of that name, help)
COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("hub.cli.run", "Embedded PostgreSQL, web and worker on this machine."),
    "serve": ("hub.cli.run", "The web process alone."),
    "work": ("hub.cli.run", "A worker alone."),
    "relay": ("hub.cli.run", "Publish the ledger to NATS JetStream for many web processes."),
    "migrate": ("hub.cli.run", "Bring the database to this version."),
    "doctor": ("hub.cli.doctor", "Look at everything that could be wrong, say the cure."),
    "demo": ("hub.cli.demo", "Embedded database, simulators and a story that runs."),
    "explain": ("hub.cli.explain", "Why an order is where it is."),
    "trigger": ("hub.cli.trigger", "Send a signed sample, e.g. shopify:orders/create."),
    "send": ("hub.cli.send", "Hand a partner's file to the hub."),
}


def main() -> None:
    """Build the command tree around the words on the command line."""
    import typer

    asked = next((a for a in sys.argv[1:] if not a.startswith("-")), "")
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
    for name, (module, text) in GROUPS.items():
        group = import_module(module).app if name == asked else typer.Typer()
        app.add_typer(group, name=name, help=text, no_args_is_help=True)
    for name, (module, text) in COMMANDS.items():
        command = getattr(import_module(module), name) if name == asked else _later
        app.command(name, help=text)(command)
    try:
        app(prog_name="hub")
    except HubError as error:  # an error of ours is a sentence, not a trace
        typer.echo(error.sentence(), err=True)
        raise SystemExit(1) from None


def _later() -> None:
    """Stands in the help for a command that was not asked for."""
