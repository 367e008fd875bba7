"""The door of inventory: what is there, what is promised, and why."""

from hub.inventory.buffers import Buffers, buffers, left_for, put_buffers
from hub.inventory.commands import Move, ensure, levels, locked, move, reserve, set_safety, supply
from hub.inventory.counts import Adjustment, Refused, adjust, count_reported, unexplained
from hub.inventory.expected import Expected, Transfer, atp, available_from, expect, receive, transfer
from hub.inventory.model import (
    BelowReserved,
    Claim,
    Key,
    NothingAnnounced,
    NotPositive,
    QuantityStale,
    StockTaken,
    TransferToItself,
    WouldGoNegative,
    settle,
)
from hub.inventory.soft import expired, give_back, keep
from hub.inventory.verify import count_keys, faults

__all__ = [
    "Adjustment",
    "BelowReserved",
    "Buffers",
    "Claim",
    "Expected",
    "Key",
    "Move",
    "NotPositive",
    "NothingAnnounced",
    "QuantityStale",
    "Refused",
    "StockTaken",
    "Transfer",
    "TransferToItself",
    "WouldGoNegative",
    "adjust",
    "atp",
    "available_from",
    "buffers",
    "count_keys",
    "count_reported",
    "ensure",
    "expect",
    "expired",
    "faults",
    "give_back",
    "keep",
    "left_for",
    "levels",
    "locked",
    "move",
    "put_buffers",
    "receive",
    "reserve",
    "set_safety",
    "settle",
    "supply",
    "transfer",
    "unexplained",
]
