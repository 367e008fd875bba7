"""`hub edi`: check X12 files, explain them in words, look at guides. Needs no database and no network."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli import edi_control

app = typer.Typer(no_args_is_help=True)
app.add_typer(edi_control.control, name="control")
app.command("replay")(edi_control.replay)
app.command("onboard")(edi_control.onboard)
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


@app.command("json")
def as_json_form(
    file: Annotated[str, typer.Argument(help="A file, or - for standard input.")],
    charset: Annotated[str | None, typer.Option(help="Of the partner, where it is no UTF-8.")] = None,
) -> None:
    """A file as JSON that `hub edi x12` makes the same bytes of."""
    import json

    try:
        raw = b"".join(_chunks(file))
    except OSError as error:
        typer.echo(f"{file}: {error.strerror}", err=True)
        raise typer.Exit(1) from None
    typer.echo(json.dumps(_adapter("lossless").to_json(raw, charset), ensure_ascii=False, separators=(",", ":")))


@app.command("x12")
def from_json_form(
    file: Annotated[str, typer.Argument(help="JSON of `hub edi json`, or - for standard input.")],
) -> None:
    """The file of a JSON form, edited or not."""
    import json

    from hub.kit.errors import HubError

    try:
        written = _adapter("lossless").from_json(json.loads(b"".join(_chunks(file))))
    except (OSError, ValueError) as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(1) from None
    except HubError as error:
        typer.echo(f"{file}: {error.sentence()}", err=True)
        raise typer.Exit(1) from None
    typer.echo(written, nl=False)


@app.command()
def explain(file: Annotated[str, typer.Argument(help="A file, or - for standard input.")]) -> None:
    """Every segment of a file in words."""
    library, _ = _library(None)
    try:
        for line in _adapter("words").explain(_chunks(file), library):
            typer.echo(line)
    except OSError as error:
        typer.echo(f"{file}: {error.strerror}", err=True)
        raise typer.Exit(1) from None


@app.command()
def guide(
    name: Annotated[str, typer.Argument(help="Version and set, as 004010/850; none: all guides.")] = "",
    check_only: Annotated[bool, typer.Option("--check", help="Load and say what is wrong.")] = False,
    html: Annotated[bool, typer.Option("--html", help="As a page.")] = False,
    sample: Annotated[bool, typer.Option("--sample", help="A made-up interchange that it accepts.")] = False,
    partner: Annotated[str, typer.Option(help="With this partner's overlay.")] = "",
) -> None:
    """Show a guide, or check that guides load."""
    library, _ = _library(partner or None)
    names = [tuple(name.split("/", 1))] if "/" in name else library.names() if not name else []
    if not names:
        typer.echo(f"{name}: a guide is named VERSION/SET, e.g. 004010/850", err=True)
        raise typer.Exit(USAGE)
    bad = False
    words = _adapter("words")
    for version, set_id in names:
        compiled = _compiled(library, version, set_id, partner)
        bad = bad or compiled is None
        if compiled is None or check_only:
            typer.echo(f"{version}/{set_id}: {'good' if compiled else 'refused'}")
        elif html:
            typer.echo(words.guide_page(compiled.guide))
        elif sample:
            typer.echo(_adapter("sample").sample_file(compiled.guide), nl=False)
        else:
            for line in words.guide_lines(compiled.guide):
                typer.echo(line)
    if check_only and not name:
        bad = _overlays(library) or bad
    raise typer.Exit(1 if bad else 0)


def _compiled(library: Any, version: str, set_id: str, partner: str) -> Any:
    try:
        profile = library.profile(partner) if partner else None
        found = library.guide(version, set_id, partner, codes=profile.codes if profile is not None else None)
    except _adapter("yamltext").BadGuide as bad:
        for fault in bad.data["faults"]:
            typer.echo(str(fault), err=True)
        return None
    if found is None:
        typer.echo(f"There is no guide {version}/{set_id}.", err=True)
    return found


def _overlays(library: Any) -> bool:
    """Load every partner's overlays with the guides that they lie over; whether one was refused."""
    bad = False
    for partner, profile in library.profiles().items():
        for set_id in library.overlays(partner):
            version = profile.guides.get(set_id, profile.gs_version)
            compiled = _compiled(library, version, set_id, partner)
            typer.echo(f"{partner}/{set_id}: {'good' if compiled else 'refused'}")
            bad = bad or compiled is None
    return bad
