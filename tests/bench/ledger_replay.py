"""P12: facts a second that the replay sums up, on a ledger of ready-made order lives. Prints one JSON line; asserts nothing.
`python -m tests.bench.ledger_replay DSN [ORDERS]`: an empty database of a superuser, ten facts an order.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import asyncpg

from hub.flows.replay import replay
from hub.kit.db import Database
from hub.migrations import migrate

LIFE: tuple[tuple[str, str, str], ...] = (
    (
        "order.placed",
        "order",
        "jsonb_build_object('payment_state', 'PAID', 'revision', '1', 'lines', jsonb_build_array(jsonb_build_array(line, 'S', '2', '9.90')))",
    ),
    ("order.approved", "order", "'{}'::jsonb"),
    (
        "order.allocated",
        "order",
        "jsonb_build_object('shares', jsonb_build_array(jsonb_build_array(node, line, 'S', '2')), 'unplaced', '[]'::jsonb)",
    ),
    ("fulfillment.planned", "ful", "jsonb_build_object('lines', lines)"),
    ("fulfillment.picking", "ful", "'{}'::jsonb"),
    ("fulfillment.picked", "ful", "jsonb_build_object('lines', lines)"),
    ("fulfillment.packed", "ful", "jsonb_build_object('lines', lines)"),
    ("fulfillment.dispatched", "ful", "jsonb_build_object('node_id', node, 'lines', lines)"),
    ("order.state_changed", "order", "jsonb_build_object('to', 'DISPATCHED')"),
    ("fulfillment.delivered", "ful", "jsonb_build_object('lines', lines)"),
)
WRITE = """
INSERT INTO business_events (tenant_id, event_id, type, subject_kind, subject_id, subject_version, correlation_id, actor, at, data, hash)
SELECT 1, gen_random_uuid(), v.type, v.kind, CASE v.kind WHEN 'order' THEN o ELSE f END, v.n, o, 'bench', now(), v.data, ''
FROM generate_series($1::int, $2::int) AS g(n),
LATERAL (SELECT md5(g.n || 'o')::uuid AS o, md5(g.n || 'f')::uuid AS f, md5(g.n || 'l')::uuid AS line, md5((g.n % 12) || 'n')::uuid AS node) AS i,
LATERAL (SELECT jsonb_build_array(jsonb_build_array(line, 'S', '2')) AS lines) AS j,
LATERAL (VALUES {rows}) AS v(n, type, kind, data)"""
CHUNK = 10_000


async def main(dsn: str, orders: int) -> dict[str, Any]:
    """Fill the ledger, replay it, and say how fast that was."""
    await migrate(dsn)
    rows = ", ".join(f"({n}, '{type_}', '{kind}', {data})" for n, (type_, kind, data) in enumerate(LIFE, 1))
    conn = await asyncpg.connect(dsn)
    for first in range(0, orders, CHUNK):
        await conn.execute(WRITE.format(rows=rows), first, min(first + CHUNK, orders) - 1)
    await conn.execute("ANALYZE business_events")
    await conn.close()
    db = await Database(dsn).open()
    try:
        async with db.unit(tenant=1, actor="bench") as tx:
            wall, cpu = time.perf_counter(), time.process_time()
            told = await replay(tx)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    finally:
        await db.close()
    return {
        "goal": "P12",
        "facts": told.facts,
        "orders": len(told.orders),
        "seconds": round(wall, 2),
        "cpu_seconds": round(cpu, 2),
        "facts_per_second": round(told.facts / wall),
        "million_facts_minutes": round(1_000_000 / told.facts * wall / 60, 2),
    }


if __name__ == "__main__":
    sys.stdout.write(
        json.dumps(asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20_000))) + "\n"
    )
