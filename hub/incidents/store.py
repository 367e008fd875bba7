"""What went wrong and needs a decision: kind, deadline, owner, playbook steps."""

from __future__ import annotations

import sqlalchemy as sa

from hub.kit.tables import Amount, Json, Key, Time, Uuid, col, index, must, one_of, table

incidents = table(
    "incidents",
    col("incident_id", Uuid),
    col("kind", Key),
    col("severity", Key),
    col("state", Key, default="'OPEN'"),
    col("version", sa.Integer, default="1"),
    col("summary"),
    col("details", Json, default="'{}'"),
    col("dedupe_key", Key),
    col("occurrences", sa.Integer, default="1"),
    col("opened_at", Time),
    col("deadline", Time, null=True),
    col("deadline_key", Time, default="'9999-12-31'"),
    col("owner", null=True),
    col("snoozed_until", Time, null=True),
    col("order_id", Uuid, null=True),
    col("subject_kind", Key),
    col("subject_id", Uuid, null=True),
    col("money_at_risk", Amount, null=True),
    col("currency", sa.CHAR(3), null=True),
    col("playbook", Key),
    col("steps", Json, default="'[]'"),
    col("resolution", null=True),
    col("resolved_by", null=True),
    col("resolved_at", Time, null=True),
    col("correlation_id", Uuid),
    one_of("severity", ("LOW", "MEDIUM", "HIGH", "CRITICAL")),
    one_of("state", ("OPEN", "ASSIGNED", "SNOOZED", "RESOLVED")),
    must("resolved_says_how", "(state = 'RESOLVED') = (resolved_at IS NOT NULL)", why="an end has a time"),
    index("incidents_one_open", "kind", "dedupe_key", unique=True, where="state <> 'RESOLVED'"),
    index("incidents_opened", "opened_at", "incident_id"),
    index("incidents_deadline", "deadline_key", "incident_id"),
    index("incidents_state", "state", "deadline_key", "incident_id"),
    index("incidents_order", "order_id", where="order_id IS NOT NULL"),
    index("incidents_severity", "severity", "deadline_key", "incident_id"),
    index("incidents_owner", "owner", "deadline_key", "incident_id", where="owner IS NOT NULL"),
    index("incidents_kind", "kind", "opened_at", "incident_id"),
    key="incident_id",
)
