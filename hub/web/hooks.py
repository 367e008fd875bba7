"""The receiver of `/hooks/{adapter}/{account}`: look at the headers, read, verify the raw bytes, keep them, answer. No mapping, no network, nothing
read but the account.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from hub import inbox
from hub.canon import ports
from hub.connections import ConnectionUnknown, Directory
from hub.flows.exchange import repeated
from hub.kit import failpoint, metrics, telemetry
from hub.kit.batch import Batcher, Closing
from hub.kit.db import Database, Tx, Unavailable
from hub.kit.doorbell import Doorbell
from hub.kit.errors import HubError
from hub.kit.ids import new_id, public_id

LARGEST = 5 * 1024 * 1024
# Partners' interchanges: from a sender who is proven before the body is read, and from one whom only the whole body proves.
LARGEST_FILE, LARGEST_SIGNED_FILE = 256 * 1024 * 1024, 16 * 1024 * 1024
QUICK = 256 * 1024  # bytes that are taken apart in milliseconds


@dataclass(frozen=True, slots=True)
class _Arrived:
    connection_id: UUID
    envelopes: Sequence[ports.Envelope]
    correlation_id: UUID
    traceparent: str | None


class Hooks:
    """One a process: messages of one tenant that arrive together are kept in one commit."""

    def __init__(
        self, db: Database, bell: Doorbell, directory: Directory, adapters: Mapping[str, ports.Adapter]
    ) -> None:
        self._db, self._bell, self._directory, self._adapters = db, bell, directory, adapters
        self._batchers: dict[int, Batcher[_Arrived, list[inbox.Received]]] = {}

    async def close(self) -> None:
        for batcher in self._batchers.values():
            await batcher.close()

    async def receive(self, request: Request) -> Response:
        name, code = request.path_params["adapter"], request.path_params["account"]
        found = self._adapters.get(name)
        if found is None or found.push is None:
            return _refused(name if found else "unknown", "account", 404, "There is no such account.")
        try:
            connection, account = await self._directory.at(name, code)
            asked = await _proven(found.push, request, account, name)
        except ConnectionUnknown:
            return _refused(name, "account", 404, "There is no such account.")
        except ports.NotAuthentic:
            return _refused(name, "signature", 401, "The sender could not be verified.")
        except TooLarge as error:
            return _refused(name, "size", 413, error.sentence())
        except ClientDisconnect:
            return _refused(name, "disconnect", 400, "The body did not arrive.")
        try:
            envelopes = await _envelopes(found.push, asked, account)
        except ports.NeverTry as error:
            return _refused(name, "unreadable", 400, error.sentence())
        if not envelopes:
            return Response(status_code=200)
        conversation = new_id()
        with telemetry.span(f"webhook {name}", correlation_id=conversation):
            arrived = _Arrived(connection.connection_id, envelopes, conversation, telemetry.traceparent())
            return await self._keep(name, connection.tenant, arrived)

    async def _keep(self, name: str, tenant: int, arrived: _Arrived) -> Response:
        try:
            kept = await self._batcher(tenant).submit(arrived, size=sum(len(e.body) for e in arrived.envelopes))
        except (Unavailable, Closing):
            return _refused(name, "unavailable", 503, "The database is away; send it again.", {"Retry-After": "5"})
        failpoint.passing("hooks.kept")
        metrics.INBOX_RECEIVED.labels(name).inc(sum(1 for k in kept if k.new))
        self._bell.ring("inbox")
        if name == "x12":
            return JSONResponse(
                {
                    "exchange": public_id("msg", kept[-1].message_id),
                    "messages": len(kept),
                    "new": sum(1 for k in kept if k.new),
                },
                202,
            )
        return Response(status_code=200)

    def _batcher(self, tenant: int) -> Batcher[_Arrived, list[inbox.Received]]:
        if tenant not in self._batchers:

            async def run(items: list[_Arrived]) -> Sequence[list[inbox.Received] | HubError]:
                return await self._receive(tenant, items)

            self._batchers[tenant] = Batcher(run)
        return self._batchers[tenant]

    async def _receive(self, tenant: int, items: list[_Arrived]) -> list[list[inbox.Received]]:
        arrivals = [
            inbox.Arrival(
                connection_id=i.connection_id, envelope=e, correlation_id=i.correlation_id, traceparent=i.traceparent
            )
            for i in items
            for e in i.envelopes
        ]
        async with self._db.unit(tenant=tenant, actor="hooks") as tx:
            kept = await inbox.receive_all(tx, arrivals)
            again = await self._repeated(tx, items, kept)
        if again:
            self._bell.ring("outbox")
        answers, at = [], 0
        for i in items:
            answers.append(kept[at : at + len(i.envelopes)])
            at += len(i.envelopes)
        return answers

    async def _repeated(self, tx: Tx, items: Sequence[_Arrived], kept: Sequence[inbox.Received]) -> int:
        again, at = 0, 0
        for i in items:
            again += await repeated(tx, i.connection_id, i.envelopes, kept[at : at + len(i.envelopes)])
            at += len(i.envelopes)
        return again


async def _proven(push: ports.InboundPush, request: Request, account: ports.Account, adapter: str) -> ports.Request:
    """The request with its body; of a stranger nothing is read. Raises `NotAuthentic`, `TooLarge`, `ClientDisconnect`."""
    headers = {k.lower(): v for k, v in request.headers.items()}
    known = push.proven(headers, account)
    limit = LARGEST if adapter != "x12" else LARGEST_FILE if known else LARGEST_SIGNED_FILE
    asked = ports.Request(
        method=request.method,
        path=request.url.path,
        query=dict(request.query_params),
        headers=headers,
        body=await raw_body(request, limit),
    )
    if not known:
        push.verify(asked, account)
    return asked


async def _envelopes(push: ports.InboundPush, asked: ports.Request, account: ports.Account) -> Sequence[ports.Envelope]:
    """A large body is taken apart beside the loop, on which everybody else waits."""
    if len(asked.body) <= QUICK:
        return push.envelopes(asked, account)
    return await asyncio.to_thread(push.envelopes, asked, account)


class TooLarge(HubError):
    """The body is larger than {limit} bytes."""

    code = "TOO_LARGE"


async def raw_body(request: Request, limit: int) -> bytes:
    """The raw bytes, as received; stops reading at the limit."""
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > limit:
        raise TooLarge(limit=limit)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise TooLarge(limit=limit)
        parts.append(part)
    return b"".join(parts)


def _refused(
    adapter: str, reason: str, status: int, sentence: str, headers: Mapping[str, str] | None = None
) -> Response:
    metrics.INBOX_REFUSED.labels(adapter, reason).inc()
    return JSONResponse({"error": sentence}, status, headers=dict(headers or {}))
