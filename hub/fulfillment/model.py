"""What one node does for one order, and what it may report. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from hub.canon.states import OrderState
from hub.kit.errors import HubError
from hub.ledger import Cause

# The way of a fulfillment from the shelf to the customer.
WAY = (
    OrderState.APPROVED,
    OrderState.PICKING,
    OrderState.PACKED,
    OrderState.DISPATCHED,
    OrderState.IN_TRANSIT,
    OrderState.DELIVERED,
    OrderState.COMPLETED,
)


class UnknownFulfillment(HubError):
    """There is no fulfillment with this id."""

    code: ClassVar[str] = "NOT_FOUND"


class ShortPick(HubError):
    """The quantities of line {line} do not fit: {reason}"""

    code: ClassVar[str] = "SHORT_PICK"


class NotAtWork(HubError):
    """This fulfillment is {state}: nothing more is picked or packed for it."""

    code: ClassVar[str] = "NOT_AT_WORK"


class DispatchAlreadyAsked(HubError):
    """Dispatch of this fulfillment was asked for already."""

    code: ClassVar[str] = "DISPATCH_ALREADY_ASKED"


class PackageRequired(HubError):
    """A dispatch names at least one package."""

    code: ClassVar[str] = "PACKAGE_REQUIRED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    line_id: UUID
    line_no: int
    sku: str
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A new fulfillment: this node ships these shares."""

    order_id: UUID
    node_id: UUID
    decision_id: UUID | None
    method: str
    ship_by: datetime
    carrier: str | None
    service: str | None
    shares: tuple[Share, ...]
    cause: Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A step on the way to PICKING or PACKED. `picked`, `packed`, `short` by line; None: all that is left of each line."""

    fulfillment_id: UUID
    to: OrderState
    cause: Cause
    picked: Mapping[UUID, Decimal] | None = None
    packed: Mapping[UUID, Decimal] | None = None
    short: Mapping[UUID, Decimal] = field(default_factory=dict)
    reason: str | None = None
    packages: tuple[Mapping[str, Any], ...] = ()
    wms_reference: str | None = None
    sequence: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchAsked:
    """`packages`: [{sscc, weight_g, length_mm, width_mm, height_mm, content}]."""

    fulfillment_id: UUID
    carrier: str
    cause: Cause
    service: str | None = None
    tracking: str | None = None
    packages: tuple[Mapping[str, Any], ...] = ()


@dataclass(slots=True, kw_only=True)
class LineState:
    """One line at work, with what this step adds."""

    line_id: UUID
    sku: str
    assigned: Decimal
    short: Decimal
    picked: Decimal
    packed: Decimal

    def take(self, step: Progress) -> tuple[Decimal, Decimal, Decimal]:
        """(picked, packed, short) added by the step; `ShortPick` when the quantities do not fit the line."""
        short = step.short.get(self.line_id, Decimal(0))
        self.short += short
        room = self.assigned - self.short - self.picked
        picked = (
            self._asked(step.picked, room) if step.to is OrderState.PACKED or step.picked is not None else Decimal(0)
        )
        self.picked += picked
        packed = self._asked(step.packed, self.picked - self.packed) if step.to is OrderState.PACKED else Decimal(0)
        self.packed += packed
        if min(short, picked, packed) < 0 or self.picked + self.short > self.assigned or self.packed > self.picked:
            reason = f"assigned {self.assigned}, picked {self.picked}, packed {self.packed}, short {self.short}"
            raise ShortPick(line=self.line_id, reason=reason)
        return picked, packed, short

    def _asked(self, given: Mapping[UUID, Decimal] | None, rest: Decimal) -> Decimal:
        return rest if given is None else given.get(self.line_id, Decimal(0))


def steps(state: OrderState, to: OrderState) -> tuple[OrderState, ...]:
    """The states after `state` up to `to` along the way; empty when `to` is not ahead."""
    if state not in WAY or to not in WAY:
        return ()
    return WAY[WAY.index(state) + 1 : WAY.index(to) + 1]
