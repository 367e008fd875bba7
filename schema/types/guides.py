"""Collection guides (GNRE): what is owed to the UF of the destination, and how it is paid."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.fiscal.queries import v_gnre_guide
from schema.plan.bind import Filter, Page, bound, key, money, one
from schema.plan.fields import listing
from schema.plan.scalars import Day, Timestamp
from schema.types import ownership
from schema.types.parts import UNSET, IdFilter, Money, Node, TextFilter, TimeFilter

if TYPE_CHECKING:
    from schema.types.fiscal import FiscalDocument
    from schema.types.fulfillment import Fulfillment
    from schema.types.orders import Order


@strawberry.enum
class GnreGuideState(StrEnum):
    WAITING = "WAITING"
    REQUESTED = "REQUESTED"
    UNKNOWN = "UNKNOWN"
    ISSUED = "ISSUED"
    PAID = "PAID"
    REJECTED = "REJECTED"
    OWN = "OWN"  # by a document that the UF makes at a portal of its own


@bound(v_gnre_guide, area="guides", key="gnre_guide_id", prefix="gnr", rows=ownership.by_order())
@strawberry.type
class GnreGuide(Node):
    id: strawberry.ID = key("gnre_guide_id")
    state: GnreGuideState
    version: int
    region: str = strawberry.field(description="UF that is owed.")
    revenue: str = strawberry.field(description="Code of the revenue, such as 100102.")
    identifier: str
    before_dispatch: bool = strawberry.field(description="The goods wait until it is paid.")
    amount: Money = money("amount")
    principal: Money = money("principal")
    fcp: Money = money("fcp")
    total: Money | None = money("total", nullable=True)
    due_on: Day = strawberry.field(description="The day by which we mean to pay.")
    pay_until: Day | None = strawberry.field(description="The last day on which the bank takes it.")
    line: str | None = strawberry.field(description="48 digits to type (linhaDigitavel).")
    barcode: str | None
    pix: str | None = strawberry.field(description="Text of the PIX QR code.")
    control: str | None
    receipt: str | None
    code: str | None
    message: str | None
    paid_on: Day | None
    pdf_url: str | None
    created_at: Timestamp
    updated_at: Timestamp
    order: Annotated[Order, strawberry.lazy("schema.types.orders")] | None = one("order_id")
    fulfillment: Annotated[Fulfillment, strawberry.lazy("schema.types.fulfillment")] | None = one("fulfillment_id")
    fiscal_document: Annotated[FiscalDocument, strawberry.lazy("schema.types.fiscal")] | None = one(
        "fiscal_document_id"
    )


@strawberry.input
class GnreGuideWhere:
    state: GnreGuideState | None = UNSET
    region: TextFilter | None = UNSET
    code: TextFilter | None = UNSET
    order_id: IdFilter | None = UNSET
    created_at: TimeFilter | None = UNSET


GUIDES = Page(
    {"CREATED_AT": "created_at"},
    {
        "state": Filter("state", enum=True),
        "region": Filter("region"),
        "code": Filter("code"),
        "orderId": Filter("order_id", prefix="ord"),
        "createdAt": Filter("created_at"),
    },
)

ROOTS = {"gnre_guides": listing(GnreGuide, GUIDES, where=GnreGuideWhere)}
