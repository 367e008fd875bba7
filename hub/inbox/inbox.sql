-- name: receive           one row a key that was never seen; the others are somebody's duplicates
WITH given AS (
  SELECT * FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::jsonb[],
                       $11::bytea[], $12::bool[], $13::uuid[], $14::uuid[], $15::text[])
    AS g(message_id, connection_id, topic, external_id, revision, dedupe_key, media_type, headers,
         body, complete, correlation_id, causation_id, traceparent)),
fresh AS (
  INSERT INTO inbox_seen (tenant_id, connection_id, dedupe_key, message_id, first_seen)
  SELECT $1, connection_id, dedupe_key, message_id, $2 FROM given
  ON CONFLICT DO NOTHING
  RETURNING message_id)
INSERT INTO inbox (tenant_id, message_id, connection_id, topic, external_id, revision, dedupe_key, media_type, headers,
                   body, complete, correlation_id, causation_id, traceparent, received_at)
SELECT $1, g.message_id, g.connection_id, g.topic, g.external_id, g.revision, g.dedupe_key, g.media_type, g.headers,
       g.body, g.complete, g.correlation_id, g.causation_id, g.traceparent, $2
FROM given g JOIN fresh USING (message_id)
RETURNING message_id

-- name: first_seen        the messages that hold these keys
SELECT s.connection_id, s.dedupe_key, s.message_id
FROM unnest($2::uuid[], $3::text[]) AS g(connection_id, dedupe_key)
JOIN inbox_seen s ON s.tenant_id = $1 AND s.connection_id = g.connection_id AND s.dedupe_key = g.dedupe_key

-- name: note_problems     lists cross in an object: a list of lists would be taken for a matrix
UPDATE inbox q SET problems = g.problems->'all'
FROM unnest($2::uuid[], $3::jsonb[]) AS g(message_id, problems)
WHERE q.tenant_id = $1 AND q.message_id = g.message_id

-- name: replace           a corrected content; the original bytes stay
UPDATE inbox SET replacement = $3 WHERE tenant_id = $1 AND message_id = $2 AND state <> 1 RETURNING message_id

-- name: forget_seen       $2 before, $3 how many
DELETE FROM inbox_seen s
USING (SELECT connection_id, dedupe_key FROM inbox_seen o
       WHERE o.tenant_id = $1 AND o.first_seen < $2
         AND NOT EXISTS (SELECT FROM inbox q WHERE q.tenant_id = $1 AND q.message_id = o.message_id)
       ORDER BY o.first_seen LIMIT $3) old
WHERE s.tenant_id = $1 AND s.connection_id = old.connection_id AND s.dedupe_key = old.dedupe_key
RETURNING s.message_id

-- name: of_exchange       by the file's correlation id, which its messages share
WITH file AS (
  SELECT m.correlation_id FROM exchanges e
  CROSS JOIN LATERAL (
    SELECT correlation_id FROM inbox WHERE tenant_id = e.tenant_id AND message_id = e.message_id
    UNION ALL SELECT correlation_id FROM inbox_done WHERE tenant_id = e.tenant_id AND message_id = e.message_id) m
  WHERE e.tenant_id = $1 AND e.exchange_id = $2 AND e.direction = 'IN' LIMIT 1)
SELECT m.* FROM file, LATERAL (
  SELECT message_id, connection_id, topic, external_id, revision, dedupe_key, media_type, headers, body, replacement, complete, correlation_id, state
  FROM inbox WHERE tenant_id = $1 AND inbox.correlation_id = file.correlation_id
  UNION ALL
  SELECT message_id, connection_id, topic, external_id, revision, dedupe_key, media_type, headers, body, replacement, complete, correlation_id, NULL::smallint
  FROM inbox_done WHERE tenant_id = $1 AND inbox_done.correlation_id = file.correlation_id) m
ORDER BY m.message_id
