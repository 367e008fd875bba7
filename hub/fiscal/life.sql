-- name: lock_notes
SELECT fiscal_document_id, kind, state, version, model, series, number, access_key, protocol, order_id, fulfillment_id, node_id, connection_id, issuer_tax_id, environment,
       issued_at, authorized_at, operation, emission_type, replaced_by_id, refers_to_id, unwanted, invoice
FROM fiscal_documents WHERE fiscal_document_id = ANY ($1::uuid[]) ORDER BY fiscal_document_id FOR UPDATE;

-- name: sequences        how often each was told of already
SELECT fiscal_document_id, kind, max(sequence) AS highest, bool_or(state IN ('ASKED', 'UNKNOWN')) AS waits,
       (array_agg(protocol ORDER BY sequence DESC) FILTER (WHERE state = 'REGISTERED'))[1] AS protocol FROM fiscal_events
WHERE fiscal_document_id = ANY ($1::uuid[]) AND state <> 'REJECTED' GROUP BY fiscal_document_id, kind;

-- name: add_events
INSERT INTO fiscal_events (fiscal_event_id, fiscal_document_id, kind, sequence, text, details, asked_at)
SELECT u.*, $7 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::smallint[], $5::text[], $6::jsonb[]) AS u(a, b, c, d, e, f);

-- name: substituted      NFC-e that were authorized after all, whose goods left off-line with another
SELECT d.fiscal_document_id, d.replaced_by_id, r.state = 'AUTHORIZED' AS known FROM fiscal_documents d JOIN fiscal_documents r ON r.fiscal_document_id = d.replaced_by_id
WHERE (d.fiscal_document_id = ANY ($1::uuid[]) OR d.replaced_by_id = ANY ($1::uuid[])) AND d.model = 65 AND d.state = 'AUTHORIZED'
  AND r.emission_type = 9 AND NOT EXISTS (SELECT 1 FROM fiscal_events e WHERE e.fiscal_document_id = d.fiscal_document_id AND e.kind IN ('CANCEL', 'SUBSTITUTED')
                                          AND e.state <> 'REJECTED')
ORDER BY d.fiscal_document_id;

-- name: report_events    what was not asked here (EPEC goes out with its note) is noted as well
INSERT INTO fiscal_events (fiscal_event_id, fiscal_document_id, kind, sequence, state, protocol, authority_code, authority_message, asked_at, registered_at, xml)
SELECT u.a, u.b, u.c, u.d, u.e, u.f, u.g, u.h, $11, u.i, u.j
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::smallint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::timestamptz[], $10::bytea[]) AS u(a, b, c, d, e, f, g, h, i, j)
JOIN fiscal_documents x ON x.fiscal_document_id = u.b
ON CONFLICT (tenant_id, fiscal_event_id) DO UPDATE SET state = EXCLUDED.state, protocol = coalesce(EXCLUDED.protocol, fiscal_events.protocol),
  authority_code = EXCLUDED.authority_code, authority_message = EXCLUDED.authority_message, registered_at = coalesce(EXCLUDED.registered_at, fiscal_events.registered_at),
  xml = coalesce(EXCLUDED.xml, fiscal_events.xml)
WHERE fiscal_events.state IN ('ASKED', 'UNKNOWN')
RETURNING fiscal_event_id;

-- name: documents_of_events
SELECT fiscal_document_id, order_id, fulfillment_id, access_key FROM fiscal_documents WHERE fiscal_document_id = ANY ($1::uuid[]);

-- name: mark_unwanted
UPDATE fiscal_documents SET unwanted = $2, version = version + 1, updated_at = $3 WHERE fiscal_document_id = ANY ($1::uuid[]);

-- name: set_states
UPDATE fiscal_documents d SET state = u.state, version = d.version + 1, updated_at = $3 FROM unnest($1::uuid[], $2::text[]) AS u(fiscal_document_id, state)
WHERE d.fiscal_document_id = u.fiscal_document_id;

-- name: replace_notes
UPDATE fiscal_documents d SET replaced_by_id = u.by_id, version = d.version + 1, updated_at = $3 FROM unnest($1::uuid[], $2::uuid[]) AS u(fiscal_document_id, by_id)
WHERE d.fiscal_document_id = u.fiscal_document_id;

-- name: standing
SELECT fiscal_document_id, state, replaced_by_id, unwanted, signed_xml FROM fiscal_documents WHERE fiscal_document_id = ANY ($1::uuid[]);

-- name: waiting_notes    what has not ended at these accounts, oldest first
SELECT d.fiscal_document_id, d.fulfillment_id, d.order_id, d.state, d.connection_id, d.model, d.emission_type, d.operation FROM fiscal_documents d
JOIN unnest($1::uuid[], $2::smallint[]) AS u(connection_id, model) USING (connection_id, model)
WHERE d.state IN ('PENDING', 'SIGNED', 'SENT', 'UNKNOWN') AND d.replaced_by_id IS NULL AND d.unwanted IS NULL ORDER BY d.fiscal_document_id;

-- name: given_up         numbers that wait to be voided and that nobody has asked about
SELECT d.fiscal_document_id, d.connection_id, d.issuer_tax_id, d.environment, d.model, d.series, d.number, d.issued_at FROM fiscal_documents d
WHERE d.state = 'VOID_PENDING' AND d.issuer_tax_id = $1 AND d.model = $2 AND d.series = $3 AND d.environment = $4
  AND NOT EXISTS (SELECT 1 FROM fiscal_voids v WHERE v.issuer_tax_id = d.issuer_tax_id AND v.environment = d.environment AND v.model = d.model
                  AND v.series = d.series AND v.state <> 'REJECTED' AND d.number BETWEEN v.first AND v.last)
ORDER BY d.number FOR UPDATE OF d;

-- name: add_voids
INSERT INTO fiscal_voids (fiscal_void_id, connection_id, issuer_tax_id, environment, model, series, year, first, last, reason, asked_at)
SELECT u.*, $11 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::smallint[], $5::smallint[], $6::int[], $7::smallint[], $8::int[], $9::int[], $10::text[])
  AS u(a, b, c, d, e, f, g, h, i, j);

-- name: lock_voids
SELECT * FROM fiscal_voids WHERE fiscal_void_id = ANY ($1::uuid[]) ORDER BY fiscal_void_id FOR UPDATE;

-- name: report_void
UPDATE fiscal_voids SET state = $2, protocol = coalesce($3, protocol), authority_code = $4, authority_message = $5, voided_at = $6, xml = coalesce($7, xml) WHERE fiscal_void_id = $1;

-- name: voided_notes     the documents whose numbers lie in a voided range
SELECT fiscal_document_id, order_id, fulfillment_id, number FROM fiscal_documents
WHERE issuer_tax_id = $1 AND environment = $2 AND model = $3 AND series = $4 AND number BETWEEN $5 AND $6 AND state = 'VOID_PENDING' ORDER BY fiscal_document_id FOR UPDATE;

-- name: used_numbers     notes in a range that are more than a number given up
SELECT number, state FROM fiscal_documents
WHERE issuer_tax_id = $1 AND environment = $2 AND model = $3 AND series = $4 AND number BETWEEN $5 AND $6 AND state NOT IN ('VOID_PENDING', 'VOIDED') ORDER BY number LIMIT 5;

-- name: next_number
SELECT next FROM fiscal_numbers WHERE issuer_tax_id = $1 AND environment = $2 AND model = $3 AND series = $4;

-- name: series           every series with the count of its numbers by fate; a number without any document is a gap
SELECT n.issuer_tax_id, n.environment, n.model, n.series, n.next - 1 AS taken, count(d.number) AS documents, count(d.number) FILTER (WHERE d.state IN ('AUTHORIZED', 'CANCELLED')) AS used,
       count(d.number) FILTER (WHERE d.state = 'DENIED') AS denied, count(d.number) FILTER (WHERE d.state = 'VOIDED') AS voided,
       count(d.number) FILTER (WHERE d.state = 'VOID_PENDING') AS given_up, count(d.number) FILTER (WHERE d.state NOT IN ('AUTHORIZED', 'CANCELLED', 'DENIED', 'VOIDED', 'VOID_PENDING')) AS open
FROM fiscal_numbers n
LEFT JOIN fiscal_documents d ON d.issuer_tax_id = n.issuer_tax_id AND d.environment = n.environment AND d.model = n.model AND d.series = n.series
GROUP BY n.issuer_tax_id, n.environment, n.model, n.series, n.next ORDER BY n.issuer_tax_id, n.environment, n.model, n.series;

-- name: missing_numbers  numbers of a series that no document and no voided range explains
SELECT g.number FROM fiscal_numbers n CROSS JOIN LATERAL generate_series(1, n.next - 1) AS g(number)
LEFT JOIN fiscal_documents d ON d.issuer_tax_id = n.issuer_tax_id AND d.environment = n.environment AND d.model = n.model AND d.series = n.series AND d.number = g.number
WHERE n.issuer_tax_id = $1 AND n.environment = $2 AND n.model = $3 AND n.series = $4 AND d.number IS NULL
  AND NOT EXISTS (SELECT 1 FROM fiscal_voids v WHERE v.issuer_tax_id = n.issuer_tax_id AND v.environment = n.environment AND v.model = n.model AND v.series = n.series
                  AND v.state = 'VOIDED' AND g.number BETWEEN v.first AND v.last)
ORDER BY g.number LIMIT 100;

-- name: lock_authority
SELECT * FROM fiscal_authorities WHERE connection_id = $1 AND model = $2 FOR UPDATE;

-- name: modes
SELECT connection_id, model, mode, mode_since, mode_reason FROM fiscal_authorities WHERE connection_id = ANY ($1::uuid[]) AND mode <> 'NORMAL';

-- name: silent           the first of several; the others change nothing
INSERT INTO fiscal_authorities (connection_id, model, region, environment, silent_since) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, connection_id, model) DO UPDATE SET silent_since = EXCLUDED.silent_since, good_in_a_row = 0 WHERE fiscal_authorities.silent_since IS NULL
RETURNING connection_id;

-- name: know_authority
INSERT INTO fiscal_authorities (connection_id, model, region, environment) VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, connection_id, model) DO NOTHING;

-- name: heard
UPDATE fiscal_authorities SET code = $3, message = $4, checked_at = $5, good_in_a_row = $6, silent_since = $7 WHERE connection_id = $1 AND model = $2;

-- name: standby_heard
UPDATE fiscal_authorities SET standby_code = $3, standby_message = $4, standby_checked_at = $5 WHERE connection_id = $1 AND model = $2;

-- name: set_mode
UPDATE fiscal_authorities SET mode = $3, mode_since = $4, mode_reason = $5, mode_by = $6, good_in_a_row = 0 WHERE connection_id = $1 AND model = $2;

-- name: in_contingency   legal without protocol, still to be sent
SELECT fiscal_document_id, connection_id, invoice FROM fiscal_documents WHERE connection_id = $1 AND model = $2 AND state = 'CONTINGENCY' ORDER BY fiscal_document_id;

-- name: unknown_fate
SELECT fiscal_document_id FROM fiscal_documents WHERE connection_id = $1 AND model = $2 AND state IN ('SENT', 'UNKNOWN') ORDER BY fiscal_document_id;

-- name: invoices
SELECT fiscal_document_id, connection_id, node_id, model, emission_type, state, order_id, fulfillment_id, refers_to_id, series, number, access_key, total, issued_at, invoice FROM fiscal_documents WHERE fiscal_document_id = ANY ($1::uuid[]);

-- name: taken_on         when the last of these numbers was taken
SELECT max(issued_at) FROM fiscal_documents WHERE issuer_tax_id = $1 AND environment = $2 AND model = $3 AND series = $4 AND number BETWEEN $5 AND $6;

-- name: returned         what came back of a note, by SKU
SELECT i.item->>'sku' AS sku, sum((i.item->>'quantity')::numeric) AS units FROM fiscal_documents d CROSS JOIN LATERAL jsonb_array_elements(d.invoice->'items') AS i(item)
WHERE d.refers_to_id = $1 AND d.state NOT IN ('REJECTED', 'DENIED', 'CANCELLED', 'VOID_PENDING', 'VOIDED') GROUP BY 1;
