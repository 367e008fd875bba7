"""Facts in words: one template a fact type. A type without one is shown by its name and data, never left out."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any
from uuid import UUID

# `{name}` is filled from the fact's data; `{lines}` as "2 x SKU, 1 x SKU"; `{node_id}` and `{shares}` with the nodes' codes.
SENTENCES: Mapping[str, str] = {
    "order.placed": "placed at {channel} as {number}: {total} {currency}, payment {payment_state}",
    "order.hold_placed": "held ({kind}): {reason}",
    "order.hold_released": "released from the hold {kind}; {still_open} others are open",
    "order.approved": "approved",
    "order.allocated": "given to {shares}",
    "order.state_changed": "went from {from} to {to}",
    "order.revised": "the channel sent a newer revision; what may change was changed",
    "order.old_revision_seen": "the channel sent an older revision; it was recorded only",
    "order.cancel_asked": "cancellation asked for: {reason}",
    "order.cancelled": "cancelled: {reason}",
    "order.part_cancelled": "cancelled in part ({lines}): {reason}",
    "order.refund_recorded": "refund {refund} of {amount} {currency} recorded",
    "fulfillment.planned": "planned at {node_id} with {carrier} {service}: {lines}",
    "fulfillment.picking": "{node_id} began to pick",
    "fulfillment.picked": "{node_id} picked {lines}",
    "fulfillment.short": "{node_id} lacks {lines}: {reason}",
    "fulfillment.packed": "{node_id} packed {lines}",
    "fulfillment.dispatch_asked": "{node_id} asks to hand over to {carrier}, tracking {tracking}",
    "fulfillment.dispatch_refused": "may not leave: {reason}",
    "fulfillment.dispatched": "left {node_id} with {carrier}, tracking {tracking}",
    "fulfillment.in_transit": "is on its way",
    "fulfillment.delivered": "was delivered",
    "fulfillment.completed": "the return window is over",
    "fulfillment.cancel_asked": "the node is asked to stop ({kind})",
    "fulfillment.cancel_refused": "the node goes on: {reason}",
    "fulfillment.cancelled": "the node's share was cancelled ({kind})",
    "fulfillment.report_ignored": "a report that came late was ignored: {status}, number {sequence}",
    "invoice.requested": "NF-e {number} of series {series} was numbered and built",
    "invoice.signed": "NF-e signed: {access_key}",
    "invoice.sent": "NF-e sent to the authority",
    "invoice.authorized": "NF-e authorized, protocol {protocol}",
    "invoice.rejected": "NF-e rejected: {code} {message}",
    "invoice.denied": "NF-e denied: {code} {message}",
    "invoice.unknown": "the authority's answer to the NF-e was lost; it is asked again",
    "invoice.cancelled": "NF-e cancelled",
    "incident.opened": "incident {kind}: {summary}",
    "incident.resolved": "incident resolved: {resolution}",
    "incident.assigned": "incident given to {owner}",
    "incident.step_done": "incident: step {step} done: {result}",
    "delivery.parked": "{kind} to {destination} was given up: {error}",
    "message.parked": "a message of topic {topic} was given up: {error}",
}


def sentence(type_: str, data: Mapping[str, Any], codes: Mapping[UUID, str]) -> str:
    """The fact in words. `codes`: node id -> code."""
    template = SENTENCES.get(type_)
    if template is None:
        return " ".join([type_, *(f"{k}={v}" for k, v in data.items() if isinstance(v, str | int))])
    names = [name for _, name, _, _ in string.Formatter().parse(template) if name]
    return template.format_map({name: _words(name, data.get(name), codes) for name in names}).replace("  ", " ")


def _words(name: str, value: Any, codes: Mapping[UUID, str]) -> str:
    if value is None or value == []:
        return "-"
    if name == "node_id":
        return codes.get(UUID(value), str(value))
    if name == "lines":
        return ", ".join(f"{_amount(row[-1])} x {row[1]}" if len(row) > 2 else _amount(row[-1]) for row in value)
    if name == "shares":
        return ", ".join(f"{codes.get(UUID(n), n)} ({_amount(q)} x {sku})" for n, _, sku, q in value)
    return str(value)


def _amount(value: Any) -> str:
    text = str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text
