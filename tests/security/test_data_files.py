"""`hub serve` over a tree with a wrong file in mappings/: it does not start, and says file, line and reason."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources alone, elsewhere, so that their data may be spoilt."""
    copy = tmp_path_factory.mktemp("tree")
    for name in ("hub", "adapters", "schema", "mappings"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def line_added(text: str, line: str) -> str:
    return f"{text.rstrip()}\n{line}\n"


SPOILT: dict[str, tuple[str, Callable[[str], str]]] = {
    "a tab in a mapping": ("shopify/order.yaml", lambda t: line_added(t, "\tx: 1")),
    "an unknown key in a mapping": ("shopify/order.yaml", lambda t: line_added(t, "surprise: 1")),
    "a key twice in the rules": (
        "routing/default.yaml",
        lambda t: line_added(t, t.strip().splitlines()[-1].split(":")[0] + ": 1\nzzz: ["),
    ),
    "no YAML in the rules": ("routing/default.yaml", lambda _: "rules: [1, 2\nmore: }"),
}


@pytest.mark.parametrize("how", SPOILT)
async def test_a_wrong_file_stops_the_start_and_is_named_with_line_and_reason(tree: Path, dsn: str, how: str) -> None:
    name, spoil = SPOILT[how]
    file = tree / "mappings" / name
    whole = file.read_text()
    file.write_text(spoil(whole))
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "hub",
            "serve",
            cwd=tree,
            env={**os.environ, "HUB_DATABASE_URL": dsn, "PYTHONPATH": str(tree)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await asyncio.wait_for(process.communicate(), 60)
    finally:
        file.write_text(whole)
    said = out.decode()
    assert process.returncode == 1, said
    assert "Traceback" not in said, said
    assert file.name in said
    assert any(f"{mark}{n}" in said for mark in (":", "line ") for n in range(1, len(spoil(whole).splitlines()) + 2)), (
        said
    )
