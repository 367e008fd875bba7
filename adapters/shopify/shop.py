"""The state of a simulated shop: orders in the webhook's shape, fulfillment orders, stock, and the webhooks that it owes."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

Body = dict[str, Any]
PRESENTMENT = "presentment_money"


class Refused(Exception):
    """User errors of a mutation: (code, message) pairs."""

    def __init__(self, *errors: tuple[str, str]) -> None:
        super().__init__(errors)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Webhook:
    """One message that the shop owes to its subscribers."""

    event_id: str
    topic: str
    body: Body


@dataclass(slots=True)
class Shop:
    """`domain` is its name; `clock` gives its time. All ids are numbers that count up."""

    domain: str
    access_token: str
    client_secret: str
    clock: Callable[[], datetime]
    orders: dict[str, Body] = field(default_factory=dict)
    fulfillment_orders: dict[str, list[Body]] = field(default_factory=dict)
    fulfillments: dict[str, list[Body]] = field(default_factory=dict)
    metafields: list[Body] = field(default_factory=list)
    items: dict[str, str] = field(default_factory=dict)  # SKU -> inventory item gid
    variants: dict[str, Body] = field(default_factory=dict)  # gid -> sku, title, price
    levels: dict[tuple[str, str], int] = field(default_factory=dict)  # (item gid, location gid) -> available
    owed: list[Webhook] = field(default_factory=list)
    location: str = "gid://shopify/Location/1"
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(9_001))

    def gid(self, kind: str) -> str:
        return f"gid://shopify/{kind}/{next(self._ids)}"

    def _tell(self, topic: str, body: Body) -> None:
        self.owed.append(Webhook(f"evt-{next(self._ids)}", topic, copy.deepcopy(body)))

    def _stamp(self) -> str:
        return self.clock().isoformat()

    # -------------------------------------------------------------- what customers and staff do
    def place(self, order: Body) -> Body:
        """A new order in the webhook's shape; its times and fulfillment orders are made here."""
        order = copy.deepcopy(order.get("order", order))
        order.setdefault("created_at", self._stamp())
        order["updated_at"] = self._stamp()
        key = str(order["id"])
        self.orders[key] = order
        lines = [
            {
                "id": self.gid("FulfillmentOrderLineItem"),
                "remainingQuantity": int(line["quantity"]),
                "lineItem": {"id": f"gid://shopify/LineItem/{line['id']}"},
            }
            for line in order["line_items"]
            if line.get("requires_shipping", True)
        ]
        self.fulfillment_orders[key] = (
            [{"id": self.gid("FulfillmentOrder"), "status": "OPEN", "lineItems": {"nodes": lines}}] if lines else []
        )
        self.fulfillments[key] = []
        self._tell("orders/create", order)
        return order

    def change(self, order_id: str, topic: str = "orders/updated", **changes: Any) -> Body:
        """An update of an order, told under the given topic."""
        order = self.orders[order_id]
        order.update(changes, updated_at=self._stamp())
        self._tell(topic, order)
        return order

    def pay(self, order_id: str) -> Body:
        return self.change(order_id, "orders/paid", financial_status="paid")

    def cancel(self, order_id: str, reason: str) -> Body:
        for group in self.fulfillment_orders.get(order_id, ()):
            group["status"] = "CANCELLED"
        return self.change(order_id, "orders/cancelled", cancelled_at=self._stamp(), cancel_reason=reason)

    def refund(self, order_id: str, amount: str, lines: list[Body]) -> Body:
        """Money back for an order; `lines` in the webhook's shape (`line_item_id`, `quantity`)."""
        refund: Body = {
            "id": next(self._ids),
            "order_id": int(order_id),
            "created_at": self._stamp(),
            "processed_at": self._stamp(),
            "refund_line_items": lines,
            "transactions": [
                {"kind": "refund", "status": "success", "amount": amount, "currency": self._currency(order_id)}
            ],
            "order_adjustments": [],
        }
        self.orders[order_id].setdefault("refunds", []).append(refund)
        self._tell("refunds/create", refund)
        self.change(order_id, financial_status="partially_refunded")
        return refund

    def _currency(self, order_id: str) -> str:
        order = self.orders[order_id]
        return str(order.get("presentment_currency") or order.get("currency"))

    def stock(self, sku: str, available: int, location: str | None = None) -> str:
        """The gid of a SKU's inventory item, stocked with so many."""
        item = self.items.setdefault(sku, self.gid("InventoryItem"))
        self.levels[item, location or self.location] = available
        return item

    def sell(self, sku: str, price: str, title: str | None = None) -> str:
        """The gid of a new variant."""
        key = self.gid("ProductVariant")
        self.variants[key] = {"sku": sku, "title": title or sku, "price": price}
        return key

    # -------------------------------------------------------------- what apps do
    def fulfill(self, given: Body) -> Body:
        """`fulfillmentCreate`: takes the quantities from the fulfillment orders."""
        order_id, taken = "", []
        for group in given["lineItemsByFulfillmentOrder"]:
            found = self._fulfillment_order(group["fulfillmentOrderId"])
            if found is None:
                raise Refused(("NOT_FOUND", "Fulfillment order does not exist."))
            order_id, fulfillment_order = found
            if fulfillment_order["status"] not in ("OPEN", "IN_PROGRESS"):
                raise Refused(("INVALID", f"Fulfillment order has status {fulfillment_order['status'].lower()}."))
            nodes = {node["id"]: node for node in fulfillment_order["lineItems"]["nodes"]}
            rows = group.get("fulfillmentOrderLineItems") or [
                {"id": key, "quantity": node["remainingQuantity"]} for key, node in nodes.items()
            ]
            for row in rows:
                node = nodes.get(row["id"])
                if node is None or row["quantity"] > node["remainingQuantity"]:
                    raise Refused(("INVALID", "Invalid fulfillment order line item quantity requested."))
                taken.append((fulfillment_order, node, row["quantity"]))
        for fulfillment_order, node, quantity in taken:
            node["remainingQuantity"] -= quantity
            left = sum(line["remainingQuantity"] for line in fulfillment_order["lineItems"]["nodes"])
            fulfillment_order["status"] = "IN_PROGRESS" if left else "CLOSED"
        tracking = given.get("trackingInfo") or {}
        fulfillment: Body = {
            "id": self.gid("Fulfillment"),
            "status": "SUCCESS",
            "trackingInfo": [tracking] if tracking else [],
            "notified": bool(given.get("notifyCustomer")),
        }
        self.fulfillments[order_id].append(fulfillment)
        self._after_fulfillment(order_id)
        return fulfillment

    def unfulfilled(self, order_id: str, line: str) -> int:
        return sum(node["remainingQuantity"] for _, node in self._waiting(order_id, line))

    def cut(self, order_id: str, line: str, left: int) -> int:
        """So many units of a line stand from now on; the rest is taken from the fulfillment orders. How many went."""
        body = next(x for x in self.orders[order_id]["line_items"] if str(x["id"]) == line)
        gone = rest = int(body.get("current_quantity", body["quantity"])) - left
        for group, node in self._waiting(order_id, line):
            part = min(rest, node["remainingQuantity"])
            node["remainingQuantity"] -= part
            rest -= part
            if not any(x["remainingQuantity"] for x in group["lineItems"]["nodes"]):
                group["status"] = "CLOSED"
        body["current_quantity"] = left
        return gone

    def add(self, order_id: str, variant: str, units: int, off: str) -> int:
        """A new line at the variant's price, `off` less a unit; it waits to be shipped. The line's id."""
        sold, key, order = self.variants[variant], next(self._ids), self.orders[order_id]
        discount = Decimal(off) * units
        line: Body = {
            "id": key,
            "variant_id": int(variant.rpartition("/")[2]),
            "sku": sold["sku"],
            "title": sold["title"],
            "quantity": units,
            "current_quantity": units,
            "price": sold["price"],
            "tax_lines": [],
            "discount_allocations": [{"amount": f"{discount:.2f}"}] if discount else [],
        }
        order["line_items"].append(line)
        self._owes(order, Decimal(sold["price"]) * units - discount)
        node = {"id": self.gid("FulfillmentOrderLineItem"), "remainingQuantity": units}
        nodes = [{**node, "lineItem": {"id": f"gid://shopify/LineItem/{key}"}}]
        group = {"id": self.gid("FulfillmentOrder"), "status": "OPEN", "lineItems": {"nodes": nodes}}
        self.fulfillment_orders[order_id].append(group)
        return key

    def raise_to(self, order_id: str, line: str, units: int) -> int:
        """More units of a line that stands. How many came."""
        order = self.orders[order_id]
        body = next(x for x in order["line_items"] if str(x["id"]) == line)
        more = units - int(body.get("current_quantity", body["quantity"]))
        body["quantity"], body["current_quantity"] = int(body["quantity"]) + more, units
        self._owes(order, Decimal(str(body["price"])) * more)
        waiting = self._waiting(order_id, line)
        if waiting:
            waiting[0][1]["remainingQuantity"] += more
        else:
            node = {"id": self.gid("FulfillmentOrderLineItem"), "remainingQuantity": more}
            nodes = [{**node, "lineItem": {"id": f"gid://shopify/LineItem/{line}"}}]
            group = {"id": self.gid("FulfillmentOrder"), "status": "OPEN", "lineItems": {"nodes": nodes}}
            self.fulfillment_orders[order_id].append(group)
        return more

    @staticmethod
    def _owes(order: Body, more: Decimal) -> None:
        """The total is that of all goods ever sold; what is taken away later does not lower it."""
        order["total_price"] = f"{Decimal(str(order['total_price'])) + more:.2f}"
        for name, currency in (("presentment_money", "presentment_currency"), ("shop_money", "currency")):
            money = (order.get("total_price_set") or {}).get(name)
            if money and money.get("currency_code", order.get(currency)):
                money["amount"] = order["total_price"]

    def edited(self, order_id: str, additions: list[Body], removals: list[Body], staff_note: str | None) -> None:
        edit = {"id": next(self._ids), "order_id": int(order_id), "staff_note": staff_note, "created_at": self._stamp()}
        self._tell(
            "orders/edited", {"order_edit": {**edit, "line_items": {"additions": additions, "removals": removals}}}
        )
        if self.fulfillments[order_id]:
            self._after_fulfillment(order_id)
        else:
            self.change(order_id)

    def _waiting(self, order_id: str, line: str) -> list[tuple[Body, Body]]:
        """(fulfillment order, its line) of what is not shipped."""
        return [
            (group, node)
            for group in self.fulfillment_orders[order_id]
            if group["status"] in ("OPEN", "IN_PROGRESS")
            for node in group["lineItems"]["nodes"]
            if node["lineItem"]["id"] == f"gid://shopify/LineItem/{line}"
        ]

    def _after_fulfillment(self, order_id: str) -> None:
        left = sum(
            line["remainingQuantity"]
            for group in self.fulfillment_orders[order_id]
            for line in group["lineItems"]["nodes"]
        )
        self.change(order_id, fulfillment_status="partial" if left else "fulfilled")

    def _fulfillment_order(self, key: str) -> tuple[str, Body] | None:
        for order_id, groups in self.fulfillment_orders.items():
            for group in groups:
                if group["id"] == key:
                    return order_id, group
        return None

    def fulfillment(self, key: str) -> Body | None:
        return next((one for many in self.fulfillments.values() for one in many if one["id"] == key), None)

    def set_levels(self, rows: list[Body]) -> None:
        """`inventorySetQuantities`: all rows or none."""
        for row in rows:
            key = (row["inventoryItemId"], row["locationId"])
            if key not in self.levels:
                raise Refused(("INVALID_INVENTORY_ITEM", "The inventory item is not stocked at the location."))
            expected = row["changeFromQuantity"]
            if expected is not None and expected != self.levels[key]:
                raise Refused(("CHANGE_FROM_QUANTITY_STALE", "The quantity has changed since it was read."))
        for row in rows:
            self.levels[row["inventoryItemId"], row["locationId"]] = row["quantity"]
