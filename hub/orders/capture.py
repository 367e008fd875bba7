"""Make canonical orders of drafts, many at once; what nothing holds is born approved. The same draft again changes nothing, an older revision
is recorded and never overwrites.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from hub.canon.codec import dump
from hub.canon.order import Address, DraftLine, OrderDraft
from hub.canon.states import HoldKind, LineKind, OrderState
from hub.kit.db import Tx
from hub.kit.ids import new_id
from hub.kit.sqlfile import statements
from hub.ledger import Cause, Fact, append, fact
from hub.orders.draft import RELEASED_BY, Hold, holds, merged
from hub.orders.holds import placed_fact
from hub.orders.kits import Kits, components, is_kit

SQL = statements(__file__, "orders.sql")
ZERO = Decimal(0)
FAR = "9999-12-31T00:00:00+00:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A draft that passed `draft.faults`, with what the other rooms know of it."""

    draft: OrderDraft
    channel: str
    cause: Cause
    products: Mapping[str, UUID]  # SKU -> product of those that the catalog knows
    kits: Kits = field(default_factory=dict)
    connection_id: UUID | None = None
    customer_id: UUID | None = None
    pickup_node_id: UUID | None = None
    message_id: UUID | None = None
    holds: tuple[Hold, ...] = ()  # what rules and terms found, beside what the draft itself shows
    on_terms: bool = False  # pays later by agreement: an open payment is no reason to wait
    approvals: tuple[tuple[str, Decimal], ...] = ()  # (role, from which total) that must approve it


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """`outcome`: NEW, REPEATED (the same revision), REVISED, OLD_REVISION. `holds` of a new order only."""

    order_id: UUID
    number: str
    outcome: str
    state: OrderState
    version: int
    capture: Capture
    holds: tuple[Hold, ...] = ()


async def insert_new(tx: Tx, captures: Sequence[Capture]) -> tuple[list[Captured], list[Capture]]:
    """(made, those whose order exists already). One statement for all. Facts of each made: `order.placed`, then `order.approved` or its holds."""
    rows = [_Rows(tx, c) for c in captures]
    made_ids = {
        r["order_id"]
        for r in await tx.conn.fetch(
            SQL["capture"],
            [r.head for r in rows],
            [x for r in rows for x in r.lines],
            [x for r in rows for x in r.holds],
            [x for r in rows for x in r.tags],
            [r.revision for r in rows],
        )
    }
    if steps := [
        (r.order_id, n, *a) for r in rows if r.order_id in made_ids for n, a in enumerate(r.capture.approvals, 1)
    ]:
        await tx.conn.execute(SQL["ask_approvals"], *map(list, zip(*steps, strict=True)))
    made, there = list[Captured](), list[Capture]()
    for row in rows:
        if row.order_id not in made_ids:
            there.append(row.capture)
            continue
        tx.born.add(row.order_id)
        append(tx, row.facts(tx))
        made.append(
            Captured(
                order_id=row.order_id,
                number=row.head["number"],
                outcome="NEW",
                state=row.state,
                version=1,
                capture=row.capture,
                holds=tuple(row.kept),
            )
        )
    return made, there


class _Rows:
    """The rows of one new order, as JSON records of their tables."""

    def __init__(self, tx: Tx, capture: Capture) -> None:
        self.capture = capture
        self.order_id = new_id()
        draft = capture.draft
        self.kept = _holds(capture)
        self.state = OrderState.DRAFT if self.kept else OrderState.APPROVED
        self.head = _head(tx, self.order_id, capture, self.state, len(self.kept))
        self.lines = _lines(tx, self.order_id, capture)
        self.holds = [
            {
                "tenant_id": tx.tenant,
                "hold_id": new_id(),
                "order_id": self.order_id,
                "kind": h.kind.value,
                "reason": h.reason,
                "placed_by": tx.actor,
                "placed_at": tx.now,
                "deadline": h.deadline,
                "deadline_key": h.deadline or FAR,
                "rule": h.rule,
                "releases": h.released_by or RELEASED_BY[h.kind],
            }
            for h in self.kept
        ]
        self.tags = [{"tenant_id": tx.tenant, "order_id": self.order_id, "tag": t} for t in sorted(set(draft.tags))]
        self.revision = {
            "tenant_id": tx.tenant,
            "order_id": self.order_id,
            "revision": draft.revision,
            "applied": True,
            "message_id": capture.message_id,
            "at": tx.now,
        }

    def facts(self, tx: Tx) -> list[Fact]:
        """Without personal data: the destination's country and region only."""
        draft = self.capture.draft
        placed = fact(
            tx,
            "order.placed",
            "order",
            self.order_id,
            {
                "number": self.head["number"],
                "channel": self.capture.channel,
                "external_id": draft.external_id,
                "revision": draft.revision,
                "currency": draft.currency,
                "total": draft.totals.total,
                "payment_state": draft.payment_state.value,
                "country": self.head["ship_country"],
                "region": self.head["ship_region"],
                "fulfilled_by": draft.fulfilled_by.value,
                "lines": [[x["line_id"], x["sku"], x["ordered"], x["unit_price"]] for x in self.lines],
                "holds": [h.kind.value for h in self.kept],
                **({"group_id": draft.group_id} if draft.group_id else {}),
                **({"reservation": kept} if (kept := dict(draft.references).get("reservation")) else {}),
                **({"handed_over": self.capture.pickup_node_id} if draft.handed_over and not self.kept else {}),
            },
            self.capture.cause,
        )
        if self.kept:
            return [placed, *(placed_fact(tx, self.order_id, h, placed.cause) for h in self.kept)]
        said = {k: self.head[k] for k in ("channel", "connection_id", "fulfilled_by")}
        return [placed, fact(tx, "order.approved", "order", self.order_id, said, placed.cause)]


def _holds(capture: Capture) -> list[Hold]:
    """What holds a new order. Goods that left with the customer are not held: there is nothing left to stop."""
    draft = capture.draft
    if draft.handed_over and capture.pickup_node_id is not None:
        return []
    own = [h for h in holds(draft, capture.products.keys()) if not (capture.on_terms and h.kind is HoldKind.PAYMENT)]
    if draft.handed_over:
        own.append(Hold(HoldKind.MANUAL, "the goods were handed over at a place that the network does not know"))
    return merged([*own, *capture.holds])


def _head(tx: Tx, order_id: UUID, capture: Capture, state: OrderState, open_holds: int) -> dict[str, Any]:
    draft, totals = capture.draft, capture.draft.totals
    return {
        "tenant_id": tx.tenant,
        "order_id": order_id,
        "number": draft.number or draft.external_id,
        "channel": capture.channel,
        "connection_id": capture.connection_id,
        "external_id": draft.external_id,
        "group_id": draft.group_id,
        "revision": draft.revision,
        "state": state.value,
        "version": 1,
        "payment_state": draft.payment_state.value,
        "return_state": "NONE",
        "open_holds": open_holds,
        "fulfilled_by": draft.fulfilled_by.value,
        "method": "PICKUP" if draft.pickup else draft.method.value,
        "test": draft.test,
        "customer_id": capture.customer_id,
        "customer_name": draft.customer.name if draft.customer else None,
        "customer_tax_id": draft.customer.tax_id if draft.customer else None,
        "currency": draft.currency,
        "goods_total": totals.goods,
        "discount_total": totals.discount,
        "shipping_total": totals.shipping - (totals.shipping_discount or ZERO),
        "tax_total": totals.tax or ZERO,
        "tax_included": totals.tax_included,
        "other_total": (totals.tip or ZERO) + (totals.fees or ZERO) + (totals.duties or ZERO),
        "total": totals.total,
        **address_columns(draft.ship_to),
        "bill_to": dump(draft.bill_to) if draft.bill_to else None,
        "pickup_node_id": capture.pickup_node_id,
        "note": draft.notes,
        "references": dict(draft.references),
        "placed_at": draft.placed_at,
        "promised_by": draft.promised_by,
        "promise_key": draft.promised_by or FAR,
        "ship_by": draft.ship_by,
        "service_level": draft.service_level,
        "created_at": tx.now,
        "updated_at": tx.now,
        "correlation_id": capture.cause.correlation_id,
    }


PLACE = (
    *("ship_name", "ship_company", "ship_street", "ship_number", "ship_complement", "ship_district"),
    *("ship_city", "ship_region", "ship_postal_code", "ship_country"),
)


def address_columns(address: Address | None) -> dict[str, Any]:
    """The `ship_*` columns of an address; empty text where the table demands a value."""
    if address is None:
        return {"ship_street": "", "ship_city": "", "ship_region": "", "ship_postal_code": "", "ship_country": ""}
    return {
        "ship_name": address.name,
        "ship_company": address.company,
        "ship_street": address.street or "",
        "ship_number": address.number,
        "ship_complement": address.complement,
        "ship_district": address.district,
        "ship_city": address.city or "",
        "ship_region": address.region or "",
        "ship_postal_code": address.postal_code or "",
        "ship_country": address.country,
        "ship_phone": address.phone,
        "ship_tax_id": address.tax_id,
        "ship_municipality_code": address.municipality_code,
    }


def same_place(address: Address, head: Mapping[str, Any]) -> bool:
    """Whether goods for this address go where those of the order go. Who names the company alone says nothing of the person there; codes and numbers
    beside an address make no other place.
    """
    named = [n for n in PLACE if n != "ship_name" or address.name not in (None, address.company)]
    return all((getattr(address, n.removeprefix("ship_")) or "") == (head[n] or "") for n in named)


def _lines(tx: Tx, order_id: UUID, capture: Capture) -> list[dict[str, Any]]:
    """The draft's lines, and after them the components of its kits."""
    draft, kits = capture.draft, capture.kits
    sold = [replace(x, kind=LineKind.KIT) if is_kit(x, kits) else x for x in draft.lines]
    kept = dict(draft.partner_lines)
    rows = [_line(tx, order_id, n, x, capture, kept) for n, x in enumerate(sold, 1)]
    for line, parent in [(x, r) for x, r in zip(draft.lines, rows, strict=True) if is_kit(x, kits)]:
        for part in components(line, kits[line.sku]):
            rows.append({**_line(tx, order_id, len(rows) + 1, part, capture, kept), "kit_parent": parent["line_id"]})
    return rows


def _line(
    tx: Tx, order_id: UUID, number: int, line: DraftLine, capture: Capture, kept: Mapping[str, str]
) -> dict[str, Any]:
    """`kept`: the partner's own data of each line, as JSON."""
    gross = line.gross if line.gross is not None else line.unit_price * line.quantity
    return {
        "tenant_id": tx.tenant,
        "line_id": new_id(),
        "order_id": order_id,
        "line_no": number,
        "external_id": line.external_id,
        "sku": line.sku,
        "product_id": capture.products.get(line.sku),
        "title": line.title or line.sku,
        "kind": line.kind.value,
        "fulfilled_by": line.fulfilled_by.value,
        "currency": capture.draft.currency,
        "unit_price": line.unit_price,
        "discount": line.discount,
        "tax": line.tax or ZERO,
        "total": gross - line.discount,
        "partner": orjson.loads(own) if (own := kept.get(line.external_id)) else None,
        "ordered": line.quantity,
        "cancelled": 0,
        "reserved": 0,
        "picked": 0,
        "packed": 0,
        "shipped": 0,
        "delivered": 0,
        "returned": 0,
    }
