"""The door of orders: capture, holds, states, quantities of life."""

from hub.orders import amend as amendments
from hub.orders.amendment import (
    Amendment,
    AmendmentRefused,
    AmendmentWaits,
    NewLine,
    NoSubstitute,
    UnknownLine,
    Work,
    plan,
)
from hub.orders.approvals import NothingToApprove, NotYourStep, approve_step, earlier, exposure
from hub.orders.capture import Capture, Captured, address_columns, insert_new
from hub.orders.commands import (
    Approved,
    UnknownOrder,
    approve,
    by_external,
    cancel_rest,
    count,
    derive,
    ending,
    find,
    heads,
    lines,
    lock,
    lock_one,
    note_cancel,
    tagged,
    waiting,
)
from hub.orders.draft import Hold, computed_total, faults
from hub.orders.holdrules import (
    NO_RULES,
    BadHoldRules,
    HoldRules,
    Known,
    load_hold_rules,
    matching,
    parse_hold_rules,
)
from hub.orders.holds import HoldPlaced, HoldReleased, held_for_skus, open_holds, place, release
from hub.orders.kits import Kits, shipped_as_sold, sold
from hub.orders.model import ADVANCE, MOVES, IllegalMove, OnHold, VersionConflict, allowed, check_move, derived
from hub.orders.revise import Revised, say_again
from hub.orders.searches import BadSearch, drop_searches, save_search, searches

__all__ = [
    "ADVANCE",
    "MOVES",
    "NO_RULES",
    "Amendment",
    "AmendmentRefused",
    "AmendmentWaits",
    "Approved",
    "BadHoldRules",
    "BadSearch",
    "Capture",
    "Captured",
    "Hold",
    "HoldPlaced",
    "HoldReleased",
    "HoldRules",
    "IllegalMove",
<<<<<<< HEAD
    "Kits",
=======
    "Known",
    "NewLine",
    "NoSubstitute",
    "NotYourStep",
    "NothingToApprove",
>>>>>>> orders
    "OnHold",
    "Revised",
    "UnknownLine",
    "UnknownOrder",
    "VersionConflict",
    "Work",
    "address_columns",
    "allowed",
    "amendments",
    "approve",
    "approve_step",
    "by_external",
    "cancel_rest",
    "check_move",
    "computed_total",
    "count",
    "derive",
    "derived",
    "drop_searches",
    "earlier",
    "ending",
    "exposure",
    "faults",
    "find",
    "heads",
    "held_for_skus",
    "insert_new",
    "lines",
    "load_hold_rules",
    "lock",
    "lock_one",
    "matching",
    "note_cancel",
    "open_holds",
    "parse_hold_rules",
    "place",
    "plan",
    "release",
    "save_search",
    "say_again",
<<<<<<< HEAD
    "shipped_as_sold",
    "sold",
=======
    "searches",
    "tagged",
>>>>>>> orders
    "waiting",
]
