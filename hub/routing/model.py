"""What routing is asked and what it answers: demand, places, shares, candidates with the reason of each. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandLine:
    """`weight_g` of one unit; None where the catalog does not say."""

    line_id: UUID
    sku: str
    quantity: Decimal
    weight_g: int | None = None
    hazmat: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One order, or the rest of it, that needs nodes. `avoid`: (node, SKU) that just failed; node alone: SKU ''."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A lane that serves the destination; `cost` in the rules' currency."""

    carrier: str
    service: str
    cost: Decimal
    cost_per_kg: Decimal
    days: int
    co2e_g: int
    max_weight_g: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A node as routing sees it for one demand. `ships_at`: its next hand-over to carriers."""

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


Stock = Mapping[tuple[UUID, str], Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What was thought of one node. Excluded: by which filter and why. Else its score with the parts that it is the sum of."""

    node_id: UUID
    code: str
    feasible: bool
    excluded_by: str | None = None
    reason: str | None = None
    score: Decimal | None = None
    parts: Mapping[str, Decimal] = field(default_factory=dict)
    offer: Offer | None = None
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
    """`exact`: the assignment was proven best; else the bound was reached and the greedy answer stands."""

    order_id: UUID
    candidates: tuple[Candidate, ...]
    shares: tuple[Share, ...]
    unplaced: tuple[tuple[UUID, str, Decimal], ...]  # (line, SKU, quantity)
    score: Decimal
    exact: bool

    def candidate(self, node_id: UUID) -> Candidate:
        return next(c for c in self.candidates if c.node_id == node_id)
