"""Kept routing decisions with what was chosen and what was not."""

from __future__ import annotations

import strawberry

from hub.routing.queries import v_route_candidate, v_route_decision, v_route_share
from schema.plan.bind import bound, key, many, money, one
from schema.plan.scalars import Quantity, Timestamp
from schema.types.enums import RouteMode
from schema.types.network import Location
from schema.types.parts import Money, Node


@bound(v_route_share, area="routing")
@strawberry.type
class RouteShare:
    location: Location = one("location_id")
    sku: str
    quantity: Quantity


@bound(v_route_candidate, area="routing")
@strawberry.type
class RouteCandidate:
    location: Location = one("location_id")
    feasible: bool
    excluded_by: str | None
    reason: str
    score: Quantity | None
    cost: Money | None = money("cost", nullable=True)
    days: Quantity | None
    co2e_g: int | None
    tax_cost: Money | None = money("tax_cost", nullable=True)
    distance_km: Quantity | None


@bound(v_route_decision, area="routing", key="decision_id", prefix="rte")
@strawberry.type
class RouteDecision(Node):
    id: strawberry.ID = key("decision_id")
    at: Timestamp
    mode: RouteMode
    rules_version: str
    chosen: list[RouteShare] = many("decision_id", "position")
    candidates: list[RouteCandidate] = many("decision_id", "position")
