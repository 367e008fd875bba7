-- name: supply      what can be promised of these SKUs, node by node; no locks
SELECT node_id, sku, on_hand - reserved - safety AS available FROM stock
WHERE sku = ANY ($1::text[]) AND condition = 'NEW' AND on_hand - reserved - safety > 0;

-- name: lock        the rows of these keys in key order
SELECT s.node_id, s.sku, s.condition, s.stock_id, s.on_hand, s.reserved, s.safety, s.in_lots, s.version, s.counted_at
FROM stock s JOIN unnest($1::uuid[], $2::text[], $3::text[]) AS k(node_id, sku, condition)
  ON s.node_id = k.node_id AND s.sku = k.sku AND s.condition = k.condition
ORDER BY s.node_id, s.sku, s.condition FOR UPDATE OF s;

-- name: reserve     sums by key and the movements that explain them; CHECK never_oversold is the last guard
WITH moved AS (
  INSERT INTO stock_movements (movement_id, at, node_id, sku, condition, reserved_delta, cause, cause_id, event_id)
  SELECT m.id, $1::timestamptz, m.node_id, m.sku, 'NEW', m.delta, $2, m.cause_id, m.event_id
  FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::numeric[], $7::uuid[], $8::uuid[]) AS m(id, node_id, sku, delta, cause_id, event_id)
)
UPDATE stock s SET reserved = s.reserved + d.delta, version = s.version + 1, updated_at = $1::timestamptz
FROM unnest($9::uuid[], $10::text[], $11::numeric[]) AS d(node_id, sku, delta)
WHERE s.node_id = d.node_id AND s.sku = d.sku AND s.condition = 'NEW'
RETURNING s.stock_id;

-- name: move        on hand, reserved and what lies in lots together, sums by key; movements one for each line
WITH moved AS (
  INSERT INTO stock_movements (movement_id, at, node_id, sku, condition, on_hand_delta, reserved_delta, cause, cause_id, event_id, lot)
  SELECT m.id, $1::timestamptz, m.node_id, m.sku, m.condition, m.on_hand, m.reserved, m.cause, m.cause_id, m.event_id, m.lot
  FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::numeric[], $7::numeric[], $8::text[], $9::uuid[], $10::uuid[], $11::text[])
    AS m(id, node_id, sku, condition, on_hand, reserved, cause, cause_id, event_id, lot)
)
UPDATE stock s SET on_hand = s.on_hand + d.on_hand, reserved = s.reserved + d.reserved, in_lots = s.in_lots + d.in_lots, version = s.version + 1, updated_at = $1::timestamptz
FROM unnest($12::uuid[], $13::text[], $14::text[], $15::numeric[], $16::numeric[], $17::numeric[]) AS d(node_id, sku, condition, on_hand, reserved, in_lots)
WHERE s.node_id = d.node_id AND s.sku = d.sku AND s.condition = d.condition
RETURNING s.stock_id, s.node_id, s.sku, s.condition, s.on_hand, s.reserved, s.safety, s.in_lots, s.version, s.counted_at;

-- name: ensure      a row for each key, empty where there was none
INSERT INTO stock (stock_id, node_id, sku, condition) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[])
ON CONFLICT (tenant_id, node_id, sku, condition) DO NOTHING RETURNING node_id, sku, condition;

-- name: drop        rows that were made in this unit for nothing
DELETE FROM stock s USING unnest($1::uuid[], $2::text[], $3::text[]) AS d(node_id, sku, condition)
WHERE s.node_id = d.node_id AND s.sku = d.sku AND s.condition = d.condition;

-- name: set_safety
UPDATE stock s SET safety = d.safety, version = s.version + 1 FROM unnest($1::uuid[], $2::text[], $3::numeric[]) AS d(node_id, sku, safety)
WHERE s.node_id = d.node_id AND s.sku = d.sku AND s.condition = 'NEW';

-- name: counted
UPDATE stock s SET counted_at = $4 FROM unnest($1::uuid[], $2::text[], $3::text[]) AS d(node_id, sku, condition)
WHERE s.node_id = d.node_id AND s.sku = d.sku AND s.condition = d.condition;

-- name: hold_reservations   active ones, locked
SELECT reservation_id, state, expires_at, order_id FROM reservations WHERE reservation_id = ANY ($1::uuid[]) ORDER BY reservation_id FOR UPDATE;

-- name: extend_reservations
UPDATE reservations r SET expires_at = d.until FROM unnest($1::uuid[], $2::timestamptz[]) AS d(id, until)
WHERE r.reservation_id = d.id AND r.state = 'ACTIVE';

-- name: reserve_for         an order that waits keeps what its cart had
UPDATE reservations r SET order_id = d.order_id FROM unnest($1::uuid[], $2::uuid[]) AS d(id, order_id)
WHERE r.reservation_id = d.id AND r.state = 'ACTIVE' AND r.order_id IS NULL RETURNING r.reservation_id, r.order_id;

-- name: reservations_of     these orders
SELECT reservation_id, order_id FROM reservations WHERE order_id = ANY ($1::uuid[]) AND state = 'ACTIVE' ORDER BY reservation_id;

-- name: add_reservation
INSERT INTO reservations (reservation_id, reference, created_at, expires_at) VALUES ($1, $2, $3, $4);

-- name: add_reservation_lines
INSERT INTO reservation_lines (reservation_id, node_id, sku, quantity) SELECT $1, * FROM unnest($2::uuid[], $3::text[], $4::numeric[]);

-- name: take_reservations   ACTIVE ones end; their lines come back to be given free
WITH ended AS (
  UPDATE reservations SET state = $2 WHERE reservation_id = ANY ($1::uuid[]) AND state = 'ACTIVE' RETURNING reservation_id
)
SELECT l.reservation_id, l.node_id, l.sku, l.quantity FROM reservation_lines l JOIN ended e USING (reservation_id) ORDER BY l.node_id, l.sku;

-- name: expired
SELECT reservation_id FROM reservations WHERE state = 'ACTIVE' AND expires_at <= $1 ORDER BY expires_at LIMIT $2;

-- name: unexplained   stock that its movements do not sum to
SELECT coalesce(s.node_id, m.node_id) AS node_id, coalesce(s.sku, m.sku) AS sku, coalesce(s.condition, m.condition) AS condition,
       coalesce(s.on_hand, 0) AS on_hand, coalesce(m.on_hand, 0) AS moved_on_hand, coalesce(s.reserved, 0) AS reserved, coalesce(m.reserved, 0) AS moved_reserved
FROM stock s FULL JOIN (SELECT node_id, sku, condition, sum(on_hand_delta) AS on_hand, sum(reserved_delta) AS reserved FROM stock_movements GROUP BY 1, 2, 3) m
  ON s.node_id = m.node_id AND s.sku = m.sku AND s.condition = m.condition
WHERE coalesce(s.on_hand, 0) <> coalesce(m.on_hand, 0) OR coalesce(s.reserved, 0) <> coalesce(m.reserved, 0);

-- name: buffers     what a channel must leave at a node, of one SKU or of each
SELECT channel, node_id, sku, units FROM channel_safety;

-- name: put_buffers
INSERT INTO channel_safety (channel, node_id, sku, units) SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::numeric[])
ON CONFLICT (tenant_id, channel, node_id, sku) DO UPDATE SET units = EXCLUDED.units
RETURNING buffer_id, channel, node_id, sku;

-- name: stocked_at
SELECT node_id, sku FROM stock WHERE node_id = ANY ($1::uuid[]) AND condition = 'NEW' ORDER BY node_id, sku;

-- name: drop_expected   what a document announced before
DELETE FROM incoming WHERE reference = $1 RETURNING node_id, sku;

-- name: expect
INSERT INTO incoming (incoming_id, reference, node_id, sku, quantity, expected_at, lot, expires_on)
SELECT u.id, $1, u.node_id, u.sku, u.quantity, u.expected_at, u.lot, u.expires_on
FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::numeric[], $6::timestamptz[], $7::text[], $8::date[]) AS u(id, node_id, sku, quantity, expected_at, lot, expires_on);

-- name: sum_incoming    keys in order; the column is the sum of what is announced
UPDATE stock s SET incoming = coalesce((SELECT sum(i.quantity) FROM incoming i WHERE i.node_id = s.node_id AND i.sku = s.sku), 0), version = s.version + 1, updated_at = $3
FROM unnest($1::uuid[], $2::text[]) AS d(node_id, sku) WHERE s.node_id = d.node_id AND s.sku = d.sku AND s.condition = 'NEW'
RETURNING s.stock_id, s.node_id, s.sku, s.incoming;

-- name: announced   of a document, locked
SELECT incoming_id, node_id, sku, quantity, expected_at, lot, expires_on FROM incoming WHERE reference = $1 ORDER BY node_id, sku, expected_at FOR UPDATE;

-- name: coming      dated units of these SKUs until then, soonest first
SELECT node_id, sku, quantity, expected_at FROM incoming WHERE sku = ANY ($1::text[]) AND ($2::timestamptz IS NULL OR expected_at <= $2) ORDER BY expected_at, node_id;

-- name: levels      available of these SKUs at every node, also where nothing is left
SELECT node_id, sku, on_hand - reserved - safety AS available FROM stock WHERE sku = ANY ($1::text[]) AND condition = 'NEW' ORDER BY sku, node_id;

-- name: at_nodes      available of all that these nodes keep, with what is announced there by day
SELECT s.node_id, s.sku, s.on_hand - s.reserved - s.safety AS available, s.incoming, coalesce(i.dated, '[]'::jsonb) AS dated
FROM stock s LEFT JOIN (
  SELECT node_id, sku, jsonb_agg(jsonb_build_array(to_char(expected_at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), quantity::text) ORDER BY expected_at) AS dated
  FROM incoming WHERE node_id = ANY ($1::uuid[]) GROUP BY 1, 2) i ON i.node_id = s.node_id AND i.sku = s.sku
WHERE s.node_id = ANY ($1::uuid[]) AND s.condition = 'NEW' ORDER BY s.sku, s.node_id;

-- name: unannounced   incoming that its documents do not sum to
SELECT s.node_id, s.sku, s.incoming, coalesce(i.quantity, 0) AS announced
FROM stock s LEFT JOIN (SELECT node_id, sku, sum(quantity) AS quantity FROM incoming GROUP BY 1, 2) i ON i.node_id = s.node_id AND i.sku = s.sku
WHERE s.condition = 'NEW' AND s.incoming <> coalesce(i.quantity, 0);

-- name: overkept    active soft reservations that hold more than is reserved
SELECT l.node_id, l.sku, sum(l.quantity) AS kept, coalesce(max(s.reserved), 0) AS reserved
FROM reservation_lines l JOIN reservations r ON r.reservation_id = l.reservation_id AND r.state = 'ACTIVE'
LEFT JOIN stock s ON s.node_id = l.node_id AND s.sku = l.sku AND s.condition = 'NEW'
GROUP BY 1, 2 HAVING sum(l.quantity) > coalesce(max(s.reserved), 0);

-- name: count_keys
SELECT count(*) FROM stock;
