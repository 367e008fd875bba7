"""P7: 100 units, 160 attempts by 32 clients: by capture and by reservation, over one web process and over two."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from functools import partial

import asyncpg
import orjson

from hub.cli.story.seed import HOT
from tests.bench import bodies
from tests.bench.ceilings import ceiling
from tests.bench.client import Failed, Load, Target
from tests.bench.line import line, measured
from tests.bench.stand import Stand, standing

UNITS, ATTEMPTS, CLIENTS = 100, 160, 32
Send = Callable[[Target, str], bytes]
CAPTURE = bodies.CAPTURE.replace("id number state", "id state onHold")
SEED = """
WITH p AS (INSERT INTO products (tenant_id, product_id, sku, title, ncm, origin, weight_g)
           VALUES ($1, gen_random_uuid(), $3, $3, '61091000', 0, 300)),
     m AS (INSERT INTO stock_movements (tenant_id, movement_id, at, node_id, sku, condition, on_hand_delta, cause, event_id)
           VALUES ($1, gen_random_uuid(), now(), $2, $3, 'NEW', $4, 'ADJUSTMENT', gen_random_uuid()))
INSERT INTO stock (tenant_id, stock_id, node_id, sku, on_hand) VALUES ($1, gen_random_uuid(), $2, $3, $4)
"""


async def fresh(stand: Stand) -> str:
    """A new SKU with 100 units in one node."""
    sku = f"{HOT}-{secrets.token_hex(4)}"
    conn = await asyncpg.connect(stand.dsn)
    try:
        await conn.execute(SEED, stand.company.tenant, stand.company.nodes["CD-CAJAMAR"], sku, UNITS)
    finally:
        await conn.close()
    return sku


async def taken(stand: Stand, sku: str) -> int:
    conn = await asyncpg.connect(stand.dsn)
    try:
        return int(await conn.fetchval("SELECT sum(reserved) FROM stock WHERE sku = $1", sku))
    finally:
        await conn.close()


def buy(target: Target, sku: str) -> bytes:
    name = f"hot-{secrets.token_hex(8)}"
    given = bodies.capture_input(name, [(sku, 1)])
    body = orjson.dumps({"query": CAPTURE, "variables": {"input": given}})
    return target.request(body, f"Idempotency-Key: {name}\r\n")


def keep(target: Target, sku: str) -> bytes:
    name = f"hot-{secrets.token_hex(8)}"
    given = {"reference": name, "lines": [{"sku": sku, "quantity": "1"}]}
    body = orjson.dumps({"query": bodies.RESERVE, "variables": {"input": given}})
    return target.request(body, f"Idempotency-Key: {name}\r\n")


async def rush(stand: Stand, send: Send, accepted: bytes) -> Load:
    """One rush on a fresh SKU; fails where the count of the answers or of the stock is not exactly 100."""
    sku = await fresh(stand)
    targets = [stand.graphql(n % len(stand.web)) for n in range(CLIENTS)]
    wires = await asyncio.gather(*(t.connect() for t in targets))
    for wire, target in zip(wires, targets, strict=True):
        await wire.ask(bodies.query(target, "{ __typename }", {}))
    left = iter(range(ATTEMPTS))
    times: list[float] = []
    won = 0
    began = time.perf_counter()

    async def client(n: int) -> None:
        nonlocal won
        for _ in left:
            asked = time.perf_counter()
            status, body = await wires[n].ask(send(targets[n], sku))
            times.append((time.perf_counter() - asked) * 1000)
            if status != 200 or b'"errors"' in body:
                raise Failed(f"{status}: {body[:600]!r}")
            won += accepted in body

    await asyncio.gather(*(client(n) for n in range(CLIENTS)))
    seconds = time.perf_counter() - began
    for wire in wires:
        wire.close()
    stock = await taken(stand, sku)
    if (won, stock, len(times)) != (UNITS, UNITS, ATTEMPTS):
        raise Failed(f"accepted {won}, reserved {stock}, answered {len(times)}")
    return Load(ATTEMPTS, seconds, sorted(times))


async def _again(stand: Stand, send: Send, accepted: bytes, _run: int) -> Load:
    return await rush(stand, send, accepted)


async def main() -> None:
    for processes in (1, 2):
        async with standing(web=processes) as stand:
            most = await ceiling(stand, "take", lambda t, _n: t.request(b"{}"))
            for name, send, accepted in (("captureOrder", buy, b'"onHold":false'), ("reserveStock", keep, b'"userErrors":[]')):  # fmt: skip
                found = await measured(partial(_again, stand, send, accepted), stand.roots, runs=5)
                line(
                    "P7",
                    f"100 units, 160 attempts by {name}, {processes} web process(es): exactly 100",
                    found,
                    clients=CLIENTS,
                    orders=await stand.orders(),
                    ceiling=most.rate,
                    goal="exactly 100 accepted, all answered in <= 0.2 s",
                    met=ATTEMPTS / found.rate <= 0.2,
                    accepted=UNITS,
                    seconds=round(ATTEMPTS / found.rate, 3),
                )
