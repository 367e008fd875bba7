"""What a person does with queue rows that were given up: retry or ignore them, by id or by what they have in common.
Returns what changed; the caller writes the facts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.lease import Queue

MOST = 500


class TooManyIds(HubError):
    """At most 500 ids a call; {given} were given."""

    code: ClassVar[str] = "TOO_MANY_IDS"


class NothingChosen(HubError):
    """Choose rows by their ids or by one error fingerprint, not both."""

    code: ClassVar[str] = "NOTHING_CHOSEN"


class ReasonRequired(HubError):
    """Ignoring needs a reason."""

    code: ClassVar[str] = "REASON_REQUIRED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Rows by `ids` (at most 500) or every parked one with this `fingerprint` (500 a call: call again while 500 came back)."""

    ids: Sequence[UUID] = ()
    fingerprint: str | None = None

    def __post_init__(self) -> None:
        if len(self.ids) > MOST:
            raise TooManyIds(given=len(self.ids))
        if bool(self.ids) == (self.fingerprint is not None):
            raise NothingChosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One row that a person moved. `ready`: back at work; else it is in the archive. `row`: as it was, every column."""

    id: UUID
    ready: bool
    row: Mapping[str, Any]


async def retry(tx: Tx, queue: Queue, chosen: Chosen) -> list[Changed]:
    """Back to READY, due now, with all its tries. A row that waits for its back-off may be hurried by its id."""
    name, value = _pick("retry", chosen)
    return _changed(queue, await tx.conn.fetch(queue.sql[name], tx.tenant, value, MOST))


async def ignore(tx: Tx, queue: Queue, chosen: Chosen, reason: str) -> list[Changed]:
    """Into the archive as IGNORED, with who wanted it so in the reason."""
    if not reason.strip():
        raise ReasonRequired
    name, value = _pick("ignore", chosen)
    return _changed(queue, await tx.conn.fetch(queue.sql[name], tx.tenant, value, MOST, reason.strip()))


def _pick(verb: str, chosen: Chosen) -> tuple[str, Any]:
    if chosen.fingerprint is not None:
        return f"{verb}_alike", chosen.fingerprint
    return f"{verb}_ids", list(chosen.ids)


def _changed(queue: Queue, rows: Sequence[Any]) -> list[Changed]:
    found = [Changed(id=r[queue.id], ready=r["ready"], row=dict(r.items())) for r in rows]
    return sorted(found, key=lambda c: int(c.row["seq"]))


_NOISE = (
    (re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}"), "*"),
    (re.compile(r"'[^']*'|\"[^\"]*\""), "*"),
    (re.compile(r"\b[0-9a-f]*\d[0-9a-f]*\b|\d+"), "*"),
    (re.compile(r"\s+"), " "),
)


def fingerprint(source: str, error_class: str, text: str) -> str:
    """What alike failures have in common: `shopify|Unmapped|the code * is not in our table *`. Ids, numbers and quoted values are starred."""
    plain = text.lower()
    for pattern, put in _NOISE:
        plain = pattern.sub(put, plain)
    return f"{source}|{error_class}|{plain.strip()[:160]}"
