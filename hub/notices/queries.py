"""What may be read of notices."""

from __future__ import annotations

import sqlalchemy as sa

from hub.kit.views import publish
from hub.notices.store import notices

n = notices.c
v_notice = publish(
    "v_notice",
    sa.select(
        *(n[name] for name in ("notice_id", "medium", "template", "state", "recipient", "subject", "message")),
        *(n[name] for name in ("order_id", "created_at", "sent_at")),
    ),
)
