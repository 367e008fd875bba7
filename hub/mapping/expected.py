"""Compares what a mapping prints with what a sample's author expects: only the keys given, decimals by value, instants by moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

_TEXT_ONLY = frozenset(
    {"external_id", "order_line", "order_external_id", "group_id", "sku", "postal_code", "gtin", "tax_id"}
)
_NOT_COMPARED = frozenset({"mapping", "note"})


def differences(expected: dict[str, Any], printed: dict[str, Any]) -> list[str]:
    """One sentence for each difference; empty: they agree. `reasons` are codes that must occur."""
    found: list[str] = []
    for key, wanted in expected.items():
        if key == "reasons":
            codes = {reason["code"] for reason in printed["reasons"]}
            found += [f"reasons: {code} does not occur" for code in wanted if code not in codes]
        elif key not in _NOT_COMPARED:
            found += _compare(key, key, wanted, printed.get(key, "(absent)"))
    return found


def _compare(at: str, key: str, wanted: Any, seen: Any) -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(seen, dict):
        for inner, value in wanted.items():
            yield from _compare(f"{at}.{inner}", inner, value, seen.get(inner, "(absent)"))
    elif isinstance(wanted, list) and isinstance(seen, list):
        if len(wanted) != len(seen):
            yield f"{at}: expected {len(wanted)} elements and found {len(seen)}"
        for index, (one, other) in enumerate(zip(wanted, seen, strict=False)):
            yield from _compare(f"{at}[{index}]", key, one, other)
    elif not _equal(key, wanted, seen):
        yield f"{at}: expected {wanted!r} and found {seen!r}"


def _equal(key: str, wanted: Any, seen: Any) -> bool:
    if wanted == seen and type(wanted) is type(seen):
        return True
    if key in _TEXT_ONLY or not isinstance(wanted, str) or not isinstance(seen, str):
        return False
    try:
        return Decimal(wanted) == Decimal(seen)
    except InvalidOperation:
        pass
    try:
        return datetime.fromisoformat(wanted) == datetime.fromisoformat(seen)
    except (ValueError, TypeError):
        return False
