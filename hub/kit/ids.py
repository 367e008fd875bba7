"""Ids: UUID version 7 (RFC 9562), made by the application, and their public form `<prefix>_<32 hex digits>`."""

from __future__ import annotations

import os
import re
import threading
import time
from typing import ClassVar
from uuid import UUID

from asyncpg.pgproto.pgproto import (
    UUID as QuickUUID,  # noqa: N811 - its name is taken. What the driver gives and takes: a UUID six times as quick to make
)

from hub.kit.errors import HubError

_lock = threading.Lock()
_last = 0
_noise: list[bytes] = []  # never shared by two processes: a fork begins without it
os.register_at_fork(after_in_child=_noise.clear)

_PUBLIC = re.compile(r"([a-z]{3})_([0-9a-f]{32})\Z")


class BadId(HubError):
    """Not the id of a {kind}: {value}"""

    code: ClassVar[str] = "BAD_ID"


def new_id() -> UUID:
    """A UUIDv7; ids made by one process ascend, also within a millisecond (RFC 9562 section 6.2, method 2)."""
    global _last  # noqa: PLW0603 - the one counter that makes ids of a process ascend
    with _lock:
        now = (time.time_ns() // 1_000_000) << 12
        _last = now if now > _last else _last + 1
        stamp = _last
    millis, step = stamp >> 12, stamp & 0xFFF
    return QuickUUID(((millis << 80) | (0x7 << 76) | (step << 64) | (0b10 << 62) | _random()).to_bytes(16))


def _random() -> int:
    """62 random bits, from a store that is filled 4 KiB at a time: a call to the kernel for each id costs more than the id."""
    try:
        return int.from_bytes(_noise.pop()) >> 2
    except IndexError:
        fresh = os.urandom(4096)
        _noise.extend(fresh[n : n + 8] for n in range(0, 4096, 8))
        return int.from_bytes(_noise.pop()) >> 2


def public_id(prefix: str, value: UUID) -> str:
    return f"{prefix}_{value.hex}"


def read_id(prefix: str, text: str) -> UUID:
    """The UUID of a public id of that kind; `BadId` for any other form or kind."""
    found = _PUBLIC.match(text)
    if not found or found[1] != prefix:
        raise BadId(kind=prefix, value=text[:80])
    return QuickUUID(found[2])
