"""Damaged files: no exception leaves the reader, every answer is JSON, and memory and time stay bounded. More by X12_FUZZ=100000."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from adapters.x12.report import check_file
from adapters.x12.split import envelopes_of
from adapters.x12.tokens import Opened, Part, Stray, Walker, WholeSet
from tests.adapters.x12.mutations import mutated
from tests.adapters.x12.x12files import file, group, isa, library, one_set
from tests.shared import shared_path

COUNT = int(os.environ.get("X12_FUZZ", "2000"))
ISA = isa().encode()
OUTCOMES = {"ok", "errors", "unreadable"}


def seeds(source: str) -> list[bytes]:
    if source == "ours":
        return [file().encode(), file(group(one_set(), one_set(control="0002"))).encode()]
    folder: Path = shared_path("samples/x12")
    return [p.read_bytes() for p in sorted(folder.iterdir()) if p.name not in ("INDEX.md", "expected.json")]


@pytest.mark.parametrize("source", ["ours", "samples"])
def test_damage_never_raises(source: str) -> None:
    dice = random.Random(12)
    files = seeds(source)
    for _ in range(COUNT if source == "samples" else COUNT // 4):
        raw = mutated(dice.choice(files), dice)
        result = check_file("x", [raw], library())
        json.dumps(result, ensure_ascii=False).encode("utf-8", "surrogatepass")
        assert result["outcome"] in OUTCOMES
        assert (result["outcome"] == "ok") == (result["reason"] is None)


@pytest.mark.parametrize("source", ["ours", "samples"])
def test_damage_never_breaks_the_inbox(source: str) -> None:
    dice = random.Random(99)
    files = seeds(source)
    for _ in range(COUNT // 10):
        raw = mutated(dice.choice(files), dice)
        found = list(envelopes_of(raw, library()))
        assert found
        assert all(e.body for e in found) or not raw


def test_nothing_vanishes_from_a_damaged_file() -> None:
    """Segments in sets, envelopes and strays are those that a plain split finds between the ISA and the last terminator."""
    dice = random.Random(5)
    checked = 0
    for _ in range(COUNT // 4):
        raw = mutated(file(group(one_set(), one_set(control="0002"))).encode(), dice)
        tokens = list(Walker([raw]).tokens())
        opened = [t for t in tokens if isinstance(t, Opened)]
        if (
            len(opened) != 1
            or raw[opened[0].offset :][:106] != ISA
            or b"ISA" in raw[opened[0].offset + 3 :]
            or opened[0].delimiters.terminator != "~"
        ):
            continue
        if opened[0].found != 16 or raw.count(b"IEA*") != 1 or any(t for t in tokens if type(t).__name__ == "Trailing"):
            continue
        checked += 1
        counted = sum(t.total if isinstance(t, WholeSet) else isinstance(t, (Opened, Part, Stray)) for t in tokens)
        text = raw[opened[0].offset :].replace(b"\r", b"").replace(b"\n", b"")
        plain = 1 + sum(1 for p in text[106:].split(b"~") if p.strip(b" \t\0"))
        assert counted == plain, raw
    assert checked > COUNT // 40
