"""Long or hot SQL stands in `.sql` files beside its `store.py`, each statement under a `-- name:` header."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_HEADER = re.compile(r"^-- name: *(\w+).*$", re.MULTILINE)


@cache
def statements(module_file: str, name: str) -> dict[str, str]:
    """The statements of the file `name` beside `module_file`, by their names."""
    text = (Path(module_file).parent / name).read_text(encoding="utf-8")
    parts = _HEADER.split(text)
    return {parts[i]: parts[i + 1].strip() for i in range(1, len(parts), 2)}
