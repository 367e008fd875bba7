"""Where the shared samples, references and contracts are: `HUB_SAMPLES`, else the folder `shared` beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def shared_path(name: str) -> Path:
    """The path of a shared file or folder; the calling test is skipped, with the reason, where it is absent."""
    roots = [Path(os.environ["HUB_SAMPLES"])] if "HUB_SAMPLES" in os.environ else []
    roots += [parent / "shared" for parent in list(ROOT.parents)[:2]]
    for root in roots:
        if (root / name).exists():
            return root / name
    pytest.skip(f"shared/{name} is not beside this checkout and HUB_SAMPLES does not point at it")
