"""Floor 5: one business sentence a file. The order below is the order in which flows answer the facts of one round."""

from hub.flows import (
    acknowledge,
    amend,
    approve,
    bundle,
    cancel,
    change,
    counter,
    finish,
    gate,
    guides,
    in_store,
    overdue,
    pick,
    publish,
    receipt,
    restock,
    route,
    ship_notice,
    stock_push,
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
    bundle.FLOW,
    pick.FLOW,
    in_store.FLOW,
    stock_push.FLOW,
    guides.FLOW,
    gate.FLOW,
    publish.FLOW,
    acknowledge.FLOW,
    ship_notice.FLOW,
    change.FLOW,
    receipt.FLOW,
    unanswered.FLOW,
    finish.FLOW,
)

__all__ = ["FLOWS", "CaptureOutcome", "Deps", "Flow", "Incoming", "Reactor", "capture"]
