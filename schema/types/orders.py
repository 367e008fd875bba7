"""Orders, their lines and holds."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.canon.states import HoldKind, OrderState, PaymentState, ReturnState
from hub.fulfillment.queries import v_fulfillment
from hub.orders import allowed
from hub.orders.queries import v_hold, v_order, v_order_line, v_order_tag
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
from schema.types.catalog import Party, Product
from schema.types.connections import Connection
from schema.types.enums import SortDirection
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

NEXT = {(s.value, held): [m.value for m in allowed(s, on_hold=held)] for s in OrderState for held in (False, True)}
PUBLIC_PLACE = frozenset({"city", "region", "countryCode"})

if TYPE_CHECKING:
    from schema.types.fiscal import FiscalDocument
    from schema.types.fulfillment import Fulfillment
    from schema.types.incidents import Incident
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


@bound(v_hold, area="orders", key="hold_id", prefix="hld", rows=ownership.by_order())
@strawberry.type
class Hold(Node):
    id: strawberry.ID = key("hold_id")
    kind: HoldKind
    reason: str
    placed_by: str
    placed_at: Timestamp
    released_by: str | None
    released_at: Timestamp | None


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
    fiscal_documents: list[Annotated[FiscalDocument, strawberry.lazy("schema.types.fiscal")]] = many(
        "order_id", "issued_at"
    )
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
    tags: list[str] = values(v_order_tag, "order_id", "tag")
    note: str | None
    correlation_id: strawberry.ID = key("correlation_id", CORRELATION)
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
    location_id: IdFilter | None = UNSET
    on_hold: bool | None = UNSET
    payment_state: PaymentState | None = UNSET
    customer_tax_id: str | None = UNSET
    tag: str | None = UNSET


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
        "state": Filter("state", enum=True),
        "channel": Filter("channel"),
        "number": Filter("number"),
        "externalId": Filter("external_id"),
        "placedAt": Filter("placed_at"),
        "promisedBy": Filter("promise_key", also="promised_by"),
        "locationId": Filter("location_id", prefix="loc", through=Through(v_fulfillment, "order_id", "order_id")),
        "onHold": Filter("on_hold", flag=True),
        "paymentState": Filter("payment_state", enum=True),
        "customerTaxId": Filter("customer_tax_id"),
        "tag": Filter("tag", through=Through(v_order_tag, "order_id", "order_id")),
    },
)

ORDER = By({"id": "order_id", "number": "number", "external": {"channel": "channel", "externalId": "external_id"}})

ROOTS = {
    "order": single(Order, ORDER, id=strawberry.ID | None, number=str | None, external=ExternalRefInput | None),
    "orders": listing(Order, ORDERS, where=OrderWhere, order_by=OrderSort, both_ways=True),
}
