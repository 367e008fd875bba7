"""Canonical commands to planned calls of the Admin API. Pure: the same command and account give the same calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import ROUND_FLOOR
from hashlib import sha256
from typing import Any

from adapters.shopify.wire import graphql
from hub.canon.commands import CancelLines, CancelOrder, ChangeLines, ConfirmShipment, OutwardCommand, SetStock
from hub.canon.ports import Account, Call, NeverTry

ROWS = 250  # the most that an array of a request may hold
READ_AT_ONCE = 100  # items of a query, so that its cost stays below what one request may take
NAMESPACE = "hub"
INVOICE_KEY = "nfe_access_key"
REREAD = "reread"  # reference: the channel's stock must be read before it is set

_REASONS = frozenset({"CUSTOMER", "DECLINED", "FRAUD", "INVENTORY", "OTHER", "STAFF"})


def gid(kind: str, external_id: str) -> str:
    """`gid://shopify/Order/5` of 5; a gid stays as it is."""
    return external_id if external_id.startswith("gid://") else f"gid://shopify/{kind}/{external_id}"


def plan(command: OutwardCommand, account: Account) -> list[Call]:
    """Raises `NeverTry` for a command that Shopify does not take, or a node that has no location there."""
    planner = _PLANNERS.get(type(command))
    if planner is None:
        raise NeverTry(f"Shopify takes no {type(command).__name__}")
    return planner(command, account)


# ------------------------------------------------------------------ shipments
def _confirm(command: ConfirmShipment, account: Account) -> list[Call]:
    known = account.references
    fulfillment = known.get(f"fulfillment:{command.shipment}")
    allocation = known.get(f"allocation:{command.shipment}")
    if not fulfillment and not allocation:
        return [read_fulfillment_orders("0", command)]
    calls: list[Call] = []
    if command.access_key:
        calls.append(_invoice_key(command))
    number = str(len(calls))
    tracking = _tracking(command)
    if not fulfillment:
        calls.append(graphql(number, "FulfillmentCreate", {"fulfillment": _fulfillment(command, str(allocation))}))
    elif tracking:
        variables = {"id": fulfillment, "tracking": tracking, "notify": command.notify_customer}
        calls.append(graphql(number, "TrackingUpdate", variables, repeatable=True))
    return calls


def read_fulfillment_orders(key: str, command: ConfirmShipment) -> Call:
    """What is still to be fulfilled, and what has been: planned first, and again when the fate of a create is unknown."""
    return graphql(key, "FulfillmentOrders", {"id": gid("Order", command.order)})


def _invoice_key(command: ConfirmShipment) -> Call:
    """Planned before the fulfillment, because setting it twice does no harm."""
    row = {
        "ownerId": gid("Order", command.order),
        "namespace": NAMESPACE,
        "key": INVOICE_KEY,
        "type": "single_line_text_field",
        "value": command.access_key,
    }
    return graphql("0", "MetafieldsSet", {"metafields": [row]}, repeatable=True)


def _fulfillment(command: ConfirmShipment, allocation: str) -> dict[str, Any]:
    groups = [
        {
            "fulfillmentOrderId": order,
            "fulfillmentOrderLineItems": [{"id": line, "quantity": quantity} for line, quantity in lines],
        }
        for order, lines in json.loads(allocation)
    ]
    found: dict[str, Any] = {"lineItemsByFulfillmentOrder": groups, "notifyCustomer": command.notify_customer}
    tracking = _tracking(command)
    return {**found, "trackingInfo": tracking} if tracking else found


def _tracking(command: ConfirmShipment) -> dict[str, str]:
    found = {"company": command.carrier, "number": command.tracking, "url": command.tracking_url}
    return {key: value for key, value in found.items() if value}


# ------------------------------------------------------------------ stock
def item_reference(sku: str) -> str:
    return f"item:{sku}"


def level_reference(sku: str, node: str) -> str:
    return f"level:{sku}:{node}"


def _set_stock(command: SetStock, account: Account) -> list[Call]:
    unknown = sorted({sku for sku, *_ in command.levels if not account.references.get(item_reference(sku))})
    if unknown:
        return [
            graphql(str(n), "InventoryItems", {"query": _skus(part)})
            for n, part in enumerate(_parts(unknown, READ_AT_ONCE))
        ]
    if account.references.get(REREAD):
        reads = _unread(command, account)
        if reads:
            return [graphql(str(n), "InventoryLevels", variables) for n, variables in enumerate(reads)]
    rows = [_row(level, account) for level in command.levels]
    calls = []
    for number, part in enumerate(_parts(rows, ROWS)):
        given = {"name": "available", "reason": "correction", "quantities": part}
        variables = {"input": given, "key": _once(account, str(number), given)}
        calls.append(graphql(str(number), "InventorySet", variables, repeatable=True))
    return calls


def _unread(command: SetStock, account: Account) -> list[dict[str, Any]]:
    """The levels that must be read again, a location and at most 100 items a call."""
    wanted: dict[str, list[str]] = {}
    for sku, node, *_ in command.levels:
        if not account.references.get(level_reference(sku, node)):
            wanted.setdefault(location_of(node, account), []).append(_item(sku, account))
    return [
        {"items": part, "location": location}
        for location, items in wanted.items()
        for part in _parts(items, READ_AT_ONCE)
    ]


def _row(level: tuple[Any, ...], account: Account) -> dict[str, Any]:
    """`changeFromQuantity` is always there, null for no check: the schema calls it optional and the server demands it."""
    sku, node, available, change_from = level
    read = account.references.get(level_reference(sku, node))
    expected = int(read) if read else None if change_from is None else int(change_from)
    return {
        "inventoryItemId": _item(sku, account),
        "locationId": location_of(node, account),
        "quantity": int(available.to_integral_value(ROUND_FLOOR)),
        "changeFromQuantity": expected,
    }


def _once(account: Account, number: str, given: dict[str, Any]) -> str:
    """The idempotency key: stable over retries of one delivery, different for the next one with equal content."""
    seed = json.dumps([account.delivery, number, given], sort_keys=True)
    if not account.delivery and account.now is not None:
        seed += account.now.isoformat()
    return sha256(seed.encode()).hexdigest()


def _item(sku: str, account: Account) -> str:
    return account.references[item_reference(sku)]


def location_of(node: str, account: Account) -> str:
    """The gid of our node's location, from the account's `locations`. Raises `NeverTry` where it is not configured."""
    locations = account.config.get("locations") or {}
    if node not in locations:
        raise NeverTry(f"the node {node} has no Shopify location in the account's configuration")
    return gid("Location", str(locations[node]))


def sku_term(sku: str) -> str:
    """The search term of one SKU."""
    escaped = sku.replace("\\", "\\\\").replace("'", "\\'")
    return f"sku:'{escaped}'"


def _skus(skus: list[str]) -> str:
    return " OR ".join(sku_term(sku) for sku in skus)


def _parts(rows: list[Any], size: int) -> list[list[Any]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


# ------------------------------------------------------------------ cancellation
def _cancel(command: CancelOrder, account: Account) -> list[Call]:
    """No money moves and no stock is put back: both are decided here and told by their own commands."""
    word = command.reason.upper()
    variables = {
        "id": gid("Order", command.order),
        "reason": word if word in _REASONS else "OTHER",
        "restock": False,
        "refund": {"originalPaymentMethodsRefund": False},
        "notify": True,
        "note": command.reason[:255],
    }
    return [graphql("0", "OrderCancel", variables)]


def edit_reference(command: CancelLines | ChangeLines) -> str:
    return f"edit:{command.change}"


def variant_reference(sku: str) -> str:
    return f"variant:{sku}"


def read_left(key: str, command: CancelLines | ChangeLines) -> Call:
    return graphql(key, "OrderLeft", {"id": gid("Order", command.order)})


def _edit(command: CancelLines | ChangeLines, account: Account) -> list[Call]:
    """An edit of the order: begun, which reads it, then goods added, then quantities and discounts, then committed. Until then the order
    has not changed, so that beginning twice does no harm. No stock is put back: what is available is told by `SetStock`.
    """
    if isinstance(command, ChangeLines) and (reads := _unknown_variants(command, account)):
        return reads
    known = account.references.get(edit_reference(command))
    if not known:
        return [graphql("0", "OrderEditBegin", {"id": gid("Order", command.order)}, repeatable=True)]
    staged = json.loads(known)
    if staged["add"]:
        return [
            graphql(str(n), "OrderEditAdd", {"id": staged["id"], "variant": row["variant"], "quantity": row["units"]})
            for n, row in enumerate(staged["add"])
        ]
    calls = [
        graphql(str(n), "OrderEditQuantity", {"id": staged["id"], "line": line, "quantity": left}, repeatable=True)
        for n, (line, left) in enumerate(staged["set"])
    ]
    for line, amount, currency in staged["discount"]:
        off = {"description": command.reason[:255], "fixedValue": {"amount": amount, "currencyCode": currency}}
        calls.append(graphql(str(len(calls)), "OrderEditDiscount", {"id": staged["id"], "line": line, "discount": off}))
    said = {"id": staged["id"], "notify": True, "note": command.reason[:255]}
    return [*calls, graphql(str(len(calls)), "OrderEditCommit", said)]


def _unknown_variants(command: ChangeLines, account: Account) -> list[Call]:
    unknown = sorted({x.sku for x in command.added if not account.references.get(variant_reference(x.sku))})
    return [graphql(str(n), "Variants", {"query": _skus(part)}) for n, part in enumerate(_parts(unknown, READ_AT_ONCE))]


_PLANNERS: dict[type, Callable[[Any, Account], list[Call]]] = {
    ConfirmShipment: _confirm,
    SetStock: _set_stock,
    CancelOrder: _cancel,
    CancelLines: _edit,
    ChangeLines: _edit,
}
