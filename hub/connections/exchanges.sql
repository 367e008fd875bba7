-- name: register
INSERT INTO exchanges (tenant_id, exchange_id, connection_id, direction, sender, receiver, usage, control, content_sha256,
                       verdict, ack_state, ack_due, errors, message_id, at)
SELECT $1, g.exchange_id, g.connection_id, g.direction, g.sender, g.receiver, g.usage, g.control, g.content_sha256,
       g.verdict, g.ack_state, g.ack_due, g.errors->'all', g.message_id, $2
FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bytea[], $11::text[], $12::text[],
            $13::timestamptz[], $14::jsonb[], $15::uuid[])
  AS g(exchange_id, connection_id, direction, sender, receiver, usage, control, content_sha256, verdict, ack_state, ack_due, errors, message_id)

-- name: lock_pair         one at a time registers what came from the same sender, so that a duplicate sees the first
SELECT pg_advisory_xact_lock(hashtextextended($1::text, 727003))

-- name: duplicates        the same number, or the same content; newest first
SELECT exchange_id, control, content_sha256, verdict, ack, at, control = $6 AS same_control, content_sha256 = $7 AS same_content
FROM exchanges
WHERE tenant_id = $1 AND connection_id = $2 AND direction = 'IN' AND sender = $3 AND receiver = $4 AND usage = $5
  AND control = $6 AND at >= $8
UNION ALL
SELECT exchange_id, control, content_sha256, verdict, ack, at, false, true
FROM exchanges
WHERE tenant_id = $1 AND connection_id = $2 AND direction = 'IN' AND content_sha256 = $7 AND at >= $8
  AND NOT (sender = $3 AND receiver = $4 AND usage = $5 AND control = $6)
ORDER BY at DESC

-- name: verdicts
SELECT exchange_id, verdict FROM exchanges WHERE tenant_id = $1 AND exchange_id = ANY ($2::uuid[])

-- name: set_verdict       $5 the message that holds all of it, where that is known
UPDATE exchanges SET verdict = $3, errors = $4, message_id = COALESCE($5, message_id) WHERE tenant_id = $1 AND exchange_id = $2 RETURNING exchange_id

-- name: keep_ack
UPDATE exchanges SET ack = $3 WHERE tenant_id = $1 AND exchange_id = $2 RETURNING exchange_id

-- name: put_sets          {there}: what is done about a set that is registered already
INSERT INTO exchange_sets (tenant_id, exchange_id, group_control, set_control, set_id, version, verdict, ack_state,
                           subject_kind, subject_id, number, errors, document, document_id, message_id)
SELECT $1, g.exchange_id, g.group_control, g.set_control, g.set_id, g.version, g.verdict, g.ack_state,
       g.subject_kind, g.subject_id, g.number, g.errors->'all', g.document, g.document_id, g.message_id
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::uuid[],
            $11::text[], $12::jsonb[], $13::jsonb[], $14::uuid[], $15::uuid[])
  AS g(exchange_id, group_control, set_control, set_id, version, verdict, ack_state, subject_kind, subject_id,
       number, errors, document, document_id, message_id)
{there}

-- name: skip_sets         left as it is: a file can be resumed
ON CONFLICT DO NOTHING
RETURNING exchange_id, group_control, set_control

-- name: replace_sets      one that was read again, after a correction, says so
ON CONFLICT (tenant_id, exchange_id, group_control, set_control) DO UPDATE
SET verdict = excluded.verdict, subject_kind = excluded.subject_kind, subject_id = excluded.subject_id,
    number = excluded.number, errors = excluded.errors, document = excluded.document, message_id = excluded.message_id

-- name: kept_ack
SELECT ack FROM exchanges WHERE tenant_id = $1 AND exchange_id = $2

-- name: documents
SELECT s.group_control, s.set_control, s.set_id, s.subject_kind, s.subject_id, s.number, s.document, s.message_id, e.connection_id, e.direction
FROM exchanges e JOIN exchange_sets s ON s.tenant_id = e.tenant_id AND s.exchange_id = e.exchange_id
WHERE e.tenant_id = $1 AND e.exchange_id = $2 ORDER BY s.group_control, s.set_control

-- name: found
SELECT exchange_id, connection_id, direction, message_id FROM exchanges WHERE tenant_id = $1 AND exchange_id = $2

-- name: lock_sent         $3 interchange control, $4 group control, $5 usage, each null for any; the newest that fits
SELECT e.exchange_id FROM exchanges e
WHERE e.tenant_id = $1 AND e.connection_id = $2 AND e.direction = 'OUT'
  AND ($3::text IS NULL OR ltrim(e.control, '0') = ltrim($3, '0')) AND ($5::text IS NULL OR e.usage = $5)
  AND ($4::text IS NULL OR EXISTS (SELECT FROM exchange_sets s
         WHERE s.tenant_id = e.tenant_id AND s.exchange_id = e.exchange_id AND ltrim(s.group_control, '0') = ltrim($4, '0')))
ORDER BY e.at DESC LIMIT 1
FOR UPDATE OF e

-- name: acked             $4, $5 set controls and their states; "*" for all of the group. What is final stays
WITH told AS (
  SELECT s.group_control, s.set_control, s.ack_state AS old, g.state AS new
  FROM exchange_sets s
  JOIN unnest($4::text[], $5::text[]) AS g(set_control, state) ON g.set_control = '*' OR ltrim(g.set_control, '0') = ltrim(s.set_control, '0')
  WHERE s.tenant_id = $1 AND s.exchange_id = $2 AND ($3::text IS NULL OR ltrim(s.group_control, '0') = ltrim($3, '0')))
UPDATE exchange_sets s
SET ack_state = CASE WHEN told.old IN ('none', 'waiting', 'overdue') THEN told.new ELSE told.old END
FROM told
WHERE s.tenant_id = $1 AND s.exchange_id = $2 AND s.group_control = told.group_control AND s.set_control = told.set_control
RETURNING s.exchange_id, s.group_control, s.set_control, s.set_id, s.subject_kind, s.subject_id, s.number, told.old, told.new

-- name: sum_up            an exchange is as bad as its worst set
UPDATE exchanges e
SET ack_state = w.state
FROM (SELECT s.ack_state AS state FROM exchange_sets s
      WHERE s.tenant_id = $1 AND s.exchange_id = $2
      ORDER BY array_position(ARRAY['rejected', 'overdue', 'waiting', 'accepted_with_errors', 'accepted', 'none'], s.ack_state)
      LIMIT 1) w
WHERE e.tenant_id = $1 AND e.exchange_id = $2

-- name: overdue           no ack within its time
WITH late AS (
  SELECT exchange_id FROM exchanges
  WHERE tenant_id = $1 AND direction = 'OUT' AND ack_state = 'waiting' AND ack_due <= $2
    AND ($4::uuid[] IS NULL OR exchange_id = ANY($4))
  ORDER BY ack_due LIMIT $3 FOR UPDATE SKIP LOCKED),
gone AS (
  UPDATE exchanges e SET ack_state = 'overdue' FROM late WHERE e.tenant_id = $1 AND e.exchange_id = late.exchange_id)
UPDATE exchange_sets s SET ack_state = 'overdue'
FROM late WHERE s.tenant_id = $1 AND s.exchange_id = late.exchange_id AND s.ack_state = 'waiting'
RETURNING s.exchange_id, s.group_control, s.set_control, s.set_id, s.subject_kind, s.subject_id, s.number,
          'waiting' AS old, 'overdue' AS new

-- name: advised           $2.. one of each kind a row: what we sent that is meant, by its controls, else by its number; the newest that fits
SELECT s.*
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
     WITH ORDINALITY AS g(connection_id, group_control, set_control, set_id, number, n)
LEFT JOIN LATERAL (
  SELECT s.exchange_id, s.group_control, s.set_control, s.set_id, s.number, s.subject_kind, s.subject_id
  FROM exchanges e JOIN exchange_sets s ON s.tenant_id = e.tenant_id AND s.exchange_id = e.exchange_id
  WHERE e.tenant_id = $1 AND e.connection_id = g.connection_id AND e.direction = 'OUT' AND g.set_id IN ('', s.set_id)
    AND CASE WHEN g.group_control <> ''
             THEN ltrim(s.group_control, '0') = ltrim(g.group_control, '0')
                  AND (g.set_control = '' OR ltrim(s.set_control, '0') = ltrim(g.set_control, '0'))
             ELSE s.number = g.number END
  ORDER BY e.at DESC LIMIT 1) s ON true
ORDER BY g.n

-- name: received_as      sets right in form of interchanges that were let in, by the message that they are or the order that was made of them
SELECT s.subject_id, s.subject_kind, s.document_id, s.group_control, s.set_control, s.set_id, s.number, e.connection_id
FROM exchange_sets s JOIN exchanges e ON e.tenant_id = s.tenant_id AND e.exchange_id = s.exchange_id
WHERE s.tenant_id = $1 AND s.subject_id = ANY ($2::uuid[]) AND e.direction = 'IN' AND s.verdict <> 'rejected'
  AND COALESCE(e.verdict, '') NOT IN ('duplicate', 'unknown_sender')
ORDER BY s.document_id

-- name: sent_numbers     which of these numbers a document of ours has that left already
SELECT DISTINCT s.number FROM exchange_sets s JOIN exchanges e ON e.tenant_id = s.tenant_id AND e.exchange_id = s.exchange_id
WHERE s.tenant_id = $1 AND s.number = ANY ($2::text[]) AND e.direction = 'OUT'

-- name: segments          of sets, as they came or left; ST stands at 1
SELECT document_id, position, raw, name FROM v_exchange_segment WHERE document_id = ANY ($1::uuid[])
