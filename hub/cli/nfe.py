"""`hub nfe`: check, sample and show notes; what is done with kept ones is in `nfe_desk`. JSON on standard output, messages on standard error."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli import nfe_desk

app = typer.Typer(no_args_is_help=True, add_completion=False)
app.add_typer(nfe_desk.app)

Files = Annotated[list[str], typer.Argument(help="XML files.")]
AsJson = Annotated[bool, typer.Option("--json", help="One line of JSON a file.")]


@app.command()
def check(files: Files, *, as_json: AsJson = False) -> None:
    """Say of each file what it is and whether it is well made."""
    lines = [_check_file(file) for file in files]
    for line in lines:
        typer.echo(json.dumps(line, ensure_ascii=False) if as_json else _sentence(line))
    raise typer.Exit(0 if all(_good(line) for line in lines) else 1)


def _check_file(file: str) -> dict[str, Any]:
    checks = import_module("adapters.sefaz.check")
    try:
        body = Path(file).read_bytes()
    except OSError as error:
        typer.echo(f"{file}: {error.strerror}", err=True)
        return dict(checks.unreadable(file, error.strerror or "cannot be read"))
    return dict(checks.check_document(file, body))


def _good(line: dict[str, Any]) -> bool:
    wrong = (line[name] is False for name in ("schema_valid", "key_valid", "key_matches", "totals_consistent"))
    return line["kind"] != "unknown" and line["signature"] != "invalid" and not any(wrong)


def _sentence(line: dict[str, Any]) -> str:
    marks = {True: "yes", False: "NO", None: "-"}
    parts = [
        f"{name.replace('_', ' ')} {marks[line[name]]}"
        for name in ("schema_valid", "key_valid", "key_matches", "totals_consistent")
    ]
    errors = "".join(f"\n    {error}" for error in line["schema_errors"])
    return f"{line['file']}: {line['kind']}, signature {line['signature']}, {', '.join(parts)}{errors}"


@app.command()
def sample(
    out: Annotated[Path, typer.Option(help="Folder for nfe.xml and cert.pem.")],
    items: Annotated[int, typer.Option(min=1, max=990, help="How many items.")] = 1,
    model: Annotated[int, typer.Option(help="55 (NF-e) or 65 (NFC-e).")] = 55,
) -> None:
    """Write a signed fictional note of homologation, and the certificate that verifies it."""
    if model not in {55, 65}:
        typer.echo("the model is 55 or 65", err=True)
        raise typer.Exit(2)
    note, certificate = import_module("adapters.sefaz.sample").signed_sample(items=items, model=model, at=_now())
    out.mkdir(parents=True, exist_ok=True)
    (out / "nfe.xml").write_bytes(note)
    (out / "cert.pem").write_bytes(certificate)
    typer.echo(f"{out / 'nfe.xml'} and {out / 'cert.pem'}", err=True)


def _now() -> Any:
    return import_module("hub.kit.clock").system_clock()


@app.command()
def show(file: str) -> None:
    """Print a note for reading: parties, items, taxes, totals, protocol."""
    try:
        text = import_module("adapters.sefaz.show").described(Path(file).read_bytes())
    except OSError as error:
        typer.echo(f"{file}: {error.strerror}", err=True)
        raise typer.Exit(1) from error
    except import_module("adapters.sefaz.soap").NotXml as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(1) from error
    sys.stdout.write(text)


@app.command()
def danfe(
    file: str,
    *,
    out: Annotated[Path, typer.Option(help="Where the PDF is written.")],
    cancelled: Annotated[bool, typer.Option("--cancelled", help="Print the mark of a cancelled note.")] = False,
) -> None:
    """Print a note (NFe or nfeProc) as PDF, in the layout of its emission date."""
    errors = import_module("hub.kit.errors")
    try:
        out.write_bytes(import_module("adapters.sefaz.danfe").render(Path(file).read_bytes(), cancelled=cancelled))
    except OSError as error:
        typer.echo(f"{error.filename}: {error.strerror}", err=True)
        raise typer.Exit(1) from error
    except errors.HubError as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(str(out), err=True)


@app.command()
def status(
    *,
    tenant: Annotated[str, typer.Option(help="Code of the tenant, or its number.")] = "1",
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON an account and model.")] = False,
) -> None:
    """Ask the status service of every account's authority, and of the one that stands in. Exit 1 when one does not operate."""
    try:
        code = import_module("hub.cli.nfe_status").status(tenant, as_json=as_json)
    except import_module("hub.kit.errors").HubError as error:
        typer.echo(error.sentence(), err=True)
        raise typer.Exit(1) from error
    raise typer.Exit(code)
