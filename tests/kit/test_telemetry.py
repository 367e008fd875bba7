"""Traces over a loopback collector that reads the real protocol: one trace from a webhook to the delivery; nothing at all while off."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.cli.story.bodies import shopify_order
from hub.cli.story.script import Story
from hub.cli.story.seed import PLENTY
from hub.cli.story.stage import Stage
from hub.kit import telemetry
from tests.stage import stage, story

__all__ = ["stage", "story"]


@dataclass
class Collector:
    """What a collector of OTLP over HTTP was given."""

    url: str = ""
    spans: list[Any] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        assert request.headers["content-type"] == "application/x-protobuf"
        told = ExportTraceServiceRequest.FromString(await request.body())
        for resource in told.resource_spans:
            for scope in resource.scope_spans:
                self.spans += scope.spans
        return Response(b"", media_type="application/x-protobuf")

    def named(self, start: str) -> list[Any]:
        return [s for s in self.spans if s.name.startswith(start)]


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with _collecting() as made:
        yield made


@asynccontextmanager
async def _collecting() -> AsyncIterator[Collector]:
    made = Collector()
    app = Starlette(routes=[Route("/v1/traces", made.take, methods=["POST"])])
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    made.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield made
    server.should_exit = True
    await task


def attribute(span: Any, name: str) -> str:
    return next((a.value.string_value for a in span.attributes if a.key == name), "")


async def _done(stage: Stage) -> bool:
    async with stage.hub.db.unit(tenant=stage.company.tenant, actor="test") as tx:
        return bool(await tx.conn.fetchval("SELECT true FROM outbox_done WHERE kind = 'RequestPick'"))


@pytest.mark.slow
async def test_one_trace_from_the_webhook_to_the_delivery(
    stage: Stage, story: Story, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(telemetry.ENDPOINT, collector.url)
    async with telemetry.exporting("hub-test"):
        stage.shopify.shop.place(
            shopify_order(4101, [(PLENTY[0], 1, "49.90")], at=stage.hub.db.clock(), to="sao_paulo")
        )
        await story._webhooks()
        await story.until("#4101", "APPROVED")
        await story._wait_pick_orders("#4101", 1)
        await story._wait("the delivery is done", lambda: _done(stage))
        answer = await stage.client.post(
            f"{stage.base_url}/graphql",
            json={"query": "query Secret($n: Int!) { orders(first: $n) { nodes { id } } }", "variables": {"n": 3}},
            headers={"authorization": f"Bearer {stage.company.api_key}"},
        )
        assert "errors" not in answer.json()

    delivered = collector.named("outbox RequestPick")
    assert delivered
    (webhook,) = [s for s in collector.named("webhook shopify") if s.trace_id == delivered[0].trace_id]
    (intake,) = [s for s in collector.named("inbox orders/create") if s.trace_id == webhook.trace_id]
    assert intake.parent_span_id == webhook.span_id
    assert {s.trace_id for s in (intake, *delivered)} == {webhook.trace_id}
    assert {s.parent_span_id for s in delivered} == {intake.span_id}
    calls = [s for s in collector.named("call wms") if s.parent_span_id in {d.span_id for d in delivered}]
    assert calls
    conversation = attribute(webhook, "hub.correlation_id")
    assert conversation
    assert {attribute(s, "hub.correlation_id") for s in (intake, *delivered)} == {conversation}
    async with stage.hub.db.unit(tenant=stage.company.tenant, actor="test") as tx:
        rows = await tx.conn.fetch(
            "SELECT traceparent FROM business_events WHERE correlation_id = $1::text::uuid"
            " UNION ALL SELECT traceparent FROM outbox_done WHERE correlation_id = $1::text::uuid"
            " UNION ALL SELECT traceparent FROM inbox_done WHERE correlation_id = $1::text::uuid",
            conversation,
        )
    stored = [r["traceparent"] for r in rows]
    assert len(stored) > 5
    assert {t.split("-")[1] for t in stored if t} == {webhook.trace_id.hex()}
    assert None not in stored
    asked = collector.named("graphql")
    assert {s.name for s in asked} == {
        "graphql other"
    }  # documents of strangers have no name that could grow without bound
    assert "Secret" not in str(asked)


def test_a_retry_links_to_what_it_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from hub.kit.ids import new_id

    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    telemetry.use(provider)
    first, second = new_id(), new_id()
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    rows: list[dict[str, Any]] = [
        {"correlation_id": first, "traceparent": parent, "attempts": 2, "kind": "SetStock"},
        {"correlation_id": second, "traceparent": None, "attempts": 1, "kind": "SetStock"},
    ]
    try:
        with telemetry.working("outbox", rows):
            own, other = telemetry.traceparent(first), telemetry.traceparent(second)
        outside = telemetry.traceparent(first)
    finally:
        telemetry.use(None)
        provider.shutdown()
    assert own is not None
    assert other is not None
    assert own.split("-")[1] == parent.split("-")[1] != other.split("-")[1]
    assert outside is None
    again, fresh = sorted(kept.get_finished_spans(), key=lambda s: -len(s.links))
    assert [f"{link.context.span_id:016x}" for link in again.links] == ["b7ad6b7169203331"]
    assert not fresh.links
    assert fresh.parent is None


def test_nothing_of_opentelemetry_is_loaded_while_off() -> None:
    code = (
        "import sys; from hub.kit import telemetry; import contextlib\n"
        "with telemetry.span('x'), telemetry.working('inbox', []): assert telemetry.traceparent() is None\n"
        "sys.exit(any(n.startswith('opentelemetry') for n in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 - our own interpreter, our own text
