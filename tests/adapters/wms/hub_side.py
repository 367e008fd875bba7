"""The hub as a warehouse sees it: verifies, dedupes, reads in order of arrival, keeps what it was told. Nothing is stored elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request as WebRequest
from starlette.responses import Response as WebResponse
from starlette.routing import Route

from adapters.wms import ADAPTER
from adapters.wms.simulator import DEMO_SECRET, Behavior, WmsSimulator
from hub.canon.commands import FulfillmentReported, InwardCommand, OutwardCommand
from hub.canon.ports import Account, Call, Done, Envelope, NotAuthentic, Outcome, Request, Response

NOW = datetime(2026, 10, 5, 12, tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class HubSide:
    """`told` holds the reports by pick order and sequence: what a room that ignores older news ends with."""

    account: Account
    wms: httpx.AsyncClient
    seen: set[str] = field(default_factory=set)
    told: dict[tuple[str, int], str] = field(default_factory=dict)
    others: list[InwardCommand] = field(default_factory=list)
    arrivals: list[str] = field(default_factory=list)
    away: int = 0  # hooks that are answered 503

    def take(self, envelope: Envelope) -> None:
        if envelope.dedupe_key in self.seen:
            return
        self.seen.add(envelope.dedupe_key)
        assert ADAPTER.reader is not None
        for command in ADAPTER.reader.read(envelope, {}, self.account):
            if isinstance(command, FulfillmentReported):
                self.told[command.pick_order, command.sequence or 0] = command.status
            else:
                self.others.append(command)

    async def hook(self, request: WebRequest) -> WebResponse:
        if self.away:
            self.away -= 1
            return WebResponse(status_code=503)
        asked = Request(
            method="POST", path=request.url.path, query={}, headers=dict(request.headers), body=await request.body()
        )
        assert ADAPTER.push is not None
        try:
            ADAPTER.push.verify(asked, self.account)
        except NotAuthentic:
            return WebResponse(status_code=401)
        for envelope in ADAPTER.push.envelopes(asked, self.account):
            self.arrivals.append(envelope.dedupe_key)
            self.take(envelope)
        return WebResponse(status_code=200)

    async def send(self, call: Call) -> Response:
        """The hub's HTTP client in small: authorization is added here."""
        headers: Mapping[str, Any] = ADAPTER.authorize(call, self.account) if ADAPTER.authorize else {}
        answer = await self.wms.request(
            call.method, call.path, params=dict(call.query), content=call.body, headers=headers
        )
        return Response(status=answer.status_code, headers=dict(answer.headers), body=answer.content)

    async def ask(self, command: OutwardCommand) -> Outcome:
        assert ADAPTER.outbound is not None
        (call,) = ADAPTER.outbound.plan(command, self.account)
        found = ADAPTER.outbound.outcome(command, call, await self.send(call), self.account)
        if isinstance(found, Done) and found.references:
            self.account = replace(self.account, references=dict(found.references))
        return found

    def statuses(self, pick_order: str) -> list[str]:
        return [status for (p, _), status in sorted(self.told.items()) if p == pick_order]


@asynccontextmanager
async def joined(behavior: Behavior, *, wms_secret: str = DEMO_SECRET) -> AsyncIterator[tuple[HubSide, WmsSimulator]]:
    """Both sides in this process, each the other's HTTP peer."""
    account = Account(connection_id="c", code="w", config={}, secrets={"signing_secret": [DEMO_SECRET]}, now=NOW)

    async def hook(request: WebRequest) -> WebResponse:
        return await hub.hook(request)

    web = Starlette(routes=[Route("/hooks/wms/w", hook, methods=["POST"])])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="http://hub") as to_hub:
        sim = WmsSimulator(
            hook_url="/hooks/wms/w", client=to_hub, secret=wms_secret, behavior=behavior, clock=lambda: NOW
        )
        async with httpx.AsyncClient(transport=httpx.ASGITransport(sim.app), base_url="http://wms") as to_wms:
            hub = HubSide(account=account, wms=to_wms)
            yield hub, sim
            await sim.close()
