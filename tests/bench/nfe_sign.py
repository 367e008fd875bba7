"""P10: signing, building and checking notes, as ratios to the raw RSA-2048 rate of the same run. Prints JSON lines; asserts nothing."""

from __future__ import annotations

import json
import os
import resource
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from adapters.sefaz import xsd
from adapters.sefaz.sample import sample_invoice
from adapters.sefaz.sign import sign, verify
from adapters.sefaz.soap import parse
from adapters.sefaz.write import write_invoice
from hub.canon.trialcerts import make_root

RUNS = 3
CHUNKS, CHUNK = 40, 25  # of each run: work and ceiling alternate, so that a busy machine slows both alike


def rates(work: Callable[[], object], ceiling: Callable[[], object]) -> tuple[float, float, float, float]:
    """(calls a second, CPU milliseconds a call, ceiling's calls a second, ratio by CPU time): medians of the runs after a warm-up."""
    for _ in range(CHUNK):
        work()
        ceiling()
    runs = [(_alternate(work, ceiling)) for _ in range(RUNS)]
    calls = CHUNKS * CHUNK
    return (
        statistics.median(calls / wall for wall, _, _, _ in runs),
        statistics.median(cpu / calls * 1000 for _, cpu, _, _ in runs),
        statistics.median(calls / wall for _, _, wall, _ in runs),
        statistics.median(most / cpu for _, cpu, _, most in runs),
    )


def _alternate(work: Callable[[], object], ceiling: Callable[[], object]) -> tuple[float, float, float, float]:
    """Wall and CPU seconds of the work, wall and CPU seconds of the ceiling."""
    spent = [0.0, 0.0, 0.0, 0.0]
    for _ in range(CHUNKS):
        for at, each in ((0, work), (2, ceiling)):
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(CHUNK):
                each()
            spent[at] += time.perf_counter() - wall
            spent[at + 1] += time.process_time() - cpu
    return spent[0], spent[1], spent[2], spent[3]


def measure() -> list[dict[str, Any]]:
    """The rows of the goals, each beside the ceiling of this run."""
    now = datetime.now(UTC)
    key = make_root(now).issue_company("11222333000181", "Loja Exemplo", now=now).key
    digest = b"0123456789abcdefghij"
    notes = {items: sample_invoice(items=items, model=55, at=now) for items in (1, 40)}
    written = {items: write_invoice(note).xml for items, note in notes.items()}
    signed = {items: sign(xml, key) for items, xml in written.items()}
    operations: list[tuple[str, Callable[[], object], float | None]] = [
        ("sign, 1 item", lambda: sign(written[1], key), 0.9),
        ("sign, 40 items", lambda: sign(written[40], key), 0.9),
        ("build + sign + XSD, 1 item", lambda: xsd.faults(parse(sign(write_invoice(notes[1]).xml, key))), 0.5),
        ("build + sign + XSD, 40 items", lambda: xsd.faults(parse(sign(write_invoice(notes[40]).xml, key))), None),
        ("build, 1 item", lambda: write_invoice(notes[1]), None),
        ("XSD, 1 item", lambda: xsd.faults(parse(signed[1])), None),
        ("verify, 1 item", lambda: verify(parse(signed[1])), 0.9),
    ]
    return [_line(name, rates(work, lambda: key.sign(digest)), goal) for name, work, goal in operations]


def _line(name: str, found: tuple[float, float, float, float], goal: float | None) -> dict[str, Any]:
    each, cpu, ceiling, ratio = found
    return {
        "id": "P10",
        "operation": name,
        "clients": 1,
        "rate": round(each, 1),
        "cpu_ms": round(cpu, 3),
        "rss_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "ceiling_rate": round(ceiling, 1),
        "ratio_to_ceiling": round(ratio, 3),
        "goal": f">= {goal} of raw RSA-2048 (CPU time)" if goal else "no goal, for scale",
        "met": ratio >= goal if goal else None,
        "load1": round(os.getloadavg()[0], 2),
    }


def main() -> None:
    for line in measure():
        print(json.dumps(line), flush=True)  # noqa: T201 - a bench prints


if __name__ == "__main__":
    main()
