"""Damaged files: no exception leaves the reader, every answer is JSON, every message has its bytes, and memory and time stay bounded.
All of it by the hundred thousand: `python -m tests.adapters.x12.fuzz`.
"""

from __future__ import annotations

import random

import pytest

from adapters.x12.tokens import Opened, Part, Stray, Walker, WholeSet
from tests.adapters.x12.fuzz import run, samples, seeds
from tests.adapters.x12.mutations import mutated
from tests.adapters.x12.x12files import file, group, isa, one_set

COUNT = 600
ISA = isa().encode()


@pytest.mark.parametrize("source", [seeds, samples], ids=["ours", "samples"])
def test_damage_always_has_an_outcome(source: object) -> None:
    found = run(source(), COUNT, 7)  # type: ignore[operator]
    assert found.broken == []
    assert set(found.outcomes) == {"ok", "errors", "unreadable"}
    assert sum(found.outcomes.values()) == found.count == COUNT


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
