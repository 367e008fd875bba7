"""The import contracts hold for this tree, and catch a rogue room, adapter or face that no line of them names."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import PACKAGES, ROOT

LINT = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
ROGUES = {
    "hub/cellar/__init__.py": "from hub.attic import door\n",  # a new room that knows another room
    "hub/attic/__init__.py": "import hub.flows\n\ndoor = hub.flows\n",  # a new room that knows the floor above
    "hub/attic/model.py": "import socket\n\nplug = socket\n",
    "adapters/rogue/__init__.py": "import adapters.wms\nimport hub.orders.store\n",
    "adapters/rogue/read.py": "import httpx\n\nweb = httpx\n",
    "hub/orders/rogue.py": "import adapters.wms\n\nother = adapters\n",
    "schema/rogue.py": "import hub.orders.store\n\nstore = hub\n",
}
CAUGHT = [
    "hub.cellar is not allowed to import hub.attic",
    "hub.attic is not allowed to import hub.flows",
    "hub.attic.model is not allowed to import socket",
    "adapters.rogue is not allowed to import adapters.wms",
    "adapters.rogue is not allowed to import hub.orders.store",
    "adapters.rogue.read is not allowed to import httpx",
    "hub.orders.rogue is not allowed to import adapters.wms",
    "schema.rogue is not allowed to import hub.orders.store",
]


def lint(tree: Path) -> tuple[int, str]:
    """Exit code and words of the linter on a tree; the contract types come from this checkout."""
    found = subprocess.run(  # noqa: S603 - our own interpreter on our own files
        [sys.executable, "-c", LINT],
        cwd=tree,
        env={"PYTHONPATH": f"{tree}:{ROOT}", "COLUMNS": "300", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return found.returncode, " ".join((found.stdout + found.stderr).split())


def test_the_contracts_hold() -> None:
    code, said = lint(ROOT)
    assert code == 0, said


@pytest.fixture(scope="module")
def rogue(tmp_path_factory: pytest.TempPathFactory) -> str:
    tree = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".importlinter", tree)
    for name, text in ROGUES.items():
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_text(text)
    code, said = lint(tree)
    assert code == 1, said
    return said


@pytest.mark.parametrize("breach", CAUGHT)
def test_what_no_line_names_is_caught(rogue: str, breach: str) -> None:
    assert breach in rogue
