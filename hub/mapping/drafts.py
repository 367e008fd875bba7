"""Canonical values (dictionaries) to the dataclasses of `hub.canon`. Refuses a quarantined result."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hub.canon.order import Address, Customer, DraftLine, OrderDraft, Pickup, RefundDraft, RefundLine, Totals
from hub.canon.ports import NeverTry, Unmapped
from hub.canon.states import FulfilledBy, FulfillmentMethod, LineKind, PaymentState
from hub.mapping.result import MappingResult
from hub.mapping.scalars import revision_text


def order_draft(result: MappingResult, *, raw: UUID | None = None) -> OrderDraft:
    """The order of a result with verdict `ok`. Raises `Unmapped` for an unknown code, else `NeverTry` with all reasons."""
    refuse_quarantined(result)
    value = result.value
    address, customer, pickup = value["ship_to"], value["customer"], value["pickup"]
    return OrderDraft(
        external_id=value["external_id"],
        number=value["number"],
        group_id=value["group_id"],
        revision=revision_text(value["revision"]),
        placed_at=value["placed_at"],
        cancelled_at=value["cancelled_at"],
        currency=value["currency"],
        customer=Customer(**customer) if customer else None,
        ship_to=Address(**address) if address else None,
        bill_to=Address(**value["bill_to"]) if value["bill_to"] else None,
        pickup=Pickup(**pickup) if pickup else None,
        lines=tuple(_line(line) for line in value["lines"]),
        totals=Totals(**value["totals"]),
        payment_state=PaymentState(value["payment_state"]),
        method=FulfillmentMethod(value["method"]),
        promised_by=value["promised_by"],
        ship_by=value["ship_by"],
        test=value["test"],
        notes=value["notes"],
        tags=tuple(value["tags"] or ()),
        raw=raw,
    )


def _line(value: dict[str, Any]) -> DraftLine:
    kinds = {"kind": LineKind(value["kind"]), "fulfilled_by": FulfilledBy(value["fulfilled_by"])}
    return DraftLine(**{**value, **kinds})


def refund_draft(result: MappingResult) -> RefundDraft:
    """The refund of a result with verdict `ok`; raises as `order_draft`."""
    refuse_quarantined(result)
    value = dict(result.value)
    lines = tuple(RefundLine(**line) for line in value.pop("lines") or ())
    return RefundDraft(**value, lines=lines)


def refuse_quarantined(result: MappingResult) -> None:
    """Raise for a quarantined result: `Unmapped` where a code is not in its table, else `NeverTry`; both carry the reasons."""
    if result.verdict == "ok":
        return
    faults = [reason.as_dict() for reason in result.reasons]
    unknown = next((reason for reason in result.reasons if reason.code == "NOT_IN_TABLE"), None)
    if unknown is not None:
        raise Unmapped(unknown.table or "", (unknown.value or "").strip('"'), faults=faults)
    more = f" and {result.more} more" if result.more else ""
    codes = ", ".join(dict.fromkeys(reason.code for reason in result.reasons))
    raise NeverTry(f"{result.mapping} is quarantined: {codes}{more}", faults=faults)
