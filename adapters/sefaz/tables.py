"""The dated tables of `mappings/fiscal` that this adapter reads, each once a process."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from hub.kit.dated import Table, load


@cache
def table(name: str) -> Table:
    """A table of `mappings/fiscal`, or of the folder that `HUB_FISCAL_TABLES` names."""
    own = os.environ.get("HUB_FISCAL_TABLES")
    folder = Path(own) if own else Path(__file__).resolve().parents[2] / "mappings" / "fiscal"
    return load(folder / f"{name}.yaml")
