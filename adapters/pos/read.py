"""Messages of contract pos-sale/1 -> canon, by the mappings pos/sale and pos/return; what a void or a hand-over means is added here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from hub.canon.commands import CancelAsked, CaptureOrder, InwardCommand, RefundRecorded
from hub.canon.order import OrderDraft, Pickup
from hub.canon.ports import Account, Envelope, MappingFile, NeverTry, Unmapped
from hub.canon.states import FulfillmentMethod, PaymentState
from hub.mapping import order_draft, refund_draft

CONTRACT = "pos-sale/1"
MAPPINGS = {"sale": "pos/sale", "return": "pos/return"}


class PosReader:
    """The reader of the contract. A sale that is not delivered was handed over at the till."""

    def read(self, envelope: Envelope, mappings: Mapping[str, MappingFile], account: Account) -> list[InwardCommand]:
        said = _parsed(envelope.body)
        if said.get("contract") != CONTRACT:
            raise Unmapped("pos/contract", str(said.get("contract"))[:80])
        kind = said.get("kind")
        if kind == "void":
            return [_void(said)]
        if kind not in ("sale", "return"):
            raise Unmapped("pos/kind", str(kind)[:80])
        mapped = mappings[MAPPINGS[kind]].read(envelope.body, {"external_id": envelope.external_id})
        if kind == "return":
            return [RefundRecorded(refund=refund_draft(mapped))]
        return [CaptureOrder(draft=_sold(order_draft(mapped), said))]


def _sold(draft: OrderDraft, said: Mapping[str, Any]) -> OrderDraft:
    """The draft with what only the whole message tells: what was paid, and whether the goods are gone."""
    paid = replace(
        draft,
        payment_state=_paid(said.get("payments"), draft.totals.total),
        references=(*draft.references, *_media(said.get("payments"))),
    )
    if draft.ship_to is not None:
        return paid
    return replace(paid, pickup=Pickup(node=str(said["store"])), method=FulfillmentMethod.PICKUP, handed_over=True)


def _paid(payments: Any, total: Decimal) -> PaymentState:
    """By the sum of the payments; what is given above the total is change."""
    try:
        paid = sum((Decimal(str(p["amount"])) for p in payments or ()), Decimal(0))
    except (KeyError, TypeError, InvalidOperation) as error:
        raise NeverTry("payments: every payment has an amount", faults=[_fault("payments", "NOT_DECIMAL")]) from error
    if paid >= total:
        return PaymentState.PAID
    return PaymentState.PARTIALLY_PAID if paid > 0 else PaymentState.PENDING


def _media(payments: Any) -> tuple[tuple[str, str], ...]:
    """How it was paid, for the note: [[medium, amount]] as JSON, in the words of the table `payment_media`."""
    named = [[str(p["kind"]), str(p["amount"])] for p in payments or () if p.get("kind")]
    return (("payments", json.dumps(named)),) if named else ()


def _void(said: Mapping[str, Any]) -> CancelAsked:
    original, sequence = said.get("original"), said.get("sequence")
    found = []
    if not isinstance(original, str) or original.count("/") != 2:
        found.append(_fault("original", "MISSING"))
    if not isinstance(sequence, int) or isinstance(sequence, bool):
        found.append(_fault("sequence", "NOT_INTEGER"))
    if found:
        raise NeverTry("a void names the sale that it takes back, as store/till/sequence", faults=found)
    return CancelAsked(external_id=str(original), reason="VOID", revision=f"{sequence:020d}")


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise NeverTry("not JSON", faults=[_fault("$", "NOT_READABLE")]) from error
    if not isinstance(said, dict):
        raise NeverTry("not an object", faults=[_fault("$", "NOT_READABLE")])
    return said


def _fault(at: str, code: str) -> dict[str, Any]:
    return {"code": code, "at": at, "source": at, "value": None, "file": CONTRACT, "line": None, "message": code}
