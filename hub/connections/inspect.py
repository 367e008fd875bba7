"""Exchanges as an EDI desk looks at them: interchanges, groups, sets, segments with places and people's names for them. Reads the kept bytes;
of the format it knows only that the header says with which characters everything is parted.
"""

from __future__ import annotations

import sqlalchemy as sa

from hub.kit.tables import Json, Key, Time, Uuid
from hub.kit.views import publish_function, publish_sql

# The header is ISA with sixteen elements; after the last come the component separator (where there is one), the terminator, and the next
# segment. Bytes that are no UTF-8 are read as they stand. Never an error: what is not so built has no rows.
publish_function(
    "hub_segments",
    r"""CREATE OR REPLACE FUNCTION hub_segments(content bytea) RETURNS TABLE (place int, id text, raw text, elements text[])
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE whole text; mark text; tail text; ending text;
BEGIN
  BEGIN
    whole := convert_from(content, 'UTF8');
  EXCEPTION WHEN data_exception OR character_not_in_repertoire THEN
    whole := convert_from(content, 'LATIN1');
  END;
  whole := ltrim(whole, E' \r\n\t' || chr(65279));
  mark := substr(whole, 4, 1);
  IF left(whole, 3) <> 'ISA' OR mark = '' THEN RETURN; END IF;
  tail := split_part(whole, mark, 17);
  ending := regexp_replace(tail, '(GS|TA1|IEA|TA3|ISB|ISE)$', '');
  IF length(ending) > 1 AND left(ending, 1) NOT IN (E'\r', E'\n') THEN ending := substr(ending, 2); END IF;
  ending := CASE WHEN ending ~ '^\s+$' THEN E'\n' ELSE left(btrim(ending, E' \r\n'), 1) END;
  IF ending = '' THEN RETURN; END IF;
  RETURN QUERY
    SELECT (row_number() OVER (ORDER BY s.n))::int, e.parts[1], s.text, e.parts[2:]
    FROM unnest(string_to_array(whole, ending)) WITH ORDINALITY AS r(text, n)
    CROSS JOIN LATERAL (SELECT r.n, btrim(r.text, E' \r\n') AS text) s
    CROSS JOIN LATERAL (SELECT string_to_array(s.text, mark) AS parts) e
    WHERE s.text <> '';
EXCEPTION WHEN data_exception OR character_not_in_repertoire THEN
  RETURN;
END $$""",
)

# The bytes of what came are its message's; of what left its delivery's.
_BYTES = """SELECT coalesce(m.replacement, m.body) AS content FROM inbox m WHERE m.tenant_id = s.tenant_id AND m.message_id = s.message_id
  UNION ALL SELECT coalesce(m.replacement, m.body) FROM inbox_done m WHERE m.tenant_id = s.tenant_id AND m.message_id = s.message_id
  UNION ALL SELECT d.prepared FROM outbox d WHERE d.tenant_id = s.tenant_id AND d.delivery_id = s.message_id
  UNION ALL SELECT d.prepared FROM outbox_done d WHERE d.tenant_id = s.tenant_id AND d.delivery_id = s.message_id"""
_OF_EXCHANGE = _BYTES.replace("s.", "e.")

v_exchange = publish_sql(
    "v_exchange",
    f"""SELECT e.exchange_id, e.connection_id, e.direction, e.sender, e.receiver, e.usage = 'T' AS test, e.control, e.verdict,
  upper(e.ack_state) AS ack_state, e.ack_due, e.at, e.message_id,
  CASE e.direction WHEN 'IN' THEN 'message' ELSE 'delivery' END AS kept_as,
  encode(e.content_sha256, 'hex') AS content_sha256, hub_document(e.ack) #>> '{{}}' AS ack, jsonb_array_length(e.errors) AS error_count,
  (SELECT hub_document(b.content) #>> '{{}}' FROM ({_OF_EXCHANGE} LIMIT 1) b) AS raw
FROM exchanges e""",  # noqa: S608 - our own column names
    exchange_id=Uuid,
    connection_id=Uuid,
    direction=Key,
    sender=Key,
    receiver=Key,
    test=sa.Boolean(),
    control=Key,
    verdict=Key,
    ack_state=Key,
    ack_due=Time,
    at=Time,
    message_id=Uuid,
    kept_as=Key,
    content_sha256=sa.Text(),
    ack=sa.Text(),
    error_count=sa.Integer(),
    raw=sa.Text(),
)

_FAULT = """x.position, coalesce(x.item->>'code', '') AS code, coalesce(x.item->>'message', '') AS message,
  x.item->>'path' AS path, x.item->>'segment' AS segment, (x.item->>'segment_position')::int AS place,
  (x.item->>'element')::int AS element, x.item->>'value' AS value, x.item->>'ak' AS ak"""
_FAULTS = {
    "position": sa.BigInteger(),
    "code": Key,
    "message": sa.Text(),
    "path": sa.Text(),
    "segment": Key,
    "place": sa.Integer(),
    "element": sa.Integer(),
    "value": sa.Text(),
    "ak": sa.Text(),
}

v_exchange_fault = publish_sql(
    "v_exchange_fault",
    f"""SELECT e.exchange_id AS owner_id, {_FAULT}
FROM exchanges e CROSS JOIN LATERAL jsonb_array_elements(e.errors) WITH ORDINALITY AS x(item, position)
UNION ALL SELECT s.document_id, {_FAULT}
FROM exchange_sets s CROSS JOIN LATERAL jsonb_array_elements(s.errors) WITH ORDINALITY AS x(item, position)""",  # noqa: S608 - our own column names
    owner_id=Uuid,
    **_FAULTS,
)

v_exchange_set = publish_sql(
    "v_exchange_set",
    """SELECT s.document_id, s.exchange_id, s.group_control, s.set_control, s.group_control || ' ' || s.set_control AS place_key, s.set_id,
  s.version, s.verdict, upper(s.ack_state) AS ack_state, s.number, s.document AS data, s.message_id,
  CASE WHEN s.subject_id IS NOT NULL THEN s.subject_kind END AS subject_kind, s.subject_id,
  CASE s.subject_kind WHEN 'order' THEN s.subject_id END AS order_id
FROM exchange_sets s""",
    document_id=Uuid,
    exchange_id=Uuid,
    group_control=Key,
    set_control=Key,
    place_key=Key,
    set_id=Key,
    version=Key,
    verdict=Key,
    ack_state=Key,
    number=Key,
    data=Json,
    message_id=Uuid,
    subject_kind=Key,
    subject_id=Uuid,
    order_id=Uuid,
)

# A group is told by its first set.
v_exchange_group = publish_sql(
    "v_exchange_group",
    """SELECT s.exchange_id, s.group_control AS control, s.version,
  (SELECT count(*) FROM exchange_sets o WHERE (o.tenant_id, o.exchange_id, o.group_control) = (s.tenant_id, s.exchange_id, s.group_control)
  )::int AS set_count,
  (SELECT count(*) FROM exchange_sets o WHERE (o.tenant_id, o.exchange_id, o.group_control) = (s.tenant_id, s.exchange_id, s.group_control)
     AND 'rejected' IN (o.verdict, o.ack_state))::int AS rejected_count
FROM exchange_sets s
WHERE NOT EXISTS (SELECT FROM exchange_sets o WHERE (o.tenant_id, o.exchange_id, o.group_control) = (s.tenant_id, s.exchange_id, s.group_control)
  AND o.set_control < s.set_control)""",
    exchange_id=Uuid,
    control=Key,
    version=Key,
    set_count=sa.Integer(),
    rejected_count=sa.Integer(),
)

_NAMED = """(SELECT n.name FROM segment_names n WHERE n.version IN (s.version, left(s.version, 6)) AND n.set_id = s.set_id
  AND n.segment = g.id AND n.element = {} ORDER BY length(n.version) DESC LIMIT 1)"""

v_exchange_segment = publish_sql(
    "v_exchange_segment",
    f"""SELECT s.document_id, g.place, g.place - 2 AS position, g.id, g.raw, {_NAMED.format("0")} AS name,
  (SELECT coalesce(jsonb_agg(jsonb_build_object('place', g.id || lpad(x.n::text, 2, '0'), 'name', {_NAMED.format("x.n")}, 'value', x.value)
     ORDER BY x.n), '[]') FROM unnest(g.elements) WITH ORDINALITY AS x(value, n) WHERE x.value <> '') AS elements
FROM exchange_sets s CROSS JOIN LATERAL ({_BYTES} LIMIT 1) b CROSS JOIN LATERAL hub_segments(b.content) g""",  # noqa: S608 - our own column names
    document_id=Uuid,
    place=sa.Integer(),
    position=sa.Integer(),
    id=Key,
    raw=sa.Text(),
    name=sa.Text(),
    elements=Json,
)
