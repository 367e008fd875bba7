"""The catalogue of errors: every subclass of HubError with its code and its sentence. `python -m tests.house.errors` writes docs/errors.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.house.tree import PACKAGES, ROOT, parsed, python_files, relative

PAGE = ROOT / "docs" / "errors.md"
HEAD = """# Errors

Every error that the hub raises on purpose: its code is part of the contract and never changes its meaning, its
sentence may. Words in braces are filled from the error's data. Made by `python -m tests.house.errors`.

| code | sentence | raised in |
|---|---|---|
"""

# Codes that several classes may state, because they mean the same to whoever reads the code.
SHARED = {
    "ILLEGAL_MOVE": "an order or a fulfillment that is elsewhere on its way",
    "IDEMPOTENCY_IN_PROGRESS": "the store says it, the API repeats it",
    "IDEMPOTENCY_KEY_REUSED": "the store says it, the API repeats it",
    "NOT_AN_ANSWER": "what an authority or a portal sent back and nobody can read",
    "NOT_FOUND": "whatever kind of thing is not there",
    "SETTINGS_INVALID": "a setting that cannot be used, whichever it is",
    "UNAUTHENTICATED": "a key or a token, whichever does not prove anybody",
    "UNAVAILABLE": "the database cannot be had, whatever the reason",
    "UNKNOWN_UF": "no federative unit, wherever it was named",
}


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """One error class, read from its source, so that nothing has to be imported."""

    code: str
    sentence: str
    name: str
    path: str
    line: int
    inherited: bool  # it has its parent's code


def kinds(root: Path = ROOT) -> list[Kind]:
    """All subclasses of HubError, direct or not, in order of codes. A class without a code of its own has its parent's."""
    waiting = list(_classes(root))
    known: dict[str, str] = {"HubError": "REFUSED"}
    found: list[Kind] = []
    while ready := [(path, node) for path, node in waiting if any(b in known for b in _bases(node))]:
        waiting = [pair for pair in waiting if pair not in ready]
        for path, node in ready:
            own = _code(node)
            code = own or next(known[b] for b in _bases(node) if b in known)
            known[node.name] = code
            sentence = (ast.get_docstring(node) or "").split("\n")[0]
            where, inherited = relative(path, root), own is None
            found.append(Kind(code, sentence, node.name, where, node.lineno, inherited))
    return sorted(found)


def page(root: Path = ROOT) -> str:
    rows = [f"| `{k.code}` | {k.sentence.replace('|', '/')} | `{k.path}` |" for k in kinds(root)]
    return HEAD + "\n".join(rows) + "\n"


def _classes(root: Path) -> Iterator[tuple[Path, ast.ClassDef]]:
    for path in python_files(*PACKAGES, root=root):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef):
                yield path, node


def _bases(node: ast.ClassDef) -> list[str]:
    return [b.attr if isinstance(b, ast.Attribute) else getattr(b, "id", "") for b in node.bases]


def _code(node: ast.ClassDef) -> str | None:
    for line in node.body:
        if isinstance(line, ast.AnnAssign) and getattr(line.target, "id", "") == "code":
            return str(line.value.value) if isinstance(line.value, ast.Constant) else None
    return None


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
