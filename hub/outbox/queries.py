"""What may be read of deliveries: those at work and those done, as one list."""

from __future__ import annotations

import sqlalchemy as sa

from hub.kit.tables import Json, Key, Time, Uuid
from hub.kit.views import TENANT, publish_sql

_SAME = """tenant_id, delivery_id, destination, kind, ordering_key, attempts, last_error, last_status, created_at, payload,
  correlation_id, subject_kind, subject_id, fingerprint"""

# No WHERE in either half, and the tenant once more on the whole: otherwise PostgreSQL cannot merge the halves by their
# indexes, whose order begins with the tenant (row-level security alone is applied to each half too late for that).
v_delivery = publish_sql(
    "v_delivery",
    f"""SELECT * FROM (SELECT {_SAME}, CASE state WHEN 0 THEN 'READY' WHEN 1 THEN 'LEASED' ELSE 'PARKED' END AS state,
  true AS working, false AS archived, false AS given_up, CASE WHEN state = 0 THEN run_at END AS next_try_at, NULL::timestamptz AS done_at FROM outbox
UNION ALL
SELECT {_SAME}, CASE outcome WHEN 'DONE' THEN 'DONE' ELSE 'IGNORED' END, false, outcome = 'DONE', outcome <> 'DONE',
  NULL::timestamptz, done_at FROM outbox_done) AS d WHERE {TENANT}""",
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
    working=sa.Boolean(),
    archived=sa.Boolean(),
    given_up=sa.Boolean(),
    next_try_at=Time,
    done_at=Time,
)
