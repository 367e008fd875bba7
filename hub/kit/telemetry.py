"""Traces: off unless OTEL_EXPORTER_OTLP_ENDPOINT is set, and then nothing of OpenTelemetry is even imported. Span names are bounded; no arguments, no bodies.

A conversation keeps its trace in the database: rows of inbox, outbox, timers and facts carry the `traceparent` under which they were
written, and whoever works on a row goes on from there.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_OFF: AbstractContextManager[None] = nullcontext()
_NONE: Mapping[UUID, str] = {}
_TRACES: ContextVar[Mapping[UUID, str]] = ContextVar("hub_traces", default=_NONE)  # correlation id -> traceparent
_tracer: Tracer | None = None


def use(provider: TracerProvider | None) -> None:
    """Trace with this provider from now on; None turns it off."""
    global _tracer  # noqa: PLW0603 - one a process, as the provider is
    _tracer = provider.get_tracer("hub") if provider is not None else None


@asynccontextmanager
async def exporting(service: str) -> AsyncIterator[None]:
    """Send spans to the collector that the environment names, until the block ends; nothing where it names none."""
    if not os.environ.get(ENDPOINT):
        yield
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from requests import Session

    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    session = Session()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(session=session)))
    use(provider)
    try:
        yield
    finally:
        use(None)
        await asyncio.to_thread(provider.shutdown)
        session.close()


def span(
    name: str, *, correlation_id: UUID | None = None, parent: str | None = None, again: bool = False, **attributes: str
) -> AbstractContextManager[Any]:
    """A span around the block. `parent`: a stored traceparent, else the span at hand; `again`: a retry, which also links to it."""
    if _tracer is None:
        return _OFF
    return _span(_tracer, name, correlation_id, parent, again, attributes)


@contextmanager
def _span(
    tracer: Tracer, name: str, correlation_id: UUID | None, parent: str | None, again: bool, attributes: dict[str, str]
) -> Iterator[None]:
    from opentelemetry.propagate import extract
    from opentelemetry.trace import Link, get_current_span

    context = extract({"traceparent": parent}) if parent else None
    links = [Link(get_current_span(context).get_span_context())] if context is not None and again else None
    told = {f"hub.{k}": v for k, v in attributes.items()}
    if correlation_id is not None:
        told["hub.correlation_id"] = correlation_id.hex
    with tracer.start_as_current_span(name, context=context, links=links, attributes=told):
        yield


@contextmanager
def working(queue: str, rows: Iterable[Mapping[str, Any]]) -> Iterator[None]:
    """One span for each claimed row, under the trace that the row carries; what is written meanwhile for its correlation goes on there."""
    if _tracer is None:
        yield
        return
    from opentelemetry.context import Context, attach, detach

    traces = dict(_TRACES.get())
    with ExitStack() as stack:
        token = attach(Context())  # siblings: no row's span stands under another's
        stack.callback(detach, token)
        opened = [
            stack.enter_context(_row(_tracer, queue, row, traces))
            for row in rows
            if row.get("correlation_id") is not None
        ]
        del opened
        reset = _TRACES.set(traces)
        try:
            yield
        finally:
            _TRACES.reset(reset)


@contextmanager
def under(correlation_id: UUID) -> Iterator[None]:
    """Spans of the block stand under the one of this claimed row, whatever else is worked on beside it."""
    stored = _TRACES.get().get(correlation_id)
    if _tracer is None or stored is None:
        yield
        return
    from opentelemetry.context import attach, detach
    from opentelemetry.propagate import extract

    token = attach(extract({"traceparent": stored}))
    try:
        yield
    finally:
        detach(token)


@contextmanager
def _row(tracer: Tracer, queue: str, row: Mapping[str, Any], traces: dict[UUID, str]) -> Iterator[None]:
    from opentelemetry.propagate import extract
    from opentelemetry.trace import Link, Status, StatusCode, get_current_span, set_span_in_context

    context = extract({"traceparent": row["traceparent"]}) if row["traceparent"] else None
    links = (
        [Link(get_current_span(context).get_span_context())] if context is not None and row["attempts"] > 1 else None
    )
    kind = row.get("kind") or row.get("topic") or ""
    made = tracer.start_span(
        f"{queue} {kind}".strip(),
        context=context,
        links=links,
        attributes={"hub.correlation_id": row["correlation_id"].hex, "hub.attempts": row["attempts"]},
    )
    traces[row["correlation_id"]] = _written(set_span_in_context(made))
    try:
        yield
    except Exception as error:
        made.set_status(Status(StatusCode.ERROR, type(error).__name__))
        raise
    finally:
        made.end()


def traceparent(correlation_id: UUID | None = None) -> str | None:
    """What to store with a row of this conversation: the W3C text of its span, else of the span at hand; None while off."""
    if _tracer is None:
        return None
    known = _TRACES.get().get(correlation_id) if correlation_id is not None else None
    return known or _written(None) or None


def _written(context: Any) -> str:
    from opentelemetry.propagate import inject

    carrier: dict[str, str] = {}
    inject(carrier, context=context)
    return carrier.get("traceparent", "")
