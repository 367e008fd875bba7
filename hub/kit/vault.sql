-- name: all_keys
SELECT tenant_id, key_no, kek_id, wrapped FROM data_keys ORDER BY tenant_id, key_no

-- name: one_key
SELECT kek_id, wrapped FROM data_keys WHERE tenant_id = $1 AND key_no = $2

-- name: lock              one process at a time makes a tenant's key
SELECT pg_advisory_xact_lock(727002, $1)

-- name: reserve           $2 a block of uses of the newest key, as long as it has them
UPDATE data_keys SET uses = uses + $2::bigint
WHERE tenant_id = $1 AND key_no = (SELECT max(key_no) FROM data_keys WHERE tenant_id = $1) AND uses + $2::bigint <= $3::bigint
RETURNING key_no

-- name: next_no
SELECT COALESCE(max(key_no), 0) + 1 FROM data_keys WHERE tenant_id = $1

-- name: add
INSERT INTO data_keys (tenant_id, key_no, kek_id, wrapped) VALUES ($1, $2, $3, $4)

-- name: rewrap
UPDATE data_keys SET kek_id = $3, wrapped = $4 WHERE tenant_id = $1 AND key_no = $2
