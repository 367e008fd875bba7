"""What belongs to a note: its items with the tax plan line by line, its events; ranges of numbers given up."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from hub.fiscal.queries import v_fiscal_event, v_fiscal_item, v_fiscal_tax, v_fiscal_void
from schema.plan.bind import Filter, Page, bound, key, money
from schema.plan.fields import listing
from schema.plan.scalars import Quantity, Timestamp
from schema.types import ownership
from schema.types.parts import UNSET, Money, Node, TimeFilter


@bound(v_fiscal_tax, area="fiscal", rows=ownership.inherited)
@strawberry.type
class FiscalTax:
    item: int = strawberry.field(description="The item's position in the note.")
    sku: str
    tax: str = strawberry.field(description="icms, fcp, icms_st, icms_uf_dest, pis, cofins, ibs_uf, cbs ...")
    base: Money = money("base")
    rate: Quantity = strawberry.field(description="Percent.")
    reduction: Quantity = strawberry.field(description="Percent off the base (ICMS) or off the rate (IBS, CBS).")
    deferral: Quantity = strawberry.field(description="Percent of the value that is deferred.")
    value: Money = money("value")
    rule: str = strawberry.field(description="The rule that gave it, such as icms.interstate.12.")
    source: str = strawberry.field(description="Where the rate comes from: table and line, or law.")


@bound(v_fiscal_item, area="fiscal", rows=ownership.inherited)
@strawberry.type
class FiscalItem:
    position: int
    sku: str
    title: str
    ncm: str
    cfop: str
    icms_cst: str
    quantity: Quantity
    unit: str
    unit_price: Money = money("unit_price")
    total: Money = money("total")
    discount: Money = money("discount")


@strawberry.enum
class FiscalEventState(StrEnum):
    ASKED = "ASKED"
    UNKNOWN = "UNKNOWN"
    REGISTERED = "REGISTERED"
    REJECTED = "REJECTED"


@bound(v_fiscal_event, area="fiscal", rows=ownership.inherited)
@strawberry.type
class FiscalEvent:
    kind: str = strawberry.field(description="CANCEL, CORRECT, EPEC, or an event of the tax reform.")
    sequence: int
    state: FiscalEventState
    text: str | None
    protocol: str | None
    authority_code: str | None
    authority_message: str | None
    asked_at: Timestamp
    registered_at: Timestamp | None


@strawberry.enum
class FiscalVoidState(StrEnum):
    ASKED = "ASKED"
    VOIDED = "VOIDED"
    REJECTED = "REJECTED"


@bound(v_fiscal_void, area="guides", key="fiscal_void_id", prefix="fvo")
@strawberry.type
class FiscalVoid(Node):
    id: strawberry.ID = key("fiscal_void_id")
    state: FiscalVoidState
    issuer_tax_id: str
    model: int
    series: int
    first: int
    last: int
    reason: str
    protocol: str | None
    authority_code: str | None
    authority_message: str | None
    asked_at: Timestamp
    voided_at: Timestamp | None


@strawberry.input
class FiscalVoidWhere:
    state: FiscalVoidState | None = UNSET
    asked_at: TimeFilter | None = UNSET


VOIDS = Page({"ASKED_AT": "asked_at"}, {"state": Filter("state", enum=True), "askedAt": Filter("asked_at")})
ROOTS = {"fiscal_voids": listing(FiscalVoid, VOIDS, where=FiscalVoidWhere)}
