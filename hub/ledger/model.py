"""What a fact is, what caused it, and how each subject's facts are chained by hash. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

GENESIS = b"\x00" * 32

# Public names towards channels, customers and analytics; our finer types stay inside.
PUBLIC_NAMES: Mapping[str, str] = {
    "order.placed": "PLACED",
    "order.allocated": "ALLOCATED",
    "fulfillment.picked": "PICKED",
    "fulfillment.dispatched": "SHIPPED",
    "fulfillment.delivered": "DELIVERED",
    "return.requested": "RMA_CREATED",
    "return.received": "RMA_RECEIVED",
    "return.credited": "CREDITED",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """One conversation from end to end, and the fact or message that directly caused what follows."""

    correlation_id: UUID
    causation_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that happened to a subject. `type` is `subject.happened`, past tense; `data` is plain JSON, amounts and quantities as text."""

    event_id: UUID
    type: str
    subject_kind: str
    subject_id: UUID
    correlation_id: UUID
    causation_id: UUID | None
    actor: str
    at: datetime
    data: Mapping[str, Any]

    @property
    def cause(self) -> Cause:
        """The cause of whatever this fact brings about."""
        return Cause(self.correlation_id, self.event_id)


def plain_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` as the database will give it back: decimals, ids and instants as text."""
    made: dict[str, Any] = orjson.loads(orjson.dumps(data, default=str))
    return made


def link(previous: bytes, fact: Fact, version: int) -> bytes:
    """sha256 of the chain so far and the canonical bytes of `fact` (its place in the ledger is not part of it)."""
    body = orjson.dumps(
        [
            fact.event_id,
            fact.type,
            fact.subject_kind,
            fact.subject_id,
            version,
            fact.correlation_id,
            fact.causation_id,
            fact.actor,
            int(fact.at.timestamp() * 1_000_000),
            fact.data,
        ],
        option=orjson.OPT_SORT_KEYS,
        default=str,
    )
    return hashlib.sha256(previous + body).digest()
