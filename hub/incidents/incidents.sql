-- name: open        one open incident per (kind, dedupe_key): the same again only counts up
INSERT INTO incidents SELECT r.* FROM jsonb_populate_recordset(NULL::incidents, $1::jsonb) r ORDER BY r.kind, r.dedupe_key
ON CONFLICT (tenant_id, kind, dedupe_key) WHERE state <> 'RESOLVED'
DO UPDATE SET occurrences = incidents.occurrences + 1, summary = EXCLUDED.summary, details = EXCLUDED.details, version = incidents.version + 1
RETURNING incident_id, kind, order_id, occurrences;

-- name: lock
SELECT incident_id, kind, state, version, order_id, subject_kind, subject_id, details, steps, correlation_id
FROM incidents WHERE incident_id = ANY ($1::uuid[]) ORDER BY incident_id FOR UPDATE;

-- name: change
UPDATE incidents SET state = $2, owner = coalesce($3, owner), snoozed_until = $4, resolution = coalesce($5, resolution),
       resolved_by = CASE WHEN $2 = 'RESOLVED' THEN $6 ELSE resolved_by END, resolved_at = CASE WHEN $2 = 'RESOLVED' THEN $7 ELSE resolved_at END,
       steps = coalesce($8, steps), version = version + 1
WHERE incident_id = $1;

-- name: resolve_by_subject   the reason has gone: close what was opened for it
UPDATE incidents SET state = 'RESOLVED', resolution = $3, resolved_by = $4, resolved_at = $5, version = version + 1
WHERE kind = ANY ($1::text[]) AND order_id = ANY ($2::uuid[]) AND state <> 'RESOLVED'
RETURNING incident_id, kind, order_id, correlation_id;

-- name: resolve_by_key
UPDATE incidents SET state = 'RESOLVED', resolution = $3, resolved_by = $4, resolved_at = $5, version = version + 1
WHERE kind = ANY ($1::text[]) AND dedupe_key = ANY ($2::text[]) AND state <> 'RESOLVED'
RETURNING incident_id, kind, order_id, correlation_id;
