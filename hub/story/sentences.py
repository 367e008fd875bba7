"""Facts in words: one template a fact type, and its translation to SQL, so that the API, the CLI and reports say the same.

`{name}` is a text of the fact's data, `{name:form}` one in a form of `FORMS`; what stands in brackets is left out where its value is missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    "order.placed": "Placed at {channel} as {number} for {total:money} {currency}",
    "order.approved": "Approved: nothing holds it",
    "order.repeated": "The partner sent the order once more as it stands (revision {revision})",
    "order.revised": "The channel sent revision {revision}, payment {payment_state}",
    "order.old_revision_seen": "An older revision {revision} came and changed nothing",
    "order.hold_placed": "Held ({kind:lower}): {reason}[, until {deadline:minute} UTC]",
    "order.hold_released": "The {kind:lower} hold was released[: {note}]",
    "order.hold_overdue": "The {hold:lower} hold stands since its deadline",
    "order.approval_given": "Approved as {role}, {missing} approvals are missing",
    "order.allocated": "Reserved {shares:shares}[; without a node: {unplaced:lacks}]",
    "order.backordered": "On backorder: {skus} is announced for {until:day}",
    "order.state_changed": "Went from {from} to {to}",
    "order.cancel_asked": "Cancellation asked: {reason}",
    "order.cancel_refused": "It cannot be cancelled any more: {reason}",
    "order.cancelled": "Cancelled: {reason}",
    "order.part_cancelled": "What no node had yet was cancelled: {reason}",
    "order.amendment_asked": "An amendment waits for {waits_for:fulfillments}: {reason}",
    "order.amended": "Amended ({reason}): {changes:changes}; costs {total:money} now",
    "order.lines_named": "The channel has added the goods to its own order",
    "order.amendment_refused": "The amendment was refused: {reason}",
    "order.handed_over": "Handed over at {node_id:node}",
    "order.refund_recorded": "Refund {refund} of {amount:money} {currency}",
    "fulfillment.planned": "{node_id:node} is to send {lines:units}[ with {carrier}][ {service}]",
    "fulfillment.split": "{node_id:node} ships {lines:units} apart",
    "fulfillment.bundled": "Leaves {node_id:node} together with other orders",
    "fulfillment.unbundled": "Leaves {node_id:node} alone again",
    "fulfillment.pick_notified": "The store {node_id:node} was told",
    "fulfillment.picking": "{node_id:node} began to pick",
    "fulfillment.picked": "{node_id:node} picked {lines:units}",
    "fulfillment.packed": "{node_id:node} packed {lines:units}",
    "fulfillment.short": "{node_id:node} lacks {lines:units}: {reason}",
    "fulfillment.dispatch_asked": "{node_id:node} wants to hand over to {carrier}[, tracking {tracking}]",
    "fulfillment.dispatch_refused": "It may not leave: {reason}",
    "fulfillment.dispatched": "{lines:units} left {node_id:node}[ with {carrier}][, tracking {tracking}]",
    "fulfillment.in_transit": "On the way",
    "fulfillment.delivered": "Delivered",
    "fulfillment.completed": "Completed: the return window is over",
    "fulfillment.handed_over": "{lines:units} left with the customer at {node_id:node}",
    "fulfillment.ready_for_pickup": "Ready at {node_id:node} until {until:day}",
    "fulfillment.collected": "Collected at {node_id:node}",
    "fulfillment.cancel_asked": "{node_id:node} was asked to stop ({kind:lower}): {reason}",
    "fulfillment.cancel_refused": "The node goes on: {reason}",
    "fulfillment.cancel_unanswered": "{node_id:node} has not answered the cancellation",
    "fulfillment.cancelled": "{node_id:node} stopped ({kind:lower})",
    "fulfillment.report_ignored": "A report that came late was ignored: {status}, number {sequence}",
    "invoice.requested": "The note {number} was written and is owed to the authority",
    "invoice.signed": "The note was signed: {access_key}",
    "invoice.sent": "The note was sent to the authority",
    "invoice.authorized": "The note is authorized, protocol {protocol}",
    "invoice.rejected": "The note was rejected: {code} {message}",
    "invoice.denied": "The note was denied: {code} {message}",
    "invoice.unknown": "The authority's answer to the note was lost; it is asked again",
    "invoice.cancel_asked": "The note shall be cancelled: {reason}",
    "invoice.cancelled": "The note is cancelled",
    "incident.opened": "Incident {kind}: {summary}",
    "incident.resolved": "Incident resolved: {resolution}",
    "incident.assigned": "Incident given to {owner}",
    "incident.step_done": "Incident: step {step} done[: {result}]",
}

# what we owe the outside, in words
OWED: Mapping[str, str] = {
    "RequestPick": "The pick order",
    "CancelPick": "The request to stop",
    "ReleasePick": "The release of the goods",
    "ConfirmShipment": "News of the shipment",
    "CancelOrder": "News of the cancellation",
    "CancelLines": "News of what is left",
    "ChangeLines": "News of the changed lines",
    "AuthorizeInvoice": "The note",
    "RegisterInvoiceEvent": "The event of the note",
    "AttachInvoice": "The note",
    "SendNotice": "The notice",
    "WriteDocument": "The document",
}

_NODE = "(SELECT n.code FROM nodes n WHERE n.tenant_id = e.tenant_id AND n.node_id = {0}::uuid)"
# form -> SQL of the value; {0}: the value as text, {1}: as JSON
FORMS: Mapping[str, str] = {
    "": "{0}",
    "number": "trim_scale({0}::numeric)::text",
    "money": "CASE WHEN scale(trim_scale({0}::numeric)) < 2 THEN round({0}::numeric, 2) ELSE trim_scale({0}::numeric) END::text",
    "lower": "lower({0})",
    "day": "left({0}, 10)",
    "minute": "replace(left({0}, 16), 'T', ' ')",
    "count": "jsonb_array_length({1})::text",
    "fulfillments": "CASE jsonb_array_length({1}) WHEN 1 THEN '1 fulfillment' ELSE jsonb_array_length({1}) || ' fulfillments' END",
    "units": "say_units({1})",
    "lacks": "nullif(say_units({1}), 'nothing')",  # missing where there are none
    "changes": "say_changes({1})",
    "shares": "say_shares(e.tenant_id, {1})",
    "node": f"coalesce({_NODE}, 'a node')",
}
FUNCTIONS: Mapping[str, str] = {
    "say_units": """CREATE OR REPLACE FUNCTION say_units(lines jsonb) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(string_agg(trim_scale((x ->> 2)::numeric)::text || ' x ' || (x ->> 1), ', '), 'nothing') FROM jsonb_array_elements(lines) x $$""",
    "say_changes": """CREATE OR REPLACE FUNCTION say_changes(changes jsonb) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(string_agg(CASE x ->> 'kind'
    WHEN 'quantity' THEN (x ->> 'after') || ' x ' || (x ->> 'sku') || ' instead of ' || (x ->> 'before')
    WHEN 'add' THEN (x ->> 'after') || ' x ' || (x ->> 'sku') || ' added'
    WHEN 'remove' THEN (x ->> 'before') || ' x ' || (x ->> 'sku') || ' removed'
    ELSE concat_ws(' ', x ->> 'kind', coalesce(x ->> 'before', '-'), 'to', coalesce(x ->> 'after', '-')) END, ', '), 'address')
  FROM jsonb_array_elements(changes) x $$""",
    "say_shares": """CREATE OR REPLACE FUNCTION say_shares(tenant int, shares jsonb) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(string_agg(trim_scale((x ->> 3)::numeric)::text || ' x ' || (x ->> 2) || ' at ' || coalesce(n.code, 'a node'), ', '), 'nothing')
  FROM jsonb_array_elements(shares) x LEFT JOIN nodes n ON n.tenant_id = tenant AND n.node_id = (x ->> 0)::uuid $$""",
}


def owed_sql(kind: str) -> str:
    """SQL of the words for a delivery's kind; one that has none is said as it is."""
    known = " ".join(f"WHEN {_literal(k)} THEN {_literal(words)}" for k, words in OWED.items())
    return f"CASE {kind} {known} ELSE {kind} END"


_PART = re.compile(r"\[(?P<maybe>[^\]]*)\]|\{(?P<name>\w+)(?::(?P<form>\w+))?\}")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _value(name: str, form: str) -> str:
    key = _literal(name)
    return FORMS[form].format(f"(e.data ->> {key})", f"(e.data -> {key})")


def sql(template: str) -> str:
    """The template as an SQL text over the row `e` of the ledger."""
    parts: list[str] = []
    end = 0
    for found in _PART.finditer(template):
        parts.append(_literal(template[end : found.start()]))
        end = found.end()
        if found["maybe"] is not None:
            inner = [_literal(t) if n % 3 == 0 else t for n, t in enumerate(_split(found["maybe"]))]
            parts.append(f"coalesce({' || '.join(t for n, t in enumerate(inner) if n % 3 != 2)}, '')")
        else:
            parts.append(f"coalesce({_value(found['name'], found['form'] or '')}, '-')")
    parts.append(_literal(template[end:] + "."))
    return " || ".join(p for p in parts if p != "''")


def _split(text: str) -> list[str]:
    """[plain, value, '', plain, value, '', ..., plain] of a part in brackets."""
    made: list[str] = []
    end = 0
    for found in _PART.finditer(text):
        made += [text[end : found.start()], _value(found["name"], found["form"] or ""), ""]
        end = found.end()
    return [*made, text[end:]]


def sentence_sql() -> str:
    """A fact in words; a type without a template by its name."""
    named = " ".join(f"WHEN {_literal(t)} THEN {sql(s)}" for t, s in SENTENCES.items())
    plain = "translate(upper(left(e.type, 1)) || substr(e.type, 2), '._', '  ') || '.'"
    return f"CASE e.type {named} ELSE {plain} END"
