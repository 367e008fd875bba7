-- name: set_timers        the same (kind, dedupe key) again moves the timer; from one that is firing just now the lease is taken away
INSERT INTO timers (tenant_id, timer_id, kind, subject_kind, subject_id, payload, dedupe_key, due_at, run_at,
                         correlation_id, causation_id, traceparent, created_at)
SELECT $1, g.timer_id, g.kind, g.subject_kind, g.subject_id, g.payload, g.dedupe_key, g.due_at, g.due_at,
       g.correlation_id, g.causation_id, g.traceparent, $2
FROM unnest($3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::jsonb[], $8::text[], $9::timestamptz[],
            $10::uuid[], $11::uuid[], $12::text[])
  AS g(timer_id, kind, subject_kind, subject_id, payload, dedupe_key, due_at, correlation_id, causation_id, traceparent)
ON CONFLICT (tenant_id, kind, dedupe_key) WHERE dedupe_key IS NOT NULL DO UPDATE
SET due_at = EXCLUDED.due_at, run_at = EXCLUDED.run_at, payload = EXCLUDED.payload, attempts = 0,
    state = 0, owner = NULL, lease_until = NULL,
    subject_kind = EXCLUDED.subject_kind, subject_id = EXCLUDED.subject_id,
    correlation_id = EXCLUDED.correlation_id, causation_id = EXCLUDED.causation_id, traceparent = EXCLUDED.traceparent
RETURNING timer_id

-- name: cancel            $2 subjects, $3 kinds or null for all; one that is firing just now is not stopped
DELETE FROM timers
WHERE tenant_id = $1 AND subject_id = ANY ($2::uuid[]) AND state <> 1 AND ($3::text[] IS NULL OR kind = ANY ($3))
RETURNING timer_id
