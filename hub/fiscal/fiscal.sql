-- name: take_numbers   one row a series; never a SEQUENCE, because a rollback would leave a gap
INSERT INTO fiscal_numbers (issuer_tax_id, environment, model, series, next) VALUES ($1, $2, $3, $4, 1 + $5)
ON CONFLICT (tenant_id, issuer_tax_id, environment, model, series) DO UPDATE SET next = fiscal_numbers.next + $5
RETURNING next - $5;

-- name: add
INSERT INTO fiscal_documents (fiscal_document_id, kind, environment, issuer_tax_id, node_id, connection_id, model, series, number, random_code, order_id, fulfillment_id,
                              issued_at, total, invoice, emission_type, operation, refers_to_id, created_at, updated_at)
SELECT u.*, $19, $19 FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::text[], $5::uuid[], $6::uuid[], $7::smallint[], $8::int[], $9::int[], $10::text[], $11::uuid[], $12::uuid[],
  $13::timestamptz[], $14::numeric[], $15::jsonb[], $16::smallint[], $17::text[], $18::uuid[]) AS u(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r);

-- name: lock
SELECT fiscal_document_id, state, version, kind, model, series, number, random_code, access_key, protocol, order_id, fulfillment_id, node_id, connection_id, issuer_tax_id, environment,
       authority_code, authority_message, total, issued_at, authorized_at, invoice, replaced_by_id, refers_to_id, unwanted, operation, emission_type
FROM fiscal_documents WHERE fiscal_document_id = ANY ($1::uuid[]) ORDER BY fiscal_document_id FOR UPDATE;

-- name: change
UPDATE fiscal_documents d SET state = u.state, version = d.version + 1, updated_at = $11, access_key = coalesce(u.access_key, d.access_key), protocol = coalesce(u.protocol, d.protocol),
       authority_code = coalesce(u.code, d.authority_code), authority_message = coalesce(u.message, d.authority_message), authorized_at = coalesce(u.authorized_at, d.authorized_at),
       signed_xml = coalesce(u.signed_xml, d.signed_xml), protocol_xml = coalesce(u.protocol_xml, d.protocol_xml), contingency = d.contingency OR u.contingency
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::bytea[], $9::bytea[], $10::bool[])
  AS u(id, state, access_key, protocol, code, message, authorized_at, signed_xml, protocol_xml, contingency)
WHERE d.fiscal_document_id = u.id;

-- name: keep_signed
UPDATE fiscal_documents d SET access_key = u.access_key, signed_xml = u.signed_xml
FROM unnest($1::uuid[], $2::text[], $3::bytea[]) AS u(id, access_key, signed_xml) WHERE d.fiscal_document_id = u.id;

-- name: rebuild       a rejected one is corrected under its own number
UPDATE fiscal_documents SET state = 'PENDING', version = version + 1, updated_at = $3, invoice = $2, issued_at = $4, total = $5, random_code = $6, emission_type = $7, access_key = NULL, signed_xml = NULL, unwanted = NULL
WHERE fiscal_document_id = $1;

-- name: of_fulfillments   the newest document of each
SELECT DISTINCT ON (fulfillment_id) fulfillment_id, fiscal_document_id, state, model, access_key, number, series, total, issued_at, protocol,
  authorized_at, unwanted, invoice->'issuer'->>'region' AS region
FROM fiscal_documents WHERE fulfillment_id = ANY ($1::uuid[]) AND refers_to_id IS NULL AND replaced_by_id IS NULL ORDER BY fulfillment_id, created_at DESC;

-- name: xml
SELECT access_key, number, series, total, currency, state, connection_id, signed_xml, protocol_xml FROM fiscal_documents WHERE fiscal_document_id = $1;

-- name: month            notes of a period in the order of their keys, a page after the last key; with what explains each number
SELECT fiscal_document_id, kind, state, model, series, number, access_key, protocol, authority_code, authority_message, issuer_tax_id, issued_at, total, signed_xml, protocol_xml
FROM fiscal_documents
WHERE issued_at >= $1 AND issued_at < $2 AND environment = $3 AND (issuer_tax_id, model, series, number) > ($4, $5, $6, $7)
ORDER BY issuer_tax_id, model, series, number LIMIT $8;


-- name: month_size
SELECT count(*) FROM fiscal_documents WHERE issued_at >= $1 AND issued_at < $2 AND environment = $3;
