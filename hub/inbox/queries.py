"""What may be read of messages: those at work and those done, as one list, with the faults found in each."""

from __future__ import annotations

import sqlalchemy as sa

from hub.kit.tables import Json, Key, Time, Uuid
from hub.kit.views import TENANT, publish_function, publish_sql

# Bytes as a JSON value: the document itself where it is one, else its text as a JSON string. Never an error.
publish_function(
    "hub_document",
    """CREATE OR REPLACE FUNCTION hub_document(content bytea) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE found text;
BEGIN
  found := convert_from(content, 'UTF8');
  BEGIN
    RETURN found::jsonb;
  EXCEPTION WHEN data_exception OR statement_too_complex THEN
    RETURN to_jsonb(found);
  END;
EXCEPTION WHEN data_exception THEN
  RETURN to_jsonb(encode(content, 'escape'));
END $$""",
)

_SAME = """tenant_id, message_id, connection_id, topic, external_id, received_at, attempts, last_error, correlation_id, fingerprint,
  hub_document(coalesce(replacement, body)) AS payload, '/api/v1/messages/msg_' || encode(uuid_send(message_id), 'hex') || '/raw' AS raw_url"""

# The tenant once more on the whole lets the halves be merged by their indexes (see hub.outbox.queries).
v_inbound_message = publish_sql(
    "v_inbound_message",
    f"""SELECT * FROM (SELECT {_SAME}, CASE state WHEN 0 THEN 'READY' WHEN 1 THEN 'LEASED' ELSE 'PARKED' END AS state,
  true AS working, false AS archived, false AS given_up FROM inbox
UNION ALL
SELECT {_SAME}, CASE outcome WHEN 'IGNORED' THEN 'IGNORED' ELSE 'DONE' END, false, outcome <> 'IGNORED', outcome = 'IGNORED' FROM inbox_done) AS m WHERE {TENANT}""",
    message_id=Uuid,
    connection_id=Uuid,
    topic=Key,
    external_id=Key,
    received_at=Time,
    attempts=sa.Integer(),
    last_error=sa.Text(),
    correlation_id=Uuid,
    fingerprint=Key,
    payload=Json,
    raw_url=sa.Text(),
    state=Key,
    working=sa.Boolean(),
    archived=sa.Boolean(),
    given_up=sa.Boolean(),
)

_PROBLEM = """m.message_id, x.position, coalesce(x.item->>'code', '') AS code, coalesce(x.item->>'message', '') AS message,
  coalesce(x.item->>'at', x.item->>'source') AS path, (x.item->>'line')::int AS line, x.item->>'value' AS value"""

v_document_problem = publish_sql(
    "v_document_problem",
    f"""SELECT {_PROBLEM} FROM inbox m CROSS JOIN LATERAL jsonb_array_elements(m.problems) WITH ORDINALITY AS x(item, position)
UNION ALL
SELECT {_PROBLEM} FROM inbox_done m CROSS JOIN LATERAL jsonb_array_elements(m.problems) WITH ORDINALITY AS x(item, position)""",
    message_id=Uuid,
    position=sa.BigInteger(),
    code=Key,
    message=sa.Text(),
    path=sa.Text(),
    line=sa.Integer(),
    value=sa.Text(),
)
