-- name: owe               a key that is owed already is not owed twice
INSERT INTO outbox (tenant_id, delivery_id, destination, ordering_key, strict, dedupe_key, latest_key, kind, subject_kind,
                    subject_id, payload, correlation_id, causation_id, traceparent, run_at, created_at)
SELECT $1, g.delivery_id, g.destination, g.ordering_key, g.strict, g.dedupe_key, g.latest_key, g.kind, g.subject_kind,
       g.subject_id, g.payload, g.correlation_id, g.causation_id, g.traceparent, COALESCE(g.run_at, now()), $2
FROM unnest($3::uuid[], $4::text[], $5::text[], $6::bool[], $7::text[], $8::text[], $9::text[], $10::text[], $11::uuid[],
            $12::jsonb[], $13::uuid[], $14::uuid[], $15::text[], $16::timestamptz[]) WITH ORDINALITY
  AS g(delivery_id, destination, ordering_key, strict, dedupe_key, latest_key, kind, subject_kind, subject_id,
       payload, correlation_id, causation_id, traceparent, run_at, place)
ORDER BY g.place
ON CONFLICT (tenant_id, destination, dedupe_key) WHERE dedupe_key IS NOT NULL DO NOTHING
RETURNING delivery_id

-- name: owed_already
SELECT o.destination, o.dedupe_key, o.delivery_id
FROM unnest($2::text[], $3::text[]) AS g(destination, dedupe_key)
JOIN outbox o ON o.tenant_id = $1 AND o.destination = g.destination AND o.dedupe_key = g.dedupe_key

-- name: owe_latest        the newest value takes the place of the one that still waits; a back-off stands, the tries begin anew
INSERT INTO outbox AS q (tenant_id, delivery_id, destination, ordering_key, strict, dedupe_key, latest_key, kind, subject_kind,
                         subject_id, payload, correlation_id, causation_id, traceparent, run_at, created_at)
SELECT $1, g.delivery_id, g.destination, g.ordering_key, g.strict, g.dedupe_key, g.latest_key, g.kind, g.subject_kind,
       g.subject_id, g.payload, g.correlation_id, g.causation_id, g.traceparent, COALESCE(g.run_at, now()), $2
FROM unnest($3::uuid[], $4::text[], $5::text[], $6::bool[], $7::text[], $8::text[], $9::text[], $10::text[], $11::uuid[],
            $12::jsonb[], $13::uuid[], $14::uuid[], $15::text[], $16::timestamptz[]) WITH ORDINALITY
  AS g(delivery_id, destination, ordering_key, strict, dedupe_key, latest_key, kind, subject_kind, subject_id,
       payload, correlation_id, causation_id, traceparent, run_at, place)
ORDER BY g.place
ON CONFLICT (tenant_id, destination, latest_key) WHERE state = 0 AND latest_key IS NOT NULL DO UPDATE
SET kind = EXCLUDED.kind, subject_kind = EXCLUDED.subject_kind, subject_id = EXCLUDED.subject_id,
    payload = EXCLUDED.payload, correlation_id = EXCLUDED.correlation_id, causation_id = EXCLUDED.causation_id,
    traceparent = EXCLUDED.traceparent, created_at = EXCLUDED.created_at, attempts = 0, prepared = NULL, sent_at = NULL
RETURNING q.delivery_id, q.destination, q.latest_key

-- name: overtake_parked   a value that was given up must not go out after a newer one
WITH gone AS (
  DELETE FROM outbox q
  USING unnest($2::text[], $3::text[], $4::text[]) AS g(destination, ordering_key, latest_key)
  WHERE q.tenant_id = $1 AND q.destination = g.destination AND q.ordering_key = g.ordering_key
    AND q.latest_key = g.latest_key AND q.state = 3
  RETURNING q.*)
INSERT INTO outbox_done ({columns}, outcome, reason)
SELECT {columns}, 'SUPERSEDED', 'a newer value was owed' FROM gone

-- name: progress          $1 tenant, $2 owner; references learnt are merged, prepared bytes and the first send stay once set
UPDATE outbox q
SET "references" = q."references" || g.learnt,
    prepared = COALESCE(q.prepared, g.prepared),
    sent_at = COALESCE(q.sent_at, g.sent_at)
FROM unnest($3::uuid[], $4::jsonb[], $5::bytea[], $6::timestamptz[]) AS g(delivery_id, learnt, prepared, sent_at)
WHERE q.tenant_id = $1 AND q.delivery_id = g.delivery_id AND q.owner = $2 AND q.state = 1
RETURNING q.delivery_id

-- name: log_attempts
INSERT INTO outbox_attempts (tenant_id, attempt_id, delivery_id, at, call, status, outcome, note, answer)
SELECT $1, g.* FROM unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::jsonb[], $6::int[], $7::text[], $8::text[], $9::bytea[]) AS g

-- name: report            five failures in a row open; a failed probe doubles the pause; one success closes
INSERT INTO destination_state AS s (tenant_id, destination, failures, opened, open_until)
SELECT $1, g.destination, CASE WHEN g.ok THEN 0 ELSE g.times END,
       CASE WHEN NOT g.ok AND g.times >= 5 THEN 1 ELSE 0 END,
       CASE WHEN NOT g.ok AND g.times >= 5 THEN now() + interval '30 s' END
FROM unnest($2::text[], $3::bool[], $4::int[]) AS g(destination, ok, times)
ORDER BY g.destination
ON CONFLICT (tenant_id, destination) DO UPDATE
SET failures = CASE WHEN EXCLUDED.failures = 0 THEN 0 ELSE s.failures + EXCLUDED.failures END,
    opened = CASE WHEN EXCLUDED.failures = 0 THEN 0
                  WHEN s.open_until IS NOT NULL AND NOT s.probing THEN s.opened
                  WHEN s.failures + EXCLUDED.failures >= 5 THEN LEAST(s.opened + 1, 20)
                  ELSE s.opened END,
    open_until = CASE WHEN EXCLUDED.failures = 0 THEN NULL
                      WHEN s.open_until IS NOT NULL AND NOT s.probing THEN s.open_until
                      WHEN s.failures + EXCLUDED.failures >= 5 THEN now() + LEAST(interval '10 min', interval '30 s' * 2 ^ s.opened)
                      ELSE s.open_until END,
    probing = false,
    updated_at = now()
RETURNING destination, open_until, opened

-- name: open_destinations the breaker is open or half-open: nothing but a probe may go there
SELECT destination FROM destination_state WHERE open_until IS NOT NULL

-- name: probes            $1 how long nobody else may probe; the pause is over: one is let through
UPDATE destination_state s
SET open_until = now() + $1::interval, probing = true
FROM (SELECT tenant_id, destination FROM destination_state d
      WHERE d.open_until <= now()
        AND EXISTS (SELECT FROM outbox o WHERE o.tenant_id = d.tenant_id AND o.destination = d.destination
                      AND o.state = 0 AND o.run_at <= now())
      ORDER BY d.open_until LIMIT 20 FOR UPDATE SKIP LOCKED) due
WHERE s.tenant_id = due.tenant_id AND s.destination = due.destination
RETURNING s.tenant_id, s.destination

-- name: owed_about        what is still owed about these subjects, parked or not
SELECT delivery_id FROM outbox WHERE tenant_id = $1 AND subject_id = ANY ($2::uuid[]) ORDER BY created_at, delivery_id

-- name: payloads          what these deliveries say, at work or done
SELECT delivery_id, payload FROM outbox WHERE tenant_id = $1 AND delivery_id = ANY ($2::uuid[])
UNION ALL
SELECT delivery_id, payload FROM outbox_done WHERE tenant_id = $1 AND delivery_id = ANY ($2::uuid[])
