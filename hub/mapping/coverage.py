"""Which leaves of the samples no expression of a mapping reads and no `ignore` explains."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from hub.mapping.body import parse_body
from hub.mapping.faults import Fault
from hub.mapping.file import MappingFile

_INDEX = re.compile(r"\[\d+\]")


def unread(mapping: MappingFile, bodies: Iterable[bytes], envelope: Mapping[str, str | None]) -> list[str]:
    """The source leaves (lists as `[]`), sorted, that the mapping neither reads nor ignores in any of the bodies."""
    missing: set[str] = set()
    seen: set[str] = set()
    for body in bodies:
        try:
            document = mapping.unwrapped(parse_body(body))
        except Fault:
            continue
        touched = {_INDEX.sub("[]", place) for place in mapping.touched(document, envelope)}
        leaves = {_INDEX.sub("[]", place) for place in _leaves(document, "")}
        seen |= touched
        missing |= leaves
    return sorted(leaf for leaf in missing - seen if not _ignored(leaf, mapping.spec.ignore))


def _leaves(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{place}.{key}" if place else key)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{place}[{index}]")
    elif value not in (None, [], {}):
        yield place


def _ignored(leaf: str, patterns: tuple[str, ...]) -> bool:
    return any(_pattern(pattern).match(leaf) for pattern in patterns)


@lru_cache(maxsize=1024)
def _pattern(pattern: str) -> re.Pattern[str]:
    """`*` stands for any run of characters; a pattern covers what lies below the place that it names."""
    body = ".*".join(re.escape(part) for part in pattern.split("*"))
    return re.compile(rf"{body}(?:[.\[].*)?\Z")
