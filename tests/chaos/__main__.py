"""`python -m tests.chaos [--kills N] [--seed N]`: the harness from the command line; one JSON line, exit 1 when something was lost."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from dataclasses import asdict

from hub.kit.log import configure_logging
from tests.chaos.harness import chaos


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    configure_logging(level="error", style="auto")
    began = time.perf_counter()
    found = asyncio.run(chaos(given.kills, given.seed))
    line = {**asdict(found), "seed": given.seed, "seconds": round(time.perf_counter() - began, 1), "ok": found.ok}
    sys.stdout.write(json.dumps(line) + "\n")
    return 0 if found.ok else 1


if __name__ == "__main__":
    raise SystemExit(main())
