"""GraphQL over WebSocket, subprotocol graphql-transport-ws, as a plain ASGI application. Each event's payload is the bytes that all subscribers share."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import graphql as g
import orjson

from hub.kit.errors import HubError
from schema.desk import Desk
from schema.errors import BadRequest, LimitExceeded, NotAuthenticated
from schema.live.subscribe import Closing, Live, SlowConsumer
from schema.plan.run import Asked
from schema.principal import Principal
from schema.requests import read_json
from schema.responses import JSON, errors_of

SUBPROTOCOL = "graphql-transport-ws"
INIT_SECONDS, OPERATIONS, MAX_MESSAGE, SEND_SECONDS = 5, 20, 64 * 1024, 10
BAD, UNAUTHORIZED, FORBIDDEN, NO_SUBPROTOCOL, INIT_TIMEOUT, TWICE, TOO_MANY_INITS = (
    4400,
    4401,
    4403,
    4406,
    4408,
    4409,
    4429,
)
SLOW, RESTART, TOO_BIG = 4490, 1012, 1009


class Ended(Exception):
    """The socket is to be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class SocketEntry:
    """`/graphql` over WebSocket."""

    def __init__(self, desk: Desk, live: Live) -> None:
        self.desk, self.live = desk, live

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        headers = dict(scope["headers"])
        if not self._welcome(headers):
            await send({"type": "websocket.close", "code": 1008})  # before the accept: HTTP 403
            return
        if SUBPROTOCOL not in scope.get("subprotocols", ()):
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.close", "code": NO_SUBPROTOCOL, "reason": "Subprotocol not acceptable"})
            return
        await send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        await _Session(self.desk, self.live, headers, receive, send).run()

    def _welcome(self, headers: dict[bytes, bytes]) -> bool:
        """Browsers send their page's origin: ours and listed ones only."""
        origin = headers.get(b"origin", b"").decode("latin-1")
        host = headers.get(b"host", b"").decode("latin-1")
        return not origin or origin.split("://")[-1] == host or origin in self.desk.deps.settings.origins


class _Session:
    """One socket: its principal and the operations at work."""

    def __init__(self, desk: Desk, live: Live, headers: dict[bytes, bytes], receive: Any, send: Any) -> None:
        self.desk, self.live, self.headers = desk, live, headers
        self.receive, self.send = receive, send
        self.me: Principal | None = None
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.end: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self.lock = asyncio.Lock()

    async def run(self) -> None:
        reader = asyncio.create_task(self._read())
        beat = asyncio.create_task(self._beat())
        try:
            watched: set[asyncio.Future[Any]] = {reader, self.end}
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            ended = self.end.result() if self.end.done() else reader.result()
            if ended is not None:
                with suppress(OSError, TimeoutError, RuntimeError):
                    async with asyncio.timeout(SEND_SECONDS):
                        await self.send({"type": "websocket.close", "code": ended.code, "reason": ended.reason[:120]})
        finally:
            running = [reader, beat, *self.tasks.values()]
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _read(self) -> Ended | None:
        """Handle messages until the client leaves (None) or must be sent away."""
        try:
            async with asyncio.timeout(INIT_SECONDS) as waiting:
                while True:
                    message = await self.receive()
                    if message["type"] == "websocket.disconnect":
                        return None
                    await self._handle(message)
                    if self.me is not None:
                        waiting.reschedule(None)
        except TimeoutError:
            return Ended(INIT_TIMEOUT, "Connection initialisation timeout")
        except Ended as ended:
            return ended

    async def _handle(self, message: Any) -> None:
        raw = message.get("text")
        data = raw.encode() if raw is not None else message.get("bytes") or b""
        if len(data) > MAX_MESSAGE:
            raise Ended(TOO_BIG, "Message too big")
        try:
            body = read_json(data)
        except BadRequest as error:
            raise Ended(BAD, "Invalid message") from error
        kind = body.get("type") if isinstance(body, dict) else None
        if kind == "connection_init":
            await self._init(body.get("payload"))
        elif kind == "ping":
            await self._send(b'{"type":"pong"}')
        elif kind == "subscribe":
            await self._subscribe(body)
        elif kind == "complete" and isinstance(body.get("id"), str):
            if task := self.tasks.pop(body["id"], None):
                task.cancel()
        elif kind != "pong":
            raise Ended(BAD, "Invalid message")

    async def _init(self, payload: Any) -> None:
        if self.me is not None:
            raise Ended(TOO_MANY_INITS, "Too many initialisation requests")
        given = payload if isinstance(payload, dict) else {}
        proof = given.get("authorization") or given.get("Authorization") or ""
        proof = str(proof) or self.headers.get(b"authorization", b"").decode("latin-1")
        try:
            self.me = await self.desk.who(proof)
        except HubError as error:
            raise Ended(FORBIDDEN, "Forbidden") from error
        await self._send(b'{"type":"connection_ack"}')

    async def _subscribe(self, body: dict[str, Any]) -> None:
        name, payload = body.get("id"), body.get("payload")
        if self.me is None:
            raise Ended(UNAUTHORIZED, "Unauthorized")
        if not isinstance(name, str) or not name or not isinstance(payload, dict):
            raise Ended(BAD, "Invalid message")
        if name in self.tasks:
            raise Ended(TWICE, f"Subscriber for {name} already exists")
        if len(self.tasks) >= OPERATIONS:
            await self._fail(name, LimitExceeded(limit="operations of a socket", allowed=OPERATIONS))
            return
        task = asyncio.create_task(self._operate(name, self.me, payload))
        self.tasks[name] = task
        task.add_done_callback(lambda done: self.tasks.pop(name, None) if self.tasks.get(name) is done else None)

    async def _operate(self, name: str, me: Principal, payload: dict[str, Any]) -> None:
        head = b'{"id":' + orjson.dumps(name) + b',"type":"next","payload":'
        try:
            asked = self.desk.asked(me, payload)
            if asked.operation.operation is g.OperationType.SUBSCRIPTION:
                await self._events(asked, head)
            else:
                _, answer = await self.desk.answer(asked, None, JSON)
                await self._send(head + answer + b"}")
            await self._send(b'{"id":' + orjson.dumps(name) + b',"type":"complete"}')
        except SlowConsumer as slow:
            self._end(SLOW, f"slow consumer; resume after {slow.after}")
        except Closing:
            self._end(RESTART, "Service restart")
        except NotAuthenticated:
            self._end(FORBIDDEN, "Forbidden")
        except (OSError, RuntimeError):
            self._end(BAD, "Gone")
        except Exception as error:  # noqa: BLE001 - the web boundary: everything becomes an answer
            await self._fail(name, error)

    async def _events(self, asked: Asked, head: bytes) -> None:
        events = await self.live.subscribe(asked, "websocket")
        last = ""
        try:
            async for event in events:
                last = event.cursor or last
                await self._send(head + event.payload + b"}")
        except TimeoutError as error:
            raise SlowConsumer(after=last) from error
        finally:
            await events.aclose()

    def _end(self, code: int, reason: str) -> None:
        if not self.end.done():
            self.end.set_result(Ended(code, reason))

    async def _fail(self, name: str, error: BaseException) -> None:
        with suppress(OSError, RuntimeError, TimeoutError):
            await self._send(
                b'{"id":' + orjson.dumps(name) + b',"type":"error","payload":' + orjson.dumps(errors_of(error)) + b"}"
            )

    async def _send(self, data: bytes) -> None:
        async with self.lock, asyncio.timeout(SEND_SECONDS):
            await self.send({"type": "websocket.send", "text": data.decode()})

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.desk.deps.settings.heartbeat)
            if self.me is not None:
                with suppress(OSError, RuntimeError, TimeoutError):
                    await self._send(b'{"type":"ping"}')
