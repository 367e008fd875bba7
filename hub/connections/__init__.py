"""The door of `connections`: accounts at outside systems, their secrets, foreign ids learnt, control numbers, exchanges."""

from __future__ import annotations

from hub.connections.accounts import (
    Connection,
    ConnectionExists,
    ConnectionUnknown,
    Directory,
    add_secret,
    create,
    drop_secret,
    live_secrets,
    mark_swept,
    of_tenant,
    set_config,
    set_state,
)
from hub.connections.exchanges import (
    Duplicate,
    Exchange,
    ExchangeSet,
    ExchangeUnknown,
    SetAcked,
    acked,
    add_sets,
    duplicates,
    keep_ack,
    overdue,
    register,
    set_verdict,
)
from hub.connections.numbers import BadControlNumber, Taken, set_next, take
from hub.connections.refs import ForeignRef, find, learn, read

__all__ = [
    "BadControlNumber",
    "Connection",
    "ConnectionExists",
    "ConnectionUnknown",
    "Directory",
    "Duplicate",
    "Exchange",
    "ExchangeSet",
    "ExchangeUnknown",
    "ForeignRef",
    "SetAcked",
    "Taken",
    "acked",
    "add_secret",
    "add_sets",
    "create",
    "drop_secret",
    "duplicates",
    "find",
    "keep_ack",
    "learn",
    "live_secrets",
    "mark_swept",
    "of_tenant",
    "overdue",
    "read",
    "register",
    "set_config",
    "set_next",
    "set_state",
    "set_verdict",
    "take",
]
