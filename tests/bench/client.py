"""The load client: HTTP/1.1 keep-alive over bare asyncio, cheap enough not to be what is measured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit


class Failed(Exception):
    """The other side did not answer 200, or answered something that is no success: a figure of it would be worth nothing."""


class Wire(asyncio.Protocol):
    """One connection, one request at a time. Reads answers with a content length."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._need = -1
        self._status = 0
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server hung up") if exc is None else exc)

    def data_received(self, data: bytes) -> None:
        self._kept += data
        if self._need < 0:
            head = self._kept.find(b"\r\n\r\n")
            if head < 0:
                return
            lines = bytes(self._kept[:head]).lower().split(b"\r\n")
            length = next((int(x[15:]) for x in lines if x.startswith(b"content-length:")), 0)
            self._status, self._need = int(lines[0][9:12]), head + 4 + length
            self._start = head + 4
        if len(self._kept) >= self._need:
            body = bytes(self._kept[self._start : self._need])
            del self._kept[: self._need]
            self._need = -1
            if self._answer is not None:
                self._answer.set_result((self._status, body))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """(status, body)."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        self._transport.close()


@dataclass(frozen=True, slots=True)
class Target:
    """A URL with the headers that every request has."""

    url: str
    headers: Mapping[str, str]

    def request(self, body: bytes, more: str = "") -> bytes:
        """The bytes of one POST; `more`: further header lines, each ended by CRLF."""
        parts = urlsplit(self.url)
        fixed = "".join(f"{k}: {v}\r\n" for k, v in self.headers.items())
        head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{fixed}{more}Content-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    async def connect(self) -> Wire:
        parts = urlsplit(self.url)
        _, wire = await asyncio.get_running_loop().create_connection(Wire, parts.hostname or "", parts.port or 80)
        return wire


def graphql(url: str, api_key: str) -> Target:
    return Target(
        url, {"Content-Type": "application/json", "Accept": "application/json", "Authorization": f"Bearer {api_key}"}
    )


Make = Callable[[int], bytes]  # number of the request -> its bytes
Check = Callable[[int, bytes], bool]  # status, body -> whether it is what was asked for


@dataclass(frozen=True, slots=True)
class Load:
    """What came of one run. `times` in milliseconds, sorted."""

    done: int
    seconds: float
    times: Sequence[float]

    @property
    def rate(self) -> float:
        return self.done / self.seconds

    def at(self, share: float) -> float:
        return self.times[min(len(self.times) - 1, int(len(self.times) * share))] if self.times else 0.0


async def load(target: Target, make: Make, check: Check, *, clients: int, seconds: float, first: int = 0) -> Load:
    """`clients` connections, each with one request at a time, for so long. Numbers of requests begin at `first`."""
    wires = await asyncio.gather(*(target.connect() for _ in range(clients)))
    numbers = iter(range(first, first + 100_000_000))
    times: list[float] = []
    began = time.perf_counter()
    until = began + seconds

    async def one(wire: Wire) -> None:
        while time.perf_counter() < until:
            request = make(next(numbers))
            asked = time.perf_counter()
            status, body = await wire.ask(request)
            times.append((time.perf_counter() - asked) * 1000)
            if not check(status, body):
                raise Failed(f"{status}: {body[:600]!r}")

    try:
        await asyncio.gather(*(one(w) for w in wires))
    finally:
        for wire in wires:
            wire.close()
    return Load(len(times), time.perf_counter() - began, sorted(times))


async def steady(target: Target, make: Make, check: Check, *, rate: float, seconds: float, first: int = 0) -> Load:
    """So many requests a second, whatever the answers take; the time of each counts from when it was due."""
    free: asyncio.Queue[Wire] = asyncio.Queue()
    for _ in range(64):
        free.put_nowait(await target.connect())
    times: list[float] = []
    began = time.perf_counter()

    async def one(number: int, due: float) -> None:
        wire = await free.get()
        status, body = await wire.ask(make(number))
        times.append((time.perf_counter() - due) * 1000)
        free.put_nowait(wire)
        if not check(status, body):
            raise Failed(f"{status}: {body[:600]!r}")

    tasks: list[Awaitable[None]] = []
    for n in range(int(rate * seconds)):
        due = began + n / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.ensure_future(one(first + n, due)))
    await asyncio.gather(*tasks)
    seconds = time.perf_counter() - began
    while not free.empty():
        free.get_nowait().close()
    return Load(len(times), seconds, sorted(times))
