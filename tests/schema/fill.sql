-- Rows for two tenants: NULL in each nullable column now and then, quotes, control characters, equal sort values, 0 to 4 decimals.
CREATE FUNCTION pg_temp.id(kind text, t int, i bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT md5(kind || t || '-' || i)::uuid $$;
CREATE FUNCTION pg_temp.odd(i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT (ARRAY[E'Ana "A" Souza \\ é', E'tab\there\u0007\u001f /', '中文 %s :x', E'line\nbreak''s', '', 'plain'])[1 + (i % 6)::int] $$;

INSERT INTO tenants (tenant_id, code, name) SELECT t, 't' || t, 'Tenant ' || t FROM generate_series(1, 2) t;
INSERT INTO connections (tenant_id, connection_id, adapter, code, label, state, shadow, config, last_ok_at, last_error, created_at)
SELECT t, pg_temp.id('con', t, i), (ARRAY['shopify','x12','wms'])[i], 'acc' || t || i, pg_temp.odd(i), (ARRAY['ACTIVE','PAUSED','FAILING'])[i], i = 2,
  CASE i WHEN 1 THEN '{}' ELSE '{"ports": ["b", "a", "é\""], "transports": ["as2", "sftp"], "qualifier": "01", "overlays": {"850": "overlay: {}", "856": "map: {a: b}"}}'::jsonb END, CASE WHEN i > 1 THEN now() END, CASE WHEN i = 3 THEN pg_temp.odd(1) END, now()
FROM generate_series(1, 2) t, generate_series(1, 3) i;
INSERT INTO exchanges (tenant_id, exchange_id, connection_id, direction, sender, receiver, usage, control, content_sha256, verdict, ack, ack_state, ack_due, errors, message_id, at)
SELECT t, pg_temp.id('xch', t, i), pg_temp.id('con', t, 1 + i % 3), (ARRAY['IN','OUT'])[1 + i % 2], 'A' || i % 4, 'B', (ARRAY['T','P'])[1 + i % 2], '00000000' || i, '\x00', CASE WHEN i % 3 > 0 THEN 'accepted' END,
  CASE i % 4 WHEN 1 THEN '\xff41'::bytea WHEN 2 THEN 'ISA*00~'::bytea END, (ARRAY['none','waiting','accepted','overdue'])[1 + i % 4], CASE WHEN i % 4 = 1 THEN now() END,
  CASE WHEN i % 5 = 0 THEN jsonb_build_array(jsonb_build_object('code', 'isa_value', 'message', pg_temp.odd(i), 'segment', null, 'ak', 'TA105 006')) ELSE '[]' END,
  CASE i % 3 WHEN 1 THEN pg_temp.id('edi', t, i) WHEN 2 THEN pg_temp.id('msg', t, i) END, timestamptz '2026-11-05Z' + (i / 2) * interval '1 s' FROM generate_series(1, 2) t, generate_series(1, 30) i;
INSERT INTO exchange_sets (tenant_id, exchange_id, document_id, group_control, set_control, set_id, version, verdict, ack_state, subject_kind, subject_id, number, message_id, errors, document)
SELECT t, pg_temp.id('xch', t, i), pg_temp.id('xst', t, i * 3 + n), (1 + n / 2)::text, lpad(n::text, 4, '0'), (ARRAY['850','856'])[1 + i % 2], '004010', (ARRAY['accepted','rejected'])[1 + (i + n) % 2], (ARRAY['none','rejected'])[1 + n % 2],
  (ARRAY['order','message'])[1 + i % 2], pg_temp.id('ord', t, i), CASE WHEN n > 0 THEN 'PO-' || i END, CASE i % 3 WHEN 1 THEN pg_temp.id('edi', t, i) END,
  CASE WHEN n = 1 THEN jsonb_build_array(jsonb_build_object('code', 'too_long', 'message', pg_temp.odd(i), 'segment', 'PO1', 'segment_position', 24, 'element', 3, 'value', pg_temp.odd(i + 1), 'path', '/PO1[1]/PO103', 'ak', 'AK403 5')) ELSE '[]' END,
  CASE WHEN n < 2 THEN jsonb_build_object('number', pg_temp.odd(i)) END FROM generate_series(1, 2) t, generate_series(1, 30) i, generate_series(0, 2) n;
INSERT INTO inbox (tenant_id, message_id, connection_id, topic, dedupe_key, body, correlation_id, received_at)
SELECT t, pg_temp.id('edi', t, i), pg_temp.id('con', t, 2), 'x12.850', 'edi' || i,
  CASE i % 4 WHEN 0 THEN '\xff'::bytea WHEN 1 THEN convert_to('ISA*00*          *00*          *ZZ*A              *ZZ*B              *261116*1200*U*00401*000000001*0*P*>~' || E'\nGS*PO*A*B*20261116*1200*1*X*004010~\nST*850*0001~\nBEG*00*SA*PÇ-"1"**20261116~\n~\nSE*3*0001~\nGE*1*1~\nIEA*1*000000001~\n', 'UTF8')
    WHEN 2 THEN convert_to(replace('ISA|00|          |00|          |ZZ|A              |ZZ|B              |261116|1200|U|00401|000000001|0|P|', '_', '') || E'\nGS|PO|A|B|20261116|1200|1|X|004010\nST|850|0001\nSE|2|0001\n', 'LATIN1') ELSE 'no X12'::bytea END,
  pg_temp.id('cor', t, i), now() FROM generate_series(1, 2) t, generate_series(1, 30) i;
INSERT INTO segment_names VALUES ('004010', '850', 'BEG', 0, 'Beginning Segment'), ('004010', '850', 'BEG', 3, 'Purchase Order "Number"'), ('004010', '850', 'ST', 0, 'Set Header');
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
INSERT INTO route_decisions (tenant_id, decision_id, order_id, at, mode, rules, rules_version, reason, score, exact, relaxed, unplaced, candidates, chosen)
SELECT t, pg_temp.id('rte', t, i), pg_temp.id('ord', t, i), now() - i * interval '1 s', (ARRAY['LIVE','SHADOW','SIMULATED'])[1 + i % 3], 'r', 'abc', CASE WHEN i % 3 = 0 THEN pg_temp.odd(i) END, i * 1.5, i % 5 > 0, CASE WHEN i % 4 = 0 THEN '["capacity"]'::jsonb ELSE '[]' END, CASE WHEN i % 2 = 0 THEN '[{"line_id": "x", "sku": "SKU-002", "quantity": "1.50"}]'::jsonb ELSE '[]' END,
  jsonb_build_array(jsonb_build_object('node_id', replace(pg_temp.id('loc', t, 1)::text, '-', ''), 'feasible', true, 'reason', pg_temp.odd(i), 'score', '1.500', 'cost', '12.3', 'currency', 'BRL', 'days', 2, 'co2e_g', 12.6, 'method', 'SHIP', 'carrier', pg_temp.odd(i), 'ships_at', '2026-11-05T12:00:00+00:00', 'parts', jsonb_build_object('cost', '12.3'), 'offers', jsonb_build_array(jsonb_build_object('service', 'PAC', 'live', true))),
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
UPDATE stock_movements SET lot = 'L-' || sku WHERE on_hand_delta > 20;
INSERT INTO stock_lots (tenant_id, lot_id, node_id, sku, condition, lot, on_hand, claimed, expires_on)
SELECT t, pg_temp.id('lot', t, i * 3 + n), pg_temp.id('loc', t, 1), 'SKU-' || lpad(i::text, 3, '0'), 'NEW', CASE WHEN n = 0 THEN 'x' || pg_temp.odd(i) ELSE 'L-' || n END, n + 1.5, n * 0.5, CASE WHEN n > 0 THEN date '2026-12-01' + i * n END
FROM generate_series(1, 2) t, generate_series(1, 40) i, generate_series(0, 2) n;
UPDATE stock s SET in_lots = 7.5 WHERE EXISTS (SELECT 1 FROM stock_lots l WHERE l.tenant_id = s.tenant_id AND l.node_id = s.node_id AND l.sku = s.sku AND l.condition = s.condition);
INSERT INTO incoming (tenant_id, incoming_id, reference, node_id, sku, quantity, expected_at, lot, expires_on)
SELECT t, pg_temp.id('exp', t, i), 'PO-' || i / 2, pg_temp.id('loc', t, 1 + i % 3), 'SKU-' || lpad(i::text, 3, '0'), i * 1.25, timestamptz '2026-12-01Z' + (i % 5) * interval '1 h', CASE WHEN i % 2 = 0 THEN 'L' || i END, CASE WHEN i % 4 = 0 THEN date '2027-01-01' + i END
FROM generate_series(1, 2) t, generate_series(1, 30) i;
INSERT INTO channel_safety (tenant_id, buffer_id, channel, node_id, sku, units)
SELECT t, pg_temp.id('buf', t, i), (ARRAY['shopify', 'o''neil" --'])[1 + i % 2], pg_temp.id('loc', t, 1 + i % 3), CASE WHEN i > 6 THEN 'SKU-' || lpad(i::text, 3, '0') ELSE '' END, i * 0.5 FROM generate_series(1, 2) t, generate_series(1, 20) i;
INSERT INTO rule_versions (tenant_id, rules_id, name, version, content, first_used) SELECT t, pg_temp.id('rul', t, i), 'r', 'v' || i, pg_temp.odd(i), now() - i * interval '1 h' FROM generate_series(1, 2) t, generate_series(1, 5) i;
INSERT INTO shadow_differences (tenant_id, difference_id, order_id, at, live_version, shadow_version, live_chosen, shadow_chosen, score_delta)
SELECT t, pg_temp.id('dif', t, i), pg_temp.id('ord', t, i), now() - (i / 3) * interval '1 s', 'abc', 'v' || i % 3, '[]', jsonb_build_array(jsonb_build_object('sku', pg_temp.odd(i))), CASE WHEN i % 4 > 0 THEN i * -1.25 END FROM generate_series(1, 2) t, generate_series(1, 25) i;
INSERT INTO reservations SELECT t, pg_temp.id('rsv', t, i), 'cart-' || i, (ARRAY['ACTIVE', 'USED', 'EXPIRED'])[1 + i % 3], now(), now() + i * interval '1 h', CASE WHEN i % 3 = 1 THEN pg_temp.id('ord', t, i) END FROM generate_series(1, 2) t, generate_series(1, 12) i;
INSERT INTO reservation_lines SELECT t, pg_temp.id('rsv', t, i), pg_temp.id('loc', t, 1), 'SKU-001', 2 FROM generate_series(1, 2) t, generate_series(1, 12) i;
INSERT INTO fiscal_documents (tenant_id, fiscal_document_id, kind, state, environment, issuer_tax_id, node_id, connection_id, model, series, number, random_code, access_key, protocol, authority_code, authority_message, contingency, order_id, fulfillment_id, issued_at, authorized_at, total, invoice, signed_xml, created_at, updated_at)
SELECT t, pg_temp.id('fis', t, i), 'NFE', (ARRAY['PENDING','AUTHORIZED','REJECTED','VOID_PENDING'])[1 + i % 4], 2, '123', pg_temp.id('loc', t, 1), pg_temp.id('con', t, 1), 55, 1, i, '00000001', CASE WHEN i % 3 > 0 THEN lpad(i::text, 44, '0') END, CASE WHEN i % 4 = 1 THEN 'P' || i END,
  CASE WHEN i % 2 = 0 THEN '100' END, CASE WHEN i % 2 = 0 THEN pg_temp.odd(i) END, i % 2 = 0, CASE WHEN i % 7 > 0 THEN pg_temp.id('ord', t, i) END, CASE WHEN i % 5 > 0 THEN pg_temp.id('ful', t, i * 2) END, timestamptz '2026-11-03Z' + (i % 25) * interval '1 s', CASE WHEN i % 4 = 1 THEN now() END, 99.9,
  jsonb_build_object('items', jsonb_build_array(jsonb_build_object('number', 1, 'sku', pg_temp.odd(i), 'title', pg_temp.odd(i + 1), 'ncm', '61091000', 'cfop', '5102', 'icms_cst', '00', 'quantity', '2.5', 'unit', 'UN', 'unit_price', '10.1234', 'total', '25.31', 'discount', '1.00',
    'taxes', jsonb_build_array(jsonb_build_object('tax', 'icms', 'base', '24.31', 'rate', '18.0000', 'reduction', '0', 'deferral', '0', 'value', '4.38', 'rule', 'icms.internal', 'source', 'uf_rates'), jsonb_build_object('tax', 'pis', 'base', '19.93', 'rate', '1.65', 'value', '0.33', 'rule', 'pis', 'source', 'pis_cofins')))) ), CASE WHEN i % 2 = 1 THEN '\x3c'::bytea END, now(), now()
FROM generate_series(1, 2) t, generate_series(1, 60) i;
UPDATE fiscal_documents SET refers_to_id = pg_temp.id('fis', tenant_id, 1), unwanted = pg_temp.odd(3) WHERE number = 7;
UPDATE fiscal_documents SET replaced_by_id = pg_temp.id('fis', tenant_id, 2), emission_type = 6, operation = 'transfer' WHERE number = 8;
INSERT INTO fiscal_events (tenant_id, fiscal_event_id, fiscal_document_id, kind, sequence, state, text, protocol, authority_code, authority_message, asked_at, registered_at)
SELECT t, pg_temp.id('fev', t, i), pg_temp.id('fis', t, 1 + i % 10), (ARRAY['CANCEL','CORRECT'])[1 + i % 2], 1 + i / 10, (ARRAY['REGISTERED','REJECTED'])[1 + i % 2], pg_temp.odd(i), CASE WHEN i % 2 = 0 THEN 'P' || i END, '135', pg_temp.odd(i), timestamptz '2026-11-04Z' + (i % 5) * interval '1 s', CASE WHEN i % 2 = 0 THEN now() END
FROM generate_series(1, 2) t, generate_series(1, 30) i;
INSERT INTO fiscal_voids (tenant_id, fiscal_void_id, connection_id, issuer_tax_id, environment, model, series, year, first, last, reason, state, protocol, authority_code, authority_message, asked_at, voided_at)
SELECT t, pg_temp.id('fvo', t, i), pg_temp.id('con', t, 1), '123', 2, 55, 1, 2026, i * 10, i * 10 + 3, pg_temp.odd(i), (ARRAY['ASKED','VOIDED','REJECTED'])[1 + i % 3], CASE WHEN i % 3 = 1 THEN 'P' || i END, CASE WHEN i % 3 > 0 THEN '102' END, CASE WHEN i % 3 > 0 THEN pg_temp.odd(i) END, timestamptz '2026-11-04Z' + (i % 5) * interval '1 s', CASE WHEN i % 3 = 1 THEN now() END
FROM generate_series(1, 2) t, generate_series(1, 20) i;
INSERT INTO fiscal_authorities (tenant_id, fiscal_authority_id, connection_id, model, region, environment, mode, mode_since, mode_reason, mode_by, silent_since, code, message, checked_at)
SELECT t, pg_temp.id('fau', t, i), pg_temp.id('con', t, 1 + i % 2), CASE WHEN i > 2 THEN 55 ELSE 65 END, (ARRAY['SP','MG'])[1 + i % 2], 2, CASE WHEN i = 1 THEN 'SVC' ELSE 'NORMAL' END, CASE WHEN i = 1 THEN now() END, CASE WHEN i = 1 THEN pg_temp.odd(i) END, CASE WHEN i = 1 THEN 'HUB' END, CASE WHEN i = 2 THEN now() END, CASE WHEN i % 2 = 0 THEN '107' END, pg_temp.odd(i), now()
FROM generate_series(1, 2) t, generate_series(1, 4) i;
INSERT INTO gnre_guides (tenant_id, gnre_guide_id, fiscal_document_id, order_id, fulfillment_id, connection_id, environment, region, revenue, identifier, state, before_dispatch, principal, fcp, pay_by, code, message, line, barcode, pix, pay_until, total, paid_on, pdf, created_at, updated_at)
SELECT t, pg_temp.id('gnr', t, i), pg_temp.id('fis', t, i), CASE WHEN i % 5 > 0 THEN pg_temp.id('ord', t, i) END, CASE WHEN i % 4 > 0 THEN pg_temp.id('ful', t, i * 2) END, pg_temp.id('con', t, 1), 2, (ARRAY['MG','BA','PE'])[1 + i % 3], '100102', i::text, (ARRAY['WAITING','ISSUED','PAID','REJECTED'])[1 + i % 4], i % 2 = 0, 6.5 * i, i % 3, date '2026-11-20' + i,
  CASE WHEN i % 4 = 3 THEN '301' END, CASE WHEN i % 4 = 3 THEN pg_temp.odd(i) END, CASE WHEN i % 4 IN (1, 2) THEN lpad(i::text, 48, '8') END, CASE WHEN i % 4 = 1 THEN lpad(i::text, 44, '8') END, CASE WHEN i % 4 = 1 THEN pg_temp.odd(i) END, CASE WHEN i % 4 = 1 THEN date '2026-12-01' END, CASE WHEN i % 4 = 1 THEN 6.5 * i END, CASE WHEN i % 4 = 2 THEN date '2026-11-21' END, CASE WHEN i % 4 = 1 THEN '\x25'::bytea END, timestamptz '2026-11-03Z' + (i % 20) * interval '1 s', now()
FROM generate_series(1, 2) t, generate_series(1, 40) i;
INSERT INTO incoming_notes (tenant_id, access_key, incoming_note_id, connection_id, message_id, issuer_tax_id, issuer_name, total, issued_at, protocol, whole, status, stance, note, referenced_keys, document_id, purchase_order_id, created_at, updated_at)
SELECT t, lpad(i::text, 44, '0'), pg_temp.id('inn', t, i), pg_temp.id('con', t, 1), pg_temp.id('msg', t, i), (ARRAY['11222333000181','12ABC34501DE35'])[1 + i % 2], pg_temp.odd(i), CASE WHEN i % 3 > 0 THEN 10.25 * i END, CASE WHEN i % 4 > 0 THEN timestamptz '2026-11-03Z' END, CASE WHEN i % 2 = 0 THEN 'P' || i END, i % 3 = 1, (ARRAY['AUTHORIZED','CANCELLED','DENIED'])[1 + i % 3],
  (ARRAY['AWARE','CONFIRMED',NULL])[1 + i % 3], CASE WHEN i % 3 = 1 THEN jsonb_build_object('order_reference', pg_temp.odd(i), 'items', jsonb_build_array(jsonb_build_object('sku', 'F-1', 'title', pg_temp.odd(i), 'quantity', '2.5000', 'unit', 'UN', 'unit_price', '10.1234', 'total', '25.31', 'ncm', '61091000'), jsonb_build_object('title', 'x', 'quantity', '1', 'unit_price', '1', 'total', '1'))) END,
  CASE WHEN i % 2 = 0 THEN ARRAY[lpad(i::text, 44, '5'), lpad(i::text, 44, '6')] ELSE '{}' END, CASE WHEN i % 6 = 0 THEN pg_temp.id('fis', t, i) END, CASE WHEN i % 7 = 0 THEN pg_temp.id('por', t, i) END, timestamptz '2026-11-04Z' + (i % 10) * interval '1 s', now()
FROM generate_series(1, 2) t, generate_series(1, 40) i;
INSERT INTO notices (tenant_id, notice_id, connection_id, medium, template, recipient, subject_kind, subject_id, order_id, subject, state, message, created_at, sent_at)
SELECT t, pg_temp.id('ntc', t, i), pg_temp.id('con', t, 1), 'EMAIL', 'invoice', i || '@example.com', 'fiscal_document', pg_temp.id('fis', t, i), CASE WHEN i % 6 > 0 THEN pg_temp.id('ord', t, i) END, pg_temp.odd(i), (ARRAY['OWED','SENT','REFUSED'])[1 + i % 3], CASE WHEN i % 3 = 2 THEN pg_temp.odd(i) END, timestamptz '2026-11-04Z' + (i % 9) * interval '1 s', CASE WHEN i % 3 = 1 THEN timestamptz '2026-11-04Z' END
FROM generate_series(1, 2) t, generate_series(1, 30) i;
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
SELECT t, 100000 + i, pg_temp.id('dln', t, i), replace(pg_temp.id('con', t, 2)::text, '-', '') || ':outbound', 'ConfirmShipment', 'order', pg_temp.id('ord', t, i), '[]', pg_temp.id('cor', t, i / 3), pg_temp.id('evt', t, i), timestamptz '2026-11-06Z' + (i % 7) * interval '1 s', 1, (ARRAY['DONE','IGNORED'])[1 + i % 2], now() FROM generate_series(1, 2) t, generate_series(1, 30) i;
INSERT INTO inbox (tenant_id, message_id, connection_id, topic, external_id, dedupe_key, body, correlation_id, received_at, state, lease_until, owner, attempts, last_error, problems)
SELECT t, pg_temp.id('msg', t, i), pg_temp.id('con', t, 1 + i % 3), 'orders/create', CASE WHEN i % 2 = 0 THEN 'ext-' || i END, i::text, CASE i % 4 WHEN 0 THEN convert_to('{"b": 1.50, "a": "é\u0001"}', 'UTF8') WHEN 1 THEN convert_to('ISA*00*"x"\~' || E'\n', 'UTF8') WHEN 2 THEN '\xff00fe'::bytea ELSE ''::bytea END, pg_temp.id('cor', t, i / 3),
  timestamptz '2026-11-06Z' + (i % 7) * interval '1 s', (ARRAY[0, 1, 3])[1 + i % 3], CASE WHEN i % 3 = 1 THEN now() END, CASE WHEN i % 3 = 1 THEN pg_temp.id('own', t, i) END, i % 9, CASE WHEN i % 3 = 2 THEN pg_temp.odd(i) END, CASE WHEN i % 3 = 2 THEN '[{"code": "UNMAPPED", "message": "m \"q\"", "at": "$.a", "line": 3}, {"value": "x"}]'::jsonb ELSE '[]' END
FROM generate_series(1, 2) t, generate_series(1, 30) i;
INSERT INTO inbox_done (tenant_id, seq, message_id, connection_id, topic, dedupe_key, body, correlation_id, received_at, outcome, done_at)
SELECT t, i, pg_temp.id('msn', t, i), pg_temp.id('con', t, 2), 'x12', 'd' || i, '{}', pg_temp.id('cor', t, i / 3), timestamptz '2026-11-06Z' + (i % 7) * interval '1 s', (ARRAY['DONE','IGNORED'])[1 + i % 2], now() FROM generate_series(1, 2) t, generate_series(1, 30) i;
INSERT INTO order_amendments (tenant_id, amendment_id, order_id, state, reason, asked_by, asked_at, asked, changes, total_before, total_after, currency) SELECT t, pg_temp.id('amd', t, i), pg_temp.id('ord', t, i), 'APPLIED', pg_temp.odd(i), 'ana', now(), '{}', '[{"kind": "QUANTITY", "sku": "SKU-001", "before": "1", "after": "2"}]', 10, 20.5, 'BRL' FROM generate_series(1, 2) t, generate_series(1, 10) i;
INSERT INTO order_approvals (tenant_id, order_id, position, role, total_at_least) SELECT t, pg_temp.id('ord', t, i), 1, 'ADMIN', 1000 FROM generate_series(1, 2) t, generate_series(1, 10) i;
INSERT INTO saved_searches (tenant_id, search_id, owner, name, about, query, shared, created_at, updated_at) SELECT t, pg_temp.id('sch', t, i), 'ana', 's' || i, 'orders', '{}', i < 4, now(), now() FROM generate_series(1, 2) t, generate_series(1, 5) i;
ANALYZE;
