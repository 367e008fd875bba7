"""The state of a simulated shop: orders in the webhook's shape, fulfillment orders, stock, and the webhooks that it owes."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
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

    def edited(self, order_id: str, removals: list[Body], staff_note: str | None) -> None:
        edit = {"id": next(self._ids), "order_id": int(order_id), "staff_note": staff_note, "created_at": self._stamp()}
        self._tell("orders/edited", {"order_edit": {**edit, "line_items": {"additions": [], "removals": removals}}})
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


# ------------------------------------------------------------------ webhook shape to GraphQL shape
def _money(body: Body, name: str, currency: str) -> Body | None:
    """The presentment amount of `total_price_set` or `total_price`, as a MoneyBag."""
    both = body.get(f"{name}_set") or {}
    amount = (both.get(PRESENTMENT) or {}).get("amount") or body.get(name)
    return None if amount is None else {"presentmentMoney": {"amount": str(amount), "currencyCode": currency}}


def _address(body: Body | None) -> Body | None:
    if not body:
        return None
    pairs = {
        "name": "name",
        "firstName": "first_name",
        "lastName": "last_name",
        "company": "company",
        "address1": "address1",
        "address2": "address2",
        "city": "city",
        "provinceCode": "province_code",
        "zip": "zip",
        "countryCodeV2": "country_code",
        "phone": "phone",
    }
    return {theirs: body.get(ours) for theirs, ours in pairs.items()}


def _allocations(body: Body, currency: str) -> list[Body]:
    return [
        {"allocatedAmountSet": _money(allocation, "amount", currency)}
        for allocation in body.get("discount_allocations") or ()
    ]


def _gid(kind: str, value: Any) -> str | None:
    return None if value is None else f"gid://shopify/{kind}/{value}"


def _line(line: Body, currency: str) -> Body:
    return {
        "id": _gid("LineItem", line["id"]),
        "sku": line.get("sku"),
        "title": line.get("title") or "",
        "quantity": line["quantity"],
        "isGiftCard": bool(line.get("gift_card")),
        "variant": {"id": _gid("ProductVariant", line["variant_id"])} if line.get("variant_id") else None,
        "originalUnitPriceSet": _money(line, "price", currency),
        "discountAllocations": _allocations(line, currency),
        "taxLines": [{"priceSet": _money(tax, "price", currency)} for tax in line.get("tax_lines") or ()],
    }


def _refund(refund: Body, currency: str) -> Body:
    adjustments = refund["order_adjustments"]
    return {
        "id": _gid("Refund", refund["id"]),
        "createdAt": refund["created_at"],
        "processedAt": refund["processed_at"],
        "totalRefundedSet": _money(refund["transactions"][0], "amount", currency),
        "refundLineItems": {
            "nodes": [
                {
                    "quantity": line["quantity"],
                    "restockType": str(line.get("restock_type") or "no_restock").upper(),
                    "lineItem": {"id": _gid("LineItem", line["line_item_id"])},
                    "subtotalSet": _money(line, "subtotal", currency),
                    "totalTaxSet": _money(line, "total_tax", currency),
                }
                for line in refund["refund_line_items"]
            ]
        },
        "refundShippingLines": {"nodes": [{"subtotalAmountSet": _money(a, "amount", currency)} for a in adjustments]},
    }


def order_node(order: Body) -> Body:
    """An order of the shop as the Admin API shows it."""
    currency = str(order.get("presentment_currency") or order["currency"])
    buyer, status = order.get("customer"), order.get("financial_status")
    reason = order.get("cancel_reason")
    return {
        "id": _gid("Order", order["id"]),
        "name": order.get("name"),
        "test": bool(order.get("test")),
        "note": order.get("note"),
        "tags": [tag.strip() for tag in str(order.get("tags") or "").split(",") if tag.strip()],
        "createdAt": order["created_at"],
        "processedAt": order.get("processed_at") or order["created_at"],
        "updatedAt": order["updated_at"],
        "cancelledAt": order.get("cancelled_at"),
        "cancelReason": reason.upper() if reason else None,
        "presentmentCurrencyCode": currency,
        "displayFinancialStatus": status.upper() if status else None,
        "taxesIncluded": bool(order.get("taxes_included")),
        "email": order.get("email"),
        "customer": buyer
        and {
            "id": _gid("Customer", buyer["id"]),
            "firstName": buyer.get("first_name"),
            "lastName": buyer.get("last_name"),
            "defaultEmailAddress": {"emailAddress": buyer["email"]} if buyer.get("email") else None,
            "defaultPhoneNumber": {"phoneNumber": buyer["phone"]} if buyer.get("phone") else None,
        },
        "shippingAddress": _address(order.get("shipping_address")),
        "billingAddress": _address(order.get("billing_address")),
        "totalPriceSet": _money(order, "total_price", currency),
        "totalTaxSet": _money(order, "total_tax", currency),
        "totalTipReceivedSet": _money(order, "total_tip_received", currency),
        "originalTotalDutiesSet": _money(order, "original_total_duties", currency),
        "originalTotalAdditionalFeesSet": _money(order, "original_total_additional_fees", currency),
        "shippingLines": {
            "nodes": [
                {
                    "originalPriceSet": _money(line, "price", currency),
                    "discountAllocations": _allocations(line, currency),
                }
                for line in order.get("shipping_lines") or ()
            ]
        },
        "refunds": [_refund(refund, currency) for refund in order.get("refunds") or ()],
        "lineItems": {"nodes": [_line(line, currency) for line in order["line_items"]]},
    }
