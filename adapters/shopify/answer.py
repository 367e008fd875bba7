"""What an answer of the Admin API means for the command that caused the call. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from adapters.shopify import edited
from adapters.shopify.wire import decoded, graphql, operation_name, wait_header, wait_of
from adapters.shopify.write import (
    REREAD,
    gid,
    item_reference,
    level_reference,
    location_of,
    read_fulfillment_orders,
    read_left,
    sku_term,
)
from hub.canon.commands import CancelLines, CancelOrder, ChangeLines, ConfirmShipment, OutwardCommand, SetStock
from hub.canon.ports import Accepted, Account, Call, Done, FieldFault, Outcome, Rejected, Response, Retry, Unknown

_BUSY = 30  # seconds
_LOCKED = 3600  # seconds; a frozen shop does not thaw sooner
# of these a lost answer leaves open what is staged or stands
EDITS = frozenset({"OrderEditAdd", "OrderEditDiscount", "OrderEditCommit"})
_LIVE = frozenset({"OPEN", "IN_PROGRESS"})
Data = Mapping[str, Any]


def outcome(command: OutwardCommand, call: Call, response: Response | None, account: Account) -> Outcome:
    """`Unknown` for a write whose fate nobody told, with the read that tells it."""
    name = operation_name(call)
    if response is None:
        return _lost(name, command, call, "no answer after sending")
    if response.status == 429:
        return Retry(after=wait_header(response, 2), reason="429 from Shopify")
    if response.status in (402, 423):
        return Retry(after=timedelta(seconds=_LOCKED), reason=f"the shop is frozen or locked ({response.status})")
    if response.status in (401, 403):
        return Rejected(code="NOT_AUTHORIZED", message=f"Shopify refused the access token ({response.status})")
    answer = decoded(response)
    if response.status >= 500 or (response.status == 200 and answer is None):
        return _lost(name, command, call, f"answer {response.status} from Shopify")
    if response.status != 200 or answer is None:
        return Rejected(code=f"HTTP_{response.status}", message=response.body[:200].decode("utf-8", "replace"))
    if answer.get("errors"):
        return _refused(name, command, call, answer)
    payload = (answer.get("data") or {}).get(call.operation)
    return _READERS[name](command, payload or {}, call, account)


def _lost(name: str, command: OutwardCommand, call: Call, reason: str) -> Outcome:
    if call.repeatable:
        return Retry(after=timedelta(seconds=_BUSY), reason=reason)
    check: Call | None = None
    if name == "FulfillmentCreate" and isinstance(command, ConfirmShipment) and command.tracking:
        check = read_fulfillment_orders(call.key, command)
    elif name == "OrderCancel" and isinstance(command, CancelOrder):
        check = graphql(call.key, "CancelState", {"id": gid("Order", command.order)})
    elif name in EDITS and isinstance(command, CancelLines | ChangeLines):
        check = read_left(call.key, command)
    return Unknown(check=check, reason=reason)


def _refused(name: str, command: OutwardCommand, call: Call, answer: Data) -> Outcome:
    errors = answer["errors"]
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = str((first.get("extensions") or {}).get("code") or "GRAPHQL")
    if code == "THROTTLED":
        return Retry(after=wait_of(answer), reason="throttled: the cost bucket is empty")
    if code in ("INTERNAL_SERVER_ERROR", "TIMEOUT"):
        return _lost(name, command, call, f"{code} from Shopify")
    return Rejected(code=code, message=str(first.get("message") or errors)[:500])


def _faults(payload: Data, field: str = "userErrors") -> Rejected | None:
    """HTTP 200 with user errors is a refusal."""
    errors = payload.get(field) or []
    if not errors:
        return None
    fields = tuple(
        FieldFault(
            at=".".join(str(part) for part in error.get("field") or ()),
            code=str(error.get("code") or "INVALID"),
            message=str(error.get("message") or ""),
        )
        for error in errors
    )
    return Rejected(code=fields[0].code, message="; ".join(fault.message for fault in fields)[:500], fields=fields)


# ------------------------------------------------------------------ one reader an operation
def _fulfillment_orders(command: Any, payload: Data, call: Call, account: Account) -> Outcome:
    if not payload:
        return Rejected(code="NOT_FOUND", message=f"Shopify has no order {command.order}")
    made = _made(command, payload)
    if made is not None:
        return Done(references={f"fulfillment:{command.shipment}": made}, again=bool(command.access_key))
    groups: dict[str, list[tuple[str, int]]] = {}
    short: list[FieldFault] = []
    left = _remaining(payload)
    for line in command.lines:
        wanted = int(line.quantity)
        if wanted != line.quantity:
            short.append(
                FieldFault(at=line.line, code="NOT_WHOLE", message=f"Shopify counts pieces, not {line.quantity}")
            )
            continue
        for order, item, remaining in left.get(line.line, ()):
            part = min(wanted, remaining)
            if part > 0:
                groups.setdefault(order, []).append((item, part))
                wanted -= part
        if wanted > 0:
            short.append(FieldFault(at=line.line, code="NOT_FULFILLABLE", message=f"{wanted} of line {line.line} left"))
    if short:
        return Rejected(code=short[0].code, message="; ".join(f.message for f in short)[:500], fields=tuple(short))
    return Done(references={f"allocation:{command.shipment}": json.dumps(list(groups.items()))}, again=True)


def _made(command: ConfirmShipment, payload: Data) -> str | None:
    """The fulfillment that already carries this shipment's tracking number."""
    for fulfillment in payload.get("fulfillments") or ():
        numbers = {info.get("number") for info in fulfillment.get("trackingInfo") or ()}
        if command.tracking and command.tracking in numbers and fulfillment.get("status") != "CANCELLED":
            return str(fulfillment["id"])
    return None


def _remaining(payload: Data) -> dict[str, list[tuple[str, str, int]]]:
    """Order line id -> (fulfillment order, its line, how many are left)."""
    found: dict[str, list[tuple[str, str, int]]] = {}
    for order in payload["fulfillmentOrders"]["nodes"]:
        if order["status"] in _LIVE:
            for item in order["lineItems"]["nodes"]:
                line = str(item["lineItem"]["id"]).rpartition("/")[2]
                found.setdefault(line, []).append((order["id"], item["id"], int(item["remainingQuantity"])))
    return found


def _fulfillment_created(command: Any, payload: Data, call: Call, account: Account) -> Outcome:
    refused = _faults(payload)
    if refused:
        return refused
    return Done(references={f"fulfillment:{command.shipment}": str(payload["fulfillment"]["id"])})


def _plain(command: Any, payload: Data, call: Call, account: Account) -> Outcome:
    return _faults(payload) or Done()


def _items(command: Any, payload: Data, call: Call, account: Account) -> Outcome:
    """Planned again only after the last of these reads."""
    query = json.loads(call.body)["variables"]["query"].split(" OR ")
    unknown = {sku for sku, *_ in command.levels if not account.references.get(item_reference(sku))}
    asked = sorted(sku for sku in unknown if sku_term(sku) in query)
    nodes = [(str(node["sku"]), str(node["id"])) for node in payload.get("nodes") or ()]
    faults: list[FieldFault] = []
    for sku in asked:
        count = sum(1 for name, _ in nodes if name == sku)
        if count != 1:
            code = "UNKNOWN_SKU" if count == 0 else "AMBIGUOUS_SKU"
            faults.append(FieldFault(at=sku, code=code, message=f"Shopify has {count} items with the SKU {sku}"))
    if faults:
        text = "; ".join(fault.message for fault in faults)[:500]
        return Rejected(code=faults[0].code, message=text, fields=tuple(faults))
    items = dict(nodes)
    return Done(references={item_reference(sku): items[sku] for sku in asked}, again=unknown == set(asked))


def _levels(command: SetStock, payload: Any, call: Call, account: Account) -> Outcome:
    """Planned again only after the last of these reads: until every level is known there is nothing to set."""
    asked = json.loads(call.body)["variables"]
    read = {str(node["id"]): (node.get("inventoryLevel") or {}).get("quantities") for node in payload or () if node}
    found: dict[str, str] = {}
    faults: list[FieldFault] = []
    for sku, node, *_ in command.levels:
        item = account.references.get(item_reference(sku), "")
        if location_of(node, account) != asked["location"] or item not in asked["items"]:
            continue
        quantities = read.get(item)
        if quantities:
            found[level_reference(sku, node)] = str(quantities[0]["quantity"])
        else:
            faults.append(FieldFault(at=sku, code="NOT_STOCKED", message=f"Shopify does not stock {sku} at {node}"))
    if faults:
        return Rejected(code="NOT_STOCKED", message=faults[0].message, fields=tuple(faults))
    known = {name for name, value in account.references.items() if value} | set(found)
    whole = all(level_reference(sku, node) in known for sku, node, *_ in command.levels)
    return Done(references=found, again=whole)


def _stock_set(command: SetStock, payload: Data, call: Call, account: Account) -> Outcome:
    refused = _faults(payload)
    forget = {level_reference(sku, node): "" for sku, node, *_ in command.levels}
    if refused is None:
        return Done(references={**forget, REREAD: ""})
    codes = {fault.code for fault in refused.fields}
    if "CHANGE_FROM_QUANTITY_STALE" in codes:
        return Done(references={**forget, REREAD: "1"}, again=True)
    if codes & {"IDEMPOTENCY_CONCURRENT_REQUEST"}:
        return Retry(after=timedelta(seconds=2), reason="the same request is still running at Shopify")
    return refused


def _cancelled(command: Any, payload: Data, call: Call, account: Account) -> Outcome:
    refused = _faults(payload, "orderCancelUserErrors")
    if refused:
        return refused
    job = payload.get("job") or {}
    if job.get("done"):
        return Done()
    return Accepted(poll=_poll(command, call), after=timedelta(seconds=2))


def _poll(command: CancelOrder, call: Call) -> Call:
    return graphql(call.key, "CancelPoll", {"id": gid("Order", command.order)})


def _cancel_state(command: Any, payload: Data, call: Call, account: Account) -> Outcome:
    """Asked after a lost answer: not cancelled means that the request never arrived."""
    return Done(again=not payload.get("cancelledAt"))


def _cancel_poll(command: Any, payload: Data, call: Call, account: Account) -> Outcome:
    return Done() if payload.get("cancelledAt") else Accepted(poll=_poll(command, call), after=timedelta(seconds=5))


# ------------------------------------------------------------------ edits
Edit = CancelLines | ChangeLines


def _edit_begun(command: Edit, payload: Data, call: Call, account: Account) -> Outcome:
    return _faults(payload) or edited.begun(command, payload, account)


def _edit_added(command: ChangeLines, payload: Data, call: Call, account: Account) -> Outcome:
    refused = _faults(payload)
    return edited.added(command, payload, call, account) if refused is None else refused


def _edit_discounted(command: ChangeLines, payload: Data, call: Call, account: Account) -> Outcome:
    refused = _faults(payload)
    return edited.discounted(command, payload, call, account) if refused is None else refused


def _edit_set(command: Edit, payload: Data, call: Call, account: Account) -> Outcome:
    refused = _faults(payload)
    return Done() if refused is None else edited.refused(command, refused, account)


def _edit_committed(command: Edit, payload: Data, call: Call, account: Account) -> Outcome:
    refused = _faults(payload)
    return edited.committed(command, payload, account) if refused is None else edited.refused(command, refused, account)


def _order_left(command: Edit, payload: Data, call: Call, account: Account) -> Outcome:
    return edited.state(command, payload, account)


_READERS: dict[str, Callable[[Any, Data, Call, Account], Outcome]] = {
    "FulfillmentOrders": _fulfillment_orders,
    "FulfillmentCreate": _fulfillment_created,
    "TrackingUpdate": _plain,
    "MetafieldsSet": _plain,
    "InventoryItems": _items,
    "InventoryLevels": _levels,
    "InventorySet": _stock_set,
    "OrderCancel": _cancelled,
    "CancelState": _cancel_state,
    "CancelPoll": _cancel_poll,
    "OrderEditBegin": _edit_begun,
    "OrderEditQuantity": _edit_set,
    "Variants": edited.variants,
    "OrderEditAdd": _edit_added,
    "OrderEditDiscount": _edit_discounted,
    "OrderEditCommit": _edit_committed,
    "OrderLeft": _order_left,
}
