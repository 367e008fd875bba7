"""The ledger's tables: facts, append-only and partitioned by month, and the head of each subject's chain."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA

from hub.kit.tables import Json, Key, Time, Uuid, Xid8, col, index, must, table

business_events = table(
    "business_events",
    sa.Column("position", sa.BigInteger, sa.Identity(always=True), nullable=False),
    col("xid", Xid8(), default="pg_current_xact_id()"),
    col("event_id", Uuid),
    col("type", Key),
    col("subject_kind", Key),
    col("subject_id", Uuid),
    col("subject_version", sa.Integer),
    col("correlation_id", Uuid),
    col("causation_id", Uuid, null=True),
    col("actor"),
    col("at", Time),
    col("data", Json),
    col("hash", BYTEA),
    col("traceparent", null=True),
    index("business_events_subject", "subject_id", "subject_version"),
    index("business_events_correlation", "correlation_id", "position"),
    index("business_events_type", "type", "position"),
    index("business_events_position", "position", "event_id"),
    index("business_events_event", "event_id"),
    sa.Index("business_events_cursor", "xid", "position"),
    key=("at", "event_id"),
    partition_by="at",
)

ledger_heads = table(
    "ledger_heads",
    col("subject_id", Uuid),
    col("version", sa.Integer),
    col("hash", BYTEA),
    col("xid", Xid8(), default="'0'"),  # of the newest fact: the next one may not stand before it
    must("version_positive", "version > 0", why="a chain begins with version 1"),
    key="subject_id",
)
