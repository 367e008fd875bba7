"""Where a capture's time goes: CPU of each statement in PostgreSQL, Python's own, in one process.

`python -m tests.bench.anatomy [--size 32] [--batches 20] [--python]`: tables to read, not lines of the contract.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import cProfile
import functools
import pstats
import secrets
import shutil
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import asyncpg
import uvloop
from pydantic import SecretStr

from hub.boot import Hub, open_hub
from hub.boot.web import edge_of
from hub.kit.embedded import Embedded, scratch_data_dir
from hub.kit.settings import Settings
from hub.migrations import migrate
from tests.bench import bodies
from tests.bench.stand import founded, skus


class Anatomy:
    """Counts of the statements of this process's connections, while `on`."""

    def __init__(self) -> None:
        self.on = False
        self.found: dict[str, list[float]] = defaultdict(lambda: [0, 0.0])  # calls, CPU milliseconds of the backend
        for name in ("fetch", "fetchrow", "fetchval", "execute"):
            setattr(asyncpg.Connection, name, self._watched(getattr(asyncpg.Connection, name)))

    def _watched(self, real: Any) -> Any:
        @functools.wraps(real)
        async def watched(conn: Any, sql: str, *given: Any, **more: Any) -> Any:
            if not self.on:
                return await real(conn, sql, *given, **more)
            clock = Path(f"/proc/{conn.get_server_pid()}/schedstat")
            before = int(clock.read_text().split()[0])
            try:
                return await real(conn, sql, *given, **more)
            finally:
                entry = self.found[" ".join(sql.split())[:100]]
                entry[0] += 1
                entry[1] += (int(clock.read_text().split()[0]) - before) / 1e6

        return watched

    def show(self, batches: int, orders: int) -> None:
        spent = sum(ms for _, ms in self.found.values())
        calls = sum(n for n, _ in self.found.values())
        print(f"postgres {spent / orders:.3f} ms an order, {calls / batches:.1f} statements a batch")  # noqa: T201 - a bench prints
        for sql, (n, ms) in sorted(self.found.items(), key=lambda x: -x[1][1]):
            print(f"{n / batches:6.2f}x {ms / orders * 1000:8.1f} us an order {ms / n:8.3f} ms each  {sql}")  # noqa: T201 - a bench prints


async def dissect(hub: Hub, api_key: str, anatomy: Anatomy, given: argparse.Namespace) -> None:
    async with edge_of(hub) as edge:
        api = edge.desk
        me = await api.who(f"Bearer {api_key}")
        batch_no = 0

        async def one(batch: int, n: int) -> None:
            name = f"a-{batch}-{n}"
            wanted = [(sku, 1 + k) for k, sku in enumerate(skus(batch * given.size + n))]
            body = {"query": bodies.CAPTURE, "variables": {"input": bodies.capture_input(name, wanted)}}
            _, answer = await api.answer(api.asked(me, body), name, "application/json")
            if not bodies.captured(200, answer):
                raise RuntimeError(answer)

        async def batches(count: int) -> None:
            nonlocal batch_no
            for _ in range(count):
                batch_no += 1
                await asyncio.gather(*(one(batch_no, n) for n in range(given.size)))

        await batches(6)
        orders = given.batches * given.size
        began = time.process_time()
        await batches(given.batches)
        print(f"python {(time.process_time() - began) * 1000 / orders:.3f} ms an order")  # noqa: T201 - a bench prints
        anatomy.on = True
        await batches(given.batches)
        anatomy.on = False
        anatomy.show(given.batches, orders)
        if given.python:
            profile = cProfile.Profile()
            profile.enable()
            await batches(given.batches)
            profile.disable()
            pstats.Stats(profile).sort_stats("cumulative").print_stats(90)


async def main() -> None:
    parser = argparse.ArgumentParser(prog="anatomy")
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--python", action="store_true")
    given = parser.parse_args()
    anatomy = Anatomy()
    data = scratch_data_dir("hub-anatomy")
    try:
        async with Embedded(data) as embedded:
            await migrate(embedded.owner_dsn)
            kek = base64.b64encode(secrets.token_bytes(32)).decode()
            company = await founded(embedded.owner_dsn, kek, data)
            async with open_hub(embedded.owner_dsn, Settings(kek=SecretStr(kek))) as hub:
                await dissect(hub, company.api_key, anatomy, given)
    finally:
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    uvloop.run(main())
