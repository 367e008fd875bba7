-- name: due               a skip scan: one index probe a tenant, however long the backlog
WITH RECURSIVE t AS (
  (SELECT tenant_id FROM {queue} WHERE state = 0 ORDER BY tenant_id LIMIT 1)
  UNION ALL
  SELECT n.tenant_id FROM t CROSS JOIN LATERAL (
    SELECT o.tenant_id FROM {queue} o WHERE o.state = 0 AND o.tenant_id > t.tenant_id ORDER BY o.tenant_id LIMIT 1) n)
SELECT tenant_id, '' AS destination FROM t
WHERE (SELECT true FROM {queue} o WHERE o.tenant_id = t.tenant_id AND o.state = 0 AND o.run_at <= now() LIMIT 1)

-- name: due_ordered       the same by tenant and destination
WITH RECURSIVE p AS (
  (SELECT tenant_id, destination FROM {queue} WHERE state = 0 ORDER BY tenant_id, destination LIMIT 1)
  UNION ALL
  SELECT n.tenant_id, n.destination FROM p CROSS JOIN LATERAL (
    SELECT o.tenant_id, o.destination FROM {queue} o
    WHERE o.state = 0 AND (o.tenant_id, o.destination) > (p.tenant_id, p.destination)
    ORDER BY o.tenant_id, o.destination LIMIT 1) n)
SELECT tenant_id, destination FROM p
WHERE (SELECT true FROM {queue} o WHERE o.tenant_id = p.tenant_id AND o.destination = p.destination AND o.state = 0
         AND o.run_at <= now() LIMIT 1)

-- name: claim             $1 owner, $2 lease, $3 tenants in their turn, $4 per tenant, $5 in all ($6 holds no destinations here)
WITH c AS MATERIALIZED (
  SELECT d.tenant_id, d.{id}
  FROM unnest($3::int[], $6::text[]) AS t(tenant_id, destination)
  CROSS JOIN LATERAL (
    SELECT o.tenant_id, o.{id}
    FROM {queue} o
    WHERE o.tenant_id = t.tenant_id AND o.state = 0 AND o.run_at <= now(){alone}
    ORDER BY o.run_at, o.seq
    LIMIT $4
    FOR UPDATE OF o SKIP LOCKED) d
  LIMIT $5)
UPDATE {queue} q
SET state = 1, owner = $1, lease_until = now() + $2::interval, attempts = q.attempts + 1
FROM c
WHERE q.tenant_id = c.tenant_id AND q.{id} = c.{id}
RETURNING q.*

-- name: claim_ordered     $3 and $6 tenants and destinations in their turn, $4 per tenant. Tenants take turns, and within a tenant its
-- destinations: the backlog of one is not walked through for the others. Within an ordering key only the oldest live row may be
-- claimed; a parked one is passed by, unless it is strict.
WITH ready AS MATERIALIZED (
  SELECT p.turn, d.*
  FROM unnest($3::int[], $6::text[]) WITH ORDINALITY AS p(tenant_id, destination, turn)
  CROSS JOIN LATERAL (
    SELECT o.tenant_id, o.{id}, o.destination, o.run_at, o.seq
    FROM {queue} o
    WHERE o.tenant_id = p.tenant_id AND o.destination = p.destination AND o.state = 0 AND o.run_at <= now()
      AND (o.ordering_key IS NULL OR NOT EXISTS (
        SELECT FROM {queue} e
        WHERE e.tenant_id = o.tenant_id AND e.destination = o.destination AND e.ordering_key = o.ordering_key
          AND e.seq < o.seq AND (e.state <> 3 OR e.strict)))
    ORDER BY o.run_at, o.seq
    LIMIT $4
    FOR UPDATE OF o SKIP LOCKED) d),
c AS (
  SELECT tenant_id, {id}
  FROM (SELECT r.*, row_number() OVER (PARTITION BY tenant_id ORDER BY nth, run_at, seq) AS place
        FROM (SELECT ready.*, row_number() OVER (PARTITION BY tenant_id, destination ORDER BY run_at, seq) AS nth
              FROM ready) r) ranked
  ORDER BY place, turn
  LIMIT $5)
UPDATE {queue} q
SET state = 1, owner = $1, lease_until = now() + $2::interval, attempts = q.attempts + 1
FROM c
WHERE q.tenant_id = c.tenant_id AND q.{id} = c.{id}
RETURNING q.*

-- name: complete          $1 owner, $2 tenants, $3 ids, $4 outcomes; fewer rows back than sent: the lease was lost
WITH gone AS (
  DELETE FROM {queue} q
  USING unnest($2::int[], $3::uuid[], $4::text[]) AS d(tenant_id, id, outcome)
  WHERE q.tenant_id = d.tenant_id AND q.{id} = d.id AND q.owner = $1 AND q.state = 1
  RETURNING q.*, d.outcome)
INSERT INTO {queue}_done ({columns}, outcome{extra})
SELECT {columns}, outcome{extra_value} FROM gone
RETURNING {id}

-- name: settle            $1 owner, $2 tenants, $3 ids, $4 delays, $5 park?, $6 not a try?, $7 errors, $8 fingerprints, $9 statuses
WITH d AS MATERIALIZED (
  SELECT q.tenant_id, q.{id}, q.seq{latest}, d.delay, d.park, d.untried, d.error, d.fingerprint, d.status
  FROM unnest($2::int[], $3::uuid[], $4::interval[], $5::bool[], $6::bool[], $7::text[], $8::text[], $9::int[])
       AS d(tenant_id, id, delay, park, untried, error, fingerprint, status)
  JOIN {queue} q ON q.tenant_id = d.tenant_id AND q.{id} = d.id
  WHERE q.owner = $1 AND q.state = 1
  FOR UPDATE OF q),
overtaken AS (
  DELETE FROM {queue} q USING d
  WHERE q.tenant_id = d.tenant_id AND q.{id} = d.{id} AND {successor}
  RETURNING q.*, d.error),
kept AS (
  INSERT INTO {queue}_done ({columns}, outcome, reason{extra})
  SELECT {columns}, 'SUPERSEDED', error{extra_value} FROM overtaken
  RETURNING tenant_id, {id}),
moved AS (
  UPDATE {queue} q
  SET state = CASE WHEN d.park THEN 3 ELSE 0 END, owner = NULL, lease_until = NULL,
      run_at = now() + d.delay,
      attempts = GREATEST(0, q.attempts - d.untried::int),
      last_error = COALESCE(d.error, q.last_error),
      fingerprint = COALESCE(d.fingerprint, q.fingerprint){status}
  FROM d
  WHERE q.tenant_id = d.tenant_id AND q.{id} = d.{id} AND NOT {successor}
  RETURNING q.tenant_id, q.{id}, q.state, q.run_at)
SELECT {id} AS id, state, run_at FROM moved
UNION ALL
SELECT {id}, NULL, NULL FROM kept

-- name: heartbeat         $1 owner, $2 lease, $3 ids; rows locked by their own completion are left alone and still count as held
WITH free AS MATERIALIZED (
  SELECT q.tenant_id, q.{id} FROM {queue} q
  WHERE q.owner = $1 AND q.state = 1 AND q.{id} = ANY ($3::uuid[])
  FOR UPDATE SKIP LOCKED),
beaten AS (
  UPDATE {queue} q SET lease_until = now() + $2::interval FROM free
  WHERE q.tenant_id = free.tenant_id AND q.{id} = free.{id})
SELECT q.{id} AS id FROM {queue} q WHERE q.owner = $1 AND q.state = 1 AND q.{id} = ANY ($3::uuid[])

-- name: reap              $1 how many
WITH d AS MATERIALIZED (
  SELECT q.tenant_id, q.{id}, q.seq{latest} FROM {queue} q
  WHERE q.state = 1 AND q.lease_until < now()
  ORDER BY q.lease_until LIMIT $1 FOR UPDATE SKIP LOCKED),
overtaken AS (
  DELETE FROM {queue} q USING d
  WHERE q.tenant_id = d.tenant_id AND q.{id} = d.{id} AND {successor}
  RETURNING q.*),
kept AS (
  INSERT INTO {queue}_done ({columns}, outcome, reason{extra})
  SELECT {columns}, 'SUPERSEDED', 'worker died or stalled'{extra_value} FROM overtaken
  RETURNING tenant_id, {id})
UPDATE {queue} q
SET state = 0, owner = NULL, lease_until = NULL, run_at = now(), last_error = 'worker died or stalled'
FROM d
WHERE q.tenant_id = d.tenant_id AND q.{id} = d.{id} AND NOT {successor}
RETURNING q.tenant_id, q.{id} AS id, q.{kind} AS kind

-- name: retry             $1 tenant, $2 {picked_by}, $3 how many
WITH d AS MATERIALIZED (
  SELECT q.tenant_id, q.{id}, q.seq{latest} FROM {queue} q
  WHERE q.tenant_id = $1 AND {pick} AND (q.state = 3 OR (q.state = 0 AND q.attempts > 0))
  ORDER BY q.seq LIMIT $3 FOR UPDATE),
overtaken AS (
  DELETE FROM {queue} q USING d
  WHERE q.tenant_id = d.tenant_id AND q.{id} = d.{id} AND q.state = 3 AND ({successor} OR {later_twin})
  RETURNING q.*),
kept AS (
  INSERT INTO {queue}_done ({columns}, outcome, reason{extra})
  SELECT {columns}, 'SUPERSEDED', 'retried after a newer one'{extra_value} FROM overtaken
  RETURNING {columns}),
moved AS (
  UPDATE {queue} q SET state = 0, run_at = now(), attempts = 0
  FROM d
  WHERE q.tenant_id = d.tenant_id AND q.{id} = d.{id}
    AND (q.state = 0 OR NOT ({successor} OR {later_twin}))
  RETURNING q.*)
SELECT {columns}, true AS ready FROM moved
UNION ALL
SELECT {columns}, false FROM kept

-- name: ignore            $1 tenant, $2 {picked_by}, $3 how many, $4 reason
WITH d AS MATERIALIZED (
  SELECT q.tenant_id, q.{id} FROM {queue} q
  WHERE q.tenant_id = $1 AND {pick} AND (q.state = 3 OR (q.state = 0 AND q.attempts > 0))
  ORDER BY q.seq LIMIT $3 FOR UPDATE),
gone AS (
  DELETE FROM {queue} q USING d WHERE q.tenant_id = d.tenant_id AND q.{id} = d.{id}
  RETURNING q.*)
INSERT INTO {queue}_done ({columns}, outcome, reason{extra})
SELECT {columns}, 'IGNORED', $4::text{extra_value} FROM gone
RETURNING {columns}, false AS ready

-- name: measure           by kind: rows by state, and how long the oldest that is due has waited
SELECT {kind} AS kind, count(*) FILTER (WHERE state = 0) AS ready, count(*) FILTER (WHERE state = 1) AS leased,
       count(*) FILTER (WHERE state = 3) AS parked,
       COALESCE(EXTRACT(EPOCH FROM now() - min(run_at) FILTER (WHERE state = 0 AND run_at <= now())), 0)::float8 AS oldest
FROM {queue}
GROUP BY {kind}
