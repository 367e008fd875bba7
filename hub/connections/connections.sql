-- name: create
INSERT INTO connections (tenant_id, connection_id, adapter, code, label, shadow, config, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
RETURNING *

-- name: of_tenant
SELECT * FROM connections WHERE tenant_id = $1 ORDER BY adapter, code

-- name: by_account        of all tenants: the address of a hook names no tenant
SELECT * FROM connections WHERE adapter = $1 AND code = $2

-- name: by_id             of all tenants
SELECT * FROM connections WHERE connection_id = $1

-- name: all
SELECT * FROM connections ORDER BY tenant_id, adapter, code

-- name: set_state         $4 why it failed; null when it works
UPDATE connections
SET state = $3, last_error = $4, last_ok_at = CASE WHEN $4::text IS NULL THEN $5 ELSE last_ok_at END
WHERE tenant_id = $1 AND connection_id = $2 RETURNING *

-- name: set_config
UPDATE connections SET config = $3, shadow = COALESCE($4, shadow), label = COALESCE($5, label)
WHERE tenant_id = $1 AND connection_id = $2 RETURNING *

-- name: mark_swept
UPDATE connections SET sweep_cursor = $3, swept_at = $4 WHERE tenant_id = $1 AND connection_id = $2 RETURNING *

-- name: claim_sweep       one sweeper at a time, and none in a pause
UPDATE connections SET sweep_after = $4 WHERE tenant_id = $1 AND connection_id = $2 AND (sweep_after IS NULL OR sweep_after <= $3) RETURNING *

-- name: rest_sweep
UPDATE connections SET sweep_after = $3 WHERE tenant_id = $1 AND connection_id = $2 RETURNING connection_id

-- name: next_secret       one at a time adds to a connection
SELECT COALESCE((SELECT max(no) FROM connection_secrets s
                 WHERE s.tenant_id = c.tenant_id AND s.connection_id = c.connection_id AND s.field = $3), 0) + 1
FROM connections c WHERE c.tenant_id = $1 AND c.connection_id = $2 FOR UPDATE

-- name: add_secret        the older ones end with the overlap, the one before stays until then
WITH older AS (
  UPDATE connection_secrets SET expires_at = LEAST(expires_at, $6)
  WHERE tenant_id = $1 AND connection_id = $2 AND field = $3)
INSERT INTO connection_secrets (tenant_id, connection_id, field, no, value, created_at) VALUES ($1, $2, $3, $4, $5, $7)

-- name: forget_secrets    keeps the two newest
DELETE FROM connection_secrets WHERE tenant_id = $1 AND connection_id = $2 AND field = $3 AND no < $4

-- name: drop_secret
DELETE FROM connection_secrets WHERE tenant_id = $1 AND connection_id = $2 AND field = $3 RETURNING no

-- name: live_secrets
SELECT field, no, value FROM connection_secrets
WHERE tenant_id = $1 AND connection_id = $2 AND (expires_at IS NULL OR expires_at > $3)
ORDER BY field, no DESC

-- name: learn             the newest value stands
INSERT INTO foreign_refs (tenant_id, subject_id, connection_id, name, value, at)
SELECT $1, g.subject_id, g.connection_id, g.name, g.value, $2
FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[]) WITH ORDINALITY AS g(subject_id, connection_id, name, value, place)
ORDER BY g.place
ON CONFLICT (tenant_id, subject_id, connection_id, name) DO UPDATE SET value = EXCLUDED.value, at = EXCLUDED.at
WHERE foreign_refs.value <> EXCLUDED.value

-- name: read
SELECT subject_id, name, value FROM foreign_refs
WHERE tenant_id = $1 AND connection_id = $2 AND subject_id = ANY ($3::uuid[])

-- name: find
SELECT value, subject_id FROM foreign_refs
WHERE tenant_id = $1 AND connection_id = $2 AND name = $3 AND value = ANY ($4::text[])
ORDER BY value, at

-- name: take              $6 how many; the row stays locked until the commit, so a rollback leaves no gap
INSERT INTO control_numbers AS c (tenant_id, connection_id, ours, usage, level, next)
VALUES ($1, $2, $3, $4, $5, $6::bigint % 999999999 + 1)
ON CONFLICT (tenant_id, connection_id, ours, usage, level) DO UPDATE
SET next = (c.next - 1 + $6::bigint) % 999999999 + 1
RETURNING next

-- name: set_next
INSERT INTO control_numbers (tenant_id, connection_id, ours, usage, level, next) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (tenant_id, connection_id, ours, usage, level) DO UPDATE SET next = EXCLUDED.next
