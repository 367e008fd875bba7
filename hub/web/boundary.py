"""The outermost ASGI layer: counts and times each request, adds security headers, and turns what nobody caught into a 500 without a trace."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog

from hub.kit import metrics
from hub.kit.ids import new_id

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'self'; frame-ancestors 'none'"),
    (b"strict-transport-security", b"max-age=31536000"),
)
log = structlog.get_logger()


class Boundary:
    """Wraps the application."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def answered(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        try:
            await self._app(scope, receive, answered)
        except Exception:
            correlation = new_id().hex
            log.exception("a request failed", action="http", correlation_id=correlation)
            if not status:
                await _sorry(answered, correlation)
        finally:
            route = _route(scope)
            metrics.HTTP_REQUESTS.labels(route, str(status)).inc()
            metrics.HTTP_SECONDS.labels(route).observe(time.perf_counter() - began)


def _route(scope: Scope) -> str:
    """The route's template, never the path: labels stay bounded."""
    path = str(scope.get("path", "/"))
    for prefix in ("/graphql", "/api/v1/", "/hooks/", "/health/", "/metrics"):
        if path.startswith(prefix):
            return prefix.rstrip("/")
    return "other"


async def _sorry(send: Send, correlation: str) -> None:
    body = b'{"error":"Something went wrong.","correlationId":"' + correlation.encode() + b'"}'
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": body})
