"""The door of `inbox`: messages from outside are kept before they are understood."""

from __future__ import annotations

from hub.inbox.commands import (
    Arrival,
    Message,
    Park,
    Received,
    complete,
    envelope,
    forget_seen,
    ignore,
    message,
    of_exchange,
    park,
    receive,
    receive_all,
    retry,
)
from hub.inbox.store import QUEUE

__all__ = [
    "QUEUE",
    "Arrival",
    "Message",
    "Park",
    "Received",
    "complete",
    "envelope",
    "forget_seen",
    "ignore",
    "message",
    "of_exchange",
    "park",
    "receive",
    "receive_all",
    "retry",
]
