"""What was changed of placed orders, who must approve them, and the holds on them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.canon.states import HoldKind
from hub.orders.queries import v_amendment, v_amendment_change, v_hold, v_order_approval
from schema.plan.bind import Filter, Page, bound, key, many, money, one
from schema.plan.fields import listing
from schema.plan.scalars import Timestamp
from schema.types import ownership
from schema.types.enums import AmendmentState, SortDirection
from schema.types.parts import UNSET, IdFilter, Money, Node, TextFilter, TimeFilter

if TYPE_CHECKING:
    from schema.types.orders import Order


@bound(v_amendment_change, area="orders", rows=ownership.inherited)
@strawberry.type
class AmendmentChange:
    kind: str
    sku: str | None
    before: str | None
    after: str | None


@bound(v_amendment, area="orders", key="amendment_id", prefix="amd", rows=ownership.by_order())
@strawberry.type
class Amendment(Node):
    id: strawberry.ID = key("amendment_id")
    state: AmendmentState
    confirmed: bool
    reason: str
    asked_by: str
    asked_at: Timestamp
    settled_at: Timestamp | None
    total_before: Money = money("total_before")
    total_after: Money = money("total_after")
    changes: list[AmendmentChange] = many("amendment_id", "position")
    note: str | None


@bound(v_order_approval, area="orders", rows=ownership.by_order())
@strawberry.type
class OrderApproval:
    position: int
    role: str
    total_at_least: Money = money("total_at_least")
    approved_by: str | None
    approved_at: Timestamp | None


@bound(v_hold, area="orders", key="hold_id", prefix="hld", rows=ownership.by_order())
@strawberry.type
class Hold(Node):
    id: strawberry.ID = key("hold_id")
    order: Annotated[Order, strawberry.lazy("schema.types.orders")] = one("order_id")
    kind: HoldKind
    reason: str
    placed_by: str
    placed_at: Timestamp
    deadline: Timestamp | None
    rule: str | None
    releases: str
    released_by: str | None
    released_at: Timestamp | None
    note: str | None


@strawberry.input
class HoldWhere:
    open: bool | None = UNSET
    kind: HoldKind | None = UNSET
    deadline: TimeFilter | None = UNSET
    placed_at: TimeFilter | None = UNSET
    rule: TextFilter | None = UNSET
    order_id: IdFilter | None = UNSET


@strawberry.enum
class HoldSortField(StrEnum):
    PLACED_AT = "PLACED_AT"
    DEADLINE = "DEADLINE"


@strawberry.input
class HoldSort:
    field: HoldSortField
    direction: SortDirection = SortDirection.ASC


HOLDS = Page(
    {"PLACED_AT": "placed_at", "DEADLINE": "deadline_key"},
    {
        "open": Filter("open", flag=True),
        "kind": Filter("kind", enum=True),
        "deadline": Filter("deadline_key", also="deadline"),
        "placedAt": Filter("placed_at"),
        "rule": Filter("rule"),
        "orderId": Filter("order_id", prefix="ord"),
    },
    descending=False,
)

ROOTS = {"holds": listing(Hold, HOLDS, where=HoldWhere, order_by=HoldSort)}
