"""Stock words and how racers for the same units are settled. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

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


class NothingAnnounced(HubError):
    """Nothing is announced under {reference}."""

    code: ClassVar[str] = "NOTHING_ANNOUNCED"


class BelowReserved(HubError):
    """{reserved} units of {sku} are reserved; the stock cannot be set below that."""

    code: ClassVar[str] = "BELOW_RESERVED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one owner wants, all or nothing: units by (node, SKU). `leave`: units that must be left there afterwards (a channel's buffer)."""

    owner: UUID
    units: Mapping[Key, Decimal]
    leave: Mapping[Key, Decimal] = field(default_factory=dict)


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
