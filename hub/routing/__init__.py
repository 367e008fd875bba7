"""The door of routing: decide, explain, keep."""

from hub.routing.cases import CaseResult, check_cases, run_cases
from hub.routing.commands import Difference, keep, keep_differences, latest
from hub.routing.decide import Board, decide, in_order
from hub.routing.model import Candidate, Decision, Demand, DemandLine, Offer, Place, Quote, Share, Stock
from hub.routing.reading import load_rules, parse_rules
from hub.routing.rules import BadRules, Rules

__all__ = [
    "BadRules",
    "Board",
    "Candidate",
    "CaseResult",
    "Decision",
    "Demand",
    "DemandLine",
    "Difference",
    "Offer",
    "Place",
    "Quote",
    "Rules",
    "Share",
    "Stock",
    "check_cases",
    "decide",
    "in_order",
    "keep",
    "keep_differences",
    "latest",
    "load_rules",
    "parse_rules",
    "run_cases",
]
