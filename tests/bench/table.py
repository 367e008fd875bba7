"""The lines of `make bench` on standard input as the table of docs/performance.md."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

HEAD = "| # | operation | clients | orders | rate /s | p50 ms | p99 ms | CPU ms | ceiling /s | ratio | goal | met | load1 |"


def row(found: Mapping[str, Any]) -> str:
    def shown(name: str, places: int) -> str:
        value = found.get(name)
        return "-" if value is None else f"{value:,.{places}f}"

    cells = (
        found["id"],
        found["operation"],
        shown("clients", 0),
        shown("orders_in_db", 0),
        shown("rate", 0),
        shown("p50_ms", 1),
        shown("p99_ms", 1),
        shown("cpu_ms", 2),
        shown("ceiling_rate", 0),
        shown("ratio_to_ceiling", 2),
        found.get("goal", "-"),
        "yes" if found.get("met") else "no",
        shown("load1", 1),
    )
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    print(HEAD)  # noqa: T201 - a bench prints
    print("|" + "---|" * (HEAD.count("|") - 1))  # noqa: T201
    for line in sys.stdin:
        if line.startswith('{"id"'):
            print(row(json.loads(line)))  # noqa: T201


if __name__ == "__main__":
    main()
