"""Inbox tables: messages at work, messages done (by month), and every dedupe key ever seen."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA

from hub.kit.lease import queue
from hub.kit.tables import Json, Key, Time, Uuid, col, index, must, table


def _columns() -> list[sa.Column[object]]:
    return [
        col("message_id", Uuid),
        col("connection_id", Uuid),
        col("topic", Key),
        col("external_id", Key, null=True),
        col("revision", Key, null=True),
        col("dedupe_key", Key),
        col("media_type", default="'application/json'"),
        col("headers", Json, default="'{}'"),
        col("body", BYTEA),
        col("replacement", BYTEA, null=True),  # a person's corrected content; `body` stays
        col("complete", sa.Boolean, default="true"),
        col("correlation_id", Uuid),
        col("causation_id", Uuid, null=True),  # the parent message of a child (X12 sets)
        col("traceparent", null=True),
        col("received_at", Time),
        col("state", sa.SmallInteger, default="0"),
        col("run_at", Time, default="now()"),
        col("lease_until", Time, null=True),
        col("owner", Uuid, null=True),
        col("attempts", sa.Integer, default="0"),
        col("last_error", null=True),
        col("problems", Json, default="'[]'"),  # [{code, at, source, value, file, line, message}]
        col("fingerprint", Key, null=True),
    ]


inbox = table(
    "inbox",
    sa.Column("seq", sa.BigInteger, sa.Identity(always=True), nullable=False),
    *_columns(),
    must("state_known", "state IN (0, 1, 3)", why="0 ready, 1 leased, 3 parked; done rows are moved to inbox_done"),
    must("owner_iff_leased", "(state = 1) = (owner IS NOT NULL)", why="a lease has an owner, nothing else has"),
    must("lease_iff_leased", "(state = 1) = (lease_until IS NOT NULL)", why="a lease ends, nothing else does"),
    index("inbox_due", "run_at", "seq", where="state = 0"),
    sa.Index("inbox_leased", "lease_until", postgresql_where=sa.text("state = 1")),
    index("inbox_parked", "fingerprint", where="state = 3"),
    index("inbox_subject", "connection_id", "external_id", "seq", where="external_id IS NOT NULL"),
    index("inbox_received", "received_at", "message_id"),
    index("inbox_correlation", "correlation_id"),
    key="message_id",
    fillfactor=70,
)

inbox_done = table(
    "inbox_done",
    col("seq", sa.BigInteger),
    *_columns(),
    col("outcome", Key),  # DONE, IGNORED, DUPLICATE
    col("reason", null=True),  # why a person ignored it
    col("done_at", Time, default="now()"),
    index("inbox_done_received", "received_at", "message_id"),
    index("inbox_done_message", "message_id"),
    index("inbox_done_correlation", "correlation_id"),
    index("inbox_done_ignored", "received_at", "message_id", where="outcome = 'IGNORED'"),
    index("inbox_done_topic", "topic", "received_at", "message_id"),
    index("inbox_done_subject", "connection_id", "external_id", where="external_id IS NOT NULL"),
    key=("done_at", "message_id"),
    partition_by="done_at",
)

inbox_seen = table(
    "inbox_seen",
    col("connection_id", Uuid),
    col("dedupe_key", Key),
    col("message_id", Uuid),
    col("first_seen", Time),
    index("inbox_seen_age", "first_seen"),
    key=("connection_id", "dedupe_key"),
)

QUEUE = queue(inbox, inbox_done)
