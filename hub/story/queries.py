"""What may be read of an order's story: its facts, those of its fulfillments, notes and incidents, and what was owed about them."""

from __future__ import annotations

import sqlalchemy as sa

from hub.kit.tables import Key, Time, Uuid
from hub.kit.views import publish_function, publish_sql
from hub.story.sentences import FUNCTIONS, owed_sql, sentence_sql

for _name, _sql in FUNCTIONS.items():
    publish_function(_name, _sql)

_SUBJECTS = """(SELECT tenant_id, order_id, order_id AS subject_id FROM orders
  UNION ALL SELECT tenant_id, order_id, fulfillment_id FROM fulfillments
  UNION ALL SELECT tenant_id, order_id, fiscal_document_id FROM fiscal_documents WHERE order_id IS NOT NULL
  UNION ALL SELECT tenant_id, order_id, incident_id FROM incidents WHERE order_id IS NOT NULL) s"""
_WHERE_TO = """coalesce((SELECT c.label FROM connections c
  WHERE c.tenant_id = e.tenant_id AND replace(c.connection_id::text, '-', '') = split_part(e.destination, ':', 1)), e.destination)"""
_FATE = """CASE e.fate WHEN 'READY' THEN CASE e.attempts WHEN 0 THEN 'waits to be sent' ELSE 'failed ' || e.attempts || ' times, will be tried again' END
  WHEN 'LEASED' THEN 'is being sent' WHEN 'PARKED' THEN 'was given up after ' || e.attempts || ' tries: ' || coalesce(e.last_error, 'no error')
  WHEN 'DONE' THEN 'was delivered' WHEN 'IGNORED' THEN 'was not sent, by decision of a person' ELSE 'was overtaken by a newer one' END"""
_OWED = """(SELECT tenant_id, delivery_id, seq, kind, subject_kind, subject_id, destination, attempts, last_error, created_at, causation_id,
    CASE state WHEN 0 THEN 'READY' WHEN 1 THEN 'LEASED' ELSE 'PARKED' END AS fate FROM outbox
  UNION ALL SELECT tenant_id, delivery_id, seq, kind, subject_kind, subject_id, destination, attempts, last_error, created_at, causation_id, outcome FROM outbox_done) e"""
_PLACE = "to_char({0} AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS') || '{1}' || lpad({2}::text, 20, '0') || {3}::text COLLATE \"C\""

# `place` puts entries of one moment in the order in which they were written, facts before what they caused to be sent.
v_order_story = publish_sql(
    "v_order_story",
    f"""SELECT s.order_id, e.event_id AS entry_id, e.at, 'FACT' AS kind, e.type, e.actor, e.subject_kind, e.subject_id, e.causation_id,
  {_PLACE.format("e.at", "F", "e.position", "e.event_id")} AS place, {sentence_sql()} AS sentence
FROM {_SUBJECTS} JOIN business_events e ON e.tenant_id = s.tenant_id AND e.subject_id = s.subject_id
UNION ALL
SELECT s.order_id, e.delivery_id, e.created_at, 'DELIVERY', e.kind, 'hub', e.subject_kind, e.subject_id, e.causation_id,
  {_PLACE.format("e.created_at", "S", "e.seq", "e.delivery_id")}, {owed_sql("e.kind")} || ' to ' || {_WHERE_TO} || ' ' || {_FATE} || '.'
FROM {_SUBJECTS} JOIN {_OWED} ON e.tenant_id = s.tenant_id AND e.subject_id = s.subject_id""",
    order_id=Uuid,
    entry_id=Uuid,
    at=Time,
    kind=Key,
    type=Key,
    actor=sa.Text(),
    subject_kind=Key,
    subject_id=Uuid,
    causation_id=Uuid,
    place=Key,
    sentence=sa.Text(),
)
