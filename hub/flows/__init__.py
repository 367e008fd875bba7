"""Floor 5: one business sentence a file. The order below is the order in which flows answer the facts of one round."""

from hub.flows import (
    acknowledge,
    amend,
    approve,
    bundle,
    cancel,
    counter,
    finish,
    gate,
    guides,
    in_store,
    overdue,
    pick,
    publish,
    restock,
    route,
    stock_push,
    tally,
)
from hub.flows.capture import CaptureOutcome, Incoming, capture
from hub.flows.reactor import Deps, Flow, Reactor

FLOWS: tuple[Flow, ...] = (
    tally.FLOW,
    amend.FLOW,
    overdue.FLOW,
    cancel.FLOW,
    approve.FLOW,
    counter.FLOW,
    restock.FLOW,
    route.FLOW,
    bundle.FLOW,
    pick.FLOW,
    in_store.FLOW,
    stock_push.FLOW,
    guides.FLOW,
    gate.FLOW,
    publish.FLOW,
    acknowledge.FLOW,
    finish.FLOW,
)

__all__ = ["FLOWS", "CaptureOutcome", "Deps", "Flow", "Incoming", "Reactor", "capture"]
