"""`hub routing test`: cases that hold, cases that fail with their difference, files that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli.routing import app
from tests.depot import MAPPINGS

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
        ("fallback: partial", "fallback: never", "rules.yaml:57: fallback is one of"),
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
