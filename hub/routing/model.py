"""What routing is asked and what it answers: demand, places, shares, candidates with the reason of each. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

ZERO = Decimal(0)
NO_TAGS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandLine:
    """`weight_g`, `longest_mm`, `unit_value` of one unit; None where the catalog does not say."""

    line_id: UUID
    sku: str
    quantity: Decimal
    weight_g: int | None = None
    longest_mm: int | None = None
    unit_value: Decimal = ZERO
    hazmat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One order, or the rest of it, that needs nodes. `avoid`: (node, SKU) that just failed; node alone: SKU ''.
    `level`: the service level that the customer bought; `backorder`: it has waited for stock.
    """

    order_id: UUID
    lines: tuple[DemandLine, ...]
    country: str
    region: str
    method: str
    channel: str
    placed_at: datetime
    promised_by: datetime | None = None
    pickup_node_id: UUID | None = None
    taxpayer: bool = False
    avoid: frozenset[tuple[UUID, str]] = frozenset()
    vip: bool = False
    backorder: bool = False
    level: str | None = None
    tags: frozenset[str] = NO_TAGS


class Terms(NamedTuple):
    """What the rules look at that many demands share. `tags`: only those that the rules speak of."""

    country: str
    region: str
    method: str
    channel: str
    level: str | None
    hazmat: bool
    tags: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A carrier's service that serves the destination; `cost` of one parcel in the rules' currency, `live`: quoted by the carrier.
    `unusable`: why its cost is not known.
    """

    carrier: str
    service: str
    cost: Decimal
    cost_per_kg: Decimal
    days: int
    co2e_g: int
    max_weight_g: int | None = None
    live: bool = False
    unusable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A node as routing sees it for one destination. `ships_at`: its next hand-over to carriers; `here`: its local time now;
    `waits`: local days until the hand-over, by its calendar and cut-off.
    """

    node_id: UUID
    code: str
    kind: str
    country: str
    region: str
    active: bool
    open_fulfillments: int
    capacity_per_day: int | None
    ships_at: datetime
    offers: tuple[Offer, ...]
    here: time = time(0)
    waits: int = 0


Stock = Mapping[tuple[UUID, str], Decimal]


class Quote(NamedTuple):
    """What an offer would cost for this demand: `score` and `parcels`, or why it cannot carry it."""

    offer: Offer | None
    score: Decimal | None
    parcels: int
    why: str | None = None


class Candidate(NamedTuple):
    """What was thought of one node. Excluded: by which filter and why. Else its score with the parts that it is the sum of:
    what it would cost to ship from here all that it has of the demand.
    """

    node_id: UUID
    code: str
    feasible: bool
    excluded_by: str | None = None
    reason: str | None = None
    score: Decimal | None = None
    parts: Mapping[str, Decimal] = MappingProxyType({})
    offer: Offer | None = None
    quotes: tuple[Quote, ...] = ()
    method: str | None = None
    ships_at: datetime | None = None
    arrives_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    node_id: UUID
    line_id: UUID
    sku: str
    quantity: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """`exact`: the assignment was proven best; else the bound was reached and the best found stands. `relaxed`: filters that had
    to be left out to place the demand. `offers`: node -> the offer for its share, chosen by the weight of that share.
    """

    order_id: UUID
    candidates: tuple[Candidate, ...]
    shares: tuple[Share, ...]
    unplaced: tuple[tuple[UUID, str, Decimal], ...]  # (line, SKU, quantity)
    score: Decimal
    exact: bool
    relaxed: tuple[str, ...] = ()
    offers: Mapping[UUID, Quote] = field(default_factory=dict)

    def candidate(self, node_id: UUID) -> Candidate:
        return next(c for c in self.candidates if c.node_id == node_id)
