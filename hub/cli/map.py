"""`hub map`: run, explain and check the mappings of channels. No database, no network."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.mapping import (
    MappingFile,
    MappingRefused,
    MappingResult,
    Mappings,
    NoSuchMapping,
    jsonable,
    load_all,
    mapping_folders,
)

app = typer.Typer(help="Run, explain and check the mappings of channels.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="ADAPTER/MAPPING")]
Body = Annotated[Path, typer.Argument(metavar="FILE")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Refs = Annotated[list[str] | None, typer.Option("--ref", metavar="KIND=ID", help="What the envelope knows.")]
Folder = Annotated[Path | None, typer.Option("--mappings", help="Another folder of mappings.")]
Samples = Annotated[Path | None, typer.Option("--samples", help="Folder with expected.json (else below HUB_SAMPLES).")]

QUARANTINED = 3
USAGE = 2


@app.command()
def run(name: Name, file: Body, as_json: Json = False, ref: Refs = None, mappings: Folder = None) -> None:
    """Map one body. Exit 0 ok, 3 quarantined, 2 no such mapping or file."""
    result = _read(name, file, ref, mappings)
    if as_json:
        typer.echo(json.dumps(result.as_json(), ensure_ascii=False))
    else:
        typer.echo(json.dumps(result.as_json(), ensure_ascii=False, indent=1))
        _print_reasons(result)
    raise typer.Exit(0 if result.verdict == "ok" else QUARANTINED)


@app.command()
def explain(name: Name, file: Body, as_json: Json = False, ref: Refs = None, mappings: Folder = None) -> None:
    """Each canonical leaf with value, source path and line of the mapping. Personal values are hidden."""
    result = _read(name, file, ref, mappings)
    rows = list(_rows(result, _mapping(name, mappings)))
    if as_json:
        typer.echo(json.dumps({"leaves": rows, "verdict": result.verdict}, ensure_ascii=False))
    else:
        for row in rows:
            source = ", ".join(row["sources"]) or ("(computed)" if row["computed"] else "(fixed)")
            value = row["value"] if isinstance(row["value"], str) else json.dumps(row["value"], ensure_ascii=False)
            typer.echo(f"{row['at']} = {value}  <- {source}  ({row['file']}:{row['line']})")
        _print_reasons(result)
    raise typer.Exit(0 if result.verdict == "ok" else QUARANTINED)


@app.command()
def check(
    path: Annotated[Path | None, typer.Argument(help="A folder of mappings, of one adapter's, or one file.")] = None,
    as_json: Json = False,
) -> None:
    """Load all mappings. Exit 1 with file, line and reason where one is refused."""
    try:
        alone = [path] if path and path.is_file() else sorted(path.glob("*.yaml")) if path else []
        found = load_all(*(mapping_folders() if alone or path is None else (path,)), alone=alone)
    except MappingRefused as refused:
        for trap in refused.traps:
            typer.echo(
                json.dumps({"file": trap.file, "line": trap.line, "reason": trap.reason}) if as_json else str(trap)
            )
        raise typer.Exit(1) from None
    except OSError as error:
        raise _usage(f"cannot read {path}: {error.strerror}") from None
    typer.echo(json.dumps({"mappings": list(found)}) if as_json else f"{len(found)} mappings, all sound")


@app.command("test")
def compare(samples: Samples = None, mappings: Folder = None) -> None:
    """All samples against their expected results. Exit 1 with the differences."""
    from hub.mapping.expected import differences

    loaded = _load(mappings)
    failed = compared = 0
    for name, body, expected in _samples(samples):
        if expected["mapping"] not in loaded:
            typer.echo(f"skipped {name}: there is no mapping {expected['mapping']}")
            continue
        compared += 1
        found = differences(expected, loaded[expected["mapping"]].read(body, {}).as_json())
        failed += bool(found)
        for line in found:
            typer.echo(f"{name}: {line}")
    typer.echo(f"{compared} samples compared, {failed} differ")
    raise typer.Exit(1 if failed else 0)


@app.command()
def coverage(samples: Samples = None, mappings: Folder = None) -> None:
    """Source leaves of the samples that no expression reads and no ignore explains. Exit 1 where there is one."""
    from hub.mapping.coverage import unread

    loaded = _load(mappings)
    bodies: dict[str, list[bytes]] = {}
    for _, body, expected in _samples(samples):
        if expected["mapping"] in loaded:
            bodies.setdefault(expected["mapping"], []).append(body)
    failed = False
    for name, found in bodies.items():
        missing = unread(loaded[name], found, {})
        failed = failed or bool(missing)
        typer.echo(f"{name}: {len(missing)} leaves of {len(found)} samples are neither read nor ignored")
        for leaf in missing:
            typer.echo(f"  {leaf}")
    raise typer.Exit(1 if failed else 0)


# ------------------------------------------------------------------ pieces
def _load(folder: Path | None) -> Mappings:
    try:
        return load_all(*((folder,) if folder else mapping_folders()))
    except MappingRefused as refused:
        for trap in refused.traps:
            typer.echo(str(trap), err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        raise _usage(f"cannot read {folder}: {error.strerror}") from None


def _mapping(name: str, folder: Path | None) -> MappingFile:
    try:
        return _load(folder)[name]
    except NoSuchMapping as missing:
        raise _usage(str(missing)) from None


def _read(name: str, file: Path, refs: list[str] | None, folder: Path | None) -> MappingResult:
    mapping = _mapping(name, folder)
    envelope: dict[str, str | None] = {}
    for ref in refs or ():
        kind, mark, value = ref.partition("=")
        if not mark or not kind:
            raise _usage(f"--ref is written KIND=ID, not {ref}")
        envelope[kind] = value
        if kind in ("order", "order_id"):
            envelope["parent_id"] = value
    try:
        body = file.read_bytes()
    except OSError as error:
        raise _usage(f"cannot read {file}: {error.strerror}") from None
    return mapping.read(body, envelope)


def _usage(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(USAGE)


def _print_reasons(result: MappingResult) -> None:
    for reason in result.reasons:
        typer.echo(str(reason), err=True)
    if result.more:
        typer.echo(f"and {result.more} more", err=True)


def _rows(result: MappingResult, mapping: MappingFile) -> Iterator[dict[str, Any]]:
    from hub.mapping.faults import HIDDEN
    from hub.mapping.targets import is_personal

    for origin in result.origins:
        private = is_personal(origin.at) or origin.at in mapping.spec.redact
        value = HIDDEN if private and origin.value is not None else jsonable(origin.value)
        yield {"at": origin.at, "value": value, **origin.as_dict()}


def _samples(folder: Path | None) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    """(name, body, expected) of each sample; nothing where there are no samples."""
    beside = [Path(parent) / "shared" for parent in Path(__file__).resolve().parents[3:5]]
    shared = [Path(os.environ["HUB_SAMPLES"])] if "HUB_SAMPLES" in os.environ else beside
    roots = [folder] if folder else [place / "samples" / "channels" for place in shared]
    root = next((place for place in roots if (place / "expected.json").exists()), roots[0])
    listing = root / "expected.json"
    if not listing.exists():
        typer.echo(f"no samples: {listing} does not exist")
        return
    for name, expected in json.loads(listing.read_text(encoding="utf-8")).items():
        if isinstance(expected, dict):
            yield name, (root / name).read_bytes(), expected
