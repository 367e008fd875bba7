"""Outbox tables: what we owe the outside, what was delivered (by month), every attempt, and the breaker of each destination."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA

from hub.kit.lease import queue
from hub.kit.tables import Json, Key, Time, Uuid, col, index, must, table


def _columns() -> list[sa.Column[object]]:
    return [
        col("delivery_id", Uuid),
        col("destination", Key),  # connection id (hex) + ":" + port; breaker and rate limit are per destination
        col("ordering_key", Key, null=True),
        col("strict", sa.Boolean, default="false"),  # a parked one holds back what follows (fiscal, X12)
        col("dedupe_key", Key, null=True),
        col("latest_key", Key, null=True),
        col("kind", Key),  # the outward command's class name
        col("subject_kind", Key),
        col("subject_id", Uuid),  # order, fulfillment, fiscal document ...: foreign ids learnt belong to it
        col("payload", Json),
        col("references", Json, default="'{}'"),  # foreign ids learnt on the way
        col("prepared", BYTEA, null=True),  # bytes fixed before the first send (signed notes, numbered interchanges)
        col("sent_at", Time, null=True),  # a send began; the fate may be unknown
        col("correlation_id", Uuid),
        col("causation_id", Uuid),
        col("traceparent", null=True),
        col("created_at", Time),
        col("state", sa.SmallInteger, default="0"),
        col("run_at", Time, default="now()"),
        col("lease_until", Time, null=True),
        col("owner", Uuid, null=True),
        col("attempts", sa.Integer, default="0"),
        col("last_error", null=True),
        col("last_status", sa.Integer, null=True),
        col("fingerprint", Key, null=True),
    ]


outbox = table(
    "outbox",
    sa.Column("seq", sa.BigInteger, sa.Identity(always=True), nullable=False),
    *_columns(),
    must("state_known", "state IN (0, 1, 3)", why="0 ready, 1 leased, 3 parked; done rows are moved to outbox_done"),
    must("owner_iff_leased", "(state = 1) = (owner IS NOT NULL)", why="a lease has an owner, nothing else has"),
    must("lease_iff_leased", "(state = 1) = (lease_until IS NOT NULL)", why="a lease ends, nothing else does"),
    must(
        "one_guard",
        "dedupe_key IS NULL OR latest_key IS NULL",
        why="a delivery is either sent once or overtaken by the newest; both at once would need two arbiters",
    ),
    index("outbox_due", "destination", "run_at", "seq", where="state = 0"),
    sa.Index("outbox_leased", "lease_until", postgresql_where=sa.text("state = 1")),
    index("outbox_key", "destination", "ordering_key", "seq", where="ordering_key IS NOT NULL"),
    index("outbox_parked", "fingerprint", where="state = 3"),
    index("outbox_once", "destination", "dedupe_key", unique=True, where="dedupe_key IS NOT NULL"),
    index("outbox_latest", "destination", "latest_key", unique=True, where="state = 0 AND latest_key IS NOT NULL"),
    index("outbox_created", "created_at", "delivery_id"),
    index("outbox_subject", "subject_id"),
    index("outbox_correlation", "correlation_id"),
    key="delivery_id",
    fillfactor=70,
)

outbox_done = table(
    "outbox_done",
    col("seq", sa.BigInteger),
    *_columns(),
    col("outcome", Key),  # DONE, IGNORED, SUPERSEDED
    col("reason", null=True),  # why a person ignored it
    col("done_at", Time, default="now()"),
    index("outbox_done_created", "created_at", "delivery_id"),
    index("outbox_done_delivery", "delivery_id"),
    index("outbox_done_subject", "subject_id"),
    index("outbox_done_correlation", "correlation_id"),
    index("outbox_done_given_up", "created_at", "delivery_id", where="outcome <> 'DONE'"),
    index("outbox_done_kind", "kind", "created_at", "delivery_id"),
    index("outbox_done_destination", "destination", "created_at", "delivery_id"),
    key=("done_at", "delivery_id"),
    partition_by="done_at",
)

outbox_attempts = table(
    "outbox_attempts",
    col("attempt_id", Uuid),
    col("delivery_id", Uuid),
    col("at", Time),
    col("call", Json),  # method, path, operation; never a header with a secret
    col("status", sa.Integer, null=True),
    col("outcome", Key),
    col("reason", null=True),  # why a person ignored it
    col("note", null=True),
    col("answer", BYTEA, null=True),
    index("outbox_attempts_delivery", "delivery_id", "at"),
    key="attempt_id",
)

destination_state = table(
    "destination_state",
    col("destination", Key),
    col("failures", sa.Integer, default="0"),
    col("open_until", Time, null=True),
    col("opened", sa.Integer, default="0"),  # times in a row; doubles the pause from 30 s to 10 min
    col("probing", sa.Boolean, default="false"),  # one is let through; its outcome decides
    col("updated_at", Time, default="now()"),
    sa.Index("destination_state_open", "open_until", postgresql_where=sa.text("open_until IS NOT NULL")),
    key="destination",
)

QUEUE = queue(outbox, outbox_done)
