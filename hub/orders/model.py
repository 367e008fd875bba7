"""The nine states and which may follow which; what an order's state is, given its fulfillments. Decides; does not store, does not know the time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from hub.canon.states import OrderState as S
from hub.kit.errors import HubError

MOVES: Mapping[S, frozenset[S]] = {
    S.DRAFT: frozenset({S.APPROVED, S.CANCELLED}),
    S.APPROVED: frozenset({S.PICKING, S.CANCELLED}),
    S.PICKING: frozenset({S.PACKED, S.CANCELLED}),
    S.PACKED: frozenset({S.DISPATCHED, S.CANCELLED}),
    S.DISPATCHED: frozenset({S.IN_TRANSIT}),
    S.IN_TRANSIT: frozenset({S.DELIVERED}),
    S.DELIVERED: frozenset({S.COMPLETED}),
    S.COMPLETED: frozenset(),
    S.CANCELLED: frozenset(),
}

# How far a state is along the way; CANCELLED is beside it.
ADVANCE: Mapping[S, int] = {s: i for i, s in enumerate(S) if s is not S.CANCELLED}

# What a hold forbids: nothing may leave DRAFT or APPROVED towards the shelf while a hold is open.
HELD_BACK: frozenset[S] = frozenset({S.APPROVED, S.PICKING, S.PACKED, S.DISPATCHED})


class IllegalMove(HubError):
    """This cannot go from {state} to {asked}; allowed are: {allowed}"""

    code: ClassVar[str] = "ILLEGAL_MOVE"


class OnHold(HubError):
    """An open hold keeps this order where it is: {kinds}"""

    code: ClassVar[str] = "ON_HOLD"


class VersionConflict(HubError):
    """It has changed since: version {current} is not the expected {expected}."""

    code: ClassVar[str] = "VERSION_CONFLICT"


def allowed(state: S, *, on_hold: bool) -> tuple[S, ...]:
    """The states that may follow, in the order of life, without what an open hold forbids."""
    return tuple(s for s in S if s in MOVES[state] and not (on_hold and s in HELD_BACK))


def check_move(state: S, asked: S) -> None:
    """Raise `IllegalMove` unless `asked` may follow `state`."""
    if asked not in MOVES[state]:
        raise IllegalMove(
            state=state.value, asked=asked.value, allowed=", ".join(s for s in S if s in MOVES[state]) or "none"
        )


def derived(own: S, fulfillments: Iterable[S], *, all_assigned: bool) -> S:
    """An order's state: its own while nothing is planned; else the least advanced of its live fulfillments,
    APPROVED while a part still waits for a node, CANCELLED only when everything is.
    """
    live = [s for s in fulfillments if s is not S.CANCELLED]
    if own in (S.DRAFT, S.CANCELLED) or not live:
        return own
    least = min(live, key=ADVANCE.__getitem__)
    return least if all_assigned else min(least, S.APPROVED, key=ADVANCE.__getitem__)
