"""What may be read of deliveries: those at work and those done, as one list."""

from __future__ import annotations

import sqlalchemy as sa

from hub.kit.tables import Json, Key, Time, Uuid
from hub.kit.views import publish_sql

_SAME = """delivery_id, destination, kind, ordering_key, attempts, last_error, last_status, created_at, payload,
  correlation_id, subject_kind, subject_id, fingerprint"""

# `outcome IN (...)` lets the planner drop the archive when a state that it cannot hold is asked for.
v_delivery = publish_sql(
    "v_delivery",
    f"""SELECT {_SAME}, CASE state WHEN 0 THEN 'READY' WHEN 1 THEN 'LEASED' ELSE 'PARKED' END AS state,
  CASE WHEN state = 0 THEN run_at END AS next_try_at, NULL::timestamptz AS done_at FROM outbox
UNION ALL
SELECT {_SAME}, outcome, NULL::timestamptz, done_at FROM outbox_done WHERE outcome IN ('DONE', 'IGNORED')""",
    delivery_id=Uuid,
    destination=Key,
    kind=Key,
    ordering_key=Key,
    attempts=sa.Integer(),
    last_error=sa.Text(),
    last_status=sa.Integer(),
    created_at=Time,
    payload=Json,
    correlation_id=Uuid,
    subject_kind=Key,
    subject_id=Uuid,
    fingerprint=Key,
    state=Key,
    next_try_at=Time,
    done_at=Time,
)
