"""The collector of a process that serves, looked at in a process of its own."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import gc
from hub.kit.heap import MIDDLE, OLD, YOUNG, settle
settle()
assert gc.get_threshold() == (YOUNG, MIDDLE, OLD) and gc.isenabled()
assert gc.get_freeze_count() > 1000
kept = []
for _ in range(1000):
    ring = []
    ring.append(ring)
kept.append(gc.collect())
assert kept[0] >= 999  # what is thrown away after the start is still found
"""


def test_what_the_start_left_is_set_aside_and_rings_are_still_collected() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - our own interpreter
    assert done.returncode == 0, done.stderr
