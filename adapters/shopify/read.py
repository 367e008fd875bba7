"""Shopify's messages to canonical commands. Pure: the mapping reads the document, this file only says what the topic means."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hub.canon.commands import CancelAsked, CaptureOrder, InwardCommand, RefundRecorded
from hub.canon.order import OrderDraft
from hub.canon.ports import Account, Envelope, MappingFile, NeverTry, Unmapped
from hub.mapping import Fault, order_draft, parse_body, refund_draft

ORDER_NODE = "order_node"
REFUND_NODE = "shopify/refund_node"

# topic -> mapping; the manifest repeats it and a test compares the two
TOPICS: dict[str, str] = {
    "orders/create": "shopify/order",
    "orders/updated": "shopify/order",
    "orders/paid": "shopify/order",
    "orders/edited": "shopify/order",
    "orders/cancelled": "shopify/order",
    "refunds/create": "shopify/refund",
    ORDER_NODE: "shopify/order_node",
}

# answered 200 and kept; what they ask for is done by a person or by the retention rules
PRIVACY = frozenset({"customers/redact", "customers/data_request", "shop/redact"})


def read(envelope: Envelope, mappings: Mapping[str, MappingFile], account: Account) -> list[InwardCommand]:
    """The commands in one message. Raises `Unmapped` for a topic or code that we have no word for, `NeverTry` when quarantined."""
    topic = envelope.topic
    if topic in PRIVACY:
        return []
    if topic not in TOPICS:
        raise Unmapped("shopify.topics", topic)
    if not envelope.complete:
        raise NeverTry(f"{topic} is a hint: the order must be fetched before it is read")
    if topic == "orders/cancelled":
        return [_cancelled(envelope)]
    known = {"external_id": envelope.external_id, "account": account.code, "parent_id": envelope.external_id}
    result = _mapping(mappings, TOPICS[topic]).read(envelope.body, known)
    if topic == "refunds/create":
        return [RefundRecorded(refund=refund_draft(result))]
    draft = order_draft(result)
    commands: list[InwardCommand] = [CaptureOrder(draft=draft)]
    if topic == ORDER_NODE:
        commands += _refunds(envelope, _mapping(mappings, REFUND_NODE))
    if draft.cancelled_at is not None:
        commands.append(_cancel(envelope, draft))
    return commands


def _mapping(mappings: Mapping[str, MappingFile], name: str) -> MappingFile:
    found = mappings.get(name)
    if found is None:
        raise NeverTry(f"the mapping {name} is not loaded")
    return found


def _refunds(envelope: Envelope, mapping: MappingFile) -> list[InwardCommand]:
    """A fetched order holds its refunds, so that a sweep finds those whose webhook was lost."""
    known = {"order_external_id": envelope.external_id, "parent_id": envelope.external_id}
    refunds = _body(envelope).get("refunds")
    found: list[InwardCommand] = []
    for refund in refunds if isinstance(refunds, list) else ():
        result = mapping.read(json.dumps(refund, default=str).encode(), known)
        found.append(RefundRecorded(refund=refund_draft(result)))
    return found


def _cancel(envelope: Envelope, draft: OrderDraft) -> CancelAsked:
    body = _body(envelope)
    reason = body.get("cancel_reason") or body.get("cancelReason") or "other"
    return CancelAsked(external_id=draft.external_id, reason=str(reason).lower(), revision=draft.revision)


def _cancelled(envelope: Envelope) -> CancelAsked:
    """`orders/cancelled` needs no more than who and when: it must work for an order whose totals we could not read."""
    body = _body(envelope)
    if envelope.external_id is None or envelope.revision is None:
        raise NeverTry("orders/cancelled without id or updated_at")
    return CancelAsked(
        external_id=envelope.external_id,
        reason=str(body.get("cancel_reason") or "other").lower(),
        revision=envelope.revision,
    )


def _body(envelope: Envelope) -> dict[str, Any]:
    try:
        found = parse_body(envelope.body)
    except Fault as fault:
        raise NeverTry(f"not readable: {fault.expected}") from fault
    return found if isinstance(found, dict) else {}
