"""The door of inventory: what is there, what is promised, and why."""

from hub.inventory.commands import Move, ensure, locked, move, reserve, set_safety, supply
from hub.inventory.counts import Adjustment, Refused, adjust, count_reported, unexplained
from hub.inventory.model import BelowReserved, Claim, Key, QuantityStale, StockTaken, WouldGoNegative, settle
from hub.inventory.soft import expired, give_back, keep

__all__ = [
    "Adjustment",
    "BelowReserved",
    "Claim",
    "Key",
    "Move",
    "QuantityStale",
    "Refused",
    "StockTaken",
    "WouldGoNegative",
    "adjust",
    "count_reported",
    "ensure",
    "expired",
    "give_back",
    "keep",
    "locked",
    "move",
    "reserve",
    "set_safety",
    "settle",
    "supply",
    "unexplained",
]
