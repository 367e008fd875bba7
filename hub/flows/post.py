"""How a planned call leaves: the adapter's own wire, else the hub's HTTP client under the account's base address with the adapter's authorization."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from hub.canon.ports import Account, Adapter, Call, Response
from hub.connections import Connection

Send = Callable[[Connection, Account, Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Post:
    """`send`: the hub's transport with its limits and guards."""

    send: Send

    async def call(self, adapter: Adapter, connection: Connection, account: Account, call: Call) -> Response:
        """`TryAgain` or `NeverTry` when nothing left; `AnswerLost` when something may have."""
        if adapter.wire is not None:
            return await adapter.wire.send(call, account)
        return await self.send(connection, account, authorized(adapter, account, call))

    def http(self, adapter: Adapter, connection: Connection, account: Account) -> AccountHttp:
        return AccountHttp(self, adapter, connection, account)


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
