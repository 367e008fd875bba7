"""The rules of this house that no other tool checks: shapes of files, words, the lock, origins, errors, generated pages."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from importlib import import_module
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.house import checks, errors, states
from tests.house.tree import CODE, PACKAGES, ROOT, Finding, listed, parsed, python_files, relative, text_files

# Where a broad `except` is right, and why.
BROAD = {
    "hub/kit/lane.py": "the worker loop: a bug in one item parks that item, the others go on",
    "hub/kit/work.py": "the worker loop: a chore that fails is done again in its next round",
    "hub/kit/batch.py": "a flush serves many callers: each is told, none may wait for ever",
    "hub/web/boundary.py": "the web boundary: a bug is answered 500 with its correlation id",
    "schema/http.py": "the boundary of the API: a bug is answered as INTERNAL with its correlation id",
    "schema/rest/serve.py": "the same for REST, as a problem",
    "schema/live/socket.py": "the same over a socket: one operation fails, the others go on",
}

# Put together here, so that this file does not break its own rules.
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK")) + r")\b")
MACHINE_PATH = re.compile("|".join((r"(?<![\w.])/wo" + r"rk/", "/ho" + r"me/\w", "/ro" + "ot/", "/Us" + r"ers/\w")))
REGISTRY = re.compile(
    "|".join((r"py" + r"pi\.org", r"python" + r"hosted\.org", r"npm" + r"js\.", r"ghcr" + r"\.io", r"docker" + r"\.io"))
)
LOCK = ROOT / "requirements.lock"


def test_every_file_keeps_the_shape_of_the_house() -> None:
    found = [
        Finding(relative(path), line, what)
        for path in python_files()
        for check in checks.EVERYWHERE
        for line, what in check(parsed(path), path.read_text(encoding="utf-8"))
        if not (check is checks.broad_except and relative(path) in BROAD)
    ]
    assert not found, listed(found)


def test_every_test_asserts_something() -> None:
    found = [
        Finding(relative(path), line, what)
        for path in python_files("tests")
        if path.name.startswith("test_") or "issues" in path.parts
        for check in checks.TESTS
        for line, what in check(parsed(path), "")
    ]
    assert not found, listed(found)


def test_no_file_has_a_name_that_says_nothing() -> None:
    found = [
        relative(path) for path in python_files() if {path.stem, *path.relative_to(ROOT).parent.parts} & checks.NO_NOUNS
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "pattern"), [("unfinished", UNFINISHED), ("a machine's path", MACHINE_PATH), ("a registry", REGISTRY)]
)
def test_words_that_do_not_belong_here(what: str, pattern: re.Pattern[str]) -> None:
    found = [
        Finding(relative(path), number, f"{what}: {line.strip()[:100]}")
        for path in text_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, listed(found)


# -------------------------------------------------------------------------------------- the lock and where names come from
def requirements() -> list[str]:
    """The lock's requirements, each with its hashes on one line."""
    joined = LOCK.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def test_every_locked_requirement_has_one_version_and_hashes() -> None:
    good = re.compile(r"[a-z0-9][a-z0-9.-]*(\[[a-z,-]+\])?==\S+( ; [^#]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*\Z")
    assert [r[:80] for r in requirements() if not good.match(r)] == []
    assert len(requirements()) > 50


def test_the_lock_names_no_address() -> None:
    text = LOCK.read_text(encoding="utf-8")
    assert re.findall(r"\S*://\S*|--(?:extra-)?index-url\S*|--find-links\S*|--trusted-host\S*| @ \S+", text) == []


def test_the_lock_holds_none_of_our_names() -> None:
    """They exist on the public index, as other people's work."""
    names = {re.split(r"[=\[; ]", r, maxsplit=1)[0] for r in requirements()}
    assert names & {"hub", "adapters", "schema", "mappings", "tests", "order-hub"} == set()


@pytest.mark.parametrize("name", [*PACKAGES, "tests.shared"])
def test_our_packages_come_from_this_tree(name: str) -> None:
    assert ROOT in Path(str(import_module(name).__file__)).resolve().parents


def test_mappings_are_this_tree() -> None:
    spec = find_spec("mappings")
    places = list(spec.submodule_search_locations or []) if spec else []
    assert ROOT / "mappings" in [Path(p).resolve() for p in places]


def test_no_other_distribution_brings_our_names() -> None:
    known = packages_distributions()
    others = {name: set(known.get(name, [])) - {"order-hub"} for name in (*PACKAGES, "mappings")}
    assert not any(others.values()), others


# -------------------------------------------------------------------------------------- errors and generated pages
def test_every_error_has_a_code_and_a_sentence() -> None:
    found = [Finding(k.path, k.line, f"{k.name} has no sentence") for k in errors.kinds() if not k.sentence]
    odd = [Finding(k.path, k.line, k.code) for k in errors.kinds() if not re.fullmatch(r"[A-Z][A-Z0-9_]+", k.code)]
    assert not found + odd, listed(found + odd)


def test_a_code_means_one_thing() -> None:
    """A class either has a code that no other class states, or takes its parent's, or a code that is shared on purpose."""
    stated = Counter(k.code for k in errors.kinds() if not k.inherited and k.code not in errors.SHARED)
    assert [code for code, times in stated.items() if times > 1] == []
    lines = Counter((k.code, k.sentence) for k in errors.kinds())
    assert [line for line, times in lines.items() if times > 1] == []


@pytest.mark.parametrize("made", [errors, states], ids=["errors", "states"])
def test_pages_say_what_the_code_says(made: object) -> None:
    page, path = made.page(), made.PAGE  # type: ignore[attr-defined]
    assert path.read_text(encoding="utf-8") == page, f"run `python -m {made.__name__}`"  # type: ignore[attr-defined]


# -------------------------------------------------------------------------------------- mappings, contracts, pages
def test_every_mapping_is_yaml_1_2() -> None:
    for path in sorted((ROOT / "mappings").rglob("*.y*ml")):
        read = YAML(typ="safe", pure=True)
        read.version = (1, 2)
        assert read.load(path.read_text(encoding="utf-8")) is not None, relative(path)
        assert path.suffix == ".yaml", relative(path)


def test_pages_point_at_what_exists() -> None:
    found = [
        Finding(relative(path), number, f"there is no {target}")
        for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", line)
        if "://" not in target and not (path.parent / target).exists()
    ]
    assert not found, listed(found)


def test_the_house_itself_is_looked_at() -> None:
    """The rules see files: an empty walk would make every one of them hold."""
    assert len(list(python_files())) > 80
    assert {p.relative_to(ROOT).parts[0] for p in python_files()} == set(CODE)
    assert Path(__file__) in set(text_files())
    assert isinstance(parsed(Path(__file__)), ast.Module)
    assert sys.version_info >= (3, 11)
