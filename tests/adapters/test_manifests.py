"""Every adapter's manifest is whole, true to its code, and tells in time when an API version ends."""

from __future__ import annotations

import ast
import tomllib
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest

from hub.canon.commands import OutwardCommand
from hub.canon.ports import Adapter
from tests.shared import ROOT

NAMES = sorted(path.parent.name for path in (ROOT / "adapters").glob("*/manifest.toml"))
NEEDED = {
    "name": str,
    "label": str,
    "docs": str,
    "owner": str,
    "ports": list,
    "accepts": list,
    "api_version": str,
    "api_version_ends": str,
    "topics": dict,
    "config": dict,
    "secrets": dict,
    "checklist": dict,
}
# The address of every account's calls, and what flows decide by.
READ_BY_THE_HUB = {"base_url", "contingency", "contingency_after", "aware_of_summaries", "invoices", "language"}


def manifest(name: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / "adapters" / name / "manifest.toml").read_text(encoding="utf-8"))


def adapter(name: str) -> Adapter:
    found: Adapter = import_module(f"adapters.{name}").ADAPTER
    return found


def words(folder: Path) -> set[str]:
    """Every text that the adapter's own code holds."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in folder.rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_adapter_has_one() -> None:
    doors = (ROOT / "adapters").glob("*/__init__.py")
    adapters = {p.parent.name for p in doors if "\nADAPTER" in p.read_text(encoding="utf-8")}
    assert adapters == set(NAMES)
    assert adapters


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_missing(name: str) -> None:
    told = manifest(name)
    assert {key: type(told.get(key)) for key in NEEDED} == NEEDED
    assert told["name"] == name == adapter(name).name
    assert (ROOT / told["docs"]).is_file()


@pytest.mark.parametrize("name", NAMES)
def test_ports_are_those_of_the_code(name: str) -> None:
    found = adapter(name)
    ports = {f.name for f in fields(Adapter)} - {"name", "authorize", "learns"}
    told = set(manifest(name)["ports"])
    assert told == {port for port in ports if getattr(found, port) is not None}
    assert ("ack_deadline_ms" in manifest(name)) or "push" not in told
    assert ("sweep" in manifest(name)) == ("pull" in told)


@pytest.mark.parametrize("name", NAMES)
def test_it_accepts_commands_that_exist(name: str) -> None:
    known = {kind.__name__ for kind in get_args(OutwardCommand)}
    accepts = set(manifest(name)["accepts"])
    assert accepts <= known
    assert bool(accepts) == (adapter(name).outbound is not None)


@pytest.mark.parametrize("name", NAMES)
def test_topics_lead_to_mappings(name: str) -> None:
    missing = [m for m in manifest(name)["topics"].values() if not (ROOT / "mappings" / f"{m}.yaml").is_file()]
    assert missing == []


@pytest.mark.parametrize("name", NAMES)
def test_the_api_version_lives_for_a_quarter_at_least(name: str) -> None:
    left = date.fromisoformat(manifest(name)["api_version_ends"]) - datetime.now(UTC).date()
    assert left >= timedelta(days=90)


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_read_by_its_code(name: str) -> None:
    told = manifest(name)
    read = words(ROOT / "adapters" / name)
    assert (set(told["config"]) | set(told["secrets"])) - READ_BY_THE_HUB - read == set()


@pytest.mark.parametrize("name", NAMES)
def test_the_checklist_is_done_or_says_why_not(name: str) -> None:
    verdicts = manifest(name)["checklist"]
    assert verdicts
    assert [k for k, v in verdicts.items() if v != "done" and not v.startswith("exempt: ")] == []
