-- name: open        one open incident per (kind, dedupe_key): the same again only counts up
INSERT INTO incidents (incident_id, kind, severity, summary, details, dedupe_key, opened_at, deadline, deadline_key, order_id,
                       subject_kind, subject_id, money_at_risk, currency, playbook, steps, correlation_id)
SELECT u.incident_id, u.kind, u.severity, u.summary, u.details, u.dedupe_key, $16, u.deadline, coalesce(u.deadline, '9999-12-31'), u.order_id,
       u.subject_kind, u.subject_id, u.money_at_risk, u.currency, u.playbook, u.steps, u.correlation_id
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::jsonb[], $6::text[], $7::timestamptz[], $8::uuid[], $9::text[], $10::uuid[],
            $11::numeric[], $12::text[], $13::text[], $14::jsonb[], $15::uuid[])
     AS u(incident_id, kind, severity, summary, details, dedupe_key, deadline, order_id, subject_kind, subject_id,
          money_at_risk, currency, playbook, steps, correlation_id)
ORDER BY u.kind, u.dedupe_key
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
