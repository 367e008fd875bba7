"""Stock words and how racers for the same units are settled. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import ClassVar, NamedTuple
from uuid import UUID

from hub.canon.states import MovementCause
from hub.kit.errors import HubError

ZERO = Decimal(0)
Key = tuple[UUID, str]  # (node_id, sku) of condition NEW, the only one that is sold


class StockTaken(HubError):
    """There is not enough left of {sku}: {wanted} asked, {available} available."""

    code: ClassVar[str] = "STOCK_SHORT"


class QuantityStale(HubError):
    """The stock of {sku} is {current}, not the {expected} that the change was made from."""

    code: ClassVar[str] = "CHANGE_FROM_QUANTITY_STALE"


class WouldGoNegative(HubError):
    """The stock of {sku} would become {result}."""

    code: ClassVar[str] = "WOULD_GO_NEGATIVE"


class TransferToItself(HubError):
    """{sku} cannot be moved from a node to the same node."""

    code: ClassVar[str] = "TRANSFER_TO_ITSELF"


class NotPositive(HubError):
    """The quantity of {sku} must be above zero, it is {quantity}."""

    code: ClassVar[str] = "NOT_POSITIVE"


class OnlyNewIsAnnounced(HubError):
    """{sku} is {condition}: only new goods are announced with a date, others move at once."""

    code: ClassVar[str] = "ONLY_NEW_IS_ANNOUNCED"


class NothingAnnounced(HubError):
    """Nothing is announced under {reference}."""

    code: ClassVar[str] = "NOTHING_ANNOUNCED"


class ReservationEnded(HubError):
    """This reservation has ended: it is {state}."""

    code: ClassVar[str] = "EXPIRED"


class BelowReserved(HubError):
    """{reserved} units of {sku} are reserved; the stock cannot be set below that."""

    code: ClassVar[str] = "BELOW_RESERVED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one owner wants, all or nothing: units by (node, SKU). `leave`: units that must be left there afterwards (a channel's buffer)."""

    owner: UUID
    units: Mapping[Key, Decimal]
    leave: Mapping[Key, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One change of one stock key; `event_id` is the fact that tells it. `lot` None: inventory finds the lots that it takes."""

    node_id: UUID
    sku: str
    cause: MovementCause
    cause_id: UUID | None
    event_id: UUID
    on_hand: Decimal = ZERO
    reserved: Decimal = ZERO
    condition: str = "NEW"
    lot: str | None = None

    @property
    def place(self) -> tuple[UUID, str, str]:
        return self.node_id, self.sku, self.condition


class Lot(NamedTuple):
    """Units in one lot of a key; `claimed` of them are chosen for fulfillments."""

    on_hand: Decimal
    claimed: Decimal
    expires_on: date | None


def settle(claims: Sequence[Claim], available: Mapping[Key, Decimal]) -> tuple[list[Claim], list[Claim]]:
    """(kept, refused): claims in their order, each wholly or not at all, by running sum over what is available."""
    left = dict(available)
    kept, refused = list[Claim](), list[Claim]()
    for claim in claims:
        if all(left.get(key, ZERO) >= n + claim.leave.get(key, ZERO) for key, n in claim.units.items()):
            for key, n in claim.units.items():
                left[key] -= n
            kept.append(claim)
        else:
            refused.append(claim)
    return kept, refused
