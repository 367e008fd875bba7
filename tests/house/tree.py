"""The files of this checkout that the house rules speak of, and the small facts that several rules need."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("hub", "adapters", "schema")
CODE = (*PACKAGES, "tests")
TEXTS = (".py", ".sql", ".toml", ".yaml", ".yml", ".md", ".graphql", ".mako", ".html", ".css", ".js", ".svg", ".json")
TOP = ("Makefile", "requirements.lock", ".importlinter", ".gitignore", "Dockerfile")
_SKIPPED = re.compile(r"(^|/)(\.[^/]+|__pycache__|build|dist|node_modules)/")


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One breach: where, and what is wrong there."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def listed(findings: list[Finding]) -> str:
    """The findings as a failing test shows them; empty when there are none."""
    return "\n".join(str(f) for f in sorted(findings))


def relative(path: Path, root: Path = ROOT) -> str:
    return path.relative_to(root).as_posix()


def python_files(*folders: str, root: Path = ROOT) -> Iterator[Path]:
    for folder in folders or CODE:
        for path in sorted((root / folder).rglob("*.py")):
            if not _SKIPPED.search(relative(path, root)):
                yield path


def text_files(root: Path = ROOT) -> Iterator[Path]:
    """Everything that people write: code, data, pages, and the files of the top that have no ending."""
    for path in sorted(root.rglob("*")):
        name = relative(path, root)
        if not _SKIPPED.search(name) and path.is_file() and (path.suffix in TEXTS or name in TOP):
            yield path


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def functions(module: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
