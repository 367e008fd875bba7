"""Everything that the demo stands on: an embedded database, the simulators of the other sides, the web process and a worker, in one loop."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from hub.boot import Hub, open_hub
from hub.boot.internal import internal
from hub.boot.web import serving
from hub.boot.worker import work
from hub.cli.story.seed import CNPJS, Addresses, Company, found
from hub.kit.embedded import Embedded, scratch_data_dir
from hub.kit.serve import quiet, served
from hub.kit.settings import Settings
from hub.migrations import migrate

HOST = "127.0.0.1"
Say = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class Stage:
    """The running demo. `shopify`, `wms`, `sefaz` are the simulators."""

    hub: Hub
    company: Company
    base_url: str
    metrics_url: str
    client: httpx.AsyncClient
    partner_in: Path
    partner_out: Path
    shopify: Any
    wms: Any
    sefaz: Any

    @property
    def environment(self) -> str:
        """What a shell needs before `hub orders list --tenant demo` and its like speak to this hub; the key dies with it."""
        kek = self.hub.settings.kek
        return f"HUB_DATABASE_URL='{self.hub.db.dsn}' HUB_KEK='{kek.get_secret_value() if kek else ''}'"

    @property
    def urls(self) -> dict[str, str]:
        """What a visitor points a client at."""
        return {
            "graphql": f"{self.base_url}/graphql",
            "ws": f"{self.base_url.replace('http', 'ws', 1)}/graphql",
            "rest": f"{self.base_url}/api/v1",
            "api_key": self.company.api_key,
            "shopify_hook": f"{self.base_url}/hooks/shopify/demo-shop",
            "shopify_secret": self.company.shopify_secret,
            "edi_upload": f"{self.base_url}/hooks/x12/acme-retail",
            "edi_token": self.company.edi_token,
            "cli": self.environment,
        }


def free_port() -> int:
    with socket.socket() as s:
        s.bind((HOST, 0))
        port: int = s.getsockname()[1]
        return port


@asynccontextmanager
async def staged(
    *, port: int | None = None, say: Say = lambda _: None, dsn: str | None = None, worker: bool = True
) -> AsyncIterator[Stage]:
    """Bring everything up; all of it is gone when the block ends. `dsn`: a migrated, empty database to use in place of one of its
    own. `worker` False: the queues are worked by somebody else, who needs the hub's settings.
    """
    partner = scratch_data_dir("hub-partner")
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, partner, ignore_errors=True)
        owner_dsn = dsn if dsn is not None else await stack.enter_async_context(_database(say))
        say("starting the simulators: Shopify, a WMS, SEFAZ")
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=20))
        sefaz = import_module("adapters.sefaz.simulator").SefazSimulator()
        await sefaz.start()
        stack.push_async_callback(sefaz.stop)
        ports = {"shopify": free_port(), "wms": free_port(), "web": port or free_port()}
        base = f"http://{HOST}:{ports['web']}"
        settings = Settings(
            kek=SecretStr(base64.b64encode(secrets.token_bytes(32)).decode()),
            outbound_allow=tuple(f"{HOST}:{p}" for p in (ports["shopify"], ports["wms"])),
        )
        hub = await stack.enter_async_context(open_hub(owner_dsn, settings))
        where = Addresses(
            shopify=f"http://{HOST}:{ports['shopify']}",
            wms=f"http://{HOST}:{ports['wms']}",
            sefaz=sefaz.base_url,
            sefaz_trust=sefaz.ca_pem,
            partner_in=partner / "to-hub",
            partner_out=partner / "from-hub",
        )
        for folder in (where.partner_in, where.partner_out):
            folder.mkdir(parents=True)
        say("filling the catalog, four nodes, lanes, stock")
        company = await found(hub, where, {cnpj: sefaz.client(cnpj) for cnpj in CNPJS.values()})
        shopify = _shopify(hub, company)
        wms = _wms(base, client, company)
        stack.push_async_callback(wms.close)
        await stack.enter_async_context(served(quiet(shopify.app(), host=HOST, port=ports["shopify"]), at_once=True))
        await stack.enter_async_context(served(quiet(wms.app, host=HOST, port=ports["wms"]), at_once=True))
        inner = await stack.enter_async_context(internal(hub, host=HOST, port=0))
        await stack.enter_async_context(_processes(hub, ports["web"], worker=worker))
        yield Stage(
            hub=hub,
            company=company,
            base_url=base,
            metrics_url=f"http://{HOST}:{inner}/metrics",
            client=client,
            partner_in=where.partner_in,
            partner_out=where.partner_out,
            shopify=shopify,
            wms=wms,
            sefaz=sefaz,
        )


@asynccontextmanager
async def _database(say: Say) -> AsyncIterator[str]:
    """A database of its own, removed afterwards."""
    data = scratch_data_dir("hub-demo")
    say("starting PostgreSQL")
    try:
        async with Embedded(data, lasting=False) as embedded:
            await migrate(embedded.owner_dsn)
            yield embedded.owner_dsn
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _wms(base: str, client: httpx.AsyncClient, company: Company) -> Any:
    module = import_module("adapters.wms.simulator")
    return module.WmsSimulator(
        hook_url=f"{base}/hooks/wms/demo-wms",
        client=client,
        secret=company.wms_secret,
        behavior=module.Behavior(auto=False),
    )


def _shopify(hub: Hub, company: Company) -> Any:
    shop = import_module("adapters.shopify.shop").Shop(
        domain="demo-shop.myshopify.com",
        access_token=company.shopify_token,
        client_secret=company.shopify_secret,
        clock=hub.db.clock,
    )
    simulator = import_module("adapters.shopify.simulator")
    return simulator.Simulator(shop, simulator.contract() if "HUB_CONTRACTS" in os.environ else None)


@asynccontextmanager
async def _processes(hub: Hub, port: int, *, worker: bool) -> AsyncIterator[None]:
    """Web and, if wanted, worker of the hub."""
    stop, ready = asyncio.Event(), asyncio.Event()
    jobs = [asyncio.create_task(serving(hub, host=HOST, port=port, stop=stop, ready=ready))]
    if worker:
        jobs.append(asyncio.create_task(work(hub, stop=stop, stable=timedelta(0))))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait([waiting, *jobs], return_when=asyncio.FIRST_COMPLETED)
    for job in jobs:
        if job.done():
            job.result()
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*jobs)
