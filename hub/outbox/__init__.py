"""The door of `outbox`: what we owe the outside is written before it is sent."""

from __future__ import annotations

from hub.outbox.breaker import Report, open_destinations, probes, report
from hub.outbox.commands import (
    Attempt,
    Claimed,
    Delivery,
    Owed,
    Progress,
    claimed,
    complete,
    ignore,
    log_attempts,
    owe,
    owed_about,
    payloads,
    progress,
    retry,
    settle,
)
from hub.outbox.store import QUEUE

__all__ = [
    "QUEUE",
    "Attempt",
    "Claimed",
    "Delivery",
    "Owed",
    "Progress",
    "Report",
    "claimed",
    "complete",
    "ignore",
    "log_attempts",
    "open_destinations",
    "owe",
    "owed_about",
    "payloads",
    "probes",
    "progress",
    "report",
    "retry",
    "settle",
]
