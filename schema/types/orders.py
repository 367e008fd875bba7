"""Orders, their lines and holds."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.canon.states import FulfillmentMethod, HoldKind, OrderState, PaymentState, ReturnState
from hub.fulfillment.queries import v_fulfillment, v_shipment
from hub.orders import allowed
from hub.orders.queries import v_amendment, v_missing_approval, v_open_hold, v_order, v_order_line, v_order_tag
from schema.plan.bind import (
    CORRELATION,
    By,
    Filter,
    Many,
    Page,
    Through,
    bound,
    embed,
    field_of,
    key,
    lookup,
    many,
    money,
    one,
    values,
)
from schema.plan.fields import listing, nested, single
from schema.plan.scalars import Quantity, Timestamp
from schema.types import ownership
from schema.types.amendments import Amendment, Hold, OrderApproval
from schema.types.catalog import Party, Product
from schema.types.connections import Connection
from schema.types.enums import AmendmentState, SortDirection
from schema.types.ledger import EVENTS
from schema.types.parts import (
    UNSET,
    Address,
    IdFilter,
    Money,
    Node,
    OrderStateFilter,
    TextFilter,
    TimeFilter,
    address,
)
from schema.types.story import TimelineEntry

NEXT = {(s.value, held): [m.value for m in allowed(s, on_hold=held)] for s in OrderState for held in (False, True)}
PUBLIC_PLACE = frozenset({"city", "region", "countryCode"})

if TYPE_CHECKING:
    from schema.types.fiscal import FiscalDocument
    from schema.types.fulfillment import Fulfillment
    from schema.types.guides import GnreGuide
    from schema.types.incidents import Incident
    from schema.types.notices import Notice
    from schema.types.queues import Delivery, InboundMessage
    from schema.types.routing import RouteDecision


@bound(v_order_line, area="orders", key="line_id", prefix="oln", rows=ownership.by_order())
@strawberry.type
class OrderLine(Node):
    id: strawberry.ID = key("line_id")
    line_no: int
    sku: str
    title: str
    product: Product | None = one("product_id")
    unit_price: Money = money("unit_price")
    discount: Money = money("discount")
    tax: Money = money("tax")
    total: Money = money("total")
    kit_parent: strawberry.ID | None = key("kit_parent", "oln")
    ordered: Quantity
    cancelled: Quantity
    reserved: Quantity
    picked: Quantity
    packed: Quantity
    shipped: Quantity
    delivered: Quantity
    returned: Quantity


@bound(v_order, area="orders", key="order_id", prefix="ord", rows=ownership.orders)
@strawberry.type
class Order(Node):
    id: strawberry.ID = key("order_id")
    number: str
    channel: str
    connection: Connection | None = one("connection_id")
    external_id: str | None
    state: OrderState
    allowed_transitions: list[OrderState] = lookup("state", NEXT, flag="on_hold")
    version: int
    payment_state: PaymentState
    return_state: ReturnState
    method: FulfillmentMethod
    service_level: str | None
    group_id: str | None
    cancel_reason: str | None
    on_hold: bool
    placed_at: Timestamp
    promised_by: Timestamp | None
    updated_at: Timestamp
    customer: Party | None = one("customer_id")
    ship_to: Address = embed(area="personal", shown=PUBLIC_PLACE, **address("ship_"))
    bill_to: Address | None = embed(null_if="bill_known", area="personal", shown=PUBLIC_PLACE, **address("bill_"))
    subtotal: Money = money("subtotal")
    shipping_total: Money = money("shipping_total")
    discount_total: Money = money("discount_total")
    tax_total: Money = money("tax_total")
    total: Money = money("total")
    lines: list[OrderLine] = many("order_id", "line_no", unique=True)
    fulfillments: list[Annotated[Fulfillment, strawberry.lazy("schema.types.fulfillment")]] = many(
        "order_id", "position"
    )
    holds: list[Hold] = field_of(Many("order_id", "placed_at", flags={"open": "open"}))
    amendments: list[Amendment] = many("order_id", "asked_at")
    approvals: list[OrderApproval] = many("order_id", "position", unique=True)
    fiscal_documents: list[Annotated[FiscalDocument, strawberry.lazy("schema.types.fiscal")]] = many(
        "order_id", "issued_at"
    )
    gnre_guides: list[Annotated[GnreGuide, strawberry.lazy("schema.types.guides")]] = many("order_id", "created_at")
    route_decisions: list[Annotated[RouteDecision, strawberry.lazy("schema.types.routing")]] = many("order_id", "at")
    incidents: list[Annotated[Incident, strawberry.lazy("schema.types.incidents")]] = field_of(
        Many("order_id", "opened_at", flags={"open": "open"})
    )
    messages: list[Annotated[InboundMessage, strawberry.lazy("schema.types.queues")]] = many(
        "correlation_id", "received_at", here="correlation_id", limit=100
    )
    deliveries: list[Annotated[Delivery, strawberry.lazy("schema.types.queues")]] = many(
        "correlation_id", "created_at", here="correlation_id", limit=100
    )
    notices: list[Annotated[Notice, strawberry.lazy("schema.types.notices")]] = many("order_id", "created_at")
    tags: list[str] = values(v_order_tag, "order_id", "tag")
    note: str | None
    correlation_id: strawberry.ID = key("correlation_id", CORRELATION)
    timeline: list[TimelineEntry] = many("order_id", "place", limit=1000)
    events = nested("BusinessEvent", "schema.types.ledger", EVENTS, "subject_id", "order_id")


@strawberry.input
class ExternalRefInput:
    channel: str
    external_id: str


@strawberry.input
class OrderWhere:
    state: OrderStateFilter | None = UNSET
    channel: TextFilter | None = UNSET
    number: TextFilter | None = UNSET
    external_id: TextFilter | None = UNSET
    placed_at: TimeFilter | None = UNSET
    promised_by: TimeFilter | None = UNSET
    updated_at: TimeFilter | None = UNSET
    location_id: IdFilter | None = UNSET
    on_hold: bool | None = UNSET
    payment_state: PaymentState | None = UNSET
    customer_tax_id: str | None = UNSET
    tag: str | None = UNSET
    customer_id: IdFilter | None = UNSET
    group_id: str | None = UNSET
    method: FulfillmentMethod | None = UNSET
    sku: TextFilter | None = UNSET
    hold_kind: HoldKind | None = UNSET
    tracking_number: TextFilter | None = UNSET
    approval_role: str | None = UNSET
    amendment_state: AmendmentState | None = UNSET


@strawberry.enum
class OrderSortField(StrEnum):
    PLACED_AT = "PLACED_AT"
    UPDATED_AT = "UPDATED_AT"
    PROMISED_BY = "PROMISED_BY"
    NUMBER = "NUMBER"


@strawberry.input
class OrderSort:
    field: OrderSortField
    direction: SortDirection = SortDirection.DESC


ORDERS = Page(
    sorts={"PLACED_AT": "placed_at", "UPDATED_AT": "updated_at", "PROMISED_BY": "promise_key", "NUMBER": "number"},
    filters={
        "state": Filter("state", enum=True, often=True),
        "channel": Filter("channel", often=True),
        "number": Filter("number"),
        "externalId": Filter("external_id"),
        "placedAt": Filter("placed_at", often=True),
        "promisedBy": Filter("promise_key", also="promised_by", often=True),
        "locationId": Filter(
            "location_id", prefix="loc", often=True, through=Through(v_fulfillment, "order_id", "order_id")
        ),
        "onHold": Filter("on_hold", flag=True, often=True),
        "paymentState": Filter("payment_state", enum=True, often=True),
        "customerTaxId": Filter("customer_tax_id"),
        "updatedAt": Filter("updated_at", often=True),
        "customerId": Filter("customer_id", prefix="pty"),
        "groupId": Filter("group_id"),
        "method": Filter("method", enum=True, often=True),
        "sku": Filter("sku", often=True, through=Through(v_order_line, "order_id", "order_id")),
        "holdKind": Filter("kind", enum=True, often=True, through=Through(v_open_hold, "order_id", "order_id")),
        "trackingNumber": Filter("tracking_number", through=Through(v_shipment, "order_id", "order_id")),
        "approvalRole": Filter("role", often=True, through=Through(v_missing_approval, "order_id", "order_id")),
        "amendmentState": Filter("state", enum=True, often=True, through=Through(v_amendment, "order_id", "order_id")),
        "tag": Filter("tag", often=True, through=Through(v_order_tag, "order_id", "order_id")),
    },
    backed=frozenset(
        (name, "PLACED_AT") for name in ("state", "channel", "placedAt", "onHold", "paymentState", "customerTaxId")
    )
    | {("promisedBy", "PROMISED_BY"), ("updatedAt", "UPDATED_AT")},
)

ORDER = By({"id": "order_id", "number": "number", "external": {"channel": "channel", "externalId": "external_id"}})

ROOTS = {
    "order": single(Order, ORDER, id=strawberry.ID | None, number=str | None, external=ExternalRefInput | None),
    "orders": listing(Order, ORDERS, where=OrderWhere, order_by=OrderSort, both_ways=True),
}
