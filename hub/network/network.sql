-- name: nodes
SELECT node_id, code, name, kind, street, number, complement, district, city, region, postal_code, country, municipality_code, phone, timezone, cut_off, work_days, closed_on,
       capacity_per_day, open_fulfillments, active, legal_name, tax_id, state_registration, tax_regime, fiscal_series, fiscal_connection_id, wms_connection_id
FROM nodes ORDER BY code;

-- name: lanes
SELECT node_id, carrier, service, country, region, cost, cost_per_kg, currency, days, co2e_g, max_weight_g, valid_until
FROM lanes ORDER BY node_id, cost, carrier, service;

-- name: put_node
INSERT INTO nodes (node_id, code, name, kind, street, number, complement, district, city, region, postal_code, country, municipality_code, phone, timezone, cut_off, work_days,
                   capacity_per_day, active, legal_name, tax_id, state_registration, tax_regime, fiscal_series, fiscal_connection_id, wms_connection_id, updated_at, closed_on)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)
ON CONFLICT (tenant_id, code) DO UPDATE SET name = EXCLUDED.name, kind = EXCLUDED.kind, street = EXCLUDED.street, number = EXCLUDED.number, complement = EXCLUDED.complement,
  district = EXCLUDED.district, city = EXCLUDED.city, region = EXCLUDED.region, postal_code = EXCLUDED.postal_code, country = EXCLUDED.country,
  municipality_code = EXCLUDED.municipality_code, phone = EXCLUDED.phone, timezone = EXCLUDED.timezone, cut_off = EXCLUDED.cut_off, work_days = EXCLUDED.work_days, closed_on = EXCLUDED.closed_on,
  capacity_per_day = EXCLUDED.capacity_per_day, active = EXCLUDED.active, legal_name = EXCLUDED.legal_name, tax_id = EXCLUDED.tax_id,
  state_registration = EXCLUDED.state_registration, tax_regime = EXCLUDED.tax_regime, fiscal_series = EXCLUDED.fiscal_series,
  fiscal_connection_id = EXCLUDED.fiscal_connection_id, wms_connection_id = EXCLUDED.wms_connection_id, updated_at = EXCLUDED.updated_at
RETURNING node_id;

-- name: put_lane
INSERT INTO lanes (lane_id, node_id, carrier, service, country, region, cost, cost_per_kg, currency, days, co2e_g, max_weight_g, valid_until, live)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (tenant_id, node_id, country, region, carrier, service, live) DO UPDATE SET cost = EXCLUDED.cost, cost_per_kg = EXCLUDED.cost_per_kg,
  currency = EXCLUDED.currency, days = EXCLUDED.days, co2e_g = EXCLUDED.co2e_g, max_weight_g = EXCLUDED.max_weight_g, valid_until = EXCLUDED.valid_until;

-- name: load_change   open work per node, taken in node order
UPDATE nodes n SET open_fulfillments = greatest(0, n.open_fulfillments + d.delta)
FROM unnest($1::uuid[], $2::int[]) AS d(node_id, delta) WHERE n.node_id = d.node_id;
