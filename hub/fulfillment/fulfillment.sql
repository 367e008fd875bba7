-- name: plan
WITH f AS (
  INSERT INTO fulfillments (fulfillment_id, order_id, node_id, decision_id, method, ship_by, carrier, service, position, created_at, updated_at)
  SELECT u.fulfillment_id, u.order_id, u.node_id, u.decision_id, u.method, u.ship_by, u.carrier, u.service,
         u.place + coalesce((SELECT max(x.position) FROM fulfillments x WHERE x.order_id = u.order_id), 0), $10, $10
  FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[], $7::text[], $8::text[], $9::int[])
    AS u(fulfillment_id, order_id, node_id, decision_id, method, ship_by, carrier, service, place)
)
INSERT INTO fulfillment_lines (fulfillment_id, line_id, line_no, sku, assigned)
SELECT * FROM unnest($11::uuid[], $12::uuid[], $13::int[], $14::text[], $15::numeric[]);

-- name: lock
SELECT f.fulfillment_id, f.order_id, f.node_id, f.state, f.version, f.wms_reference, f.wms_sequence, f.dispatch_requested_at, f.dispatch, f.cancel_requested_at,
       f.cancel_kind, f.carrier, f.service, f.position, f.ship_by, f.method, f.bundle_id, f.noted_with
FROM fulfillments f WHERE f.fulfillment_id = ANY ($1::uuid[]) ORDER BY f.fulfillment_id FOR UPDATE;

-- name: lines
SELECT fulfillment_id, line_id, line_no, sku, assigned, short, picked, packed, shipped, delivered
FROM fulfillment_lines WHERE fulfillment_id = ANY ($1::uuid[]) ORDER BY fulfillment_id, line_no;

-- name: move
UPDATE fulfillments f SET previous_state = u.old, state = u.new, version = f.version + 1, updated_at = $4
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u(fulfillment_id, old, new) WHERE f.fulfillment_id = u.fulfillment_id;

-- name: note        what a WMS said beside the state
UPDATE fulfillments f SET wms_reference = coalesce(u.reference, f.wms_reference), wms_sequence = greatest(f.wms_sequence, u.sequence), dispatch = coalesce(u.dispatch, f.dispatch),
       version = f.version + 1, updated_at = $5
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::jsonb[]) AS u(fulfillment_id, reference, sequence, dispatch) WHERE f.fulfillment_id = u.fulfillment_id;

-- name: count
UPDATE fulfillment_lines l SET short = l.short + u.short, picked = l.picked + u.picked, packed = l.packed + u.packed, shipped = l.shipped + u.shipped, delivered = l.delivered + u.delivered
FROM unnest($1::uuid[], $2::uuid[], $3::numeric[], $4::numeric[], $5::numeric[], $6::numeric[], $7::numeric[]) AS u(fulfillment_id, line_id, short, picked, packed, shipped, delivered)
WHERE l.fulfillment_id = u.fulfillment_id AND l.line_id = u.line_id;

-- name: ask_dispatch
UPDATE fulfillments f SET dispatch_requested_at = $3, dispatch = u.dispatch, version = f.version + 1, updated_at = $3
FROM unnest($1::uuid[], $2::jsonb[]) AS u(fulfillment_id, dispatch) WHERE f.fulfillment_id = u.fulfillment_id;

-- name: undo_dispatch
UPDATE fulfillments SET dispatch_requested_at = NULL, version = version + 1, updated_at = $2 WHERE fulfillment_id = ANY ($1::uuid[]);

-- name: ship
WITH s AS (
  INSERT INTO shipments (shipment_id, fulfillment_id, order_id, carrier, service, tracking_number, dispatched_at)
  SELECT u.*, $7 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[]) AS u(shipment_id, fulfillment_id, order_id, carrier, service, tracking)
)
INSERT INTO packages (package_id, shipment_id, position, sscc, weight_g, length_mm, width_mm, height_mm, content)
SELECT u.a, u.b, u.c, u.d, u.e, u.f, u.g, u.h, u.i -> 'lines'
FROM unnest($8::uuid[], $9::uuid[], $10::int[], $11::text[], $12::int[], $13::int[], $14::int[], $15::int[], $16::jsonb[]) AS u(a, b, c, d, e, f, g, h, i);

-- name: by_tracking
SELECT s.shipment_id, s.fulfillment_id, s.order_id, s.tracking_number, s.status FROM shipments s WHERE s.tracking_number = ANY ($1::text[]);

-- name: tracked
WITH e AS (
  INSERT INTO tracking_events (shipment_id, at, code, description, place)
  SELECT u.shipment_id, u.at, u.code, u.status, u.place FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[]) AS u(shipment_id, at, code, status, place)
  ON CONFLICT DO NOTHING RETURNING shipment_id
)
SELECT DISTINCT shipment_id FROM e;

-- name: shipment_status   never back from DELIVERED
UPDATE shipments s SET status = u.status, delivered_at = CASE WHEN u.status = 'DELIVERED' THEN u.at ELSE s.delivered_at END
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS u(shipment_id, status, at) WHERE s.shipment_id = u.shipment_id AND s.status <> 'DELIVERED';

-- name: ask_cancel
UPDATE fulfillments f SET cancel_requested_at = coalesce(f.cancel_requested_at, $3), cancel_kind = $2, version = f.version + 1, updated_at = $3
WHERE f.fulfillment_id = ANY ($1::uuid[]);

-- name: cancel_refused
UPDATE fulfillments SET cancel_requested_at = NULL, cancel_kind = NULL, version = version + 1, updated_at = $2 WHERE fulfillment_id = ANY ($1::uuid[]);

-- name: states      of all fulfillments of these orders
SELECT order_id, fulfillment_id, state, node_id, cancel_requested_at, dispatch_requested_at, method FROM fulfillments WHERE order_id = ANY ($1::uuid[]) ORDER BY order_id, position;

-- name: work      live units of these orders by fulfillment and line, in position order
SELECT f.order_id, f.fulfillment_id, f.state, f.node_id, f.cancel_requested_at, f.ship_by, l.line_id, l.sku, l.assigned - l.short AS units
FROM fulfillments f JOIN fulfillment_lines l USING (tenant_id, fulfillment_id)
WHERE f.order_id = ANY ($1::uuid[]) AND f.state <> 'CANCELLED' ORDER BY f.order_id, f.position, l.line_no;

-- name: bearers     fulfillment -> the one whose note is its note, for those that share one
SELECT fulfillment_id, noted_with FROM fulfillments WHERE fulfillment_id = ANY ($1::uuid[]) AND noted_with IS NOT NULL;

-- name: borne       those whose note is the note of these
SELECT fulfillment_id, order_id, noted_with FROM fulfillments WHERE noted_with = ANY ($1::uuid[]) ORDER BY fulfillment_id;

-- name: share_notes
UPDATE fulfillments f SET noted_with = u.bearer, version = f.version + 1, updated_at = $3
FROM unnest($1::uuid[], $2::uuid[]) AS u(fulfillment_id, bearer) WHERE f.fulfillment_id = u.fulfillment_id AND f.noted_with IS DISTINCT FROM u.bearer;

-- name: waiting_at_the_door   of these, packed, asked to leave, not asked to stop
SELECT fulfillment_id, order_id, node_id FROM fulfillments
WHERE fulfillment_id = ANY ($1::uuid[]) AND state = 'PACKED' AND dispatch_requested_at IS NOT NULL AND cancel_requested_at IS NULL ORDER BY fulfillment_id;

-- name: at_the_door   packed, asked to leave, not gone
SELECT fulfillment_id, order_id, node_id, cancel_requested_at FROM fulfillments
WHERE order_id = ANY ($1::uuid[]) AND state = 'PACKED' AND dispatch_requested_at IS NOT NULL ORDER BY fulfillment_id;

-- name: ask_again       packed, refused at the door before: they ask to leave again, with what they carried then
UPDATE fulfillments SET dispatch_requested_at = $2, version = version + 1, updated_at = $2
WHERE order_id = ANY ($1::uuid[]) AND state = 'PACKED' AND dispatch_requested_at IS NULL AND cancel_requested_at IS NULL AND dispatch ? 'carrier'
RETURNING fulfillment_id, order_id, node_id, dispatch;

-- name: handed_over     fulfillments that left over the counter
SELECT fulfillment_id, order_id, node_id FROM fulfillments
WHERE order_id = ANY ($1::uuid[]) AND method = 'PICKUP' AND state IN ('DELIVERED', 'COMPLETED') AND dispatch IS NULL ORDER BY fulfillment_id;

-- name: hand_over     fulfillments that are over when we hear of them: the goods left with the customer
WITH f AS (
  INSERT INTO fulfillments (fulfillment_id, order_id, node_id, method, ship_by, position, previous_state, state, created_at, updated_at)
  SELECT u.fulfillment_id, u.order_id, u.node_id, 'PICKUP', $4, 1, 'IN_TRANSIT', 'DELIVERED', $4, $4 FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS u(fulfillment_id, order_id, node_id)
)
INSERT INTO fulfillment_lines (fulfillment_id, line_id, line_no, sku, assigned, picked, packed, shipped, delivered)
SELECT u.f, u.l, u.n, u.s, u.q, u.q, u.q, u.q, u.q FROM unnest($5::uuid[], $6::uuid[], $7::int[], $8::text[], $9::numeric[]) AS u(f, l, n, s, q);

-- name: give_codes
UPDATE fulfillments f SET pickup_code = u.code, version = f.version + 1, updated_at = $3 FROM unnest($1::uuid[], $2::text[]) AS u(fulfillment_id, code)
WHERE f.fulfillment_id = u.fulfillment_id AND f.pickup_code IS NULL RETURNING f.fulfillment_id;

-- name: pickup_codes
SELECT fulfillment_id, pickup_code FROM fulfillments WHERE fulfillment_id = ANY ($1::uuid[]) AND pickup_code IS NOT NULL;

-- name: join_bundles
UPDATE fulfillments SET bundle_id = $2, version = version + 1 WHERE bundle_id = ANY ($1::uuid[]) AND bundle_id <> $2;

-- name: set_bundle
UPDATE fulfillments SET bundle_id = $2, version = version + 1, updated_at = $3 WHERE fulfillment_id = ANY ($1::uuid[]);

-- name: bundle_members
SELECT fulfillment_id, order_id, node_id, state, bundle_id FROM fulfillments WHERE bundle_id = ANY ($1::uuid[]) ORDER BY fulfillment_id FOR UPDATE;

-- name: companions
SELECT o.fulfillment_id, o.order_id, o.node_id, o.state, o.bundle_id, o.dispatch_requested_at, o.cancel_requested_at FROM fulfillments o
WHERE o.state <> 'CANCELLED' AND o.bundle_id IN (SELECT f.bundle_id FROM fulfillments f WHERE f.fulfillment_id = ANY ($1::uuid[]) AND f.bundle_id IS NOT NULL)
ORDER BY o.fulfillment_id;

-- name: take_away   units that another fulfillment takes over; a line of which none is left goes
WITH d AS (SELECT * FROM unnest($2::uuid[], $3::numeric[]) AS u(line_id, units)),
gone AS (DELETE FROM fulfillment_lines l USING d WHERE l.fulfillment_id = $1 AND l.line_id = d.line_id AND l.assigned = d.units)
UPDATE fulfillment_lines l SET assigned = l.assigned - d.units FROM d WHERE l.fulfillment_id = $1 AND l.line_id = d.line_id AND l.assigned > d.units;

-- name: shipments_of
SELECT s.shipment_id, s.fulfillment_id, s.order_id, s.carrier, s.service, s.tracking_number, s.tracking_url, s.dispatched_at FROM shipments s WHERE s.fulfillment_id = ANY ($1::uuid[]) ORDER BY s.shipment_id;

-- name: packages_of
SELECT p.shipment_id, p.position, p.sscc, p.weight_g, p.length_mm, p.width_mm, p.height_mm, p.content FROM packages p WHERE p.shipment_id = ANY ($1::uuid[]) ORDER BY p.shipment_id, p.position;
