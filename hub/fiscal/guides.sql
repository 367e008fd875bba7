-- name: add             asked for twice is asked for once
INSERT INTO gnre_guides (gnre_guide_id, fiscal_document_id, order_id, fulfillment_id, connection_id, environment, region, revenue, identifier, before_dispatch, principal, fcp, pay_by,
                         created_at, updated_at)
SELECT u.*, $14, $14
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::smallint[], $7::text[], $8::text[], $9::text[], $10::bool[], $11::numeric[], $12::numeric[], $13::date[])
  AS u(a, b, c, d, e, f, g, h, i, j, k, l, m)
ON CONFLICT (tenant_id, fiscal_document_id, region, revenue) DO NOTHING
RETURNING gnre_guide_id;

-- name: lock
SELECT * FROM gnre_guides WHERE gnre_guide_id = ANY ($1::uuid[]) ORDER BY gnre_guide_id FOR UPDATE;

-- name: waiting          guides that wait for the rules of these (environment, UF, revenue)
SELECT g.* FROM gnre_guides g
JOIN unnest($1::smallint[], $2::text[], $3::text[]) AS u(environment, region, revenue) USING (environment, region, revenue)
WHERE g.state = 'WAITING' ORDER BY g.gnre_guide_id FOR UPDATE OF g;

-- name: change
UPDATE gnre_guides SET state = $2, version = version + 1, updated_at = $3, receipt = coalesce($4, receipt), code = $5, message = $6, line = coalesce($7, line), barcode = coalesce($8, barcode),
       pix = coalesce($9, pix), control = coalesce($10, control), pay_until = coalesce($11, pay_until), total = coalesce($12, total), paid_on = coalesce($13, paid_on), pdf = coalesce($14, pdf)
WHERE gnre_guide_id = $1;

-- name: fix
UPDATE gnre_guides SET state = 'REQUESTED', version = version + 1, updated_at = $3, guide = $2, principal = $4, fcp = $5 WHERE gnre_guide_id = $1;

-- name: own             the UF has a document of its own for these
UPDATE gnre_guides SET state = 'OWN' WHERE gnre_guide_id = ANY ($1::uuid[]) RETURNING fiscal_document_id, region, revenue;

-- name: again
UPDATE gnre_guides SET state = 'WAITING', version = version + 1, updated_at = $2, code = NULL, message = NULL, receipt = NULL WHERE gnre_guide_id = ANY ($1::uuid[]);

-- name: sheet
SELECT pdf FROM gnre_guides WHERE gnre_guide_id = $1;

-- name: documents        the notes that guides are made for
SELECT fiscal_document_id, order_id, fulfillment_id, environment, issuer_tax_id, access_key, number, issued_at, invoice
FROM fiscal_documents WHERE fiscal_document_id = ANY ($1::uuid[]) ORDER BY fiscal_document_id;

-- name: rules
SELECT r.environment, r.region, r.revenue, r.rules, r.read_at FROM gnre_rules r
JOIN unnest($1::smallint[], $2::text[], $3::text[]) AS u(environment, region, revenue) USING (environment, region, revenue)
WHERE r.read_at > $4;

-- name: keep_rules
INSERT INTO gnre_rules (environment, region, revenue, rules, read_at) SELECT u.*, $5 FROM unnest($1::smallint[], $2::text[], $3::text[], $4::jsonb[]) AS u(a, b, c, d)
ON CONFLICT (tenant_id, environment, region, revenue) DO UPDATE SET rules = EXCLUDED.rules, read_at = EXCLUDED.read_at;

-- name: withheld         fulfillments whose goods may not leave before a guide is paid
SELECT DISTINCT fulfillment_id FROM gnre_guides WHERE fulfillment_id = ANY ($1::uuid[]) AND before_dispatch AND state <> 'PAID';
