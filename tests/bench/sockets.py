"""Many WebSocket subscribers in one process: a frame reader that does no more than count and time, so that it is not what is measured."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
import time
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

import orjson

Seen = Callable[[float], None]
TEXT, PING, PONG = 1, 9, 10


class Subscriber(asyncio.Protocol):
    """One socket with one subscription. `seen` is called for each event with the time of its arrival."""

    def __init__(self, host: str, key: str, query: str, seen: Seen) -> None:
        self._host, self._key, self._query, self._seen = host, key, query, seen
        self._kept = bytearray()
        self._upgraded = False
        self._transport: asyncio.Transport
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        nonce = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET /graphql HTTP/1.1\r\nHost: {self._host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {nonce}\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(exc or ConnectionError("the server hung up"))

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._kept += data
        if not self._upgraded:
            head = self._kept.find(b"\r\n\r\n")
            if head < 0:
                return
            del self._kept[: head + 4]
            self._upgraded = True
            proof = f"Bearer {self._key}"
            self._say({"type": "connection_init", "payload": {"authorization": proof}})
        while (frame := self._frame()) is not None:
            self._heard(frame, now)

    def _frame(self) -> bytes | None:
        """The next whole frame's payload; servers do not mask."""
        kept = self._kept
        if len(kept) < 2:
            return None
        size, start = kept[1] & 127, 2
        if size == 126:
            if len(kept) < 4:
                return None
            size, start = struct.unpack_from("!H", kept, 2)[0], 4
        elif size == 127:
            if len(kept) < 10:
                return None
            size, start = struct.unpack_from("!Q", kept, 2)[0], 10
        if len(kept) < start + size:
            return None
        opcode, made = kept[0] & 15, bytes(kept[start : start + size])
        del kept[: start + size]
        if opcode == PING:
            self._send(PONG, made)
            return b""
        return made

    def _heard(self, frame: bytes, now: float) -> None:
        if b'"next"' in frame[:40]:
            self._seen(now)
        elif b'"connection_ack"' in frame:
            self._say({"id": "1", "type": "subscribe", "payload": {"query": self._query}})
            self.ready.set_result(None)
        elif b'"error"' in frame and not self.ready.done():
            self.ready.set_exception(RuntimeError(frame.decode()))

    def _say(self, message: dict[str, object]) -> None:
        self._send(TEXT, orjson.dumps(message))

    def _send(self, opcode: int, body: bytes) -> None:
        mask = os.urandom(4)
        head = (
            struct.pack("!BB", 0x80 | opcode, 0x80 | len(body))
            if len(body) < 126
            else struct.pack("!BBH", 0x80 | opcode, 0xFE, len(body))
        )
        masked = bytes(b ^ mask[i % 4] for i, b in enumerate(body))
        self._transport.write(head + mask + masked)

    def close(self) -> None:
        self._transport.abort()


async def subscribed(base: str, key: str, query: str, count: int, seen: Seen) -> list[Subscriber]:
    """So many sockets, opened a hundred at a time."""
    where = urlsplit(base)
    loop = asyncio.get_running_loop()
    made: list[Subscriber] = []
    while len(made) < count:
        some = []
        for _ in range(min(100, count - len(made))):
            _, protocol = await loop.create_connection(
                lambda: Subscriber(where.netloc, key, query, seen), where.hostname or "", where.port or 80
            )
            some.append(protocol)
        await asyncio.gather(*(s.ready for s in some))
        made += some
    return made
