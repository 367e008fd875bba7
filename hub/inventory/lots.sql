-- name: any_lot
SELECT EXISTS (SELECT 1 FROM stock_lots);

-- name: free_lots    of these keys that are not expired, first expired first, locked; the stock rows are locked before
SELECT l.node_id, l.sku, l.lot, l.on_hand - l.claimed AS free
FROM stock_lots l JOIN unnest($1::uuid[], $2::text[]) AS k(node_id, sku) ON l.node_id = k.node_id AND l.sku = k.sku
WHERE l.condition = 'NEW' AND l.on_hand > l.claimed AND (l.expires_on IS NULL OR l.expires_on >= $3)
ORDER BY l.node_id, l.sku, l.expires_on NULLS LAST, l.lot FOR UPDATE OF l;

-- name: lots_of      of these keys, first expired first, locked
SELECT l.node_id, l.sku, l.condition, l.lot, l.on_hand, l.claimed, l.expires_on
FROM stock_lots l JOIN unnest($1::uuid[], $2::text[], $3::text[]) AS k(node_id, sku, condition)
  ON l.node_id = k.node_id AND l.sku = k.sku AND l.condition = k.condition
ORDER BY l.node_id, l.sku, l.condition, l.expires_on NULLS LAST, l.lot FOR UPDATE OF l;

-- name: claims_on    the lots of these keys
SELECT c.owner_id, c.node_id, c.sku, c.lot, c.quantity
FROM lot_claims c JOIN unnest($1::uuid[], $2::text[]) AS k(node_id, sku) ON c.node_id = k.node_id AND c.sku = k.sku;

-- name: claims_of    these owners, first expired first
SELECT c.owner_id, c.node_id, c.sku, c.lot, c.quantity
FROM lot_claims c JOIN stock_lots l ON l.node_id = c.node_id AND l.sku = c.sku AND l.condition = 'NEW' AND l.lot = c.lot
WHERE c.owner_id = ANY ($1::uuid[]) ORDER BY c.owner_id, c.node_id, c.sku, l.expires_on NULLS LAST, c.lot;

-- name: claim        grow or shrink; one that comes to nothing is gone
WITH d AS (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::numeric[]) AS d(owner_id, node_id, sku, lot, units)),
changed AS (
  UPDATE lot_claims c SET quantity = c.quantity + d.units FROM d
  WHERE c.owner_id = d.owner_id AND c.node_id = d.node_id AND c.sku = d.sku AND c.lot = d.lot AND c.quantity + d.units > 0
),
gone AS (
  DELETE FROM lot_claims c USING d
  WHERE c.owner_id = d.owner_id AND c.node_id = d.node_id AND c.sku = d.sku AND c.lot = d.lot AND c.quantity + d.units <= 0
)
INSERT INTO lot_claims (owner_id, node_id, sku, lot, quantity)
SELECT d.owner_id, d.node_id, d.sku, d.lot, d.units FROM d WHERE d.units > 0
  AND NOT EXISTS (SELECT 1 FROM lot_claims c WHERE c.owner_id = d.owner_id AND c.node_id = d.node_id AND c.sku = d.sku AND c.lot = d.lot);

-- name: count_claims
UPDATE stock_lots l SET claimed = l.claimed + d.units
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::numeric[]) AS d(node_id, sku, lot, units)
WHERE l.node_id = d.node_id AND l.sku = d.sku AND l.condition = 'NEW' AND l.lot = d.lot;

-- name: put_lots     by deltas; an emptied lot keeps its row, because movements speak of it
WITH d AS (
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::numeric[], $6::date[]) AS d(node_id, sku, condition, lot, units, expires_on)
),
changed AS (
  UPDATE stock_lots l SET on_hand = l.on_hand + d.units, expires_on = coalesce(d.expires_on, l.expires_on) FROM d
  WHERE l.node_id = d.node_id AND l.sku = d.sku AND l.condition = d.condition AND l.lot = d.lot
)
INSERT INTO stock_lots (node_id, sku, condition, lot, on_hand, expires_on)
SELECT d.node_id, d.sku, d.condition, d.lot, d.units, d.expires_on FROM d
WHERE NOT EXISTS (SELECT 1 FROM stock_lots l WHERE l.node_id = d.node_id AND l.sku = d.sku AND l.condition = d.condition AND l.lot = d.lot);

-- name: astray       lots that their movements, their stock or their claims do not sum to
SELECT coalesce(l.node_id, m.node_id) AS node_id, coalesce(l.sku, m.sku) AS sku, coalesce(l.lot, m.lot) AS lot,
       coalesce(l.on_hand, 0) AS on_hand, coalesce(m.moved, 0) AS moved, coalesce(l.claimed, 0) AS claimed, coalesce(c.units, 0) AS chosen
FROM stock_lots l
FULL JOIN (SELECT node_id, sku, condition, lot, sum(on_hand_delta) AS moved FROM stock_movements WHERE lot IS NOT NULL GROUP BY 1, 2, 3, 4) m
  ON m.node_id = l.node_id AND m.sku = l.sku AND m.condition = l.condition AND m.lot = l.lot
LEFT JOIN (SELECT node_id, sku, lot, sum(quantity) AS units FROM lot_claims GROUP BY 1, 2, 3) c
  ON c.node_id = l.node_id AND c.sku = l.sku AND c.lot = l.lot AND l.condition = 'NEW'
WHERE coalesce(l.on_hand, 0) <> coalesce(m.moved, 0) OR coalesce(l.claimed, 0) <> coalesce(c.units, 0);

-- name: unshelved    stock that says another number of units in lots than its lots
SELECT s.node_id, s.sku, s.condition, s.in_lots, coalesce(l.units, 0) AS units
FROM stock s LEFT JOIN (SELECT node_id, sku, condition, sum(on_hand) AS units FROM stock_lots GROUP BY 1, 2, 3) l
  ON l.node_id = s.node_id AND l.sku = s.sku AND l.condition = s.condition
WHERE s.in_lots <> coalesce(l.units, 0);
