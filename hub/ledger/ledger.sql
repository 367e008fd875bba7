-- name: heads       $1 subjects, ascending
SELECT subject_id, version, hash, xid::text AS xid FROM ledger_heads WHERE subject_id = ANY ($1::uuid[]) ORDER BY subject_id FOR UPDATE;

-- name: write       facts in order; heads that they leave. One statement, so that a fact and its head are never apart.
--                   $15: the newest xid of the heads; no fact may stand before an earlier one of its subject (docs/adr/live-order.md)
WITH place AS (
  SELECT greatest(pg_current_xact_id(), $15::text::xid8) AS xid
), facts AS (
  INSERT INTO business_events (xid, event_id, type, subject_kind, subject_id, subject_version, correlation_id, causation_id, actor, at, data, hash, traceparent)
  SELECT place.xid, f.* FROM place, unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::int[], $6::uuid[], $7::uuid[], $8::text[], $9::timestamptz[], $10::jsonb[], $11::bytea[], $16::text[]) AS f
), heads AS (
  INSERT INTO ledger_heads (subject_id, version, hash, xid)
  SELECT h.*, place.xid FROM place, unnest($12::uuid[], $13::int[], $14::bytea[]) AS h
  ON CONFLICT (tenant_id, subject_id) DO UPDATE SET version = EXCLUDED.version, hash = EXCLUDED.hash, xid = EXCLUDED.xid
    WHERE ledger_heads.version < EXCLUDED.version
  RETURNING 1
)
SELECT count(*) FROM heads;

-- name: after       the commit-safe reader: nothing that an open transaction could still precede. `e.xid`: a bare one in ORDER BY is the text
SELECT tenant_id, xid::text AS xid, position, event_id, type, subject_kind, subject_id, subject_version, correlation_id, causation_id, actor, at, data
FROM business_events e
WHERE (e.xid, e.position) > ($1::text::xid8, $2::bigint) AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
ORDER BY e.xid, e.position LIMIT $3::int;

-- name: now         where a reader that starts now begins: everything visible is behind it
SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xid;

-- name: chain       one page of a tenant's facts, subject by subject, for verification
SELECT event_id, type, subject_kind, subject_id, subject_version, correlation_id, causation_id, actor, at, data, hash
FROM business_events WHERE (subject_id, subject_version) > ($1::uuid, $2::int) ORDER BY subject_id, subject_version LIMIT $3::int;

-- name: story       everything of one subject or one conversation, in order
SELECT position, event_id, type, subject_kind, subject_id, subject_version, correlation_id, causation_id, actor, at, data
FROM business_events WHERE subject_id = ANY ($1::uuid[]) OR correlation_id = ANY ($2::uuid[]) ORDER BY position LIMIT $3::int;
