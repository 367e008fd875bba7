"""A database of many orders, by COPY: `python -m tests.bench.generate DSN --tenant 1 --orders 100000 [--told 60000]`.

Orders with lines, fulfillments, shipments, stock and its movements, fiscal documents, incidents, messages and deliveries. The first `told` orders
have their facts too, chained by hash, and a replay of those facts gives those tables. Works as a superuser: foreign keys are not checked again.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from hub.kit.db import prepare
from hub.ledger.model import Fact
from tests.bench.lives import COLUMNS, Company, Levels, Life, Rows, chained, made_id

CHUNK = 5_000
SPARE = 1_000  # units of each level beyond what was sold
NODE = """INSERT INTO nodes (tenant_id, node_id, code, name, kind, street, city, region, postal_code, country, timezone)
SELECT $1, id, 'GEN-' || n, 'Generated ' || n, 'WAREHOUSE', 'Rua A', 'Lisboa', '11', '1000-001', 'PT', 'Europe/Lisbon' FROM unnest($2::uuid[], $3::int[]) AS g(id, n)"""
CONNECTION = "INSERT INTO connections (tenant_id, connection_id, adapter, code, label, config, created_at) VALUES ($1, $2, 'api', 'generated', 'Generated', '{}', now())"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """What was written, and how long it took."""

    orders: int
    rows: Mapping[str, int]
    seconds: float


async def fill(
    dsn: str, tenant: int, orders: int, *, told: int | None = None, now: datetime | None = None, first: int = 0
) -> Filled:
    """Write orders `first` to `first + orders`; `told` of them with their facts (all without a number). The tenant exists."""
    began, now = time.perf_counter(), now or datetime.now(UTC)
    conn: Any = await asyncpg.connect(dsn)
    counts: dict[str, int] = defaultdict(int)
    try:
        await prepare(conn)
        await conn.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        company = await _company(conn, tenant, orders, now)
        levels = Levels()
        for start in range(first, first + orders, CHUNK):
            made: Rows = defaultdict(list)
            for n in range(start, min(start + CHUNK, first + orders)):
                life = Life(company, n)
                life.rows(levels, made)
                if told is None or n - first < told:
                    life.told(made)
            await _copy(conn, tenant, made, counts)
        stock: Rows = defaultdict(list)
        _stock(company, levels, stock, now)
        await _copy(conn, tenant, stock, counts)
        await conn.execute("RESET session_replication_role; ANALYZE")
    finally:
        await conn.close()
    return Filled(orders=orders, rows=dict(counts), seconds=time.perf_counter() - began)


async def _company(conn: Any, tenant: int, orders: int, now: datetime) -> Company:
    nodes = [made_id(40 + k, tenant, now) for k in range(4)]
    connection = made_id(50, tenant, now)
    await conn.execute(NODE, tenant, nodes, list(range(4)))
    await conn.execute(CONNECTION, tenant, connection)
    year = timedelta(days=365)
    skus = [f"GEN-{k:06d}" for k in range(min(20_000, max(10, orders // 10)))]
    return Company(nodes=nodes, skus=skus, connection=connection, began=now - year, pace=year / max(1, orders))


def _stock(company: Company, levels: Levels, made: Rows, now: datetime) -> None:
    """Levels that never were below zero, the first count of each as a fact, and the products."""
    heads: dict[UUID, tuple[int, bytes]] = {}
    for n, ((node, sku), (gone, reserved)) in enumerate(sorted(levels.moved.items())):
        stock_id, correlation = made_id(51, n, now), made_id(52, n, now)
        on_hand = reserved + SPARE
        made["stock"].append((stock_id, node, sku, "NEW", Decimal(on_hand), Decimal(reserved), now))
        data = {"node_id": str(node), "sku": sku, "condition": "NEW", "delta": str(on_hand + gone)}
        fact = Fact(
            event_id=made_id(53, n, now),
            type="stock.received",
            subject_kind="stock",
            subject_id=stock_id,
            correlation_id=correlation,
            causation_id=None,
            actor="generator",
            at=now,
            data=data,
        )
        chained(fact, heads, made)
    made["ledger_heads"] += [(subject, version, hash_) for subject, (version, hash_) in heads.items()]
    made["products"] += [(made_id(54, n, now), sku, f"Camiseta {n}", 250) for n, sku in enumerate(company.skus)]


async def _copy(conn: Any, tenant: int, made: Rows, counts: dict[str, int]) -> None:
    for name, rows in made.items():
        columns = ["tenant_id", *COLUMNS[name].split()]
        await conn.copy_records_to_table(name, records=[(tenant, *row) for row in rows], columns=columns)
        counts[name] += len(rows)


async def main(given: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="generate", description="Fill a database with many orders.")
    parser.add_argument("dsn", help="as a superuser")
    parser.add_argument("--tenant", type=int, default=1)
    parser.add_argument("--orders", type=int, default=1_000)
    parser.add_argument("--told", type=int, help="how many have their facts; all without it")
    asked = parser.parse_args(given)
    made = await fill(asked.dsn, asked.tenant, asked.orders, told=asked.told)
    print(made, flush=True)  # noqa: T201 - a bench prints


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
