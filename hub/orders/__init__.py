"""The door of orders: capture, holds, states, quantities of life."""

from hub.orders.capture import Capture, Captured, address_columns, insert_new
from hub.orders.commands import (
    Approved,
    UnknownOrder,
    approve,
    by_external,
    cancel_rest,
    count,
    derive,
    find,
    heads,
    lines,
    lock,
    lock_one,
    waiting,
)
from hub.orders.draft import Hold, computed_total, faults
from hub.orders.holds import HoldPlaced, HoldReleased, held_for_skus, open_holds, place, release
from hub.orders.kits import Kits, shipped_as_sold, sold
from hub.orders.model import ADVANCE, MOVES, IllegalMove, OnHold, VersionConflict, allowed, check_move, derived
from hub.orders.revise import Revised, say_again

__all__ = [
    "ADVANCE",
    "MOVES",
    "Approved",
    "Capture",
    "Captured",
    "Hold",
    "HoldPlaced",
    "HoldReleased",
    "IllegalMove",
    "Kits",
    "OnHold",
    "Revised",
    "UnknownOrder",
    "VersionConflict",
    "address_columns",
    "allowed",
    "approve",
    "by_external",
    "cancel_rest",
    "check_move",
    "computed_total",
    "count",
    "derive",
    "derived",
    "faults",
    "find",
    "heads",
    "held_for_skus",
    "insert_new",
    "lines",
    "lock",
    "lock_one",
    "open_holds",
    "place",
    "release",
    "say_again",
    "shipped_as_sold",
    "sold",
    "waiting",
]
