"""CPU time and memory of process trees, from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def _stat(pid: int) -> tuple[int, float, int] | None:
    """(parent, CPU seconds with those of its dead children, resident bytes); None when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(")") + 2 :].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / TICK, int(fields[21]) * PAGE


def _all() -> dict[int, tuple[int, float, int]]:
    pids = [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit()]
    return {p: s for p in pids if (s := _stat(p)) is not None}


def _trees(roots: Iterable[int], table: dict[int, tuple[int, float, int]]) -> set[int]:
    held = {r for r in roots if r in table}
    while more := {p for p, s in table.items() if s[0] in held} - held:
        held |= more
    return held


def cpu_seconds(roots: Sequence[int]) -> float:
    """Of these processes and all below them."""
    table = _all()
    return sum(table[p][1] for p in _trees(roots, table))


def rss_mib(roots: Sequence[int]) -> float:
    """The largest of these processes themselves; shared pages count in full."""
    return max((s[2] for r in roots if (s := _stat(r)) is not None), default=0) / 2**20
