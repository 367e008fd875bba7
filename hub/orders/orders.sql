-- name: capture     order heads, lines, holds, tags, revisions of new orders; what exists already is left alone
WITH o AS (
  INSERT INTO orders SELECT * FROM jsonb_populate_recordset(NULL::orders, $1::jsonb)
  ON CONFLICT (tenant_id, channel, external_id) DO NOTHING RETURNING order_id
), l AS (
  INSERT INTO order_lines SELECT r.* FROM jsonb_populate_recordset(NULL::order_lines, $2::jsonb) r JOIN o ON o.order_id = r.order_id
), h AS (
  INSERT INTO order_holds SELECT r.* FROM jsonb_populate_recordset(NULL::order_holds, $3::jsonb) r JOIN o ON o.order_id = r.order_id
), t AS (
  INSERT INTO order_tags SELECT r.* FROM jsonb_populate_recordset(NULL::order_tags, $4::jsonb) r JOIN o ON o.order_id = r.order_id
), v AS (
  INSERT INTO order_revisions SELECT r.* FROM jsonb_populate_recordset(NULL::order_revisions, $5::jsonb) r JOIN o ON o.order_id = r.order_id
)
SELECT order_id FROM o;

-- name: lock_external   orders by (channel, external id), in id order
SELECT o.order_id, o.channel, o.external_id, o.number, o.revision, o.state, o.version, o.payment_state, o.open_holds, o.total, o.currency, o.correlation_id,
       o.ship_name, o.ship_company, o.ship_street, o.ship_number, o.ship_complement, o.ship_district, o.ship_city, o.ship_region, o.ship_postal_code, o.ship_country
FROM orders o JOIN unnest($1::text[], $2::text[]) AS k(channel, external_id) ON o.channel = k.channel AND o.external_id = k.external_id
ORDER BY o.order_id FOR UPDATE OF o;

-- name: lock
SELECT order_id, number, channel, connection_id, external_id, state, version, payment_state, open_holds, fulfilled_by, correlation_id, total, currency
FROM orders WHERE order_id = ANY ($1::uuid[]) ORDER BY order_id FOR UPDATE;

-- name: lines
SELECT order_id, line_id, line_no, external_id, sku, title, kind, fulfilled_by, unit_price, discount, tax, total, currency, partner, kit_parent,
       ordered, cancelled, reserved, picked, packed, shipped, delivered, returned
FROM order_lines WHERE order_id = ANY ($1::uuid[]) ORDER BY order_id, line_no;

-- name: approve     those without an open hold, from DRAFT
UPDATE orders SET state = 'APPROVED', version = version + 1, updated_at = $2
WHERE order_id = ANY ($1::uuid[]) AND state = 'DRAFT' AND open_holds = 0
RETURNING order_id, number, channel, connection_id, external_id, fulfilled_by, correlation_id;

-- name: waiting     what is still to be assigned to a node, of approved orders that nothing holds
SELECT o.order_id, o.number, o.channel, o.method, o.currency, o.total, o.placed_at, o.promised_by, o.ship_country, o.ship_region, o.ship_city, o.ship_postal_code,
       o.pickup_node_id, o.customer_tax_id, o.service_level, (SELECT array_agg(t.tag) FROM order_tags t WHERE t.order_id = o.order_id) AS tags, l.line_id, l.line_no, l.sku, l.ordered - l.cancelled - l.reserved AS wanted, l.unit_price
FROM orders o JOIN order_lines l ON l.order_id = o.order_id
WHERE o.order_id = ANY ($1::uuid[]) AND o.state IN ('APPROVED', 'PICKING', 'PACKED') AND o.open_holds = 0 AND o.cancel_origin IS NULL AND NOT o.test
  AND l.kind = 'GOODS' AND l.fulfilled_by = 'MERCHANT' AND l.ordered - l.cancelled - l.reserved > 0
  AND NOT EXISTS (SELECT 1 FROM order_amendments a WHERE a.order_id = o.order_id AND a.state = 'WAITING')
ORDER BY o.placed_at, o.order_id, l.line_no;

-- name: advance     line quantities by their deltas, and the heads touched; $10 those made in this unit, whose version nobody has seen
WITH d AS (
  SELECT * FROM unnest($1::uuid[], $2::numeric[], $3::numeric[], $4::numeric[], $5::numeric[], $6::numeric[], $7::numeric[], $8::numeric[])
    AS x(line_id, cancelled, reserved, picked, packed, shipped, delivered, returned)
), l AS (
  UPDATE order_lines t SET cancelled = t.cancelled + d.cancelled, reserved = t.reserved + d.reserved, picked = t.picked + d.picked, packed = t.packed + d.packed,
         shipped = t.shipped + d.shipped, delivered = t.delivered + d.delivered, returned = t.returned + d.returned
  FROM d WHERE t.line_id = d.line_id RETURNING t.order_id
)
UPDATE orders o SET version = o.version + 1, updated_at = $9 FROM (SELECT DISTINCT order_id FROM l WHERE order_id <> ALL ($10::uuid[])) x WHERE o.order_id = x.order_id;

-- name: advance_reserved   the same for the one quantity that each new order changes
WITH l AS (
  UPDATE order_lines t SET reserved = t.reserved + d.reserved FROM unnest($1::uuid[], $2::numeric[]) AS d(line_id, reserved)
  WHERE t.line_id = d.line_id RETURNING t.order_id
)
UPDATE orders o SET version = o.version + 1, updated_at = $3 FROM (SELECT DISTINCT order_id FROM l WHERE order_id <> ALL ($4::uuid[])) x WHERE o.order_id = x.order_id;

-- name: note_cancel   who asked for the end; returns those that had not been asked
UPDATE orders SET cancel_origin = $2, version = version + 1, updated_at = $3 WHERE order_id = ANY ($1::uuid[]) AND cancel_origin IS NULL RETURNING order_id;

-- name: ending       of these orders, those whose end was asked for
SELECT order_id, cancel_origin FROM orders WHERE order_id = ANY ($1::uuid[]) AND cancel_origin IS NOT NULL ORDER BY order_id;

-- name: tagged
SELECT order_id FROM order_tags WHERE order_id = ANY ($1::uuid[]) AND tag = $2;

-- name: set_states
UPDATE orders o SET state = d.state, version = o.version + 1, updated_at = $3, cancel_reason = CASE WHEN d.state = 'CANCELLED' THEN coalesce($4, o.cancel_reason) ELSE o.cancel_reason END
FROM unnest($1::uuid[], $2::text[]) AS d(order_id, state) WHERE o.order_id = d.order_id;

-- name: unassigned  orders of which a part still waits for a node
SELECT DISTINCT order_id FROM order_lines WHERE order_id = ANY ($1::uuid[]) AND kind = 'GOODS' AND fulfilled_by = 'MERCHANT' AND reserved + cancelled < ordered;

-- name: place_holds
WITH made AS (
  INSERT INTO order_holds (hold_id, order_id, kind, reason, placed_by, placed_at, deadline, deadline_key, rule, releases)
  SELECT h.hold_id, h.order_id, h.kind, h.reason, $5, $6, h.deadline, coalesce(h.deadline, '9999-12-31'), h.rule, h.releases
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $7::timestamptz[], $8::text[], $9::text[]) AS h(hold_id, order_id, kind, reason, deadline, rule, releases)
  ON CONFLICT (tenant_id, order_id, kind) WHERE released_at IS NULL DO NOTHING
  RETURNING hold_id, order_id, kind
), counted AS (
  UPDATE orders o SET open_holds = o.open_holds + n.n, version = o.version + 1, updated_at = $6
  FROM (SELECT order_id, count(*) AS n FROM made GROUP BY order_id) n WHERE o.order_id = n.order_id
)
SELECT hold_id, order_id, kind FROM made;

-- name: release_holds
WITH gone AS (
  UPDATE order_holds h SET released_by = $3, released_at = $4, note = $5
  FROM unnest($1::uuid[], $2::text[]) AS d(order_id, kind) WHERE h.order_id = d.order_id AND h.kind = d.kind AND h.released_at IS NULL
  RETURNING h.hold_id, h.order_id, h.kind
), counted AS (
  UPDATE orders o SET open_holds = o.open_holds - n.n, version = o.version + 1, updated_at = $4
  FROM (SELECT order_id, count(*) AS n FROM gone GROUP BY order_id) n WHERE o.order_id = n.order_id
  RETURNING o.order_id, o.open_holds, o.state
)
SELECT g.hold_id, g.order_id, g.kind, c.open_holds, c.state FROM gone g JOIN counted c USING (order_id);

-- name: date_holds   deadlines of open holds that have none
UPDATE order_holds h SET deadline = d.deadline, deadline_key = d.deadline
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS d(order_id, kind, deadline)
WHERE h.order_id = d.order_id AND h.kind = d.kind AND h.released_at IS NULL AND h.deadline IS NULL;

-- name: open_holds
SELECT order_id, kind, reason, placed_by, placed_at, deadline, rule, releases FROM order_holds WHERE order_id = ANY ($1::uuid[]) AND released_at IS NULL ORDER BY placed_at;

-- name: held_orders     orders that a hold of this kind keeps, oldest first
SELECT h.order_id FROM order_holds h JOIN orders o ON o.order_id = h.order_id
WHERE h.kind = $1 AND h.released_at IS NULL ORDER BY o.placed_at, h.order_id LIMIT $2;

-- name: held_for_skus   orders that wait for stock of these SKUs, oldest first
SELECT DISTINCT o.placed_at, h.order_id FROM order_holds h JOIN orders o ON o.order_id = h.order_id JOIN order_lines l ON l.order_id = h.order_id
WHERE h.kind = 'STOCK' AND h.released_at IS NULL AND l.sku = ANY ($1::text[]) AND l.reserved + l.cancelled < l.ordered
ORDER BY o.placed_at, h.order_id LIMIT 500;

-- name: revise
UPDATE orders o SET revision = d.revision, payment_state = d.payment_state, version = o.version + 1, updated_at = $4
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS d(order_id, revision, payment_state) WHERE o.order_id = d.order_id;

-- name: readdress
UPDATE orders SET ship_name = $2, ship_company = $3, ship_street = $4, ship_number = $5, ship_complement = $6, ship_district = $7, ship_city = $8, ship_region = $9,
       ship_postal_code = $10, ship_country = $11, ship_phone = $12, ship_tax_id = $13, ship_municipality_code = $14, version = version + 1, updated_at = $15
WHERE order_id = $1;

-- name: last_change   the highest sequence of a partner's changes that was applied
SELECT max(substr(revision, 8)::numeric) FROM order_revisions WHERE order_id = $1 AND applied AND revision ~ '^change [0-9]{1,8}$';

-- name: note_revisions
INSERT INTO order_revisions (order_id, revision, applied, message_id, draft, at)
SELECT u.order_id, u.revision, u.applied, u.message_id, u.draft, $6 FROM unnest($1::uuid[], $2::text[], $3::bool[], $4::uuid[], $5::jsonb[]) AS u(order_id, revision, applied, message_id, draft)
ON CONFLICT (tenant_id, order_id, revision) DO NOTHING RETURNING order_id, revision;

-- name: name_lines    lines that were added here get the ids by which the channel knows them
UPDATE order_lines l SET external_id = u.external_id FROM unnest($1::uuid[], $2::text[]) AS u(line_id, external_id) WHERE l.line_id = u.line_id;

-- name: brief        what an answer about an order says first
SELECT order_id, number, state, version FROM orders WHERE order_id = ANY ($1::uuid[]);

-- name: head         one whole order, for flows that write documents about it
SELECT * FROM orders WHERE order_id = ANY ($1::uuid[]) ORDER BY order_id;

-- name: find
SELECT order_id FROM orders WHERE number = $1 OR external_id = $1 ORDER BY placed_at DESC LIMIT 1;

-- name: by_external
SELECT o.channel, o.external_id, o.order_id FROM orders o JOIN unnest($1::text[], $2::text[]) AS k(channel, external_id) ON o.channel = k.channel AND o.external_id = k.external_id;

-- name: earlier      when these customers ordered, since then
SELECT customer_id, created_at FROM orders WHERE customer_id = ANY ($1::uuid[]) AND created_at > $2;

-- name: exposure     what these customers owe or may come to owe, by currency
SELECT customer_id, currency, sum(total) AS total FROM orders
WHERE customer_id = ANY ($1::uuid[]) AND state <> 'CANCELLED' AND NOT test AND payment_state IN ('PENDING', 'AUTHORIZED', 'PARTIALLY_PAID') GROUP BY 1, 2;

-- name: ask_approvals
INSERT INTO order_approvals (order_id, position, role, total_at_least) SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::numeric[]);

-- name: approvals
SELECT order_id, position, role, total_at_least, approved_by, approved_at FROM order_approvals WHERE order_id = ANY ($1::uuid[]) ORDER BY order_id, position FOR UPDATE;

-- name: approve_step
UPDATE order_approvals SET approved_by = $3, approved_at = $4 WHERE order_id = $1 AND position = $2;

-- name: save_search
INSERT INTO saved_searches (search_id, owner, name, about, query, shared, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
ON CONFLICT (tenant_id, owner, about, name) DO UPDATE SET query = EXCLUDED.query, shared = EXCLUDED.shared, updated_at = EXCLUDED.updated_at
RETURNING search_id;

-- name: drop_searches
DELETE FROM saved_searches WHERE search_id = ANY ($1::uuid[]) AND owner = $2 RETURNING search_id;

-- name: searches
SELECT search_id, owner, name, about, query, shared, updated_at FROM saved_searches WHERE (owner = $1 OR shared) AND ($2::text IS NULL OR about = $2) ORDER BY about, name, search_id;

-- name: of_packs     all live orders of the packs that these belong to
SELECT o.order_id, o.channel, o.group_id FROM orders o
JOIN (SELECT DISTINCT channel, group_id FROM orders WHERE order_id = ANY ($1::uuid[]) AND group_id IS NOT NULL) p ON o.channel = p.channel AND o.group_id = p.group_id
WHERE o.state IN ('APPROVED', 'PICKING', 'PACKED') ORDER BY o.order_id;

-- name: alike       live orders of the same customer with the same method, address and promised day
SELECT o.order_id FROM orders o JOIN orders h ON h.order_id = $1 AND o.order_id <> h.order_id AND o.customer_id = h.customer_id AND o.method = h.method
  AND (o.ship_street, o.ship_number, o.ship_complement, o.ship_city, o.ship_region, o.ship_postal_code, o.ship_country, o.pickup_node_id)
    IS NOT DISTINCT FROM (h.ship_street, h.ship_number, h.ship_complement, h.ship_city, h.ship_region, h.ship_postal_code, h.ship_country, h.pickup_node_id)
  AND (o.promised_by AT TIME ZONE 'UTC')::date IS NOT DISTINCT FROM (h.promised_by AT TIME ZONE 'UTC')::date
WHERE o.state IN ('APPROVED', 'PICKING', 'PACKED') AND o.open_holds = 0 ORDER BY o.order_id;

-- name: backlog     units that orders held for stock still lack, by SKU
SELECT l.sku, sum(l.ordered - l.cancelled - l.reserved) AS units FROM order_lines l JOIN order_holds h ON h.order_id = l.order_id AND h.kind = 'STOCK' AND h.released_at IS NULL
WHERE l.sku = ANY ($1::text[]) AND l.kind = 'GOODS' AND l.fulfilled_by = 'MERCHANT' AND l.reserved + l.cancelled < l.ordered GROUP BY l.sku;
