"""The table of notices and its statements."""

from __future__ import annotations

from hub.kit.sqlfile import statements
from hub.kit.tables import Key, Time, Uuid, col, enum_check, index, must, table
from hub.notices.model import NoticeState

notices = table(
    "notices",
    col("notice_id", Uuid),
    col("connection_id", Uuid),
    col("medium", Key),
    col("template", Key),
    col("recipient", Key),
    col("subject_kind", Key),
    col("subject_id", Uuid),
    col("order_id", Uuid, null=True),
    col("subject"),
    col("state", Key, default="'OWED'"),
    col("message", null=True),  # why the medium refused it
    col("created_at", Time),
    col("sent_at", Time, null=True),
    enum_check("state", NoticeState),
    must("sent_has_a_time", "(state = 'SENT') = (sent_at IS NOT NULL)", why="what was told was told at some time"),
    index("notices_once", "template", "subject_id", "recipient", unique=True),
    index("notices_order", "order_id", "created_at"),
    index("notices_state", "state", "created_at", "notice_id"),
    index("notices_created", "created_at", "notice_id"),
    key="notice_id",
)

SQL = statements(__file__, "notices.sql")
