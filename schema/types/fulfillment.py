"""Fulfillments, their lines, shipments, packages and carrier events."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.canon.states import FulfillmentMethod, OrderState
from hub.fulfillment.queries import v_fulfillment, v_fulfillment_line, v_package, v_shipment, v_tracking_event
from schema.plan.bind import By, Filter, Page, Through, bound, embed, key, lookup, many, money, one
from schema.plan.fields import listing, single
from schema.plan.scalars import Quantity, Timestamp
from schema.types import ownership
from schema.types.enums import SortDirection
from schema.types.fiscal import FiscalDocument
from schema.types.guides import GnreGuide
from schema.types.network import Location
from schema.types.orders import NEXT, Order
from schema.types.parts import SIZE, UNSET, Dimensions, IdFilter, Money, Node, OrderStateFilter, TextFilter, TimeFilter

if TYPE_CHECKING:
    from schema.types.routing import RouteDecision


@bound(v_fulfillment_line, area="fulfillment", rows=ownership.inherited)
@strawberry.type
class FulfillmentLine:
    order_line_id: strawberry.ID = key("line_id", "oln")
    sku: str
    assigned: Quantity
    picked: Quantity
    packed: Quantity
    shipped: Quantity
    short: Quantity


@bound(v_package, area="fulfillment", rows=ownership.inherited)
@strawberry.type
class Package:
    sscc: str | None
    size: Dimensions = embed(**SIZE)


@bound(v_tracking_event, area="fulfillment", rows=ownership.inherited)
@strawberry.type
class TrackingEvent:
    at: Timestamp
    code: str
    description: str | None
    place: str | None


@bound(v_shipment, area="fulfillment", key="shipment_id", prefix="shp", rows=ownership.by_order())
@strawberry.type
class Shipment(Node):
    id: strawberry.ID = key("shipment_id")
    carrier: str
    service: str | None
    tracking_number: str | None
    tracking_url: str | None
    label_url: str | None
    packages: list[Package] = many("shipment_id", "position")
    events: list[TrackingEvent] = many("shipment_id", "at")
    dispatched_at: Timestamp | None
    delivered_at: Timestamp | None
    cost: Money | None = money("cost", nullable=True)
    co2e_g: int | None
    gnre_guides: list[GnreGuide] = many("fulfillment_id", "created_at", here="fulfillment_id")


@bound(v_fulfillment, area="fulfillment", key="fulfillment_id", prefix="ful", rows=ownership.by_order())
@strawberry.type
class Fulfillment(Node):
    id: strawberry.ID = key("fulfillment_id")
    order: Order = one("order_id")
    location: Location = one("location_id")
    method: FulfillmentMethod
    state: OrderState
    allowed_transitions: list[OrderState] = lookup("state", NEXT)
    version: int
    ship_by: Timestamp | None
    wms_reference: str | None
    carrier: str | None
    service: str | None
    bundle_id: strawberry.ID | None = key("bundle_id", "bdl")
    companions: list[Annotated[Fulfillment, strawberry.lazy("schema.types.fulfillment")]] = many(
        "bundle_id", "created_at", here="bundle_id"
    )
    pickup_code: str | None
    lines: list[FulfillmentLine] = many("fulfillment_id", "line_no")
    shipments: list[Shipment] = many("fulfillment_id", "shipment_id")
    route_decision: Annotated[RouteDecision, strawberry.lazy("schema.types.routing")] | None = one("decision_id")
    fiscal_document: FiscalDocument | None = one("noted_as", "fulfillment_id", "issued_at")
    gnre_guides: list[GnreGuide] = many("fulfillment_id", "created_at", here="fulfillment_id")
    dispatch_requested_at: Timestamp | None
    cancel_requested_at: Timestamp | None


@strawberry.input
class FulfillmentWhere:
    state: OrderStateFilter | None = UNSET
    location_id: IdFilter | None = UNSET
    ship_by: TimeFilter | None = UNSET
    method: FulfillmentMethod | None = UNSET
    order_id: IdFilter | None = UNSET
    bundle_id: IdFilter | None = UNSET
    carrier: TextFilter | None = UNSET
    tracking_number: TextFilter | None = UNSET
    at_the_door: bool | None = UNSET
    stopping: bool | None = UNSET
    created_at: TimeFilter | None = UNSET


@strawberry.enum
class FulfillmentSortField(StrEnum):
    SHIP_BY = "SHIP_BY"
    CREATED_AT = "CREATED_AT"


@strawberry.input
class FulfillmentSort:
    field: FulfillmentSortField
    direction: SortDirection = SortDirection.ASC


FULFILLMENTS = Page(
    {"SHIP_BY": "ship_by", "CREATED_AT": "created_at"},
    {
        "state": Filter("state", enum=True, often=True),
        "locationId": Filter("location_id", prefix="loc", often=True),
        "shipBy": Filter("ship_by", often=True),
        "method": Filter("method", enum=True, often=True),
        "orderId": Filter("order_id", prefix="ord"),
        "bundleId": Filter("bundle_id", prefix="bdl"),
        "carrier": Filter("carrier", often=True),
        "trackingNumber": Filter("tracking_number", through=Through(v_shipment, "fulfillment_id", "fulfillment_id")),
        "atTheDoor": Filter("at_the_door", flag=True, often=True),
        "stopping": Filter("stopping", flag=True, often=True),
        "createdAt": Filter("created_at", often=True),
    },
    descending=False,
    backed=frozenset(
        {("state", "SHIP_BY"), ("shipBy", "SHIP_BY"), ("createdAt", "CREATED_AT"), ("carrier", "SHIP_BY")}
    ),
)

ROOTS = {
    "fulfillment": single(Fulfillment, By({"id": "fulfillment_id"}), id=strawberry.ID),
    "fulfillments": listing(Fulfillment, FULFILLMENTS, where=FulfillmentWhere, order_by=FulfillmentSort),
}
