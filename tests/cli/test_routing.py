"""`hub routing test`: cases that hold, cases that fail with their difference, files that cannot be read."""

from __future__ import annotations

import asyncio
import base64
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli.routing import app
from hub.kit.db import Database
from hub.routing import parse_rules
from tests.depot import MAPPINGS, PLAIN, new_depot

DEFAULT = MAPPINGS / "routing" / "default.yaml"


def test_the_rules_of_the_house_hold() -> None:
    done = CliRunner().invoke(app, ["test", str(DEFAULT), "--verbose"])
    assert done.exit_code == 0, done.output
    assert "ok    default.yaml" in done.stdout
    assert "0 failed" in done.stdout
    assert "has none of" in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        (
            "nodes: {RIO: {A: 2}}",
            "nodes: {CAJ: {A: 2}}",
            "nodes: expected {'CAJ': {'A': '2'}}, came {'RIO': {'A': '2'}}",
        ),
        ("fallback: partial", "fallback: never", "rules.yaml:61: fallback is one of"),
        ("rules: default", "rules: [", "rules.yaml:"),
    ],
)
def test_what_fails_is_shown(tmp_path: Path, old: str, new: str, shown: str) -> None:
    path = tmp_path / "rules.yaml"
    text = DEFAULT.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    done = CliRunner().invoke(app, ["test", str(path)])
    assert done.exit_code == 1
    assert shown in done.output


def test_a_file_without_cases_or_without_being_there_fails(tmp_path: Path) -> None:
    bare = tmp_path / "bare.yaml"
    bare.write_text("rules: x\ncurrency: BRL\nfilters: [{id: stock}]\nscore: {cost: '1'}\n", encoding="utf-8")
    for path in (bare, tmp_path / "none.yaml"):
        assert CliRunner().invoke(app, ["test", str(path)]).exit_code == 1


async def test_differences_of_shadow_rules_are_listed(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    shadow = parse_rules("s.yaml", PLAIN.replace("{id: active}", "{id: regions, values: [RJ], only: [CAJ]}"))
    depot = await new_depot(db, shadow=shadow)
    await depot.stock({("CAJ", "A"): 5, ("EXT", "A"): 5})
    await depot.order(depot.draft("S-1", {"A": 1}))
    monkeypatch.setenv("HUB_DATABASE_URL", db.dsn)
    monkeypatch.setenv("HUB_KEK", base64.b64encode(os.urandom(32)).decode())
    told = await asyncio.to_thread(lambda: CliRunner().invoke(app, ["differences", "--tenant", "demo"]))
    assert told.exit_code == 0, told.output
    assert "S-1" in told.output
    assert "CAJ -> EXT  score +5" in told.output
    other = await asyncio.to_thread(lambda: CliRunner().invoke(app, ["differences", "--tenant", "nobody"]))
    assert (other.exit_code, "There is no tenant nobody" in other.output) == (1, True)
