-- name: amend_lines     quantities and amounts by their deltas
UPDATE order_lines l SET ordered = l.ordered + d.ordered, cancelled = l.cancelled + d.cancelled, total = l.total + d.total, discount = l.discount + d.discount, tax = l.tax + d.tax
FROM unnest($1::uuid[], $2::numeric[], $3::numeric[], $4::numeric[], $5::numeric[], $6::numeric[]) AS d(line_id, ordered, cancelled, total, discount, tax)
WHERE l.line_id = d.line_id;

-- name: add_lines
INSERT INTO order_lines SELECT r.* FROM jsonb_populate_recordset(NULL::order_lines, $1::jsonb) r;

-- name: amend_heads     totals by their deltas; method, pickup, promise and day to ship by where given
UPDATE orders o SET goods_total = o.goods_total + d.goods, discount_total = o.discount_total + d.discount, tax_total = o.tax_total + d.tax, total = o.total + d.total,
       method = coalesce(d.method, o.method), pickup_node_id = CASE WHEN d.method IS NULL THEN o.pickup_node_id ELSE d.pickup END,
       promised_by = coalesce(d.promised_by, o.promised_by), promise_key = coalesce(d.promised_by, o.promise_key),
       ship_by = coalesce(d.ship_by, o.ship_by), version = o.version + 1, updated_at = $10
FROM unnest($1::uuid[], $2::numeric[], $3::numeric[], $4::numeric[], $5::numeric[], $6::text[], $7::uuid[], $8::timestamptz[], $9::timestamptz[])
  AS d(order_id, goods, discount, tax, total, method, pickup, promised_by, ship_by)
WHERE o.order_id = d.order_id;

-- name: settle_revision   the channel's revision was applied after all, as an amendment
UPDATE order_revisions SET applied = true WHERE order_id = $1 AND revision = $2;

-- name: note_amendments
INSERT INTO order_amendments SELECT r.* FROM jsonb_populate_recordset(NULL::order_amendments, $1::jsonb) r;

-- name: settle_amendments
UPDATE order_amendments a SET state = u.state, note = u.note, settled_at = $4
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u(amendment_id, state, note) WHERE a.amendment_id = u.amendment_id;

-- name: waiting_amendments
SELECT amendment_id, order_id, reason, asked, waits_for FROM order_amendments WHERE order_id = ANY ($1::uuid[]) AND state = 'WAITING' ORDER BY amendment_id FOR UPDATE;

-- name: waited          settled amendments for which nodes were asked
SELECT amendment_id, order_id, asked FROM order_amendments WHERE amendment_id = ANY ($1::uuid[]) AND state <> 'WAITING' AND waits_for <> '[]';

-- name: unheard         what the lines held before amendments that the channel did not ask for
SELECT order_id, asked -> 'before' AS before FROM order_amendments WHERE order_id = ANY ($1::uuid[]) AND state = 'APPLIED' AND asked ->> 'origin' = 'HUB';

-- name: stood           where the goods went before amendments that the channel did not ask for
SELECT order_id, asked -> 'stood' AS stood FROM order_amendments
WHERE order_id = ANY ($1::uuid[]) AND state = 'APPLIED' AND asked ->> 'origin' = 'HUB' AND asked ->> 'stood' IS NOT NULL;
