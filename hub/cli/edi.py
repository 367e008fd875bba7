"""`hub edi`: check X12 files, explain them in words, look at guides. Needs no database and no network."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True)
CHUNK = 256 * 1024
USAGE = 2


def _adapter(name: str) -> Any:
    """The adapter's modules are loaded by name: only the composition root knows adapters, and this command runs without it."""
    return import_module(f"adapters.x12.{name}")


@app.callback()
def group() -> None:
    """X12: check, explain, guides."""


@app.command()
def check(
    files: Annotated[list[str], typer.Argument(help="Files, or - for standard input.")],
    partner: Annotated[str | None, typer.Option(help="Profile to use; else by the sender.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line per file.")] = False,
) -> None:
    """Read, validate and map files, and show the ack that would be sent."""
    import json

    library, profile = _library(partner)
    bad = False
    for name in files:
        result = _checked(name, library, profile)
        bad = bad or result["outcome"] != "ok"
        if as_json:
            typer.echo(json.dumps(result, ensure_ascii=False, separators=(",", ":")))
        else:
            for line in _adapter("words").lines(result):
                typer.echo(line)
    raise typer.Exit(1 if bad else 0)


def _library(partner: str | None) -> tuple[Any, Any]:
    """Exit code 2 when a profile is unknown or guides don't load."""
    library_module, yaml_module = _adapter("library"), _adapter("yamltext")
    library = library_module.Library()
    try:
        profiles = library.profiles()
        for version, set_id in library.names():
            library.head(version, set_id)
    except yaml_module.BadGuide as bad:
        for fault in bad.data["faults"]:
            typer.echo(str(fault), err=True)
        raise typer.Exit(USAGE) from None
    if partner is not None and library.profile(partner) is None:
        typer.echo(f"There is no partner {partner}. Known: {', '.join(sorted(profiles)) or 'none'}.", err=True)
        raise typer.Exit(USAGE)
    return library, library.profile(partner) if partner is not None else None


def _checked(name: str, library: Any, profile: Any) -> dict[str, Any]:
    report, yaml_module = _adapter("report"), _adapter("yamltext")
    try:
        result: dict[str, Any] = report.check_file(name, _chunks(name), library, profile)
    except OSError as error:
        result = report.unreadable(name, error.strerror or "cannot be read")
    except yaml_module.BadGuide as bad:
        for fault in bad.data["faults"]:
            typer.echo(str(fault), err=True)
        raise typer.Exit(USAGE) from None
    return result


def _chunks(name: str) -> Iterator[bytes]:
    if name == "-":
        yield from iter(lambda: sys.stdin.buffer.read(CHUNK), b"")
        return
    with Path(name).open("rb") as file:
        yield from iter(lambda: file.read(CHUNK), b"")
