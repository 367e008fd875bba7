"""Notes that others issued to us, as the authority distributes them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import strawberry

from hub.fiscal.queries import v_incoming_item, v_incoming_note, v_incoming_note_reference
from schema.plan.bind import Filter, Page, bound, key, many, money, one, values
from schema.plan.fields import listing
from schema.plan.scalars import Quantity, Timestamp
from schema.types.enums import Stance
from schema.types.parts import UNSET, Money, Node, TextFilter, TimeFilter

if TYPE_CHECKING:
    from schema.types.fiscal import FiscalDocument
    from schema.types.queues import InboundMessage


@strawberry.enum
class IncomingNoteStatus(StrEnum):
    AUTHORIZED = "AUTHORIZED"
    CANCELLED = "CANCELLED"
    DENIED = "DENIED"


@bound(v_incoming_item, area="guides")
@strawberry.type
class IncomingItem:
    sku: str | None = strawberry.field(description="The issuer's own code (cProd).")
    title: str
    quantity: Quantity
    unit: str
    unit_price: Money = money("unit_price")
    total: Money = money("total")
    gtin: str | None
    ncm: str | None
    cfop: str | None
    order_reference: str | None
    order_item: str | None


@bound(v_incoming_note, area="guides", key="incoming_note_id", prefix="inn")
@strawberry.type
class IncomingNote(Node):
    id: strawberry.ID = key("incoming_note_id")
    access_key: str
    issuer_tax_id: str
    issuer_name: str | None
    total: Money | None = money("total", nullable=True)
    issued_at: Timestamp | None
    received_at: Timestamp
    protocol: str | None
    whole: bool = strawberry.field(description="The note itself is here, not only its summary.")
    status: IncomingNoteStatus
    stance: Stance | None
    matched: bool
    order_reference: str | None = strawberry.field(description="Our purchase order as the issuer wrote it (xPed).")
    referenced_keys: list[str] = values(v_incoming_note_reference, "incoming_note_id", "access_key")
    items: list[IncomingItem] = many("incoming_note_id", "position", unique=True)
    returns: Annotated[FiscalDocument, strawberry.lazy("schema.types.fiscal")] | None = one("document_id")
    purchase_order_id: strawberry.ID | None = key("purchase_order_id", "por")
    message: Annotated[InboundMessage, strawberry.lazy("schema.types.queues")] | None = one("message_id")


@strawberry.input
class IncomingNoteWhere:
    status: IncomingNoteStatus | None = UNSET
    stance: Stance | None = UNSET
    whole: bool | None = UNSET
    matched: bool | None = UNSET
    access_key: TextFilter | None = UNSET
    issuer_tax_id: TextFilter | None = UNSET
    received_at: TimeFilter | None = UNSET


NOTES = Page(
    {"RECEIVED_AT": "received_at"},
    {
        "status": Filter("status", enum=True),
        "stance": Filter("stance", enum=True),
        "whole": Filter("whole", flag=True),
        "matched": Filter("matched", flag=True),
        "accessKey": Filter("access_key"),
        "issuerTaxId": Filter("issuer_tax_id"),
        "receivedAt": Filter("received_at"),
    },
)

ROOTS = {"incoming_notes": listing(IncomingNote, NOTES, where=IncomingNoteWhere)}
