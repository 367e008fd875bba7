"""Fiscal documents of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.fiscal.queries import v_fiscal_document
from schema.plan.bind import By, Filter, Page, bound, key, many, money, one
from schema.plan.fields import listing, single
from schema.plan.scalars import Timestamp
from schema.types import ownership
from schema.types.enums import FiscalKind, FiscalState, FiscalWait
from schema.types.invoice_parts import FiscalEvent, FiscalItem, FiscalTax
from schema.types.parts import UNSET, IdFilter, Money, Node, TimeFilter

if TYPE_CHECKING:
    from schema.types.fulfillment import Fulfillment
    from schema.types.guides import GnreGuide
    from schema.types.orders import Order


@bound(v_fiscal_document, area="fiscal", key="fiscal_document_id", prefix="fis", rows=ownership.by_order())
@strawberry.type
class FiscalDocument(Node):
    id: strawberry.ID = key("fiscal_document_id")
    kind: FiscalKind
    state: FiscalState
    model: int
    series: int
    number: int
    access_key: str | None
    protocol: str | None
    authority_code: str | None
    authority_message: str | None
    operation: str = strawberry.field(description="sale, sale_return, transfer ...: a word of the table operations.")
    emission_type: int = strawberry.field(description="tpEmis: 1 normal, 4 EPEC, 6 and 7 SVC, 9 off-line.")
    contingency: bool
    waits_for: FiscalWait | None = strawberry.field(description="What keeps it from its end; null: it has ended.")
    unwanted: str | None = strawberry.field(description="Why it ends as soon as its fate is known.")
    issued_at: Timestamp
    authorized_at: Timestamp | None
    total: Money = money("total")
    xml_url: str | None
    pdf_url: str | None
    items: list[FiscalItem] = many("fiscal_document_id", "position", unique=True)
    tax_plan: list[FiscalTax] = many("fiscal_document_id", "position", unique=True)
    events: list[FiscalEvent] = many("fiscal_document_id", "fiscal_event_id", unique=True)
    refers_to: Annotated[FiscalDocument, strawberry.lazy("schema.types.fiscal")] | None = one("refers_to_id")
    replaced_by: Annotated[FiscalDocument, strawberry.lazy("schema.types.fiscal")] | None = one("replaced_by_id")
    order: Annotated[Order, strawberry.lazy("schema.types.orders")] | None = one("order_id")
    fulfillment: Annotated[Fulfillment, strawberry.lazy("schema.types.fulfillment")] | None = one("fulfillment_id")
    gnre_guides: list[Annotated[GnreGuide, strawberry.lazy("schema.types.guides")]] = many(
        "fiscal_document_id", "created_at"
    )


@strawberry.input
class FiscalWhere:
    state: FiscalState | None = UNSET
    access_key: str | None = UNSET
    authority_code: str | None = strawberry.field(default=UNSET, description="cStat, such as 225.")
    order_id: IdFilter | None = UNSET
    issued_at: TimeFilter | None = UNSET


DOCUMENTS = Page(
    {"ISSUED_AT": "issued_at"},
    {
        "state": Filter("state", enum=True, often=True),
        "accessKey": Filter("access_key"),
        "authorityCode": Filter("authority_code"),
        "orderId": Filter("order_id", prefix="ord"),
        "issuedAt": Filter("issued_at", often=True),
    },
    backed=frozenset({("state", "ISSUED_AT"), ("issuedAt", "ISSUED_AT")}),
)

ROOTS = {
    "fiscal_document": single(FiscalDocument, By({"id": "fiscal_document_id"}), id=strawberry.ID),
    "fiscal_documents": listing(FiscalDocument, DOCUMENTS, where=FiscalWhere),
}
