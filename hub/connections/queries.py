"""What may be read of connections and partners. Never a secret, never the whole configuration."""

from __future__ import annotations

import sqlalchemy as sa

from hub.connections.store import connections
from hub.kit.tables import Key, Uuid
from hub.kit.views import publish, publish_sql

c = connections.c
v_connection = publish(
    "v_connection",
    sa.select(
        c.connection_id,
        c.adapter,
        c.code.label("account"),
        *(c[n] for n in ("label", "state", "shadow", "last_ok_at", "last_error")),
    ),
)

v_connection_port = publish_sql(
    "v_connection_port",
    """SELECT c.connection_id, x.value AS port FROM connections c
CROSS JOIN LATERAL jsonb_array_elements_text(coalesce(c.config->'ports', '[]')) AS x(value)""",
    connection_id=Uuid,
    port=Key,
)

v_partner = publish_sql(
    "v_partner",
    """SELECT c.connection_id, c.code, c.label AS name, coalesce(c.config->>'qualifier', 'ZZ') AS qualifier,
  (SELECT x.control FROM exchanges x WHERE x.connection_id = c.connection_id ORDER BY x.at DESC LIMIT 1) AS last_interchange
FROM connections c WHERE c.adapter = 'x12'""",
    connection_id=Uuid,
    code=Key,
    name=sa.Text(),
    qualifier=sa.Text(),
    last_interchange=sa.Text(),
)

v_partner_transport = publish_sql(
    "v_partner_transport",
    """SELECT c.connection_id, x.value AS transport FROM connections c
CROSS JOIN LATERAL jsonb_array_elements_text(coalesce(c.config->'transports', '[]')) AS x(value)""",
    connection_id=Uuid,
    transport=Key,
)
