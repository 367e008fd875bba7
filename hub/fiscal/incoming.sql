-- name: keep              a whole note completes its summary; what is known is not forgotten
INSERT INTO incoming_notes AS n (access_key, incoming_note_id, connection_id, message_id, issuer_tax_id, issuer_name, total, issued_at, protocol, whole, status, note, referenced_keys, document_id,
                                 created_at, updated_at)
SELECT u.k, u.id, u.c, u.m, u.i, u.n, u.t, u.a, u.p, u.w, u.s, u.j, ARRAY(SELECT jsonb_array_elements_text(u.r -> 'keys')),
       (SELECT d.fiscal_document_id FROM fiscal_documents d WHERE d.access_key IN (SELECT jsonb_array_elements_text(u.r -> 'keys')) LIMIT 1), $14, $14
FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::numeric[], $8::timestamptz[], $9::text[], $10::bool[], $11::text[], $12::jsonb[], $13::jsonb[])
  AS u(k, id, c, m, i, n, t, a, p, w, s, j, r)
ON CONFLICT (tenant_id, access_key) DO UPDATE SET
  message_id = CASE WHEN EXCLUDED.whole THEN EXCLUDED.message_id ELSE n.message_id END, issuer_name = COALESCE(EXCLUDED.issuer_name, n.issuer_name),
  total = COALESCE(EXCLUDED.total, n.total), issued_at = COALESCE(EXCLUDED.issued_at, n.issued_at), protocol = COALESCE(EXCLUDED.protocol, n.protocol),
  whole = n.whole OR EXCLUDED.whole, status = CASE WHEN n.status = 'AUTHORIZED' THEN EXCLUDED.status ELSE n.status END, note = COALESCE(EXCLUDED.note, n.note),
  referenced_keys = CASE WHEN EXCLUDED.whole THEN EXCLUDED.referenced_keys ELSE n.referenced_keys END, document_id = COALESCE(EXCLUDED.document_id, n.document_id), updated_at = $14
RETURNING access_key, xmax = 0 AS fresh, whole, status, document_id, issuer_tax_id, total;

-- name: cancelled
UPDATE incoming_notes SET status = 'CANCELLED', updated_at = $2 WHERE access_key = ANY ($1::text[]) AND status = 'AUTHORIZED' RETURNING access_key;

-- name: stance
UPDATE incoming_notes SET stance = $2, updated_at = $3 WHERE access_key = $1 RETURNING access_key;

-- name: match
UPDATE incoming_notes SET purchase_order_id = COALESCE($2, purchase_order_id), document_id = COALESCE($3, document_id), updated_at = $4 WHERE access_key = $1 RETURNING access_key;

-- name: find
SELECT * FROM incoming_notes WHERE access_key = ANY ($1::text[]);

-- name: by_id
SELECT access_key FROM incoming_notes WHERE incoming_note_id = $1;
