"""How a planned call leaves: the adapter's own wire, else a folder or the hub's HTTP client under the account's base address,
with the adapter's authorization.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from hub.canon.ports import Account, Adapter, AnswerLost, Call, NeverTry, Response, TryAgain
from hub.connections import Connection
from hub.kit import folder
from hub.kit.addresses import AddressForbidden
from hub.kit.http import FateUnknown, NeverLeft, Sending, Transport

PAUSE = timedelta(seconds=10)


class Post:
    """`transport`: the one way in which HTTP leaves, with its guards."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def call(self, adapter: Adapter, connection: Connection, account: Account, call: Call) -> Response:
        """`TryAgain` or `NeverTry` when nothing left; `AnswerLost` when something may have."""
        if adapter.wire is not None:
            return await adapter.wire.send(call, account)
        if account.config.get("outbox"):
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
        if not base:
            raise NeverTry("the account has no base_url and no outbox folder")
        url = f"{base.rstrip('/')}/{call.path.lstrip('/')}" if call.path else base
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
        return await self.post.call(self.adapter, self.connection, self.account, call)


def authorized(adapter: Adapter, account: Account, call: Call) -> Call:
    """The call with the headers that prove who we are; secrets enter here and nowhere else."""
    if adapter.authorize is None:
        return call
    return replace(call, headers={**call.headers, **adapter.authorize(call, account)})
