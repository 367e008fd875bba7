-- name: put_products
INSERT INTO products (product_id, sku, title, gtin, ncm, cest, origin, unit, weight_g, length_mm, width_mm, height_mm, hazmat, own_make, updated_at)
SELECT *, $15::timestamptz FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[], $8::text[],
  $9::int[], $10::int[], $11::int[], $12::int[], $13::bool[], $14::bool[])
ON CONFLICT (tenant_id, sku) DO UPDATE SET title = EXCLUDED.title, gtin = EXCLUDED.gtin, ncm = EXCLUDED.ncm, cest = EXCLUDED.cest, origin = EXCLUDED.origin,
  unit = EXCLUDED.unit, weight_g = EXCLUDED.weight_g, length_mm = EXCLUDED.length_mm, width_mm = EXCLUDED.width_mm, height_mm = EXCLUDED.height_mm,
  hazmat = EXCLUDED.hazmat, own_make = EXCLUDED.own_make, updated_at = EXCLUDED.updated_at;

-- name: drop_kits
DELETE FROM kit_components WHERE kit_sku = ANY ($1::text[]);

-- name: put_kits
INSERT INTO kit_components (kit_sku, sku, quantity) SELECT * FROM unnest($1::text[], $2::text[], $3::numeric[]);

-- name: put_customers   ids ascending, so that two batches take the rows in one order
INSERT INTO parties (party_id, kind, external_id, name, email, phone, tax_id, company, updated_at)
SELECT u.party_id, 'CUSTOMER', u.external_id, coalesce(u.name, u.company, u.email, u.external_id, ''), u.email, u.phone, u.tax_id, u.company, $8::timestamptz
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
  AS u(party_id, external_id, name, email, phone, tax_id, company)
ON CONFLICT (tenant_id, party_id) DO NOTHING;

-- name: by_sku
SELECT product_id, sku, title, gtin, ncm, cest, origin, unit, weight_g, length_mm, width_mm, height_mm, hazmat, own_make
FROM products WHERE sku = ANY ($1::text[]);

-- name: by_gtin
SELECT gtin, sku FROM products WHERE gtin = ANY ($1::text[]);

-- name: kits
SELECT kit_sku, sku, quantity FROM kit_components WHERE kit_sku = ANY ($1::text[]) ORDER BY kit_sku, sku;

-- name: put_price_list
INSERT INTO price_lists (code, currency, valid_from, valid_until, updated_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, code) DO UPDATE SET currency = EXCLUDED.currency, valid_from = EXCLUDED.valid_from, valid_until = EXCLUDED.valid_until, updated_at = EXCLUDED.updated_at;

-- name: drop_prices
DELETE FROM price_list_items WHERE code = $1;

-- name: put_prices
INSERT INTO price_list_items (code, sku, min_quantity, unit_price) SELECT $1, * FROM unnest($2::text[], $3::numeric[], $4::numeric[]);

-- name: prices      the tier that the quantity reaches, of lists in force
SELECT DISTINCT ON (u.n) u.n, i.unit_price, l.currency FROM unnest($1::int[], $2::text[], $3::text[], $4::numeric[]) AS u(n, code, sku, quantity)
JOIN price_lists l ON l.code = u.code AND coalesce(l.valid_from, $5) <= $5 AND coalesce(l.valid_until, $5) >= $5
JOIN price_list_items i ON i.code = u.code AND i.sku = u.sku AND i.min_quantity <= u.quantity
ORDER BY u.n, i.min_quantity DESC;

-- name: put_terms
INSERT INTO party_terms (party_id, price_list, credit_limit, currency, days, updated_at) SELECT u.*, $6 FROM unnest($1::uuid[], $2::text[], $3::numeric[], $4::text[], $5::smallint[]) AS u(a, b, c, d, e)
ON CONFLICT (tenant_id, party_id) DO UPDATE SET price_list = EXCLUDED.price_list, credit_limit = EXCLUDED.credit_limit, currency = EXCLUDED.currency, days = EXCLUDED.days, updated_at = EXCLUDED.updated_at;

-- name: terms       locked, so that two orders of one customer do not both fit into the same credit
SELECT party_id, price_list, credit_limit, currency, days FROM party_terms WHERE party_id = ANY ($1::uuid[]) ORDER BY party_id FOR UPDATE;


-- name: emails
SELECT party_id, email FROM parties WHERE party_id = ANY ($1::uuid[]) AND email IS NOT NULL;
