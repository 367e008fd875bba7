"""What customers were told."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.notices.queries import v_notice
from schema.plan.bind import Filter, Page, bound, key, one
from schema.plan.fields import listing
from schema.plan.scalars import Timestamp
from schema.types import ownership
from schema.types.parts import UNSET, IdFilter, Node, TimeFilter

if TYPE_CHECKING:
    from schema.types.orders import Order


@strawberry.enum
class NoticeState(StrEnum):
    OWED = "OWED"
    SENT = "SENT"
    REFUSED = "REFUSED"


@bound(v_notice, area="notices", key="notice_id", prefix="ntc", rows=ownership.by_order())
@strawberry.type
class Notice(Node):
    id: strawberry.ID = key("notice_id")
    medium: str
    template: str
    state: NoticeState
    recipient: str
    subject: str
    message: str | None = strawberry.field(description="Why the medium refused it.")
    created_at: Timestamp
    sent_at: Timestamp | None
    order: Annotated[Order, strawberry.lazy("schema.types.orders")] | None = one("order_id")


@strawberry.input
class NoticeWhere:
    state: NoticeState | None = UNSET
    order_id: IdFilter | None = UNSET
    created_at: TimeFilter | None = UNSET


NOTICES = Page(
    {"CREATED_AT": "created_at"},
    {
        "state": Filter("state", enum=True),
        "orderId": Filter("order_id", prefix="ord"),
        "createdAt": Filter("created_at"),
    },
)

ROOTS = {"notices": listing(Notice, NOTICES, where=NoticeWhere)}
