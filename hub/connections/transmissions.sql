-- name: keep              null: this message was answered before
INSERT INTO transmissions (tenant_id, transmission_id, connection_id, direction, foreign_id, name, state, mic, content, receipt,
                           receipt_headers, receipt_to, reason, at, receipt_at)
VALUES ($1, $2, $3, 'IN', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
ON CONFLICT DO NOTHING
RETURNING transmission_id

-- name: answered          what was answered to that message
SELECT transmission_id, receipt, receipt_headers, receipt_to FROM transmissions
WHERE tenant_id = $1 AND connection_id = $2 AND direction = 'IN' AND foreign_id = $3 AND state = 'answered'

-- name: begin             one more try to send it; what the partner has stays settled
INSERT INTO transmissions AS t (tenant_id, transmission_id, connection_id, direction, foreign_id, name, state, mic, content, subject_id, tries, at)
VALUES ($1, $2, $3, 'OUT', $4, $5, 'waiting', $6, $7, $8, 1, $9)
ON CONFLICT (tenant_id, connection_id, direction, foreign_id) WHERE state <> 'refused' DO UPDATE
SET tries = t.tries + 1, state = CASE t.state WHEN 'acknowledged' THEN t.state ELSE 'waiting' END
RETURNING transmission_id, state, mic, reason, tries

-- name: settle            the first receipt counts; the row that it found, with its state before
WITH found AS (
  SELECT transmission_id, state AS old, name, mic, subject_id FROM transmissions
  WHERE tenant_id = $1 AND connection_id = $2 AND direction = 'OUT' AND foreign_id = $3 FOR UPDATE),
changed AS (
  UPDATE transmissions t SET state = $4, reason = $5, receipt = $6, receipt_headers = $7, receipt_at = $8,
         content = CASE WHEN $4 = 'acknowledged' THEN NULL ELSE t.content END
  FROM found WHERE t.tenant_id = $1 AND t.transmission_id = found.transmission_id AND found.old IN ('waiting', 'silent'))
SELECT * FROM found

-- name: sent              the digest that we expect for that message
SELECT transmission_id, mic, state FROM transmissions
WHERE tenant_id = $1 AND connection_id = $2 AND direction = 'OUT' AND foreign_id = $3

-- name: one
SELECT * FROM transmissions WHERE tenant_id = $1 AND transmission_id = ANY ($2::uuid[])

-- name: silent            nobody answers: given up
UPDATE transmissions SET state = 'silent' WHERE tenant_id = $1 AND transmission_id = ANY ($2::uuid[]) AND state = 'waiting' RETURNING transmission_id

-- name: forget            the bytes of what was refused, once they are old
UPDATE transmissions SET content = NULL
WHERE tenant_id = $1 AND direction = 'IN' AND state = 'refused' AND content IS NOT NULL AND at < $2
RETURNING transmission_id
