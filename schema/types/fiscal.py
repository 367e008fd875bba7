"""Fiscal documents of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.fiscal.queries import v_fiscal_document
from schema.plan.bind import Filter, Page, bound, key, money, one
from schema.plan.fields import listing
from schema.plan.scalars import Timestamp
from schema.types import ownership
from schema.types.enums import FiscalKind, FiscalState
from schema.types.parts import UNSET, IdFilter, Money, Node, TimeFilter

if TYPE_CHECKING:
    from schema.types.fulfillment import Fulfillment
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
    contingency: bool
    issued_at: Timestamp
    authorized_at: Timestamp | None
    total: Money = money("total")
    xml_url: str | None
    pdf_url: str | None
    order: Annotated[Order, strawberry.lazy("schema.types.orders")] | None = one("order_id")
    fulfillment: Annotated[Fulfillment, strawberry.lazy("schema.types.fulfillment")] | None = one("fulfillment_id")


@strawberry.input
class FiscalWhere:
    state: FiscalState | None = UNSET
    access_key: str | None = UNSET
    order_id: IdFilter | None = UNSET
    issued_at: TimeFilter | None = UNSET


DOCUMENTS = Page(
    {"ISSUED_AT": "issued_at"},
    {
        "state": Filter("state", enum=True),
        "accessKey": Filter("access_key"),
        "orderId": Filter("order_id", prefix="ord"),
        "issuedAt": Filter("issued_at"),
    },
)

ROOTS = {"fiscal_documents": listing(FiscalDocument, DOCUMENTS, where=FiscalWhere)}
