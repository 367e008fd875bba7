"""As much of the hub's outbox as the tests of this adapter need, and the adapter's ports."""

from __future__ import annotations

from dataclasses import replace

from adapters.shopify import ADAPTER
from adapters.shopify.simulator import AnswerLost, Simulator
from hub.canon.commands import OutwardCommand
from hub.canon.ports import (
    Account,
    Call,
    Done,
    Outcome,
    Response,
)
from tests.adapters.shopify.given import Http, account

assert ADAPTER.outbound is not None
assert ADAPTER.pull is not None
assert ADAPTER.push is not None
assert ADAPTER.reader is not None
OUTBOUND, PULL, PUSH, READER = ADAPTER.outbound, ADAPTER.pull, ADAPTER.push, ADAPTER.reader


class Desk:
    """As much of the hub's outbox as a command needs: plan, send, keep references, plan again."""

    def __init__(self, sim: Simulator, acting: Account | None = None) -> None:
        self.account = acting or account()
        self.http = Http(sim, self.account)
        self.sent: list[str] = []

    async def one(self, command: OutwardCommand, call: Call) -> Outcome:
        self.sent.append(call.operation)
        response: Response | None
        try:
            response = await self.http.send(call)
        except AnswerLost:
            response = None
        found = OUTBOUND.outcome(command, call, response, self.account)
        if isinstance(found, Done):
            self.account = replace(self.account, references={**self.account.references, **found.references})
        return found

    async def do(self, command: OutwardCommand) -> Outcome:
        for _ in range(12):
            found: Outcome = Done()
            for call in OUTBOUND.plan(command, self.account):
                found = await self.one(command, call)
                if not isinstance(found, Done) or found.again:
                    break
            if not (isinstance(found, Done) and found.again):
                return found
        raise AssertionError("planned again and again")
