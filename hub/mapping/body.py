"""Raw bytes to a JSON document: exact decimals, bounded size and depth, no constant that JSON does not have."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

from hub.mapping.faults import Fault

LIMIT = 8 * 1024 * 1024  # bytes
DEEPEST = 64
_BRACKETS = b"{}[]"
_OTHERS = bytes(code for code in range(256) if code not in _BRACKETS)


def parse_body(body: bytes) -> Any:
    """The document. Raises `Fault` NOT_READABLE."""
    if len(body) > LIMIT:
        raise _unreadable(f"larger than {LIMIT // 1024 // 1024} MiB")
    if _too_deep(body):
        raise _unreadable(f"nested more than {DEEPEST} levels")
    try:
        return json.loads(body.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise _unreadable("not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise _unreadable(f"not JSON: {getattr(error, 'msg', 'a value that JSON has not')}") from error


def _unreadable(why: str) -> Fault:
    return Fault("NOT_READABLE", None, why)


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)


def _too_deep(body: bytes) -> bool:
    """Removes innermost pairs of brackets level by level. Brackets inside texts may upset that, so then it is counted exactly."""
    rest = body.translate(None, _OTHERS)
    for _ in range(DEEPEST):
        if not rest:
            return False
        shorter = rest.replace(b"{}", b"").replace(b"[]", b"")
        if len(shorter) == len(rest):
            break
        rest = shorter
    return bool(rest) and _depth(body) > DEEPEST


def _depth(body: bytes) -> int:
    """The nesting of brackets outside of texts, in one pass."""
    depth = deepest = 0
    in_text = escaped = False
    for code in body:
        if in_text:
            if escaped:
                escaped = False
            elif code == 0x5C:
                escaped = True
            elif code == 0x22:
                in_text = False
        elif code == 0x22:
            in_text = True
        elif code in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        elif code in b"}]":
            depth -= 1
    return deepest
