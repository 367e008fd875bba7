-- Rows for two tenants: NULL in each nullable column now and then, quotes, control characters, equal sort values, 0 to 4 decimals.
CREATE FUNCTION pg_temp.id(kind text, t int, i bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT md5(kind || t || '-' || i)::uuid $$;
CREATE FUNCTION pg_temp.odd(i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT (ARRAY[E'Ana "A" Souza \\ é', E'tab\there\u0007\u001f /', '中文 %s :x', E'line\nbreak''s', '', 'plain'])[1 + (i % 6)::int] $$;

INSERT INTO tenants (tenant_id, code, name) SELECT t, 't' || t, 'Tenant ' || t FROM generate_series(1, 2) t;
INSERT INTO connections (tenant_id, connection_id, adapter, code, label, state, shadow, config, last_ok_at, last_error, created_at)
SELECT t, pg_temp.id('con', t, i), (ARRAY['shopify','x12','wms'])[i], 'acc' || t || i, pg_temp.odd(i), (ARRAY['ACTIVE','PAUSED','FAILING'])[i], i = 2,
  CASE i WHEN 1 THEN '{}' ELSE '{"ports": ["b", "a", "é\""], "transports": ["as2", "sftp"], "qualifier": "01"}'::jsonb END, CASE WHEN i > 1 THEN now() END, CASE WHEN i = 3 THEN pg_temp.odd(1) END, now()
FROM generate_series(1, 2) t, generate_series(1, 3) i;
INSERT INTO exchanges (tenant_id, exchange_id, connection_id, direction, sender, receiver, usage, control, content_sha256, at)
SELECT t, pg_temp.id('xch', t, i), pg_temp.id('con', t, 2), 'IN', 'A', 'B', 'T', '00000000' || i, '\x00', now() - i * interval '1 h' FROM generate_series(1, 2) t, generate_series(1, 3) i;
INSERT INTO nodes (tenant_id, node_id, code, name, kind, street, number, complement, city, region, postal_code, country, latitude, longitude, tax_id, wms_connection_id, timezone, cut_off, capacity_per_day, active)
SELECT t, pg_temp.id('loc', t, i), 'N' || i, pg_temp.odd(i), (ARRAY['WAREHOUSE','STORE','THIRD_PARTY','SUPPLIER'])[i], 'Rua ' || i, CASE WHEN i > 1 THEN '10' END, CASE WHEN i = 2 THEN pg_temp.odd(2) END, 'São Paulo', 'SP', '01310-100',
  'BR', CASE WHEN i < 3 THEN -23.5505 END, CASE WHEN i < 3 THEN -46.633300 END, '1234567800019' || i, CASE WHEN i = 1 THEN pg_temp.id('con', t, 3) END, 'America/Sao_Paulo', CASE WHEN i = 1 THEN '14:30'::time END, CASE WHEN i = 2 THEN 500 END, i < 4
FROM generate_series(1, 2) t, generate_series(1, 4) i;
INSERT INTO products (tenant_id, product_id, sku, title, gtin, ncm, origin, weight_g, length_mm)
SELECT t, pg_temp.id('prd', t, i), 'SKU-' || lpad(i::text, 3, '0'), pg_temp.odd(i), CASE WHEN i % 3 > 0 THEN '7891234567' || i END, CASE WHEN i % 4 > 0 THEN '61091000' END, CASE WHEN i % 2 = 0 THEN 0 END, CASE WHEN i % 3 = 0 THEN 250 END, CASE WHEN i % 5 = 0 THEN 10 END
FROM generate_series(1, 2) t, generate_series(1, 40) i;
INSERT INTO kit_components SELECT t, 'SKU-001', 'SKU-' || lpad(i::text, 3, '0'), i * 0.5 FROM generate_series(1, 2) t, generate_series(2, 4) i;
INSERT INTO parties (tenant_id, party_id, kind, name, email, phone, tax_id)
SELECT t, pg_temp.id('pty', t, i), (ARRAY['CUSTOMER','SUPPLIER','CARRIER'])[1 + i % 3], pg_temp.odd(i), CASE WHEN i % 2 = 0 THEN 'a@example.org' END, CASE WHEN i % 3 = 0 THEN '+5511' END, CASE WHEN i % 4 > 0 THEN '0000000000' || i END
FROM generate_series(1, 2) t, generate_series(1, 12) i;
INSERT INTO orders (tenant_id, order_id, number, channel, connection_id, external_id, revision, state, version, payment_state, return_state, open_holds, customer_id, customer_name, customer_tax_id, currency, goods_total, discount_total,
  shipping_total, tax_total, total, ship_name, ship_street, ship_number, ship_city, ship_region, ship_postal_code, ship_country, ship_phone, bill_to, note, placed_at, promised_by, promise_key, created_at, updated_at, correlation_id)
SELECT t, pg_temp.id('ord', t, i), 'N' || lpad(i::text, 6, '0'), (ARRAY['shopify','x12','o''neil" --'])[1 + i % 3], CASE WHEN i % 4 > 0 THEN pg_temp.id('con', t, 1 + i % 3) END, 'ext-' || i, '1',
  (ARRAY['DRAFT','APPROVED','PICKING','PACKED','DISPATCHED','IN_TRANSIT','DELIVERED','COMPLETED','CANCELLED'])[1 + i % 9], 1 + i % 4, (ARRAY['PENDING','PAID','REFUNDED'])[1 + i % 3], (ARRAY['NONE','PARTIAL'])[1 + i % 2], i % 3 % 2,
  CASE WHEN i % 5 > 0 THEN pg_temp.id('pty', t, 1 + i % 12) END, 'x', CASE WHEN i % 4 > 0 THEN '0000000000' || i % 7 END, 'BRL', 100, 0, 0.5, 19.99, round((i * 3.14159265)::numeric, i % 5), CASE WHEN i % 2 = 0 THEN pg_temp.odd(i) END, 'Rua ' || i,
  CASE WHEN i % 3 > 0 THEN i::text END, pg_temp.odd(i), 'SP', '01310-100', 'BR', CASE WHEN i % 6 = 0 THEN '+55' END, CASE i % 4 WHEN 0 THEN '{"country": "BR", "street": "Rua \"B\"", "city": "Rio"}'::jsonb WHEN 1 THEN '{"country": "US"}'::jsonb END,
  CASE WHEN i % 7 > 2 THEN pg_temp.odd(i) END, timestamptz '2026-11-01 12:00:00.000123Z' + (i / 2) * interval '1.000456 s', CASE WHEN i % 3 > 0 THEN timestamptz '2026-12-01Z' + (i % 10) * interval '1 day' END,
  CASE WHEN i % 3 > 0 THEN timestamptz '2026-12-01Z' + (i % 10) * interval '1 day' ELSE '9999-12-31Z' END, now(), timestamptz '2026-11-02Z' + (i % 20) * interval '1 min', pg_temp.id('cor', t, i / 2)
FROM generate_series(1, 2) t, generate_series(1, 150) i;
INSERT INTO order_lines (tenant_id, line_id, order_id, line_no, external_id, sku, product_id, title, kit_parent, currency, unit_price, discount, tax, total, ordered, cancelled, reserved, picked)
SELECT t, pg_temp.id('oln', t, i * 10 + n), pg_temp.id('ord', t, i), n, n::text, 'SKU-' || lpad((1 + (i + n) % 45)::text, 3, '0'), CASE WHEN (i + n) % 45 < 40 THEN pg_temp.id('prd', t, 1 + (i + n) % 45) END, pg_temp.odd(i + n),
  CASE WHEN n = 3 THEN pg_temp.id('oln', t, i * 10 + 1) END, 'BRL', 19.9, 0, 1.2345, 10, n * 1.5, 0, 1, 0.25 FROM generate_series(1, 2) t, generate_series(1, 150) i, generate_series(1, 3) n;
INSERT INTO order_holds (tenant_id, hold_id, order_id, kind, reason, placed_by, placed_at, released_by, released_at)
SELECT t, pg_temp.id('hld', t, i), pg_temp.id('ord', t, i), (ARRAY['FRAUD','CATALOG','MANUAL'])[1 + i % 3], pg_temp.odd(i), 'ana', now() - i * interval '1 s', CASE WHEN i % 2 = 0 THEN 'bob' END, CASE WHEN i % 2 = 0 THEN now() END
FROM generate_series(1, 2) t, generate_series(1, 60) i;
INSERT INTO order_tags SELECT t, pg_temp.id('ord', t, i), tag FROM generate_series(1, 2) t, generate_series(1, 50) i, unnest(ARRAY['vip', E'q"\\', 'é']) tag;
INSERT INTO route_decisions (tenant_id, decision_id, order_id, at, mode, rules, rules_version, candidates, chosen)
SELECT t, pg_temp.id('rte', t, i), pg_temp.id('ord', t, i), now() - i * interval '1 s', (ARRAY['LIVE','SHADOW','SIMULATED'])[1 + i % 3], 'r', 'abc',
  jsonb_build_array(jsonb_build_object('node_id', replace(pg_temp.id('loc', t, 1)::text, '-', ''), 'feasible', true, 'reason', pg_temp.odd(i), 'score', '1.500', 'cost', '12.3', 'currency', 'BRL', 'days', 2, 'co2e_g', 12.6),
    jsonb_build_object('node_id', pg_temp.id('loc', t, 2), 'feasible', false, 'excluded_by', 'capacity')),
  jsonb_build_array(jsonb_build_object('node_id', pg_temp.id('loc', t, 1), 'line_id', 'x', 'sku', 'SKU-001', 'quantity', '2.0'))
FROM generate_series(1, 2) t, generate_series(1, 60) i;
INSERT INTO fulfillments (tenant_id, fulfillment_id, order_id, position, node_id, decision_id, method, previous_state, state, ship_by, wms_reference, pickup_code, dispatch_requested_at, created_at, updated_at)
SELECT t, pg_temp.id('ful', t, i * 2 + n), pg_temp.id('ord', t, i), n, pg_temp.id('loc', t, 1 + i % 4), CASE WHEN i < 60 THEN pg_temp.id('rte', t, i) END, (ARRAY['SHIP','PICKUP'])[1 + i % 2], 'DRAFT', (ARRAY['APPROVED','CANCELLED'])[1 + i % 2],
  timestamptz '2026-12-01Z' + (i % 5) * interval '1 h', CASE WHEN i % 2 = 0 THEN 'W' || i END, CASE WHEN i % 3 = 0 THEN '1234' END, CASE WHEN i % 4 = 0 THEN now() END, timestamptz '2026-11-01Z' + (i % 9) * interval '1 s', now()
FROM generate_series(1, 2) t, generate_series(1, 100) i, generate_series(0, 1) n;
INSERT INTO fulfillment_lines (tenant_id, fulfillment_id, line_id, line_no, sku, assigned, picked)
SELECT t, pg_temp.id('ful', t, i * 2), pg_temp.id('oln', t, i * 10 + n), n, 'SKU-001', n, 0.125 FROM generate_series(1, 2) t, generate_series(1, 100) i, generate_series(1, 3) n;
INSERT INTO shipments (tenant_id, shipment_id, fulfillment_id, order_id, carrier, service, tracking_number, tracking_url, dispatched_at, cost, currency, co2e_g)
SELECT t, pg_temp.id('shp', t, i), pg_temp.id('ful', t, i * 2), pg_temp.id('ord', t, i), 'C"', CASE WHEN i % 2 = 0 THEN 'EX' END, CASE WHEN i % 3 > 0 THEN 'BR' || i END, CASE WHEN i % 4 = 0 THEN 'https://t/' || i END, CASE WHEN i % 5 > 0 THEN now() END, CASE WHEN i % 2 = 1 THEN 12.3456 END, 'BRL', CASE WHEN i % 3 = 1 THEN i END
FROM generate_series(1, 2) t, generate_series(1, 50) i;
INSERT INTO packages (tenant_id, package_id, shipment_id, position, sscc, weight_g) SELECT t, pg_temp.id('pkg', t, i * 3 + n), pg_temp.id('shp', t, i), n, CASE WHEN n = 0 THEN '003' || i END, CASE WHEN n = 1 THEN 500 END FROM generate_series(1, 2) t, generate_series(1, 50) i, generate_series(0, 1) n;
INSERT INTO tracking_events SELECT t, pg_temp.id('shp', t, i), timestamptz '2026-11-03Z' + n * interval '1 h', 'DEP', CASE WHEN n = 1 THEN pg_temp.odd(i) END, CASE WHEN n = 0 THEN 'Cajamar' END FROM generate_series(1, 2) t, generate_series(1, 50) i, generate_series(0, 1) n;
INSERT INTO stock (tenant_id, stock_id, node_id, sku, condition, on_hand, reserved, safety, incoming, updated_at)
SELECT t, pg_temp.id('stk', t, i * 10 + n), pg_temp.id('loc', t, n), 'SKU-' || lpad(i::text, 3, '0'), CASE WHEN n = 3 THEN 'B_GRADE' ELSE 'NEW' END, 10.5 + i, 3, i % 15, 0.25, timestamptz '2026-11-02Z' + (i % 4) * interval '1 s'
FROM generate_series(1, 2) t, generate_series(1, 40) i, generate_series(1, 3) n;
INSERT INTO stock_movements SELECT t, pg_temp.id('mov', t, i), timestamptz '2026-11-05Z' + (i % 30) * interval '1 s', pg_temp.id('loc', t, 1 + i % 3), 'SKU-' || lpad((1 + i % 40)::text, 3, '0'), 'NEW', i * 0.5, -1, 'ADJUSTMENT', CASE WHEN i % 2 = 0 THEN pg_temp.id('ord', t, i) END, pg_temp.id('evt', t, i)
FROM generate_series(1, 2) t, generate_series(1, 80) i;
INSERT INTO reservations SELECT t, pg_temp.id('rsv', t, i), 'cart-' || i, 'ACTIVE', now(), now() + interval '1 h' FROM generate_series(1, 2) t, generate_series(1, 3) i;
INSERT INTO reservation_lines SELECT t, pg_temp.id('rsv', t, i), pg_temp.id('loc', t, 1), 'SKU-001', 2 FROM generate_series(1, 2) t, generate_series(1, 3) i;
INSERT INTO fiscal_documents (tenant_id, fiscal_document_id, kind, state, environment, issuer_tax_id, node_id, connection_id, model, series, number, random_code, access_key, protocol, authority_code, authority_message, contingency, order_id, fulfillment_id, issued_at, authorized_at, total, invoice, signed_xml, created_at, updated_at)
SELECT t, pg_temp.id('fis', t, i), 'NFE', (ARRAY['PENDING','AUTHORIZED','REJECTED','VOID_PENDING'])[1 + i % 4], 2, '123', pg_temp.id('loc', t, 1), pg_temp.id('con', t, 1), 55, 1, i, '00000001', CASE WHEN i % 3 > 0 THEN lpad(i::text, 44, '0') END, CASE WHEN i % 4 = 1 THEN 'P' || i END,
  CASE WHEN i % 2 = 0 THEN '100' END, CASE WHEN i % 2 = 0 THEN pg_temp.odd(i) END, i % 2 = 0, CASE WHEN i % 7 > 0 THEN pg_temp.id('ord', t, i) END, CASE WHEN i % 5 > 0 THEN pg_temp.id('ful', t, i * 2) END, timestamptz '2026-11-03Z' + (i % 25) * interval '1 s', CASE WHEN i % 4 = 1 THEN now() END, 99.9, '{}', CASE WHEN i % 2 = 1 THEN '\x3c'::bytea END, now(), now()
FROM generate_series(1, 2) t, generate_series(1, 60) i;
INSERT INTO incidents (tenant_id, incident_id, kind, severity, state, summary, dedupe_key, opened_at, deadline, deadline_key, owner, order_id, subject_kind, subject_id, money_at_risk, currency, playbook, steps, resolution, resolved_at, correlation_id)
SELECT t, pg_temp.id('inc', t, i), (ARRAY['unmapped','late'])[1 + i % 2], (ARRAY['LOW','MEDIUM','HIGH','CRITICAL'])[1 + i % 4], CASE WHEN i % 3 = 0 THEN 'RESOLVED' ELSE 'OPEN' END, pg_temp.odd(i), i::text, timestamptz '2026-11-04Z' + (i % 10) * interval '1 s', CASE WHEN i % 2 = 0 THEN timestamptz '2026-11-05Z' END,
  CASE WHEN i % 2 = 0 THEN timestamptz '2026-11-05Z' ELSE '9999-12-31Z' END, CASE WHEN i % 4 = 0 THEN 'ana' END, CASE WHEN i % 3 > 0 THEN pg_temp.id('ord', t, i) END, (ARRAY['order','weird'])[1 + i % 2], CASE WHEN i % 5 > 0 THEN pg_temp.id('ord', t, i) END, CASE WHEN i % 3 = 1 THEN 10.123 END, 'BRL', 'p',
  CASE WHEN i % 2 = 0 THEN '[{"key": "a", "title": "A \"x\"", "automatic": true, "state": "DONE", "done_by": "hub", "done_at": "2026-11-01T10:00:00.5Z", "result": "ok"}, {"key": "b"}]'::jsonb ELSE '[]' END, CASE WHEN i % 3 = 0 THEN 'done' END, CASE WHEN i % 3 = 0 THEN now() END, pg_temp.id('cor', t, i)
FROM generate_series(1, 2) t, generate_series(1, 40) i;
INSERT INTO business_events (tenant_id, event_id, type, subject_kind, subject_id, subject_version, correlation_id, causation_id, actor, at, data, hash)
SELECT t, pg_temp.id('evt', t, i), (ARRAY['order.placed','order.approved','fulfillment.dispatched'])[1 + i % 3], (ARRAY['order','fulfillment','thing'])[1 + i % 3], pg_temp.id(CASE WHEN i % 3 = 0 THEN 'ord' ELSE 'ful' END, t, 1 + i % 20), i, pg_temp.id('cor', t, i / 4), CASE WHEN i % 2 = 0 THEN pg_temp.id('evt', t, i - 1) END,
  pg_temp.odd(i), now() + i * interval '1 ms', jsonb_build_object('z', i, 'a', jsonb_build_array(1.50, pg_temp.odd(i), NULL)), '\x00' FROM generate_series(1, 2) t, generate_series(1, 120) i;
INSERT INTO outbox (tenant_id, delivery_id, destination, ordering_key, kind, subject_kind, subject_id, payload, correlation_id, causation_id, created_at, state, lease_until, owner, attempts, last_error, last_status, fingerprint)
SELECT t, pg_temp.id('dlv', t, i), replace(pg_temp.id('con', t, 1 + i % 3)::text, '-', '') || ':outbound', CASE WHEN i % 2 = 0 THEN 'k' || i END, 'RequestPick', 'order', pg_temp.id('ord', t, i), jsonb_build_object('b', pg_temp.odd(i), 'a', 1.10), pg_temp.id('cor', t, i / 3), pg_temp.id('evt', t, i), timestamptz '2026-11-06Z' + (i % 7) * interval '1 s',
  (ARRAY[0, 1, 3])[1 + i % 3], CASE WHEN i % 3 = 1 THEN now() END, CASE WHEN i % 3 = 1 THEN pg_temp.id('own', t, i) END, i % 9, CASE WHEN i % 3 = 2 THEN pg_temp.odd(i) END, CASE WHEN i % 3 = 2 THEN 503 END, CASE WHEN i % 3 = 2 THEN 'f1' END
FROM generate_series(1, 2) t, generate_series(1, 30) i;
INSERT INTO outbox_done (tenant_id, seq, delivery_id, destination, kind, subject_kind, subject_id, payload, correlation_id, causation_id, created_at, attempts, outcome, done_at)
SELECT t, i, pg_temp.id('dln', t, i), replace(pg_temp.id('con', t, 2)::text, '-', '') || ':outbound', 'ConfirmShipment', 'order', pg_temp.id('ord', t, i), '[]', pg_temp.id('cor', t, i / 3), pg_temp.id('evt', t, i), timestamptz '2026-11-06Z' + (i % 7) * interval '1 s', 1, (ARRAY['DONE','IGNORED'])[1 + i % 2], now() FROM generate_series(1, 2) t, generate_series(1, 30) i;
INSERT INTO inbox (tenant_id, message_id, connection_id, topic, external_id, dedupe_key, body, correlation_id, received_at, state, lease_until, owner, attempts, last_error, problems)
SELECT t, pg_temp.id('msg', t, i), pg_temp.id('con', t, 1 + i % 3), 'orders/create', CASE WHEN i % 2 = 0 THEN 'ext-' || i END, i::text, CASE i % 4 WHEN 0 THEN convert_to('{"b": 1.50, "a": "é\u0001"}', 'UTF8') WHEN 1 THEN convert_to('ISA*00*"x"\~' || E'\n', 'UTF8') WHEN 2 THEN '\xff00fe'::bytea ELSE ''::bytea END, pg_temp.id('cor', t, i / 3),
  timestamptz '2026-11-06Z' + (i % 7) * interval '1 s', (ARRAY[0, 1, 3])[1 + i % 3], CASE WHEN i % 3 = 1 THEN now() END, CASE WHEN i % 3 = 1 THEN pg_temp.id('own', t, i) END, i % 9, CASE WHEN i % 3 = 2 THEN pg_temp.odd(i) END, CASE WHEN i % 3 = 2 THEN '[{"code": "UNMAPPED", "message": "m \"q\"", "at": "$.a", "line": 3}, {"value": "x"}]'::jsonb ELSE '[]' END
FROM generate_series(1, 2) t, generate_series(1, 30) i;
INSERT INTO inbox_done (tenant_id, seq, message_id, connection_id, topic, dedupe_key, body, correlation_id, received_at, outcome, done_at)
SELECT t, i, pg_temp.id('msn', t, i), pg_temp.id('con', t, 2), 'x12', 'd' || i, '{}', pg_temp.id('cor', t, i / 3), timestamptz '2026-11-06Z' + (i % 7) * interval '1 s', (ARRAY['DONE','IGNORED'])[1 + i % 2], now() FROM generate_series(1, 2) t, generate_series(1, 30) i;
INSERT INTO order_amendments (tenant_id, amendment_id, order_id, state, reason, asked_by, asked_at, asked, changes, total_before, total_after, currency) SELECT t, pg_temp.id('amd', t, i), pg_temp.id('ord', t, i), 'APPLIED', pg_temp.odd(i), 'ana', now(), '{}', '[{"kind": "QUANTITY", "sku": "SKU-001", "before": "1", "after": "2"}]', 10, 20.5, 'BRL' FROM generate_series(1, 2) t, generate_series(1, 10) i;
INSERT INTO order_approvals (tenant_id, order_id, position, role, total_at_least) SELECT t, pg_temp.id('ord', t, i), 1, 'ADMIN', 1000 FROM generate_series(1, 2) t, generate_series(1, 10) i;
INSERT INTO saved_searches (tenant_id, search_id, owner, name, about, query, created_at, updated_at) SELECT t, pg_temp.id('sea', t, i), 'ana', 's' || i, 'orders', '{}', now(), now() FROM generate_series(1, 2) t, generate_series(1, 5) i;
ANALYZE;
