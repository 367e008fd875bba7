-- name: heads       $1 subjects, ascending
SELECT subject_id, version, hash FROM ledger_heads WHERE subject_id = ANY ($1::uuid[]) ORDER BY subject_id FOR UPDATE;

-- name: write       facts in order; heads that they leave. One statement, so that a fact and its head are never apart
WITH facts AS (
  INSERT INTO business_events (event_id, type, subject_kind, subject_id, subject_version, correlation_id, causation_id, actor, at, data, hash)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::int[], $6::uuid[], $7::uuid[], $8::text[], $9::timestamptz[], $10::jsonb[], $11::bytea[])
), heads AS (
  INSERT INTO ledger_heads (subject_id, version, hash)
  SELECT * FROM unnest($12::uuid[], $13::int[], $14::bytea[])
  ON CONFLICT (tenant_id, subject_id) DO UPDATE SET version = EXCLUDED.version, hash = EXCLUDED.hash
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
