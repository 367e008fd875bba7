"""`hub routing`: run the test cases that rule files carry. The difference on standard output, faults of a file on standard error."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keeps `test` a word of its own."""


@app.command("test")
def run_test(
    files: Annotated[list[Path], typer.Argument(help="Rule files, e.g. mappings/routing/default.yaml.")],
    verbose: Annotated[bool, typer.Option("--verbose", help="Also what every candidate scored.")] = False,
) -> None:
    """Run every case of the files; exit 1 when one fails or a file has none."""
    failed = [path for path in files if not _holds(path, verbose=verbose)]
    raise typer.Exit(1 if failed else 0)


def _holds(path: Path, *, verbose: bool) -> bool:
    from hub.routing import BadRules, load_rules, run_cases

    try:
        rules = load_rules(path)
    except BadRules as bad:
        for fault in str(bad.data["faults"]).split("; "):
            typer.echo(fault, err=True)
        return False
    except (OSError, UnicodeDecodeError) as error:
        typer.echo(f"{path}: cannot be read ({type(error).__name__})", err=True)
        return False
    results = run_cases(rules)
    for result in results:
        typer.echo(f"{'FAIL' if result.differences else 'ok':4}  {path.name}:{result.line}  {result.name}")
        for difference in result.differences:
            typer.echo(f"        {difference}")
        if verbose and result.decision:
            for c in result.decision.candidates:
                parts = ", ".join(f"{k} {v}" for k, v in c.parts.items())
                typer.echo(f"        {c.code}: {c.reason or f'{c.score} = {parts}'}")
    broken = sum(bool(r.differences) for r in results)
    typer.echo(f"{path.name} {rules.version}: {len(results)} cases, {broken} failed")
    if not results:
        typer.echo(f"{path.name}: a rule file carries cases", err=True)
    return bool(results) and not broken
