"""The door of routing: decide, explain, keep."""

from hub.routing.commands import keep
from hub.routing.decide import decide
from hub.routing.model import Candidate, Decision, Demand, DemandLine, Offer, Place, Share, Stock
from hub.routing.rules import BadRules, Rules, load_rules, parse_rules

__all__ = [
    "BadRules",
    "Candidate",
    "Decision",
    "Demand",
    "DemandLine",
    "Offer",
    "Place",
    "Rules",
    "Share",
    "Stock",
    "decide",
    "keep",
    "load_rules",
    "parse_rules",
]
