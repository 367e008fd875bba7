"""`hub schema`: print and check the public contracts, GraphQL SDL and OpenAPI."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Print and check the public contracts.", no_args_is_help=True)

Folder = Annotated[Path | None, typer.Option("--to", help="Another folder than the repository's.")]
Against = Annotated[Path | None, typer.Option("--against", help="The last released SDL: what breaks it is an error.")]


@app.command()
def export(to: Folder = None) -> None:
    """Write schema.graphql and openapi.json."""
    from schema.prints import prints

    for path, text in prints().items():
        target = path if to is None else to / path.name
        target.write_text(text, encoding="utf-8")
        typer.echo(str(target))


@app.command()
def check(against: Against = None) -> None:
    """Exit 1 when a print differs from its file, a stored document does not validate, or a change breaks clients."""
    from schema.prints import SDL_FILE, faults

    released = against.read_text(encoding="utf-8") if against else None
    if released is None and SDL_FILE.exists():
        released = SDL_FILE.read_text(encoding="utf-8")
    found = faults(released)
    for fault in found:
        typer.echo(fault, err=True)
    if found:
        raise typer.Exit(1)
    typer.echo("The contracts are as printed.")
