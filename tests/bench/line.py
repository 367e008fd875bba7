"""One line of the contract: what was measured, beside its ceiling of the same run and its goal."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.client import Load
from tests.bench.proc import cpu_seconds, rss_mib

RUNS = 3


@dataclass(frozen=True, slots=True)
class Figures:
    """Medians of the runs."""

    rate: float
    p50: float
    p95: float
    p99: float
    cpu_ms: float
    rss: float


async def measured(run: Callable[[int], Awaitable[Load]], roots: Sequence[int], *, runs: int = RUNS) -> Figures:
    """Run 0 warms up and does not count. `roots`: processes whose trees the CPU is taken from."""
    await run(0)
    found: list[tuple[Load, float]] = []
    for n in range(1, runs + 1):
        await asyncio.sleep(0.2)
        before = cpu_seconds(roots)
        done = await run(n)
        found.append((done, (cpu_seconds(roots) - before) * 1000 / max(1, done.done)))
    return Figures(
        rate=statistics.median(f.rate for f, _ in found),
        p50=statistics.median(f.at(0.5) for f, _ in found),
        p95=statistics.median(f.at(0.95) for f, _ in found),
        p99=statistics.median(f.at(0.99) for f, _ in found),
        cpu_ms=statistics.median(c for _, c in found),
        rss=rss_mib(roots[:1]),
    )


def line(
    which: str,
    operation: str,
    found: Figures,
    *,
    clients: int,
    orders: int,
    ceiling: float | None,
    goal: str,
    met: bool,
    **more: Any,
) -> dict[str, Any]:
    """`ceiling`: operations a second of the row of the ceilings that bounds this one; None where nothing but time does."""
    made = {
        "id": which,
        "operation": operation,
        "clients": clients,
        "orders_in_db": orders,
        "rate": round(found.rate, 1),
        "p50_ms": round(found.p50, 3),
        "p95_ms": round(found.p95, 3),
        "p99_ms": round(found.p99, 3),
        "cpu_ms": round(found.cpu_ms, 3),
        "rss_mib": round(found.rss, 1),
        "ceiling_rate": round(ceiling, 1) if ceiling is not None else None,
        "ratio_to_ceiling": round(found.rate / ceiling, 3) if ceiling else None,
        "goal": goal,
        "met": met,
        "load1": round(os.getloadavg()[0], 2),
        **more,
    }
    print(json.dumps(made), flush=True)  # noqa: T201 - a bench prints its lines
    return made


def clock_load(done: int, began: float) -> Load:
    """A run that was one piece of work, as a Load."""
    seconds = time.perf_counter() - began
    return Load(done, seconds, [seconds * 1000])
