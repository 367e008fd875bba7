-- name: keep
INSERT INTO route_decisions (decision_id, order_id, reason, candidates, chosen, unplaced, at, mode, rules, rules_version)
SELECT u.*, $7, $8, $9, $10 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[], $5::jsonb[], $6::jsonb[])
  AS u(decision_id, order_id, reason, candidates, chosen, unplaced);

-- name: keep_rules
INSERT INTO rule_versions (version, name, content, first_used) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;

-- name: latest
SELECT DISTINCT ON (order_id) decision_id, order_id, at, mode, rules, rules_version, reason, candidates, chosen, unplaced
FROM route_decisions WHERE order_id = ANY ($1::uuid[]) AND mode = 'LIVE' ORDER BY order_id, at DESC;
