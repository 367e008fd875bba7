"""How a planned call leaves: the adapter's own wire, else the transport that the account names, a folder, or the hub's HTTP client
under the account's base address with the adapter's authorization.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from hub.canon.carriage import Carrier, Dial
from hub.canon.ports import Account, Adapter, AnswerLost, Call, NeverTry, Response, TryAgain
from hub.connections import Connection
from hub.flows.pace import Pace
from hub.flows.transmit import Transmitter
from hub.kit import folder, metrics, telemetry
from hub.kit.addresses import AddressForbidden
from hub.kit.http import FateUnknown, NeverLeft, Sending, Transport

PAUSE = timedelta(seconds=10)


class Post:
    """`transport`: the one way in which HTTP leaves, with its guards. `carriers`: what moves files, by the name that accounts give."""

    def __init__(
        self,
        transport: Transport,
        *,
        carriers: Mapping[str, Carrier] | None = None,
        dial: Dial | None = None,
        transmitter: Transmitter | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._transport, self._carriers, self._dial, self._transmitter = transport, carriers or {}, dial, transmitter
        self._pace = pace or Pace({})

    async def admit(self, adapter: Adapter, connection: Connection, call: Call) -> None:
        """Before each `call`: its place in the account's pace. `TryAgain` where that is too far off."""
        await self._pace.admit(adapter, connection, call)

    async def call(self, adapter: Adapter, connection: Connection, account: Account, call: Call) -> Response:
        """`TryAgain` or `NeverTry` when nothing left; `AnswerLost` when something may have."""
        with telemetry.span(f"call {adapter.name}"), metrics.DESTINATION_SECONDS.labels(adapter.name).time():
            response = await self._send(adapter, connection, account, call)
        self._pace.heard(adapter, connection, call, response)
        return response

    async def _send(self, adapter: Adapter, connection: Connection, account: Account, call: Call) -> Response:
        if adapter.wire is not None:
            return await adapter.wire.send(call, account)
        carrier = self._carriers.get(str(account.config.get("transport", "")))
        if carrier is not None and self._dial is not None:
            async with carrier.open(account, self._dial) as shelf:
                await shelf.put(call.path, call.body)
            return Response(status=201, headers={}, body=b"")
        if self._transmitter is not None and self._transmitter.seals(account) and not _absolute(call.path):
            return await self._transmitter.send(self._over_http, connection, account, call)
        if account.config.get("outbox") and not _absolute(call.path):
            return await self._into_folder(account, call)
        return await self._over_http(account, authorized(adapter, account, call))

    def http(self, adapter: Adapter, connection: Connection, account: Account) -> AccountHttp:
        return AccountHttp(self, adapter, connection, account)

    async def _into_folder(self, account: Account, call: Call) -> Response:
        try:
            await folder.put(Path(str(account.config["outbox"])), call.path, call.body)
        except OSError as error:
            raise TryAgain(after=PAUSE, reason=f"the folder cannot be written: {error.strerror}") from error
        return Response(status=201, headers={}, body=b"")

    async def _over_http(self, account: Account, call: Call) -> Response:
        base = str(account.config.get("base_url") or "")
        if not base and not _absolute(call.path):
            raise NeverTry("the account has no base_url and no outbox folder")
        url = (
            f"{base.rstrip('/')}/{call.path.lstrip('/')}"
            if call.path and not _absolute(call.path)
            else call.path or base
        )
        if call.query:
            url += f"?{urlencode(call.query)}"
        sending = Sending(
            method=call.method,
            url=url,
            headers={"content-type": call.media_type, **call.headers},
            body=call.body,
            timeout=call.timeout,
        )
        try:
            answer = await self._transport.send(sending)
        except AddressForbidden as error:
            raise NeverTry(error.sentence()) from error
        except NeverLeft as error:
            raise TryAgain(after=PAUSE, reason=error.sentence()) from error
        except FateUnknown as error:
            raise AnswerLost(reason=error.sentence()) from error
        return Response(status=answer.status, headers=answer.headers, body=answer.body)


@dataclass(frozen=True, slots=True)
class AccountHttp:
    """The `Http` port of one account."""

    post: Post
    adapter: Adapter
    connection: Connection
    account: Account

    async def send(self, call: Call) -> Response:
        await self.post.admit(self.adapter, self.connection, call)
        return await self.post.call(self.adapter, self.connection, self.account, call)


def _absolute(path: str) -> bool:
    """An address of its own (a receipt's), not one below the account's."""
    return path.startswith(("https://", "http://"))


def authorized(adapter: Adapter, account: Account, call: Call) -> Call:
    """The call with the headers that prove who we are; secrets enter here and nowhere else."""
    if adapter.authorize is None:
        return call
    return replace(call, headers={**call.headers, **adapter.authorize(call, account)})
