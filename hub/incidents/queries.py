"""What may be read of incidents: the head and its playbook's steps, unfolded to rows."""

from __future__ import annotations

import sqlalchemy as sa

from hub.incidents.store import incidents
from hub.kit.tables import Key, Time, Uuid
from hub.kit.views import publish, publish_sql

i = incidents.c
v_incident = publish(
    "v_incident",
    sa.select(
        *(i[n] for n in ("incident_id", "kind", "severity", "state", "version", "summary", "opened_at", "deadline")),
        *(i[n] for n in ("deadline_key", "owner", "order_id", "subject_kind", "subject_id", "money_at_risk")),
        sa.func.coalesce(i.currency, sa.literal_column("'BRL'")).label("currency"),
        *(i[n] for n in ("playbook", "resolution", "correlation_id")),
        (i.state != sa.literal_column("'RESOLVED'")).label("open"),
    ),
)

v_incident_step = publish_sql(
    "v_incident_step",
    """SELECT i.incident_id, x.position, coalesce(x.item->>'key', '') AS key, coalesce(x.item->>'title', x.item->>'key', '') AS title,
  coalesce((x.item->>'automatic')::boolean, false) AS automatic, coalesce(x.item->>'state', 'OPEN') AS state,
  x.item->>'done_by' AS done_by, (x.item->>'done_at')::timestamptz AS done_at, x.item->>'result' AS result
FROM incidents i CROSS JOIN LATERAL jsonb_array_elements(i.steps) WITH ORDINALITY AS x(item, position)""",
    incident_id=Uuid,
    position=sa.BigInteger(),
    key=Key,
    title=sa.Text(),
    automatic=sa.Boolean(),
    state=Key,
    done_by=sa.Text(),
    done_at=Time,
    result=sa.Text(),
)
