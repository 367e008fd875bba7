"""Kept routing decisions with what was chosen, what was not and why; the rules that decided; where shadow rules would choose otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.routing.queries import (
    v_route_candidate,
    v_route_decision,
    v_route_lack,
    v_route_share,
    v_rule_version,
    v_shadow_difference,
)
from schema.plan.bind import Filter, Page, bound, key, many, money, one
from schema.plan.fields import listing
from schema.plan.scalars import Json, Quantity, Timestamp
from schema.types.enums import RouteMode
from schema.types.network import Location
from schema.types.parts import UNSET, IdFilter, Money, Node, TextFilter, TimeFilter

if TYPE_CHECKING:
    from schema.types.orders import Order


@bound(v_route_share, area="routing")
@strawberry.type
class RouteShare:
    location: Location = one("location_id")
    sku: str
    quantity: Quantity
    carrier: str | None
    service: str | None
    parcels: int | None


@bound(v_route_lack, area="routing")
@strawberry.type(description="Units that no location could ship.")
class RouteLack:
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
    method: str | None
    carrier: str | None
    service: str | None
    ships_at: Timestamp | None
    arrives_at: Timestamp | None
    parts: Json | None = strawberry.field(description="Name of a weight -> what it adds to the score.")
    offers: Json = strawberry.field(
        description="Each carrier's service that was compared: cost, days, live, its score and parcels, or the reason why not."
    )


@bound(v_route_decision, area="routing", key="decision_id", prefix="rte")
@strawberry.type
class RouteDecision(Node):
    id: strawberry.ID = key("decision_id")
    order: Annotated[Order, strawberry.lazy("schema.types.orders")] | None = one("order_id")
    at: Timestamp
    mode: RouteMode
    rules: str
    rules_version: str
    reason: str | None = strawberry.field(description="Why it was decided again.")
    score: Quantity
    exact: bool = strawberry.field(description="False: the bound on steps was reached, the best found stands.")
    relaxed: Json = strawberry.field(description="Filters that had to be left out.")
    chosen: list[RouteShare] = many("decision_id", "position")
    unplaced: list[RouteLack] = many("decision_id", "position")
    candidates: list[RouteCandidate] = many("decision_id", "position")


@bound(v_shadow_difference, area="routing", key="difference_id", prefix="dif")
@strawberry.type(
    description="An order that the shadow rules would have routed otherwise; their whole decision is kept with mode SHADOW."
)
class RouteDifference(Node):
    id: strawberry.ID = key("difference_id")
    order: Annotated[Order, strawberry.lazy("schema.types.orders")] | None = one("order_id")
    at: Timestamp
    live_version: str
    shadow_version: str
    score_delta: Quantity | None = strawberry.field(
        description="Score of the shadow's choice less that of the live one."
    )
    live: Json
    shadow: Json


@bound(v_rule_version, area="routing", key="rules_id", prefix="rul")
@strawberry.type
class RuleVersion(Node):
    id: strawberry.ID = key("rules_id")
    name: str
    version: str
    content: str
    first_used: Timestamp


@strawberry.input
class RouteDecisionWhere:
    order_id: IdFilter | None = UNSET
    mode: RouteMode | None = UNSET
    rules_version: TextFilter | None = UNSET
    exact: bool | None = UNSET
    at: TimeFilter | None = UNSET


@strawberry.input
class RouteDifferenceWhere:
    order_id: IdFilter | None = UNSET
    live_version: TextFilter | None = UNSET
    shadow_version: TextFilter | None = UNSET
    at: TimeFilter | None = UNSET


DECISIONS = Page(
    {"AT": "at"},
    {
        "orderId": Filter("order_id", prefix="ord"),
        "mode": Filter("mode", enum=True),
        "rulesVersion": Filter("rules_version"),
        "exact": Filter("exact", flag=True),
        "at": Filter("at"),
    },
)
DIFFERENCES = Page(
    {"AT": "at"},
    {
        "orderId": Filter("order_id", prefix="ord"),
        "liveVersion": Filter("live_version"),
        "shadowVersion": Filter("shadow_version"),
        "at": Filter("at"),
    },
)

ROOTS = {
    "route_decisions": listing(RouteDecision, DECISIONS, where=RouteDecisionWhere),
    "route_differences": listing(RouteDifference, DIFFERENCES, where=RouteDifferenceWhere),
    "rule_versions": listing(RuleVersion, Page({"FIRST_USED": "first_used"})),
}
