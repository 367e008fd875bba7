"""What a channel is told of its orders: shipments, stock, cancelled and changed lines, notes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedLine:
    line: str  # the channel's line id
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmShipment:
    """Tell the channel what left, with tracking and, in Brazil, the note's access key."""

    order: str  # the channel's order id
    shipment: str
    lines: tuple[ShippedLine, ...]
    carrier: str | None
    tracking: str | None
    tracking_url: str | None = None
    access_key: str | None = None
    notify_customer: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStock:
    """Absolute availability; `change_from` is what the channel is believed to hold (None: no check)."""

    levels: tuple[tuple[str, str, Decimal, Decimal | None], ...]  # (sku, node, available, change_from)


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrder:
    order: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelLines:
    """So much is left of these lines; the rest does not come. What is left, not what goes: told twice it takes nothing twice."""

    order: str  # the channel's order id
    change: str  # our name of this change: what is learnt while it is told is kept under it
    left: tuple[tuple[str, Decimal], ...]  # (the channel's line id, units)
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedLine:
    """Goods that were added here: so many units stand, `amount` is what they cost together, discount taken off."""

    sku: str
    units: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLines:
    """What stands of the lines that changed and of all goods added here: told twice it changes nothing twice."""

    order: str  # the channel's order id
    change: str  # our name of this change: what is learnt while it is told is kept under it
    lines: tuple[tuple[str, Decimal], ...]  # (the channel's line id, units)
    added: tuple[AddedLine, ...]
    known: tuple[str, ...]  # the channel's line ids that we know; other lines of its order are goods added here
    currency: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachInvoice:
    order: str
    access_key: str
    number: int
    series: int
    xml: bytes
    total: Decimal
    currency: str
