"""The hub under test: a scratch embedded PostgreSQL, the demo's company, `hub serve` and `hub work` as processes of their own."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from uuid import UUID

import asyncpg
from pydantic import SecretStr

from hub.boot import open_hub
from hub.cli.story.seed import CNPJS, PLENTY, Addresses, Company, found
from hub.kit.embedded import Embedded, scratch_data_dir
from hub.kit.log import configure_logging
from hub.kit.settings import Settings
from hub.migrations import migrate
from tests.bench.client import Target, graphql
from tests.bench.generate import fill

HOST = "127.0.0.1"
TOLD = 60_000  # orders of a filled database that have their facts: a million facts, replayed by P12
TREE = Path(__file__).resolve().parents[2]


@dataclass(slots=True, kw_only=True)
class Stand:
    """`postgres`: the postmaster's process id. `web`: (process id, base URL) of each web process."""

    company: Company
    dsn: str
    postgres: int
    kek: str
    web: list[tuple[int, str]] = field(default_factory=list)
    workers: list[int] = field(default_factory=list)
    processes: list[asyncio.subprocess.Process] = field(default_factory=list)

    @property
    def roots(self) -> list[int]:
        """Whose CPU counts: the web process first."""
        return [pid for pid, _ in self.web] + self.workers + [self.postgres]

    @property
    def base(self) -> str:
        return self.web[0][1]

    def graphql(self, process: int = 0) -> Target:
        return graphql(f"{self.web[process][1]}/graphql", self.company.api_key)

    async def orders(self) -> int:
        """How many there are."""
        conn = await asyncpg.connect(self.dsn)
        try:
            return int(await conn.fetchval("SELECT count(*) FROM orders"))
        finally:
            await conn.close()

    async def start(self, *command: str) -> asyncio.subprocess.Process:
        """One more process of the hub."""
        env = {
            **os.environ,
            "HUB_DATABASE_URL": self.dsn,
            "HUB_KEK": self.kek,
            "HUB_LOG_LEVEL": "error",
            "HUB_OUTBOUND_ALLOW": f"{HOST}:1",
        }
        process = await asyncio.create_subprocess_exec(sys.executable, *command, cwd=TREE, env=env)
        self.processes.append(process)
        return process

    async def serve(self) -> None:
        port = free_port()
        process = await self.start("-m", "hub", "serve", "--port", str(port))
        await listening(port)
        self.web.append((process.pid, f"http://{HOST}:{port}"))

    async def work(self) -> None:
        self.workers.append((await self.start("-m", "hub", "work")).pid)

    async def stop(self) -> None:
        for process in self.processes:
            if process.returncode is None:
                process.terminate()
        for process in self.processes:
            try:
                await asyncio.wait_for(process.wait(), 15)
            except TimeoutError:
                process.kill()
                await process.wait()


def free_port() -> int:
    with socket.socket() as s:
        s.bind((HOST, 0))
        port: int = s.getsockname()[1]
        return port


async def listening(port: int) -> None:
    async with asyncio.timeout(180):
        while True:
            try:
                _, writer = await asyncio.open_connection(HOST, port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


@asynccontextmanager
async def standing(*, web: int = 1) -> AsyncIterator[Stand]:
    """A hub of its own. With BENCH_ORDERS it holds so many orders before anything is measured. It is gone when the block ends,
    unless BENCH_KEEP names a directory: then the next run finds it there, filled.
    """
    configure_logging(level="error", style="auto")
    kept = os.environ.get("BENCH_KEEP")
    data = Path(kept) if kept else scratch_data_dir("hub-bench")
    async with AsyncExitStack() as stack:
        if not kept:
            stack.callback(shutil.rmtree, data, ignore_errors=True)
        data.mkdir(parents=True, exist_ok=True)
        embedded = await stack.enter_async_context(Embedded(data))
        await migrate(embedded.owner_dsn)
        kek, company = await _company(embedded.owner_dsn, data)
        postgres = int(next(data.glob("pg*/postmaster.pid")).read_text(encoding="ascii").split()[0])
        stand = Stand(company=company, dsn=embedded.owner_dsn, postgres=postgres, kek=kek)
        stack.push_async_callback(stand.stop)
        for _ in range(web):
            await stand.serve()
        yield stand


async def _company(dsn: str, data: Path) -> tuple[str, Company]:
    """(key encryption key, company): as an earlier run left them, else made and filled."""
    note = data / "company.json"
    if note.exists():
        said = json.loads(note.read_text(encoding="utf-8"))
        nodes = {k: UUID(v) for k, v in said["company"].pop("nodes").items()}
        return said["kek"], Company(nodes=nodes, **said["company"])
    kek = base64.b64encode(secrets.token_bytes(32)).decode()
    company = await founded(dsn, kek, data)
    if orders := int(os.environ.get("BENCH_ORDERS", "0")):
        await fill(dsn, company.tenant, orders, told=min(orders, TOLD))
    note.write_text(json.dumps({"kek": kek, "company": asdict(company)}, default=str), encoding="utf-8")
    return kek, company


async def founded(dsn: str, kek: str, data: Path) -> Company:
    where = Addresses(
        shopify=f"http://{HOST}:1",
        wms=f"http://{HOST}:1",
        sefaz=f"https://{HOST}:1",
        sefaz_trust="",
        partner_in=data / "to-hub",
        partner_out=data / "from-hub",
    )
    async with open_hub(dsn, Settings(kek=SecretStr(kek))) as hub:
        company = await found(hub, where, dict.fromkeys(CNPJS.values(), (b"none", "none")))
    conn = await asyncpg.connect(dsn)
    try:  # capacity and stock that no run can use up
        await conn.execute("UPDATE nodes SET capacity_per_day = 1000000000 WHERE capacity_per_day IS NOT NULL")
        await conn.execute("UPDATE stock SET on_hand = 100000000 WHERE sku = ANY ($1::text[])", list(PLENTY))
    finally:
        await conn.close()
    return company


def skus(number: int, lines: int = 3) -> Sequence[str]:
    return [PLENTY[(number * lines + k) % len(PLENTY)] for k in range(lines)]
