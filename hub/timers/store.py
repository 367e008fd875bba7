"""Timers: something to look at again at a given time. The same machinery as inbox and outbox."""

from __future__ import annotations

import sqlalchemy as sa

from hub.kit.lease import queue
from hub.kit.tables import Json, Key, Time, Uuid, col, index, must, table


def _columns() -> list[sa.Column[object]]:
    return [
        col("timer_id", Uuid),
        col("kind", Key),
        col("subject_kind", Key),
        col("subject_id", Uuid),
        col("payload", Json, default="'{}'"),
        col("dedupe_key", Key, null=True),
        col("correlation_id", Uuid),
        col("causation_id", Uuid, null=True),
        col("traceparent", null=True),
        col("created_at", Time),
        col("state", sa.SmallInteger, default="0"),
        col("due_at", Time),  # the time asked for; run_at moves with retries
        col("run_at", Time),
        col("lease_until", Time, null=True),
        col("owner", Uuid, null=True),
        col("attempts", sa.Integer, default="0"),
        col("last_error", null=True),
        col("fingerprint", Key, null=True),
    ]


timers = table(
    "timers",
    sa.Column("seq", sa.BigInteger, sa.Identity(always=True), nullable=False),
    *_columns(),
    must("state_known", "state IN (0, 1, 3)", why="0 waiting, 1 leased, 3 parked; fired ones are moved to timers_done"),
    must("owner_iff_leased", "(state = 1) = (owner IS NOT NULL)", why="a lease has an owner, nothing else has"),
    must("lease_iff_leased", "(state = 1) = (lease_until IS NOT NULL)", why="a lease ends, nothing else does"),
    index("timers_due", "run_at", "seq", where="state = 0"),
    sa.Index("timers_leased", "lease_until", postgresql_where=sa.text("state = 1")),
    index("timers_parked", "fingerprint", where="state = 3"),
    index("timers_once", "kind", "dedupe_key", unique=True, where="dedupe_key IS NOT NULL"),
    index("timers_subject", "subject_id"),
    key="timer_id",
    fillfactor=70,
)

timers_done = table(
    "timers_done",
    col("seq", sa.BigInteger),
    *_columns(),
    col("outcome", Key),
    col("reason", null=True),  # why a person ignored it
    col("late_ms", sa.BigInteger),  # done_at - due_at
    col("done_at", Time, default="now()"),
    index("timers_done_subject", "subject_id"),
    key=("done_at", "timer_id"),
    partition_by="done_at",
)

QUEUE = queue(timers, timers_done)
