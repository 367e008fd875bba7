-- name: create_tenant     the lowest number above all; the caller tries again when another process took it
INSERT INTO tenants (tenant_id, code, name) VALUES ($1, $2, $3)

-- name: next_tenant
SELECT COALESCE(max(tenant_id), 0) + 1 FROM tenants

-- name: tenants
SELECT tenant_id, code, name FROM tenants ORDER BY tenant_id

-- name: find_tenant
SELECT tenant_id, code, name FROM tenants WHERE code = $1

-- name: add_key
INSERT INTO api_keys (tenant_id, key_id, secret_sha256, role, scopes, label, channel, connection_id, cost_bucket, expires_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: revoke_key
UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $3) WHERE tenant_id = $1 AND key_id = $2 RETURNING key_id

-- name: find_key
SELECT tenant_id, key_id, secret_sha256, role, scopes, channel, connection_id, cost_bucket, expires_at
FROM api_keys WHERE key_id = $1 AND revoked_at IS NULL

-- name: claim_answers     a key at work elsewhere is waited for; what does not come back is stored already
INSERT INTO idempotency (tenant_id, actor, key, command, input_hash, created_at)
SELECT $1, g.actor, g.key, g.command, g.input_hash, $2
FROM unnest($3::text[], $4::text[], $5::text[], $6::bytea[]) WITH ORDINALITY AS g(actor, key, command, input_hash, place)
ORDER BY g.place
ON CONFLICT DO NOTHING
RETURNING actor, key

-- name: stored_answers
SELECT i.actor, i.key, i.command, i.input_hash, i.outcome
FROM unnest($2::text[], $3::text[]) AS g(actor, key)
JOIN idempotency i ON i.tenant_id = $1 AND i.actor = g.actor AND i.key = g.key

-- name: keep_answers      answers cross in an object: a list would be taken for a matrix
UPDATE idempotency i SET outcome = g.outcome->'it'
FROM unnest($2::text[], $3::text[], $4::jsonb[]) AS g(actor, key, outcome)
WHERE i.tenant_id = $1 AND i.actor = g.actor AND i.key = g.key AND i.outcome IS NULL

-- name: drop_answers
DELETE FROM idempotency i USING unnest($2::text[], $3::text[]) AS g(actor, key)
WHERE i.tenant_id = $1 AND i.actor = g.actor AND i.key = g.key

-- name: forget_answers
DELETE FROM idempotency i
USING (SELECT actor, key FROM idempotency WHERE tenant_id = $1 AND created_at < $2 ORDER BY created_at LIMIT $3) old
WHERE i.tenant_id = $1 AND i.actor = old.actor AND i.key = old.key
RETURNING i.key
