"""`hub fiscal`: the tax of cases in a file, identifiers, access keys. JSON on standard output, messages on standard error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from hub.cli import fiscal_desk

app = typer.Typer(no_args_is_help=True)
app.add_typer(fiscal_desk.guides, name="guides")
app.add_typer(fiscal_desk.incoming, name="incoming")
_AS_GIVEN = ("key", "gtin", "ncm", "cest", "cfop", "municipality")  # nothing is stripped from these
Tenant = Annotated[str, typer.Option(help="Code of the tenant, or its number.")]
KINDS = ("cnpj", "cpf", "ie:UF", *_AS_GIVEN)


@app.command()
def tax(
    file: Annotated[Path, typer.Argument(help="A JSON list of cases.")],
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list of answers; else a table.")] = False,
) -> None:
    """Compute the tax plan of every case of a file."""
    try:
        cases = json.loads(file.read_bytes(), parse_int=_integer)
    except (OSError, ValueError, RecursionError) as error:
        _refuse(f"{file}: cannot be read as JSON ({type(error).__name__})")
    if not isinstance(cases, list):
        _refuse(f"{file}: a JSON list of cases is needed")
    answers = [_answer(case) for case in cases]
    if as_json:
        typer.echo(json.dumps(answers, indent=1))
    else:
        for answer in answers:
            _show(answer)
    raise typer.Exit(1 if any(answer["error"] for answer in answers) else 0)


def _integer(text: str) -> int | float:
    """A number of absurd length is still one bad case, not a bad file."""
    return int(text) if len(text) < 20 else float(text)


def _answer(case: Any) -> dict[str, Any]:
    from hub.fiscal.tables import TAX_TABLES, NoRule, fiscal_tables
    from hub.fiscal.tax import CaseFault, plan
    from hub.fiscal.tax.reading import read_case

    known = case.get("id") if isinstance(case, dict) else None
    try:
        lines = plan(read_case(case), fiscal_tables(TAX_TABLES))
    except CaseFault as fault:
        typer.echo(f"{known}: {fault}", err=True)
        return {"id": known, "taxes": [], "error": {"code": fault.code, "field": fault.field}}
    except NoRule as none:
        typer.echo(f"{known}: {none}", err=True)
        return {"id": known, "taxes": [], "error": {"code": "MISSING_RATE", "field": str(none.data["table"])}}
    taxes = [
        {
            "tax": line.tax,
            "base": f"{line.base:.2f}",
            "rate": f"{line.rate:.4f}",
            "value": f"{line.value:.2f}",
            "rule": line.rule,
            "source": line.source,
        }
        for line in lines
    ]
    return {"id": known, "taxes": taxes, "error": None}


def _show(answer: dict[str, Any]) -> None:
    from hub.canon.invoice import ROUNDING

    typer.echo(f"{answer['id']}:")
    if answer["error"]:
        typer.echo(f"  {answer['error']['code']} {answer['error']['field']}")
    for line in answer["taxes"]:
        figures = f"{line['base']:>14} x {line['rate']:>8} % = {line['value']:>12}"
        typer.echo(f"  {line['tax']:<15}{figures}  {line['rule']}, rounded {ROUNDING} ({line['source']})")


@app.command()
def validate(
    values: Annotated[list[str], typer.Argument(help=f"KIND:VALUE; kinds {', '.join(KINDS)}.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line a value.")] = False,
) -> None:
    """Judge CNPJ, CPF, state registrations, access keys, GTIN, NCM, CEST, CFOP and municipalities by form and check digit."""
    judged = [_judge(value) for value in values]
    for one in judged:
        if as_json:
            typer.echo(json.dumps(one))
        else:
            verdict = {True: "good", False: "bad", None: one.get("error")}[one["valid"]]
            typer.echo(f"{one['kind']}:{one['value']} {verdict}")
    raise typer.Exit(0 if all(one["valid"] for one in judged) else 1)


def _judge(argument: str) -> dict[str, Any]:
    from hub.canon import taxids

    kind, _, value = argument.rpartition(":")
    plain = taxids.without_separators(value)
    valid: bool | None = None
    if kind == "cnpj":
        valid = taxids.cnpj_valid(plain)
    elif kind == "cpf":
        valid = taxids.cpf_valid(plain)
    elif kind in _AS_GIVEN:
        valid = bool(getattr(taxids, f"{kind}_valid")(value))
    elif kind.startswith("ie:") and kind[3:] in taxids.UF_CODES:
        valid = taxids.registration_valid(kind[3:], plain)
    judged: dict[str, Any] = {"kind": kind, "value": value, "valid": valid}
    return judged if valid is not None else {**judged, "error": "UNKNOWN_KIND"}


@app.command()
def tables(
    folder: Annotated[Path | None, typer.Argument(help="Instead of the tables in use.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Check the dated tables: faults with file and line, and the rows whose sources disagree."""
    from hub.fiscal.tables import BadTable, load_tables, tables_folder

    try:
        loaded = load_tables(folder or tables_folder())
    except BadTable as bad:
        for one in str(bad.data["faults"]).split("; "):
            typer.echo(one, err=True)
        raise typer.Exit(1) from bad
    counts = {name: sum(len(rows) for rows in table.rows.values()) for name, table in loaded.items()}
    doubts = sorted({(loaded[name].file, row.line, row.source) for name, row in loaded.doubtful()})
    if as_json:
        rows = [{"file": file, "line": line, "source": source} for file, line, source in doubts]
        typer.echo(json.dumps({"tables": counts, "doubtful": rows}))
        return
    for name, count in counts.items():
        typer.echo(f"{name:<18}{count:>6} rows")
    for file, line, source in doubts:
        typer.echo(f"doubtful {file}:{line}: {source}")


@app.command()
def export(
    *,
    month: Annotated[str, typer.Option(help="Such as 2026-11.")],
    out: Annotated[Path, typer.Option(help="The zip file.")],
    tenant: Tenant = "1",
    environment: Annotated[int, typer.Option(help="1 production, 2 homologation.")] = 1,
) -> None:
    """Write the month's notes (nfeProc) and a list of all numbers as a zip, for the accountants."""
    import asyncio

    from hub.kit.errors import HubError

    try:
        asyncio.run(_export(month, out, tenant, environment))
    except (HubError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(str(out), err=True)


async def _export(month: str, out: Path, tenant: str, environment: int) -> None:
    """A file that ended in the middle is not left behind."""
    from hub.cli.reach import tenant_number
    from hub.cli.run import database
    from hub.fiscal import bounds, export_month
    from hub.kit.db import Database

    bounds(month)  # a wrong month needs no database
    whole = out.with_name(f"{out.name}.part")
    async with database() as dsn:
        db = await Database(dsn).open()
        try:
            with whole.open("wb") as file:
                async for piece in export_month(db, await tenant_number(db, tenant), month, environment=environment):
                    file.write(piece)
            whole.replace(out)
        finally:
            whole.unlink(missing_ok=True)
            await db.close()


key_app = typer.Typer(no_args_is_help=True, help="Access keys.")
app.add_typer(key_app, name="key")


@key_app.callback()
def _key() -> None:
    """Access keys."""


@key_app.command("parse")
def parse(
    key: Annotated[str, typer.Argument(help="44 characters.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line.")] = False,
) -> None:
    """Show the parts of an access key."""
    from dataclasses import asdict

    from hub.canon.taxids import BadAccessKey, parse_key

    try:
        parts = asdict(parse_key(key))
    except BadAccessKey as bad:
        typer.echo(str(bad), err=True)
        raise typer.Exit(1) from bad
    if as_json:
        typer.echo(json.dumps(parts))
    else:
        for name, value in parts.items():
            typer.echo(f"{name:<14} {value}")


def _refuse(reason: str) -> NoReturn:
    typer.echo(reason, err=True)
    raise typer.Exit(2)


@app.command()
def numbers(
    *,
    tenant: Tenant = "1",
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON a series.")] = False,
) -> None:
    """Every series with what became of its numbers. Exit 1 when a number is explained by nothing."""
    import asyncio

    from hub.kit.errors import HubError

    try:
        lines = asyncio.run(_numbers(tenant))
    except HubError as error:
        typer.echo(error.sentence(), err=True)
        raise typer.Exit(1) from error
    for line in lines:
        shown = ", ".join(f"{name} {line[name]}" for name in ("taken", "used", "denied", "voided", "given_up", "open"))
        gap = f", MISSING {line['missing']}" if line["missing"] else ""
        head = f"{line['issuer']} environment {line['environment']} model {line['model']} series {line['series']}"
        typer.echo(json.dumps(line) if as_json else f"{head}: {shown}{gap}")
    raise typer.Exit(1 if any(line["missing"] for line in lines) else 0)


async def _numbers(tenant: str) -> list[dict[str, Any]]:
    from hub.cli.reach import tenant_number
    from hub.cli.run import database
    from hub.fiscal import accounts
    from hub.kit.db import Database

    async with database() as dsn:
        db = await Database(dsn).open()
        try:
            async with db.unit(tenant=await tenant_number(db, tenant), actor="cli") as tx:
                found = await accounts(tx)
        finally:
            await db.close()
    names = ("taken", "used", "denied", "voided", "given_up", "open")
    return [
        {
            "issuer": a.series.issuer,
            "environment": a.series.environment,
            "model": a.series.model,
            "series": a.series.number,
            **{name: getattr(a, name) for name in names},
            "missing": list(a.missing),
        }
        for a in found
    ]
