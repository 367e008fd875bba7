"""The same command with the same key is done once: its answer is stored in the transaction of its effect and given again.
Order of use: `replay` first, then the effect, then `keep` (or `drop`, when the input was refused), all in one unit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import asyncpg
import orjson

from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.sqlfile import statements

SQL = statements(__file__, "access.sql")


class IdempotencyKeyReused(HubError):
    """This idempotency key was used before with another input."""

    code: ClassVar[str] = "IDEMPOTENCY_KEY_REUSED"


class IdempotencyInProgress(HubError):
    """The same command is still at work elsewhere; ask again."""

    code: ClassVar[str] = "IDEMPOTENCY_IN_PROGRESS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """`actor` and `key` are the scope; `input_hash` covers the canonical input (see `input_hash`)."""

    actor: str
    key: str
    command: str
    input_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """Never seen: do it, then `keep` or `drop`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Done before: answer this, replayed."""

    outcome: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """The same as the item at place `of` in this batch: give its outcome, replayed."""

    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    actor: str
    key: str
    outcome: Any  # JSON


Replay = Fresh | Stored | Twin | IdempotencyKeyReused


def input_hash(command: str, given: Any) -> bytes:
    """SHA-256 of (command, canonical JSON of the input: keys sorted, decimals and dates as text)."""
    plain = orjson.dumps([command, given], default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return hashlib.sha256(plain).digest()


async def replay(tx: Tx, actor: str, key: str, command: str, given_hash: bytes) -> Stored | None:
    """None: never seen, do it. Raises `IdempotencyKeyReused`, `IdempotencyInProgress`."""
    (found,) = await replay_all(tx, [Ask(actor=actor, key=key, command=command, input_hash=given_hash)])
    if isinstance(found, IdempotencyKeyReused):
        raise found
    return found if isinstance(found, Stored) else None


async def replay_all(tx: Tx, asks: Sequence[Ask]) -> list[Replay]:
    """What is known of each, in order. A key at work in another transaction is waited for (10 s: `IdempotencyInProgress`);
    if that one fails, the key is ours.
    """
    first: dict[tuple[str, str], int] = {}
    for place, ask in enumerate(asks):
        first.setdefault((ask.actor, ask.key), place)
    if not first:
        return []
    ours = await _claim(tx, [asks[first[k]] for k in sorted(first)])
    stored = await _stored(tx, [k for k in first if k not in ours])
    return [_known(asks, place, first, stored) for place in range(len(asks))]


async def _claim(tx: Tx, asks: Sequence[Ask]) -> set[tuple[str, str]]:
    """In key order, so that two batches wait for each other and never deadlock."""
    columns = [a.actor for a in asks], [a.key for a in asks], [a.command for a in asks], [a.input_hash for a in asks]
    try:
        rows = await tx.conn.fetch(SQL["claim_answers"], tx.tenant, tx.now, *columns)
    except asyncpg.LockNotAvailableError as error:
        raise IdempotencyInProgress from error
    return {(r["actor"], r["key"]) for r in rows}


async def _stored(tx: Tx, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], asyncpg.Record]:
    if not keys:
        return {}
    rows = await tx.conn.fetch(SQL["stored_answers"], tx.tenant, [k[0] for k in keys], [k[1] for k in keys])
    return {(r["actor"], r["key"]): r for r in rows}


def _known(
    asks: Sequence[Ask],
    place: int,
    first: dict[tuple[str, str], int],
    stored: dict[tuple[str, str], asyncpg.Record],
) -> Replay:
    ask = asks[place]
    key = ask.actor, ask.key
    if row := stored.get(key):
        if (row["command"], row["input_hash"]) != (ask.command, ask.input_hash):
            return IdempotencyKeyReused()
        return Stored(outcome=row["outcome"])
    leader = asks[first[key]]
    if (leader.command, leader.input_hash) != (ask.command, ask.input_hash):
        return IdempotencyKeyReused()
    return Fresh() if first[key] == place else Twin(of=first[key])


async def keep(tx: Tx, answers: Sequence[Answer]) -> None:
    """Store the outcomes of what was `Fresh`."""
    if answers:
        columns = [a.actor for a in answers], [a.key for a in answers], [{"it": a.outcome} for a in answers]
        await tx.conn.execute(SQL["keep_answers"], tx.tenant, *columns)


async def drop(tx: Tx, keys: Sequence[tuple[str, str]]) -> None:
    """Refused input stores nothing: a corrected call may use its (actor, key) again."""
    if keys:
        await tx.conn.execute(SQL["drop_answers"], tx.tenant, [k[0] for k in keys], [k[1] for k in keys])


async def forget_answers(tx: Tx, before: datetime, *, limit: int = 5000) -> int:
    """Drop answers older than that; returns how many."""
    return len(await tx.conn.fetch(SQL["forget_answers"], tx.tenant, before, limit))
