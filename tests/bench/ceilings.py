"""What this stack can reach at most, measured beside each operation: the least work that could be called the same.

`python -m tests.bench.ceilings PORT` serves them; the database comes in the environment variable BENCH_DSN.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any

import asyncpg
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.kit.batch import Batcher
from hub.kit.ids import new_id
from tests.bench.client import Load, Target, load
from tests.bench.stand import HOST, Stand, free_port, listening

TABLES = """
CREATE SCHEMA IF NOT EXISTS bench;
CREATE TABLE IF NOT EXISTS bench.orders (id uuid PRIMARY KEY, ext text UNIQUE, body jsonb);
CREATE TABLE IF NOT EXISTS bench.lines (id uuid PRIMARY KEY, order_id uuid, sku text, quantity numeric, price numeric);
CREATE INDEX IF NOT EXISTS bench_lines ON bench.lines (order_id);
CREATE TABLE IF NOT EXISTS bench.facts (id uuid PRIMARY KEY, order_id uuid, type text, data jsonb);
CREATE TABLE IF NOT EXISTS bench.outbox (id uuid PRIMARY KEY, order_id uuid, payload jsonb);
CREATE TABLE IF NOT EXISTS bench.inbox (id uuid PRIMARY KEY, key text UNIQUE, body bytea);
CREATE TABLE IF NOT EXISTS bench.stock (sku text PRIMARY KEY, on_hand numeric, reserved numeric, CHECK (reserved <= on_hand)) WITH (fillfactor = 50);
INSERT INTO bench.stock VALUES ('HOT', 1000000000, 0) ON CONFLICT DO NOTHING;
"""
CAPTURE = """
WITH o AS (INSERT INTO bench.orders SELECT * FROM unnest($1::uuid[], $2::text[], $3::jsonb[])),
     l AS (INSERT INTO bench.lines SELECT * FROM unnest($4::uuid[], $5::uuid[], $6::text[], $7::numeric[], $8::numeric[])),
     f AS (INSERT INTO bench.facts SELECT * FROM unnest($9::uuid[], $1::uuid[], $10::text[], $3::jsonb[]))
INSERT INTO bench.outbox SELECT * FROM unnest($11::uuid[], $1::uuid[], $3::jsonb[])
"""
KEEP = "INSERT INTO bench.inbox SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[])"
TAKE = "UPDATE bench.stock SET reserved = reserved + $1 WHERE sku = 'HOT' AND on_hand - reserved >= $1"
_LINES = """(SELECT json_agg(json_build_object('id', l.line_id, 'sku', l.sku, 'title', l.title, 'ordered', l.ordered,
  'reserved', l.reserved, 'shipped', l.shipped, 'price', l.unit_price, 'total', l.total, 'currency', l.currency) ORDER BY l.line_no)
  FROM order_lines l WHERE l.tenant_id = 1 AND l.order_id = o.order_id)"""
_SHARES = """(SELECT json_agg(json_build_object('id', f.fulfillment_id, 'state', f.state, 'method', f.method, 'node', n.code))
  FROM fulfillments f JOIN nodes n ON n.tenant_id = f.tenant_id AND n.node_id = f.node_id
  WHERE f.tenant_id = 1 AND f.order_id = o.order_id)"""
_ORDER = f"""json_build_object('id', o.order_id, 'number', o.number, 'channel', o.channel, 'externalId', o.external_id,
  'state', o.state, 'placedAt', o.placed_at, 'payment', o.payment_state, 'total', o.total, 'currency', o.currency,
  'name', o.ship_name, 'street', o.ship_street, 'city', o.ship_city, 'region', o.ship_region, 'postcode', o.ship_postal_code,
  'lines', {_LINES}, 'fulfillments', {_SHARES})"""
LIST = f"""SELECT json_agg(x.j)::text FROM (SELECT {_ORDER} AS j FROM orders o
  WHERE o.tenant_id = 1 ORDER BY o.placed_at DESC, o.order_id DESC LIMIT 50) x"""  # noqa: S608 - our own pieces
ONE = f"SELECT {_ORDER}::text FROM orders o WHERE o.tenant_id = 1 AND o.order_id = $1"  # noqa: S608 - our own pieces


class Least:
    """The handlers: as little Python around as little SQL as the operation can have."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._captures: Batcher[Any, None] = Batcher(self._capture)
        self._notices: Batcher[bytes, None] = Batcher(self._keep)
        self._takes: Batcher[int, None] = Batcher(self._take)

    async def echo(self, request: Request) -> Response:
        return _json(orjson.dumps(orjson.loads(await request.body())))

    async def capture(self, request: Request) -> Response:
        await self._captures.submit(orjson.loads(await request.body())["variables"]["input"])
        return _json(b'{"userErrors":[]}')

    async def keep(self, request: Request) -> Response:
        await self._notices.submit(await request.body())
        return _json(b"{}")

    async def take(self, request: Request) -> Response:
        await request.body()
        await self._takes.submit(1)
        return _json(b"{}")

    async def page(self, request: Request) -> Response:
        await request.body()
        return _json((await self._pool.fetchval(LIST)).encode())

    async def one(self, request: Request) -> Response:
        wanted = orjson.loads(await request.body())["variables"]["id"]
        return _json((await self._pool.fetchval(ONE, wanted[4:])).encode())

    async def _capture(self, items: Sequence[Any]) -> list[None]:
        ids, bodies = [new_id() for _ in items], [orjson.dumps(i).decode() for i in items]
        lines = [(new_id(), id_, x["sku"], x["quantity"], x["unitPrice"]) for id_, i in zip(ids, items, strict=True) for x in i["lines"]]  # fmt: skip
        columns = [list(c) for c in zip(*lines, strict=True)]
        columns[3], columns[4] = [Decimal(q) for q in columns[3]], [Decimal(p) for p in columns[4]]
        names = [i["externalId"] for i in items]
        facts, outbox = [new_id() for _ in items], [new_id() for _ in items]
        await self._pool.execute(CAPTURE, ids, names, bodies, *columns, facts, ["order.placed"] * len(items), outbox)
        return [None] * len(items)

    async def _keep(self, items: Sequence[bytes]) -> list[None]:
        ids = [new_id() for _ in items]
        await self._pool.execute(KEEP, ids, [i.hex for i in ids], list(items))
        return [None] * len(items)

    async def _take(self, items: Sequence[int]) -> list[None]:
        await self._pool.execute(TAKE, sum(items))
        return [None] * len(items)


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json")


async def _serve(port: int, dsn: str) -> None:
    async with asyncpg.create_pool(dsn, min_size=4, max_size=4) as pool:
        await pool.execute(TABLES)
        least = Least(pool)
        handlers: dict[str, Callable[[Request], Awaitable[Response]]] = {
            name: getattr(least, name) for name in ("echo", "capture", "keep", "take", "page", "one")
        }
        app = Starlette(routes=[Route(f"/{n}", h, methods=["POST"]) for n, h in handlers.items()])
        config = uvicorn.Config(
            app,
            host=HOST,
            port=port,
            http="httptools",
            loop="uvloop",
            log_config=None,
            access_log=False,
            lifespan="off",
        )
        await uvicorn.Server(config).serve()


async def ceiling(stand: Stand, name: str, make: Callable[[Target, int], bytes], *, clients: int = 32) -> Load:
    """The best of two short runs of one of the handlers, in a process of its own that ends with it."""
    port = free_port()
    os.environ["BENCH_DSN"] = stand.dsn
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bench.ceilings", str(port))
    try:
        await listening(port)
        target = Target(f"http://{HOST}:{port}/{name}", {"Content-Type": "application/json"})
        runs = [
            await load(target, lambda n: make(target, n), lambda s, _b: s == 200, clients=clients, seconds=seconds)
            for seconds in (0.5, 1.5, 1.5)
        ]
        return max(runs, key=lambda r: r.rate)
    finally:
        process.terminate()
        await process.wait()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(int(sys.argv[1]), os.environ["BENCH_DSN"]))
