"""Floor 5: one business sentence a file. The order below is the order in which flows answer the facts of one round."""

from hub.flows import (
    acknowledge,
    amend,
    approve,
    cancel,
    change,
    counter,
    gate,
    guides,
    overdue,
    pick,
    publish,
    receipt,
    restock,
    route,
    ship_notice,
    stock_push,
    store,
    tally,
    unanswered,
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
    pick.FLOW,
    stock_push.FLOW,
    store.FLOW,
    guides.FLOW,
    gate.FLOW,
    publish.FLOW,
    acknowledge.FLOW,
    ship_notice.FLOW,
    change.FLOW,
    receipt.FLOW,
    unanswered.FLOW,
)

__all__ = ["FLOWS", "CaptureOutcome", "Deps", "Flow", "Incoming", "Reactor", "capture"]
