-- name: add       one thing is told to one recipient once
INSERT INTO notices (notice_id, connection_id, medium, template, recipient, subject_kind, subject_id, order_id, subject, created_at)
SELECT u.*, $10 FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::uuid[], $9::text[]) AS u(a, b, c, d, e, f, g, h, i)
ON CONFLICT (tenant_id, template, subject_id, recipient) DO NOTHING
RETURNING notice_id;

-- name: settle
UPDATE notices n SET state = u.state, message = u.message, sent_at = CASE WHEN u.state = 'SENT' THEN $4::timestamptz END
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS u(notice_id, state, message)
WHERE n.notice_id = u.notice_id AND n.state <> 'SENT'
RETURNING n.notice_id, n.state, n.order_id, n.medium, n.template, n.message;
