"""The receiver of `/as2/{adapter}/{account}`: partners' signed and encrypted files, and their receipts for ours. Reads the body, no more."""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from hub.canon import ports
from hub.connections import ConnectionUnknown
from hub.flows.receive import Receiver
from hub.kit import metrics
from hub.kit.db import Unavailable
from hub.kit.doorbell import Doorbell
from hub.web.hooks import TooLarge, raw_body

LARGEST = 64 * 1024 * 1024


class As2Door:
    """`receiver` does the work; this answers in HTTP."""

    def __init__(self, receiver: Receiver, bell: Doorbell) -> None:
        self._receiver, self._bell = receiver, bell

    async def receive(self, request: Request) -> Response:
        adapter, code = request.path_params["adapter"], request.path_params["account"]
        try:
            body = await raw_body(request, LARGEST)
        except TooLarge as error:
            return Response(error.sentence(), 413)
        except ClientDisconnect:
            return Response("The body did not arrive.", 400)
        asked = ports.Request(
            method="POST",
            path=request.url.path,
            query={},
            headers={k.lower(): v for k, v in request.headers.items()},
            body=body,
        )
        try:
            reply = await self._receiver.receive("as2", adapter, code, asked)
        except ConnectionUnknown:
            metrics.INBOX_REFUSED.labels("as2", "account").inc()
            return Response("There is no such account.", 404)
        except Unavailable:
            return Response("The database is away; send it again.", 503, headers={"Retry-After": "30"})
        if reply.new:
            metrics.INBOX_RECEIVED.labels(adapter).inc(reply.new)
        self._bell.ring("inbox", "outbox")
        return Response(reply.body, reply.status, headers=dict(reply.headers))


def as2_routes(receiver: Receiver, bell: Doorbell) -> list[Route]:
    return [Route("/as2/{adapter}/{account}", As2Door(receiver, bell).receive, methods=["POST"])]
