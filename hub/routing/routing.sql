-- name: keep
INSERT INTO route_decisions SELECT * FROM jsonb_populate_recordset(NULL::route_decisions, $1::jsonb);

-- name: keep_rules
INSERT INTO rule_versions (version, name, content, first_used) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- name: latest
SELECT DISTINCT ON (order_id) decision_id, order_id
FROM route_decisions WHERE order_id = ANY ($1::uuid[]) AND mode = $2 ORDER BY order_id, at DESC, decision_id DESC;

-- name: keep_differences
INSERT INTO shadow_differences SELECT * FROM jsonb_populate_recordset(NULL::shadow_differences, $1::jsonb);
