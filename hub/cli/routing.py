"""`hub routing`: run the test cases that rule files carry, and see where the shadow rules would choose otherwise. Differences on standard
output, faults of a file on standard error.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hub.kit.db import Tx

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Rules of routing."""


@app.command()
def differences(
    *,
    tenant: Annotated[str, typer.Option(help="Code of the tenant.")],
    last: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest first.")] = 20,
) -> None:
    """Orders that the shadow rules would have routed otherwise, and what that would have changed in the score."""
    from hub.cli.reach import acting

    async def act(tx: Tx) -> list[str]:
        from hub import network

        codes = {str(n.node_id): n.code for n in (await network.load(tx)).nodes.values()}
        rows = await tx.conn.fetch(
            "SELECT d.*, o.number FROM v_shadow_difference d JOIN v_order o USING (order_id) ORDER BY d.at DESC LIMIT $1",
            last,
        )
        return [
            f"{r['at']:%Y-%m-%d %H:%M}  {r['number']:<14} {_nodes(r['live'], codes)} -> {_nodes(r['shadow'], codes)}"
            f"  score {r['score_delta']:+}  rules {r['live_version'][:8]} -> {r['shadow_version'][:8]}"
            for r in rows
        ] or ["the shadow rules have chosen no otherwise"]

    for line in acting(tenant, act):
        typer.echo(line)


def _nodes(chosen: list[dict[str, str]], codes: dict[str, str]) -> str:
    """Who ships, in the order of the lines."""
    return "+".join(dict.fromkeys(codes.get(x["node_id"], "?") for x in chosen)) or "nobody"


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
