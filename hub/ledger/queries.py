"""What may be read of the ledger: facts with their cursor and public name."""

from __future__ import annotations

import sqlalchemy as sa

from hub.kit.tables import Json, Key, Time, Uuid
from hub.kit.views import publish_sql
from hub.ledger.model import PUBLIC_NAMES

_NAMED = " ".join(f"WHEN '{fact}' THEN '{name}'" for fact, name in PUBLIC_NAMES.items())

# The cursor is `epoch.xid.position` in base64url; the session's `hub.epoch` changes when a dump is loaded elsewhere.
v_business_event = publish_sql(
    "v_business_event",
    rf"""SELECT e.event_id, e.position, e.type, CASE e.type {_NAMED} END AS public_name, e.subject_kind, e.subject_id,
  e.subject_version, e.at, e.actor, e.correlation_id, e.causation_id, e.data,
  translate(encode(convert_to(coalesce(nullif(current_setting('hub.epoch', true), ''), '1') || '.' || e.xid::text || '.'
    || e.position::text, 'UTF8'), 'base64'), E'+/=\n', '-_') AS cursor
FROM business_events e""",
    event_id=Uuid,
    position=sa.BigInteger(),
    type=Key,
    public_name=Key,
    subject_kind=Key,
    subject_id=Uuid,
    subject_version=sa.Integer(),
    at=Time,
    actor=sa.Text(),
    correlation_id=Uuid,
    causation_id=Uuid,
    data=Json,
    cursor=sa.Text(),
)
