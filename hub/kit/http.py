"""The one way in which HTTP leaves the hub: guarded addresses, no redirects, no cookies, no proxy, bounded time and answer size.
Its errors say whether the request can have arrived.
"""

from __future__ import annotations

import asyncio
import ssl
import time
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

import httpcore
import httpx

from hub.kit.addresses import CONNECT, AddressForbidden, Guard
from hub.kit.errors import HubError

MOST = 10 << 20  # bytes of an answer, decoded
POOLS = 64  # client certificates that keep connections


class NeverLeft(HubError):
    """Nothing was sent: {reason}"""

    code: ClassVar[str] = "NEVER_LEFT"


class FateUnknown(HubError):
    """It was sent and may have arrived, but no whole answer came back: {reason}"""

    code: ClassVar[str] = "FATE_UNKNOWN"


class AnswerTooLarge(FateUnknown):
    """It was sent; the answer with status {status} is larger than {most} bytes."""

    code: ClassVar[str] = "ANSWER_TOO_LARGE"


class AnswerUnreadable(FateUnknown):
    """It was sent; the answer with status {status} has a content coding that cannot be read."""

    code: ClassVar[str] = "ANSWER_UNREADABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """One request. `timeout` covers everything from resolving the name to the last byte. `tls`: the account's own client certificate."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    timeout: timedelta = timedelta(seconds=15)
    tls: ssl.SSLContext | None = None
    most: int = MOST


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Header names in lower case; the content coding is undone. A redirect is an answer like any other."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float


class Transport:
    """One a process. Connections are kept per host and client certificate."""

    def __init__(self, guard: Guard, *, tls: ssl.SSLContext | None = None) -> None:
        self._guard = guard
        self._tls = tls or ssl.create_default_context()
        self._pools: OrderedDict[ssl.SSLContext, httpx.AsyncHTTPTransport] = OrderedDict()

    async def send(self, sending: Sending) -> Answer:
        """The answer, whatever its status. Raises `AddressForbidden`, `NeverLeft`, `FateUnknown` and its kinds."""
        request, left = self._request(sending)
        began = time.monotonic()
        try:
            async with asyncio.timeout(sending.timeout.total_seconds()):
                response = await (await self._pool(sending.tls)).handle_async_request(request)
                try:
                    body = await _body(response, sending.most)
                finally:
                    await response.aclose()
        except (httpx.TransportError, TimeoutError, ssl.SSLError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise (FateUnknown(reason=reason) if left else NeverLeft(reason=reason)) from error
        headers = {k.lower(): v for k, v in response.headers.items()}
        return Answer(status=response.status_code, headers=headers, body=body, seconds=time.monotonic() - began)

    async def close(self) -> None:
        pools, self._pools = self._pools, OrderedDict()
        for pool in pools.values():
            await pool.aclose()

    def _request(self, sending: Sending) -> tuple[httpx.Request, list[str]]:
        """The request and a list that is empty until its first byte leaves."""
        left: list[str] = []

        async def trace(event: str, _info: Any) -> None:
            if event.endswith("send_request_headers.started"):
                left.append(event)

        try:
            url = httpx.URL(sending.url)
        except httpx.InvalidURL as error:
            raise AddressForbidden(host=sending.url[:100], reason="it is no address.") from error
        self._guard.check(url)
        seconds = sending.timeout.total_seconds()
        limits = {"connect": min(CONNECT, seconds), "read": seconds, "write": seconds, "pool": seconds}
        headers = {"accept-encoding": "gzip, deflate", "user-agent": "order-hub", **_lower(sending.headers)}
        request = httpx.Request(
            sending.method,
            url,
            headers=headers,
            content=sending.body,
            extensions={"timeout": limits, "trace": trace},
        )
        return request, left

    async def _pool(self, tls: ssl.SSLContext | None) -> httpx.AsyncHTTPTransport:
        context = tls or self._tls
        pool = self._pools.get(context)
        if pool is None:
            pool = httpx.AsyncHTTPTransport(verify=context, trust_env=False)
            pool._pool = httpcore.AsyncConnectionPool(  # noqa: SLF001 - the only way to give it our network backend
                ssl_context=context,
                network_backend=self._guard,
                max_connections=200,
                max_keepalive_connections=50,
                keepalive_expiry=15.0,
            )
            self._pools[context] = pool
        self._pools.move_to_end(context)
        if len(self._pools) > POOLS:
            _, oldest = self._pools.popitem(last=False)
            await oldest.aclose()
        return pool


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {k.lower(): v for k, v in headers.items()}


async def _body(response: httpx.Response, most: int) -> bytes:
    """Read and decode, counting while streaming: neither a long answer nor a bomb fills the memory."""
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip", "x-gzip", "deflate", ""):
        raise AnswerUnreadable(status=response.status_code, reason=coding)
    # 47: gzip or zlib, whichever the head says
    inflate = None if coding in ("identity", "") else zlib.decompressobj(47)
    body = bytearray()
    assert isinstance(response.stream, httpx.AsyncByteStream)  # noqa: S101 - narrows what an async transport gives
    async for chunk in response.stream:
        try:
            body += inflate.decompress(chunk, most + 1 - len(body)) if inflate else chunk
        except zlib.error as error:
            raise AnswerUnreadable(status=response.status_code, reason=coding) from error
        if len(body) > most:
            raise AnswerTooLarge(status=response.status_code, most=most, reason="too large")
    if inflate and body and not inflate.eof:
        raise AnswerUnreadable(status=response.status_code, reason="cut short")
    return bytes(body)
