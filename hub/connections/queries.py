"""What may be read of connections and partners. Never a secret, never the whole configuration."""

from __future__ import annotations

import sqlalchemy as sa

from hub.connections.store import connections
from hub.kit.tables import Json, Key, Uuid
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
    """SELECT c.connection_id, c.code, c.label AS name, coalesce(c.config->'profile'->'ids'->0->>'qualifier', c.config->>'qualifier', 'ZZ') AS qualifier,
  c.state, c.last_error, c.config->'profile' AS profile,
  (SELECT x.control FROM exchanges x WHERE x.connection_id = c.connection_id ORDER BY x.at DESC LIMIT 1) AS last_interchange
FROM connections c WHERE c.adapter = 'x12'""",
    connection_id=Uuid,
    code=Key,
    name=sa.Text(),
    qualifier=sa.Text(),
    state=Key,
    last_error=sa.Text(),
    profile=Json,
    last_interchange=sa.Text(),
)

v_partner_overlay = publish_sql(
    "v_partner_overlay",
    """SELECT c.connection_id, x.key AS set_id, x.value AS overlay, encode(sha256(convert_to(x.value, 'UTF8')), 'hex') AS sha256
FROM connections c CROSS JOIN LATERAL jsonb_each_text(coalesce(c.config->'overlays', '{}')) AS x(key, value) WHERE c.adapter = 'x12'""",
    connection_id=Uuid,
    set_id=Key,
    overlay=sa.Text(),
    sha256=sa.Text(),
)

v_partner_transport = publish_sql(
    "v_partner_transport",
    """SELECT c.connection_id, x.value AS transport FROM connections c
CROSS JOIN LATERAL (SELECT jsonb_array_elements_text(coalesce(c.config->'transports', '[]'))
  UNION SELECT c.config->>'transport' UNION SELECT 'folder' WHERE coalesce(c.config->>'inbox', c.config->>'outbox', '') <> ''
  UNION SELECT 'sftp' WHERE c.config ? 'sftp_keys') AS x(value)
WHERE x.value <> ''""",
    connection_id=Uuid,
    transport=Key,
)

# What is done before a partner trades in earnest, as the tables know it: nobody ticks anything off.
v_partner_step = publish_sql(
    "v_partner_step",
    """SELECT c.connection_id, x.position, x.step, x.done, x.why FROM connections c
CROSS JOIN LATERAL (VALUES
  (1, 'profile', c.config ? 'profile' OR coalesce(c.config->>'partner', '') <> '', 'who they are, versions, delimiters, acknowledgements'),
  (2, 'transport', coalesce(c.config->>'transport', c.config->>'outbox', c.config->>'base_url', '') <> '', 'how our documents reach them'),
  (3, 'credentials', c.config ? 'sftp_keys' OR coalesce(c.config->>'inbox', '') <> '' OR EXISTS (SELECT FROM connection_secrets s
     WHERE s.tenant_id = c.tenant_id AND s.connection_id = c.connection_id), 'a key, certificate or token by which they are known'),
  (4, 'test_received', EXISTS (SELECT FROM exchanges e WHERE e.tenant_id = c.tenant_id AND e.connection_id = c.connection_id
     AND e.direction = 'IN' AND e.usage = 'T'), 'a test interchange came (ISA15 T)'),
  (5, 'ack_sent', EXISTS (SELECT FROM exchanges e WHERE e.tenant_id = c.tenant_id AND e.connection_id = c.connection_id
     AND e.direction = 'IN' AND e.ack IS NOT NULL), 'something of theirs was acknowledged'),
  (6, 'document_accepted', EXISTS (SELECT FROM exchanges e WHERE e.tenant_id = c.tenant_id AND e.connection_id = c.connection_id
     AND e.direction = 'OUT' AND e.ack_state IN ('accepted', 'accepted_with_errors')), 'something of ours was accepted'),
  (7, 'shadow_off', NOT c.shadow, 'what we owe is sent, not only planned'),
  (8, 'live_received', EXISTS (SELECT FROM exchanges e WHERE e.tenant_id = c.tenant_id AND e.connection_id = c.connection_id
     AND e.direction = 'IN' AND e.usage = 'P'), 'an interchange in earnest came (ISA15 P)')
) AS x(position, step, done, why) WHERE c.adapter = 'x12'""",
    connection_id=Uuid,
    position=sa.Integer(),
    step=Key,
    done=sa.Boolean(),
    why=sa.Text(),
)

# The views of the inspector are this room's too.
from hub.connections.inspect import (  # noqa: E402 - after the tables that they read
    v_exchange,
    v_exchange_fault,
    v_exchange_group,
    v_exchange_segment,
    v_exchange_set,
)

__all__ = [
    "v_connection",
    "v_connection_port",
    "v_exchange",
    "v_exchange_fault",
    "v_exchange_group",
    "v_exchange_segment",
    "v_exchange_set",
    "v_partner",
    "v_partner_overlay",
    "v_partner_step",
    "v_partner_transport",
]
