"""Timers that fire: each kind has one answer. A kind that nobody answers parks, so that it is seen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID

from hub import fulfillment, inventory, timers
from hub.canon.states import OrderState
from hub.flows import cancel, contingency, in_store, live_rates, overdue, retract, stock_report, transmit, unanswered
from hub.flows.reactor import Reactor
from hub.kit import failpoint
from hub.kit.db import Tx
from hub.kit.lease import Leased, by_tenant
from hub.ledger import Cause

Answer = Callable[[Tx, Sequence[timers.Fired]], Awaitable[None]]


async def _complete_orders(tx: Tx, fired: Sequence[timers.Fired]) -> None:
    """The return window is over: what was delivered is completed."""
    await fulfillment.travelled(tx, {f.subject_id: (OrderState.COMPLETED, cause_of(f)) for f in fired})


async def _expire_reservations(tx: Tx, fired: Sequence[timers.Fired]) -> None:
    over: list[UUID] = await inventory.expired(tx)
    if over:
        await inventory.give_back(tx, over, "EXPIRED", cause_of(fired[0]))


def cause_of(fired: timers.Fired) -> Cause:
    return Cause(fired.correlation_id, fired.timer_id)


ANSWERS: Mapping[str, Answer] = {
    cancel.KIND: cancel.unanswered,
    "complete_fulfillment": _complete_orders,
    "expire_reservations": _expire_reservations,
    live_rates.KIND: live_rates.ask,
    overdue.KIND: overdue.passed,
    in_store.EXPIRY: in_store.expire,
    stock_report.KIND: stock_report.passed,
    unanswered.KIND: unanswered.passed,
    transmit.KIND: transmit.passed,
    contingency.WATCH: contingency.watch,
    contingency.DEADLINE: contingency.overdue,
    retract.VOID: retract.void,
}


class Clockwork:
    """The worker of the timers."""

    def __init__(self, reactor: Reactor) -> None:
        self._reactor = reactor

    async def handle(self, rows: Sequence[Leased]) -> None:
        for tenant, mine in by_tenant(rows).items():
            async with self._reactor.unit(tenant=tenant, actor="clock") as tx:
                await timers.complete(tx, mine)  # first: an answer may set its own timer again
                fired = [timers.fired(r) for r in mine]
                for kind in sorted({f.kind for f in fired}):
                    await ANSWERS[kind](tx, [f for f in fired if f.kind == kind])
                failpoint.passing("timers.fired")
            failpoint.passing("timers.done")
