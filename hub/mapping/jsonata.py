"""`$jsonata`, the form kept for filters that merchants already have. It needs the extra `jsonata`, which this build does not carry."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from hub.mapping.functions import Compiled
from hub.mapping.targets import Shape
from hub.mapping.yamlfile import Table

_NEVER = frozenset({"external_id", "revision", "quantity"})


def compile_node(node: Table, at: str, shape: Shape, trap: Callable[[int, str], None]) -> Compiled | None:
    """Always refuses, with the reason; a later extra may give the closure."""
    if set(node.entries) != {"$jsonata"}:
        trap(node.line, f"{at} is a value, not an object")
    elif shape.kind != "text" or at.rpartition(".")[2] in _NEVER:
        trap(node.line, f"$jsonata gives texts only and is refused for {at}")
    elif find_spec("jsonata") is None:
        trap(node.line, "$jsonata needs the extra `jsonata`, which is not installed")
    else:
        trap(node.line, "$jsonata: the installed module `jsonata` is not supported by this version")
    return None
